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
    serverless_config: Option<Serverless>,
    /// How long the container may take to answer its first `/ping`, from 60 to 3600 seconds.
    #[serde(rename = "ContainerStartupHealthCheckTimeoutInSeconds")]
    startup_seconds: Option<i64>,
}

/// `ProductionVariantServerlessConfig`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Serverless {
    /// Memory of the container in MB; has no effect.
    #[serde(rename = "MemorySizeInMB")]
    memory: i64,
    /// Maximum number of concurrent requests; has no effect.
    max_concurrency: i64,
    /// Number of requests for which capacity is kept ready; has no effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    provisioned_concurrency: Option<i64>,
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
    serverless: Option<Serverless>,
    /// The startup timeout, if the variant sets one.
    startup_seconds: Option<u64>,
}

impl VariantRequest {
    /// The variant's name.
    pub(super) fn name(&self) -> &str {
        self.variant_name.as_deref().unwrap_or_default()
    }

    /// Reports what AWS would reject beyond its model.
    pub(crate) fn check(&self, path: &str, found: &mut Violations) {
        found.required(&format!("{path}.modelName"), self.model_name.as_ref());
        let (instance_type, count) = (&self.instance_type, &self.initial_instance_count);
        if let Some(serverless) = &self.serverless_config {
            serverless.check(&format!("{path}.serverlessConfig"), found);
            for (member, given) in [
                ("instanceType", instance_type.is_some()),
                ("initialInstanceCount", count.is_some()),
            ] {
                if given {
                    found.excluded(&format!("{path}.{member}"), "serverlessConfig");
                }
            }
        } else {
            found.required(&format!("{path}.instanceType"), instance_type.as_ref());
            found.required(&format!("{path}.initialInstanceCount"), count.as_ref());
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

impl Serverless {
    /// Reports what AWS would reject beyond its model.
    fn check(&self, path: &str, found: &mut Violations) {
        let sizes = (1..=6).map(|gigabytes| (gigabytes * 1024).to_string());
        let sizes: Vec<_> = sizes.collect();
        found.one_of(
            &format!("{path}.memorySizeInMB"),
            &self.memory.to_string(),
            &sizes,
        );
        if let Some(provisioned) = self.provisioned_concurrency {
            let path = format!("{path}.provisionedConcurrency");
            found.range(&path, provisioned, 1, self.max_concurrency);
        }
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
            summary["CurrentServerlessConfig"] = json!(serverless);
            summary["DesiredServerlessConfig"] = json!(serverless);
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_has_instances_or_is_serverless() {
        let with = |changes: Value| {
            let mut variant = json!({"VariantName": "A", "ModelName": "m"});
            for (name, value) in changes.as_object().unwrap() {
                variant[name] = value.clone();
            }
            variant
        };
        let serverless = |memory: i64, most: i64, provisioned: i64| {
            with(
                json!({"ServerlessConfig": {"MemorySizeInMB": memory, "MaxConcurrency": most,
                "ProvisionedConcurrency": provisioned}}),
            )
        };
        for (variant, expected) in [
            (
                with(json!({"InstanceType": "ml.t2.medium", "InitialInstanceCount": 1})),
                "",
            ),
            (
                with(json!({"InitialInstanceCount": 1})),
                "Value null at 'v.instanceType'",
            ),
            (
                with(json!({"InstanceType": "ml.t2.medium"})),
                "Value null at 'v.initialInstanceCount'",
            ),
            (json!({"VariantName": "A"}), "Value null at 'v.modelName'"),
            (serverless(2048, 5, 5), ""),
            (
                serverless(1111, 5, 5),
                "Value '1111' at 'v.serverlessConfig.memorySizeInMB' failed to satisfy constraint: Member must satisfy enum value set: [1024, 2048,",
            ),
            (
                serverless(1024, 5, 6),
                "at 'v.serverlessConfig.provisionedConcurrency' failed to satisfy constraint: Member must have value less than or equal to 5",
            ),
            (
                with(
                    json!({"InstanceType": "ml.t2.medium", "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}),
                ),
                "'v.instanceType' cannot be given together with 'serverlessConfig'",
            ),
        ] {
            let request: VariantRequest = serde_json::from_value(variant.clone()).unwrap();
            let mut found = Violations::default();
            request.check("v", &mut found);
            let found = found
                .finish()
                .map_or_else(|error| error.message().to_owned(), |()| String::new());
            let fits = found.contains(expected) && found.is_empty() == expected.is_empty();
            assert!(fits, "{variant}: {found}");
        }
    }
}
