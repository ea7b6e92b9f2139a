//! The artifact as JSON, for humans and other programs.

use serde_json::{Map, Value, json};

use super::format::VERSION;
use super::{Artifact, FeatureRange, Member, Probe};

impl Artifact {
    /// Everything except the models themselves, as JSON. Each extra is a top-level key. Missing values are null.
    pub fn manifest(&self) -> Value {
        let mut manifest = json!({
            "format_version": VERSION,
            "schema": self.schema,
            "data_fingerprint": self.data_fingerprint,
            "threshold": self.threshold,
            "validation": self.validation,
            "test": self.test,
            "members": self.members.iter().map(member).collect::<Vec<_>>(),
            "features": self.features.iter().map(feature).collect::<Vec<_>>(),
            "probes": self.probes.iter().map(probe).collect::<Vec<_>>(),
        });
        for (name, extra) in &self.extras {
            manifest[name] = extra.clone();
        }
        manifest
    }
}

fn member(member: &Member) -> Value {
    // An object, so that parameters can be looked up by name.
    let hyperparameters = member.hyperparameters.iter();
    let hyperparameters: Map<_, _> = hyperparameters
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    json!({
        "name": member.name,
        "algorithm": member.algorithm(),
        "weight": member.weight,
        "seed": member.seed,
        "hyperparameters": hyperparameters,
        "trees": member.model.trees(),
        "importances": member.model.importances(),
        "validation": member.validation,
        "test": member.test,
    })
}

fn feature(feature: &FeatureRange) -> Value {
    json!({
        "name": feature.name,
        "min": feature.min,
        "max": feature.max,
        "missing": feature.missing,
    })
}

fn probe(probe: &Probe) -> Value {
    json!({
        "name": probe.name,
        "row": probe.row,
        "expected": probe.expected,
        "probability": probe.probability,
    })
}
