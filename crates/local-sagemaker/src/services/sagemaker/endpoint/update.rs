//! `UpdateEndpoint` deploys another configuration; `UpdateEndpointWeightsAndCapacities` changes traffic
//! weights and instance counts. Auto scaling uses the latter.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::record::{Deployment, Record, Status};
use super::variant::Variant;
use super::{EndpointRequest, Endpoints, config};
use crate::machine::table::lock;
use crate::protocol::validation::Violations;
use crate::protocol::{ApiError, Call};
use crate::services::sagemaker::model::Models;
use crate::services::sagemaker::resource::Resource;

/// The members of `UpdateEndpointInput` other than the names.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Retained {
    /// Whether to keep the endpoint's weights, instance counts and data capture settings.
    #[serde(default)]
    retain_all_variant_properties: bool,
    /// Exceptions to that.
    #[serde(default)]
    exclude_retained_variant_properties: Vec<Property>,
    /// Whether to use the endpoint's last `DeploymentConfig` again.
    #[serde(default)]
    retain_deployment_config: bool,
}

/// `VariantProperty`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Property {
    /// `DesiredInstanceCount`, `DesiredWeight` or `DataCaptureConfig`.
    variant_property_type: String,
}

/// An update that has been checked.
pub(crate) struct Update {
    /// The endpoint before the update.
    pub(crate) record: Record,
    /// The deployment that replaces the current one.
    pub(crate) next: Deployment,
    /// How the update is to be rolled out.
    deployment_config: Option<Value>,
}

/// `UpdateEndpointWeightsAndCapacitiesInput`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CapacitiesRequest {
    /// `EndpointName`.
    endpoint_name: String,
    /// The changes, at most one per variant.
    desired_weights_and_capacities: Vec<DesiredCapacity>,
}

/// `DesiredWeightAndCapacity`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DesiredCapacity {
    /// The variant's name.
    #[serde(rename = "VariantName")]
    variant: String,
    /// Its new traffic weight.
    #[serde(rename = "DesiredWeight")]
    weight: Option<f64>,
    /// Its new number of instances.
    #[serde(rename = "DesiredInstanceCount")]
    instances: Option<i64>,
}

/// The load of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// Number of requests since it was deployed.
    pub(crate) requests: u64,
    /// Number of running instances.
    pub(crate) instances: usize,
}

impl Update {
    /// The endpoint's name.
    pub(crate) fn endpoint(&self) -> &str {
        &self.record.header.name
    }
}

impl Endpoints {
    /// Checks an `UpdateEndpoint` request.
    pub(crate) fn check_update(&self, call: &Call, models: &Models) -> Result<Update, ApiError> {
        let request: EndpointRequest = call.read()?;
        let retained: Retained = call.read()?;
        let record = self.table.find(&request.endpoint_name, &call.region)?;
        if record.status == Status::Failed {
            let text = format!(
                "Cannot update endpoint \"{}\" in status Failed; delete it and create it again.",
                record.arn()
            );
            return Err(ApiError::validation(text));
        }
        let mut next = self.deployment(&request.endpoint_config_name, &call.region, models)?;
        next.generation = record.current.generation + record.updates + 1;
        retained.apply(&record.current, &mut next);
        next.check_captures(&request.endpoint_name)?;
        let last = record.deployment_config.clone();
        let last = last.filter(|_| retained.retain_deployment_config);
        Ok(Update {
            record,
            next,
            deployment_config: request.deployment_config.or(last),
        })
    }

    /// `UpdateEndpoint`.
    pub(crate) fn update(self: Arc<Self>, update: Update) -> Result<Value, ApiError> {
        let arn = update.record.arn();
        let record = self.change(&update.record, |record| {
            record.deployment_config = update.deployment_config;
            record.begin_update(update.next);
        })?;
        let endpoints = self.clone();
        lock(&self.tasks).spawn(endpoints.deploy_next(record));
        Ok(json!({"EndpointArn": arn}))
    }

    /// `UpdateEndpointWeightsAndCapacities`.
    pub(crate) fn update_weights_and_capacities(
        self: Arc<Self>,
        call: &Call,
    ) -> Result<Value, ApiError> {
        let request: CapacitiesRequest = call.read()?;
        let desired = &request.desired_weights_and_capacities;
        for (index, change) in desired.iter().enumerate() {
            let name = &change.variant;
            if desired[..index].iter().any(|other| other.variant == *name) {
                return Err(ApiError::validation(format!(
                    "The variant name \"{name}\" was non-unique within the request."
                )));
            }
        }
        let record = self.table.find(&request.endpoint_name, &call.region)?;
        let arn = record.arn();
        self.change_capacities(&record, desired)?;
        Ok(json!({"EndpointArn": arn}))
    }

