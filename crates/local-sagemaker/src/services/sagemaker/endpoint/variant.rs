//! Production variants: as requested, and resolved with their model.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::protocol::ApiError;
use crate::protocol::validation::Violations;
use crate::services::sagemaker::model::{Container, Models};

/// How long a container may take to answer its first `/ping` if its variant sets no limit. AWS waits
/// four minutes; a local process that takes more than one is broken.
const DEFAULT_STARTUP: Duration = Duration::from_mins(1);

/// A `ProductionVariant`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct VariantRequest {
    /// `VariantName`.
    variant_name: Option<String>,
    /// The name of the model.
    model_name: Option<String>,
    /// Number of instances, at least 1; each is a local process.
    initial_instance_count: Option<i64>,
    /// One of SageMaker's hosting instance types.
    instance_type: Option<String>,
    /// Its traffic weight, relative to the sum of all; 1 by default.
    initial_variant_weight: Option<f64>,
    /// Used instead of instances; a serverless variant is one local process.
    serverless_config: Option<Value>,
    /// How long the container may take to answer its first `/ping`, from 60 to 3600 seconds.
    #[serde(rename = "ContainerStartupHealthCheckTimeoutInSeconds")]
    startup_seconds: Option<i64>,
}

/// A variant with everything needed to serve it, independent of later changes to its model and
/// configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Variant {
    /// The variant's name.
    pub(crate) name: String,
    /// Its traffic weight, relative to the sum of all.
    pub(crate) weight: f64,
    /// The model's image, data and environment.
    pub(crate) container: Container,
    /// The desired number of instances; `None` for a serverless variant.
    pub(crate) instances: Option<i64>,
    /// The instance type, which only decides whether the variant can be scaled.
    #[serde(default)]
    pub(crate) instance_type: Option<String>,
    /// The configuration of a serverless variant.
    serverless: Option<Value>,
    /// The startup timeout, if the variant sets one.
    startup_seconds: Option<u64>,
}

impl VariantRequest {
    /// The variant's name, if given.
    pub(crate) fn name(&self) -> Option<&str> {
        self.variant_name.as_deref()
    }

    /// Reports everything that AWS would reject.
    pub(crate) fn check(&self, path: &str, found: &mut Violations) {
        found.name(&format!("{path}.variantName"), self.variant_name.as_deref());
        found.model_name(&format!("{path}.modelName"), self.model_name.as_deref());
        if self.serverless_config.is_none() {
            let instance_type = found.required(
                &format!("{path}.instanceType"),
                self.instance_type.as_deref(),
            );
            if !instance_type.is_empty() {
                found.hosting_instance_type(&format!("{path}.instanceType"), instance_type);
            }
            found.range(
                &format!("{path}.initialInstanceCount"),
                self.initial_instance_count.unwrap_or(0),
                1,
                i64::MAX,
            );
        }
        if let Some(seconds) = self.startup_seconds {
            found.range(
                &format!("{path}.containerStartupHealthCheckTimeoutInSeconds"),
                seconds,
                60,
                3600,
            );
        }
        if self
            .initial_variant_weight
            .is_some_and(|weight| weight < 0.0)
        {
            found.range(&format!("{path}.initialVariantWeight"), -1, 0, i64::MAX);
        }
    }

    /// Number of containers requested.
    pub(super) fn count(&self) -> usize {
        match &self.serverless_config {
            Some(_) => 1,
            None => self.initial_instance_count.unwrap_or(1).max(1) as usize,
        }
    }

    /// Looks up the model.
    pub(crate) fn resolve(&self, models: &Models, region: &str) -> Result<Variant, ApiError> {
        let model = models.find(self.model_name.as_deref().unwrap_or_default(), region)?;
        Ok(Variant {
            name: self.variant_name.clone().unwrap_or_default(),
            weight: self.initial_variant_weight.unwrap_or(1.0),
            container: model.container,
            instances: self
                .initial_instance_count
                .filter(|_| self.serverless_config.is_none()),
            instance_type: self.instance_type.clone(),
            serverless: self.serverless_config.clone(),
            startup_seconds: self.startup_seconds.map(|seconds| seconds as u64),
        })
    }
}

impl Variant {
    /// How long the container may take to answer its first `/ping`.
    pub(crate) fn startup(&self) -> Duration {
        self.startup_seconds
            .map_or(DEFAULT_STARTUP, Duration::from_secs)
    }

    /// The desired number of containers; 1 for a serverless variant.
    pub(crate) fn count(&self) -> usize {
        self.instances
            .map_or(1, |instances| instances.max(1) as usize)
    }

    /// `ProductionVariantSummary`; `current` holds the actual weight and instance count, if known.
    pub(crate) fn summary(&self, current: Option<(f64, usize)>) -> Value {
        let mut summary = json!({
            "VariantName": self.name,
            "DeployedImages": [{"SpecifiedImage": self.container.image, "ResolvedImage": self.container.image}],
            "CurrentWeight": current.map_or(self.weight, |(weight, _)| weight),
            "DesiredWeight": self.weight,
        });
        if let Some(instances) = self.instances {
            summary["CurrentInstanceCount"] =
                current.map_or(instances, |(_, count)| count as i64).into();
            summary["DesiredInstanceCount"] = instances.into();
        }
        if let Some(serverless) = &self.serverless {
            summary["CurrentServerlessConfig"] = serverless.clone();
            summary["DesiredServerlessConfig"] = serverless.clone();
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error for an otherwise valid variant with one member replaced (`null` removes it), or an empty
    /// string.
    fn error_for(member: &str, value: Value) -> String {
        let mut variant = json!({
            "VariantName": "A",
            "ModelName": "m",
            "InitialInstanceCount": 1,
            "InstanceType": "ml.t2.medium",
        });
        variant[member] = value;
        let request: VariantRequest = serde_json::from_value(variant).unwrap();
        let mut found = Violations::default();
        request.check("v", &mut found);
        found
            .finish()
            .map_or_else(|error| error.message().to_owned(), |()| String::new())
    }

    #[test]
    fn invalid_variants_are_rejected_in_the_words_of_the_service() {
        let serverless = json!({"MemorySizeInMB": 2048, "MaxConcurrency": 1});
        for (member, value, expected) in [
            ("InitialVariantWeight", json!(0.5), ""),
            ("ServerlessConfig", serverless, ""),
            ("VariantName", json!("a_b"), "at 'v.variantName'"),
            ("ModelName", Value::Null, "Value null at 'v.modelName'"),
            ("InstanceType", json!("ml.m5.none"), "enum value set"),
            (
                "InstanceType",
                Value::Null,
                "Value null at 'v.instanceType'",
            ),
            (
                "InitialInstanceCount",
                json!(0),
                "greater than or equal to 1",
            ),
            (
                "InitialVariantWeight",
                json!(-0.5),
                "at 'v.initialVariantWeight'",
            ),
            (
                "ContainerStartupHealthCheckTimeoutInSeconds",
                json!(30),
                "greater than or equal to 60",
            ),
        ] {
            let found = error_for(member, value);
            assert!(
                found.contains(expected) && found.is_empty() == expected.is_empty(),
                "{member}: {found}"
            );
        }
    }
}
