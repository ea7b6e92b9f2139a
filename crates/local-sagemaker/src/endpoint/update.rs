//! `UpdateEndpoint`: another configuration takes over, or does not.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::record::{Deployment, Record, Status};
use super::{EndpointRequest, Endpoints};
use crate::model::Models;
use crate::store::locked;
use crate::wire::{ApiError, Call};

/// The members of `UpdateEndpointInput` beside the names.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Retained {
    /// Whether weights and numbers of instances stay as they are.
    #[serde(default)]
    retain_all_variant_properties: bool,
    /// Which of them do not.
    #[serde(default)]
    exclude_retained_variant_properties: Vec<Property>,
}

/// `VariantProperty`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Property {
    /// `DesiredInstanceCount`, `DesiredWeight` or `DataCaptureConfig`.
    variant_property_type: String,
}

/// An update that may begin.
pub(crate) struct Update {
    /// The endpoint as it is.
    pub(crate) record: Record,
    /// What is to serve.
    pub(crate) next: Deployment,
}

impl Endpoints {
    /// The update that a request asks for.
    pub(crate) fn next(&self, call: &Call, models: &Models) -> Result<Update, ApiError> {
        let (name, config) = call.read::<EndpointRequest>()?.both()?;
        let retained: Retained = call.read()?;
        let record = self.find(&name, &call.region)?;
        if record.status == Status::Failed {
            let text = format!(
                "Cannot update endpoint \"{}\" in status Failed; delete it and create it anew.",
                record.arn()
            );
            return Err(ApiError::validation(text));
        }
        let mut next = self.deployment(&config, &call.region, models)?;
        next.generation = record.current.generation + record.updates + 1;
        retained.apply(&record.current, &mut next);
        Ok(Update { record, next })
    }

    /// `UpdateEndpoint`.
    pub(crate) fn update(self: Arc<Self>, update: Update) -> Result<Value, ApiError> {
        let arn = update.record.arn();
        let record = self.change(&update.record, |record| record.begin_update(update.next))?;
        let endpoints = self.clone();
        locked(&self.tasks).spawn(endpoints.deploy_next(record));
        Ok(json!({"EndpointArn": arn}))
    }
}

impl Retained {
    /// Takes over what is to stay.
    fn apply(&self, current: &Deployment, next: &mut Deployment) {
        if !self.retain_all_variant_properties {
            return;
        }
        let stays = |kind: &str| {
            let excluded = &self.exclude_retained_variant_properties;
            !excluded
                .iter()
                .any(|property| property.variant_property_type == kind)
        };
        for variant in &mut next.variants {
            let old = current.variants.iter().find(|old| old.name == variant.name);
            if let Some(old) = old.filter(|_| stays("DesiredWeight")) {
                variant.weight = old.weight;
            }
            if let Some(old) = old.filter(|_| stays("DesiredInstanceCount")) {
                variant.instances = variant.instances.and(old.instances).or(variant.instances);
            }
        }
        if stays("DataCaptureConfig") {
            next.capture.clone_from(&current.capture);
        }
    }
}
