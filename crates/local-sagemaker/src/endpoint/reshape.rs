//! `UpdateEndpointWeightsAndCapacities`: other shares of the traffic and other numbers of
//! processes, while the endpoint serves. Auto scaling does the same.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::record::{Record, Status};
use super::variant::Variant;
use super::{Endpoints, config};
use crate::names::Violations;
use crate::store::locked;
use crate::wire::{ApiError, Call};

/// `UpdateEndpointWeightsAndCapacitiesInput`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    /// `EndpointName`.
    endpoint_name: Option<String>,
    /// What changes.
    #[serde(default)]
    desired_weights_and_capacities: Vec<Desired>,
}

/// `DesiredWeightAndCapacity`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Desired {
    /// Of this variant.
    #[serde(rename = "VariantName")]
    variant: String,
    /// Its share of the traffic.
    #[serde(rename = "DesiredWeight")]
    weight: Option<f64>,
    /// Its number of instances.
    #[serde(rename = "DesiredInstanceCount")]
    instances: Option<i64>,
    /// Another capacity of a serverless variant, which is refused.
    #[serde(rename = "ServerlessUpdateConfig")]
    serverless: Option<Value>,
}

/// What a variant has to do, and with how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    /// Requests since it was deployed.
    pub(crate) requests: u64,
    /// Its processes.
    pub(crate) instances: usize,
}

impl Desired {
    /// Another number of instances, and nothing else.
    pub(crate) fn count(variant: &str, instances: usize) -> Self {
        Self {
            variant: variant.to_owned(),
            weight: None,
            instances: Some(instances as i64),
            serverless: None,
        }
    }
}

impl Endpoints {
    /// `UpdateEndpointWeightsAndCapacities`.
    pub(crate) fn reshape(self: Arc<Self>, call: &Call) -> Result<Value, ApiError> {
        let request: Request = call.read()?;
        let mut violations = Violations::default();
        violations.name("endpointName", request.endpoint_name.as_deref());
        if request.desired_weights_and_capacities.is_empty() {
            violations.missing("desiredWeightsAndCapacities");
        }
        violations.finish()?;
        let name = request.endpoint_name.unwrap_or_default();
        let record = self.find(&name, &call.region)?;
        let arn = record.arn();
        self.shape_as(&record, &request.desired_weights_and_capacities)?;
        Ok(json!({"EndpointArn": arn}))
    }

    /// Another number of processes for one variant, as auto scaling wants it.
    pub(crate) fn scale(self: Arc<Self>, name: &str, desired: &Desired) -> Result<(), ApiError> {
        let record = self
            .table
            .get(name)
            .ok_or_else(|| ApiError::validation("no such endpoint"))?;
        self.shape_as(&record, std::slice::from_ref(desired))
    }

    /// What a variant of an endpoint has to do; none if it does not serve, or is changing.
    pub(crate) fn load(&self, name: &str, variant: &str) -> Option<Load> {
        self.table
            .get(name)
            .filter(|record| record.status == Status::InService)?;
        let fleet = self.live(name)?;
        let member = fleet.named(variant)?;
        Some(Load {
            requests: member.requests(),
            instances: member.count(),
        })
    }

    /// The variant of an endpoint, as its record has it.
    pub(crate) fn variant(&self, name: &str, variant: &str) -> Option<Variant> {
        let record = self.table.get(name)?;
        record
            .current
            .variants
            .into_iter()
            .find(|own| own.name == variant)
    }

    /// Notes the new shape and begins to bring it about.
    fn shape_as(self: Arc<Self>, record: &Record, desired: &[Desired]) -> Result<(), ApiError> {
        let mut variants = record.current.variants.clone();
        for desired in desired {
            desired.apply(&mut variants)?;
        }
        config::limit(variants.iter().map(Variant::count).sum())?;
        let before = record.current.variants.clone();
        let record = self.change(record, |record| {
            record.current.variants = variants;
            record.enter(Status::Updating, None);
        })?;
        let endpoints = self.clone();
        locked(&self.tasks).spawn(endpoints.deploy_shape(record, before));
        Ok(())
    }
}

impl Desired {
    /// Changes the variant that it is about.
    fn apply(&self, variants: &mut [Variant]) -> Result<(), ApiError> {
        let name = &self.variant;
        let variant = variants.iter_mut().find(|variant| variant.name == *name);
        let variant = variant.ok_or_else(|| {
            ApiError::validation(format!(
                "Could not find production variant \"{name}\" in the endpoint."
            ))
        })?;
        if self.serverless.is_some() {
            return Err(ApiError::validation(
                "The local server does not support ServerlessUpdateConfig.",
            ));
        }
        let mut found = Violations::default();
        let path = "desiredWeightsAndCapacities.1.member";
        if let Some(weight) = self.weight {
            if weight < 0.0 {
                found.range(&format!("{path}.desiredWeight"), -1, 0, i64::MAX);
            }
            variant.weight = weight;
        }
        if let Some(count) = self.instances {
            found.range(&format!("{path}.desiredInstanceCount"), count, 1, i64::MAX);
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
