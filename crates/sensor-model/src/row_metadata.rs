//! Row metadata: time, scenario and site.

use std::ops::Range;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// Row metadata: three columns with one value per row. It is never used as a feature.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowMetadata {
    /// Time in seconds since the recording's start.
    pub times_s: Vec<f64>,
    /// Kind of recording, such as `sun-patch`; empty if unknown.
    pub scenarios: Vec<Arc<str>>,
    /// ID of the site where the recording was made.
    pub sites: Vec<u64>,
}

impl RowMetadata {
    pub(crate) fn select(&self, positions: &[usize]) -> Self {
        Self {
            times_s: positions.iter().map(|&i| self.times_s[i]).collect(),
            scenarios: positions
                .iter()
                .map(|&i| self.scenarios[i].clone())
                .collect(),
            sites: positions.iter().map(|&i| self.sites[i]).collect(),
        }
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        Self {
            times_s: self.times_s[range.clone()].to_vec(),
            scenarios: self.scenarios[range.clone()].to_vec(),
            sites: self.sites[range].to_vec(),
        }
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.times_s.extend(other.times_s);
        self.scenarios.extend(other.scenarios);
        self.sites.extend(other.sites);
    }

    /// Adds row `i` to a fingerprint.
    pub(crate) fn hash_row(&self, i: usize, hash: &mut Sha256) {
        let scenario = self.scenarios[i].as_bytes();
        hash.update(self.times_s[i].to_le_bytes());
        hash.update(self.sites[i].to_le_bytes());
        // Hash the length first, so that no text can be confused with the values after it.
        hash.update((scenario.len() as u64).to_le_bytes());
        hash.update(scenario);
    }
}
