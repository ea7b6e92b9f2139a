//! Combining several artifacts into one ensemble.

use super::{Artifact, Probe};
use crate::error::Error;
use crate::voting;

impl Artifact {
    /// One artifact with the members of all `parts`, weighted by `weights` (scaled to sum to 1).
    ///
    /// All parts must have the same schema and the same features in the same order. Feature ranges are merged, and
    /// probes get new probabilities. The threshold is reset to 1/2, and extras and metrics are dropped, because they
    /// describe a single part: the caller sets them for the ensemble.
    pub fn combine(parts: Vec<Self>, weights: &[f64]) -> Result<Self, Error> {
        let shares = voting::normalised(parts.len(), weights)?;
        let mut parts = parts.into_iter().zip(shares);
        let Some((mut combined, share)) = parts.next() else {
            return Err(Error::Weights {
                members: 0,
                weights: weights.to_vec(),
            });
        };
        combined.scale(share);
        for (mut part, share) in parts {
            combined.check_same_features(&part)?;
            part.scale(share);
            combined.absorb(part);
        }
        // These described the first part only.
        combined.threshold = 0.5;
        combined.extras.clear();
        (combined.validation, combined.test) = (None, None);
        combined.predict_probes();
        Ok(combined)
    }

    fn scale(&mut self, share: f64) {
        for member in &mut self.members {
            member.weight *= share;
        }
    }

    fn check_same_features(&self, other: &Self) -> Result<(), Error> {
        let name = |artifact: &Self| {
            artifact
                .members
                .first()
                .map(|member| member.name.clone())
                .unwrap_or_default()
        };
        let names = |artifact: &Self| {
            artifact
                .features
                .iter()
                .map(|feature| feature.name.clone())
                .collect::<Vec<_>>()
        };
        let reason = if self.schema != other.schema {
            format!("their schemas are `{}` and `{}`", self.schema, other.schema)
        } else if names(self) != names(other) {
            format!(
                "their features are {} and {}",
                names(self).join(","),
                names(other).join(",")
            )
        } else {
            return Ok(());
        };
        Err(Error::Combine {
            first: name(self),
            second: name(other),
            reason,
        })
    }

    fn absorb(&mut self, part: Self) {
        for (range, other) in self.features.iter_mut().zip(&part.features) {
            range.join(other);
        }
        if !self
            .data_fingerprint
            .split('+')
            .any(|known| known == part.data_fingerprint)
        {
            self.data_fingerprint = format!("{}+{}", self.data_fingerprint, part.data_fingerprint);
        }
        let is_new = |probe: &Probe| self.probes.iter().all(|known| known.name != probe.name);
        let new_probes: Vec<_> = part.probes.into_iter().filter(is_new).collect();
        self.probes.extend(new_probes);
        self.members.extend(part.members);
    }
}