    /// Changes the instance count of one variant, for auto scaling.
    pub(crate) fn scale(
        self: Arc<Self>,
        name: &str,
        desired: &DesiredCapacity,
    ) -> Result<(), ApiError> {
        let record = self
            .table
            .get(name)
            .ok_or_else(|| ApiError::validation("no such endpoint"))?;
        self.change_capacities(&record, std::slice::from_ref(desired))
    }

    /// The load of a variant; `None` if its endpoint is not serving or is being changed.
    pub(crate) fn load(&self, name: &str, variant: &str) -> Option<Load> {
        self.table
            .get(name)
            .filter(|record| record.status == Status::InService)?;
        let fleet = self.fleet(name)?;
        let running = fleet.variant(variant)?;
        Some(Load {
            requests: running.requests(),
            instances: running.count(),
        })
    }

    /// The variant of an endpoint as recorded, with its desired state.
    pub(crate) fn variant(&self, name: &str, variant: &str) -> Option<Variant> {
        let record = self.table.get(name)?;
        record
            .current
            .variants
            .into_iter()
            .find(|own| own.name == variant)
    }

    /// Records new weights and instance counts, and starts to apply them.
    fn change_capacities(
        self: Arc<Self>,
        record: &Record,
        desired: &[DesiredCapacity],
    ) -> Result<(), ApiError> {
        let mut variants = record.current.variants.clone();
        for desired in desired {
            desired.apply(&mut variants)?;
        }
        config::check_quota(variants.iter().map(Variant::count).sum())?;
        let before = record.current.variants.clone();
        let record = self.change(record, |record| {
            record.current.variants = variants;
            record.enter(Status::Updating, None);
        })?;
        let endpoints = self.clone();
        lock(&self.tasks).spawn(endpoints.apply_capacities(record, before));
        Ok(())
    }
}

impl Retained {
    /// Copies the properties to keep from `current` to `next`.
    fn apply(&self, current: &Deployment, next: &mut Deployment) {
        if !self.retain_all_variant_properties {
            return;
        }
        let keeps = |name: &str| {
            let excluded = &self.exclude_retained_variant_properties;
            !excluded
                .iter()
                .any(|property| property.variant_property_type == name)
        };
        for variant in &mut next.variants {
            let old = current.variants.iter().find(|old| old.name == variant.name);
            if let Some(old) = old.filter(|_| keeps("DesiredWeight")) {
                variant.weight = old.weight;
            }
            if let Some(old) = old.filter(|_| keeps("DesiredInstanceCount")) {
                variant.instances = variant.instances.and(old.instances).or(variant.instances);
            }
        }
        if keeps("DataCaptureConfig") {
            next.capture.clone_from(&current.capture);
        }
    }
}

impl DesiredCapacity {
    /// A change of the instance count only.
    pub(crate) fn count(variant: &str, instances: usize) -> Self {
        Self {
            variant: variant.to_owned(),
            weight: None,
            instances: Some(instances as i64),
        }
    }
}

impl DesiredCapacity {
    /// Applies the change to its variant.
    fn apply(&self, variants: &mut [Variant]) -> Result<(), ApiError> {
        let name = &self.variant;
        let variant = variants.iter_mut().find(|variant| variant.name == *name);
        let variant = variant.ok_or_else(|| {
            ApiError::validation(format!(
                "Could not find production variant \"{name}\" in the endpoint."
            ))
        })?;
        let mut found = Violations::default();
        if let Some(weight) = self.weight {
            variant.weight = weight;
        }
        if let Some(count) = self.instances {
            // The model allows 0, which is for endpoints of inference components.
            let path = "desiredWeightsAndCapacities.1.member.desiredInstanceCount";
            found.range(path, count, 1, i64::MAX);
            if variant.instances.is_none() {
                return Err(ApiError::validation(format!(
                    "DesiredInstanceCount cannot be set for the serverless variant \"{name}\"."
                )));
            }
            variant.instances = Some(count);
        }
        found.finish()
    }
}
