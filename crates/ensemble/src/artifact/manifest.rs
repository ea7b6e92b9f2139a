//! The artifact as people and other programs read it.

use serde_json::{Map, Value, json};

use super::format::VERSION;
use super::{Artifact, FeatureRange, Member, Probe};

impl Artifact {
    /// All but the models themselves, as JSON. Numbers that JSON does not know (a missing value) are null.
    pub fn manifest(&self) -> Value {
        json!({
            "format_version": VERSION,
            "schema": self.schema,
            "data_fingerprint": self.data_fingerprint,
            "threshold": self.threshold,
            "alarm": self.alarm,
            "validation": self.validation,
            "test": self.test,
            "members": self.members.iter().map(member).collect::<Vec<_>>(),
            "features": self.features.iter().map(feature).collect::<Vec<_>>(),
            "probes": self.probes.iter().map(probe).collect::<Vec<_>>(),
        })
    }
}

fn member(member: &Member) -> Value {
    // An object, since readers look a parameter up by its name.
    let hyperparameters = member.hyperparameters.iter();
    let hyperparameters: Map<_, _> = hyperparameters
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    json!({
        "name": member.name,
        "algorithm": member.algorithm,
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
