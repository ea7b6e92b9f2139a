//! Endpoint configurations: `CreateEndpointConfig`, `DescribeEndpointConfig`, `ListEndpointConfigs`,
//! `DeleteEndpointConfig`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::capture::Capture;
use super::variant::{Variant, VariantRequest};
use crate::error::Error;
use crate::faults::quota_message;
use crate::machine::table::Table;
use crate::protocol::validation::Violations;
use crate::protocol::{ApiError, Call};
use crate::services::sagemaker::Shared;
use crate::services::sagemaker::model::Models;
use crate::services::sagemaker::resource::{Header, Resource, echo};
use crate::services::sagemaker::tags::Tag;

/// Maximum number of instances of one endpoint, in place of an AWS quota.
const MAX_INSTANCES: usize = 32;

/// All endpoint configurations.
pub(crate) struct Configs {
    /// The record of each configuration.
    table: Table<Config>,
}

/// The record of a configuration.
#[derive(Clone, Serialize, Deserialize)]
struct Config {
    /// The request as it was sent, for the description.
    request: Value,
    /// Name, region, time and tags.
    #[serde(flatten)]
    header: Header,
    /// The variants; their models are looked up when an endpoint is created or updated.
    variants: Vec<VariantRequest>,
    /// The data capture settings.
    #[serde(default)]
    capture: Option<Capture>,
}

/// The members of `CreateEndpointConfigInput` that the server acts on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigRequest {
    /// `EndpointConfigName`.
    endpoint_config_name: Option<String>,
    /// `ProductionVariants`, 1 to 10.
    #[serde(default)]
    production_variants: Vec<VariantRequest>,
    /// The data capture settings.
    data_capture_config: Option<Capture>,
}

impl Resource for Config {
    const KIND: &'static str = "endpoint-config";
    const NAME_MEMBER: &'static str = "EndpointConfigName";
    const LIST_MEMBER: &'static str = "EndpointConfigs";

    fn header(&self) -> &Header {
        &self.header
    }

    fn header_mut(&mut self) -> &mut Header {
        &mut self.header
    }

    fn summary(&self) -> Value {
        json!({
            "EndpointConfigName": self.header.name,
            "EndpointConfigArn": self.arn(),
            "CreationTime": self.header.created.wire(),
        })
    }
}

impl Configs {
    /// Opens the configurations of a state directory.
    pub(crate) fn open(shared: &Shared) -> Result<Self, Error> {
        Ok(Self {
            table: Table::open_in(shared, "endpoint-configs")?,
        })
    }

    /// `CreateEndpointConfig`; its models must exist.
    pub(crate) fn create(&self, call: &Call, models: &Models) -> Result<Value, ApiError> {
        let request: ConfigRequest = call.read()?;
        request.check()?;
        // Only to check that the models exist; they are looked up again for each endpoint.
        for variant in &request.production_variants {
            variant.resolve(models, &call.region)?;
        }
        let name = request.endpoint_config_name.unwrap_or_default();
        let arn = self.table.create(Config {
            request: call.body.clone(),
            header: Header::new(&name, call)?,
            variants: request.production_variants,
            capture: request.data_capture_config,
        })?;
        Ok(json!({"EndpointConfigArn": arn}))
    }

    /// The data capture settings of the configuration `name`.
    pub(crate) fn capture(&self, name: &str) -> Option<Capture> {
        self.table.get(name)?.capture
    }

    /// Calls `change` with the tags of a configuration.
    pub(crate) fn change_tags(
        &self,
        arn: &str,
        change: &mut dyn FnMut(&mut Vec<Tag>),
    ) -> Option<()> {
        self.table.change_tags(arn, change)
    }

    /// The variants of the configuration `name`, each with its model in its current state.
    pub(crate) fn variants(
        &self,
        name: &str,
        region: &str,
        models: &Models,
    ) -> Result<Vec<Variant>, ApiError> {
        let config = self.table.find(name, region)?;
        let variants = config.variants.iter();
        variants
            .map(|variant| variant.resolve(models, region))
            .collect()
    }

    /// `DescribeEndpointConfig`.
    pub(crate) fn describe(&self, call: &Call) -> Result<Value, ApiError> {
        let config = self.table.find_named(call)?;
        let created = config.header.created.wire();
        let mut response = json!({"EndpointConfigArn": config.arn(), "CreationTime": created});
        echo(&config.request, &mut response);
        Ok(response)
    }

    /// `DeleteEndpointConfig`. An endpoint created from the configuration is not affected.
    pub(crate) fn delete(&self, call: &Call) -> Result<Value, ApiError> {
        let config = self.table.find_named(call)?;
        self.table.remove(&config.header.name);
        Ok(json!({}))
    }

    /// `ListEndpointConfigs`.
    pub(crate) fn list(&self, call: &Call) -> Result<Value, ApiError> {
        self.table.list(call)
    }
}

/// Rejects an endpoint with too many instances, like an AWS quota.
pub(super) fn check_quota(instances: usize) -> Result<(), ApiError> {
    if instances <= MAX_INSTANCES {
        return Ok(());
    }
    let text = quota_message(
        "instances for endpoint usage",
        MAX_INSTANCES as i64,
        instances as i64,
    );
    Err(ApiError::new("ResourceLimitExceeded", text))
}

impl ConfigRequest {
    /// Rejects what AWS would reject beyond its model, and more than [`MAX_INSTANCES`] instances.
    fn check(&self) -> Result<(), ApiError> {
        let mut found = Violations::default();
        let variants = &self.production_variants;
        for (index, variant) in variants.iter().enumerate() {
            let path = format!("productionVariants.{}.member", index + 1);
            variant.check(&path, &mut found);
        }
        if let Some(capture) = &self.data_capture_config {
            capture.check(&mut found);
        }
        found.finish()?;
        let names: BTreeSet<_> = variants.iter().map(VariantRequest::name).collect();
        if names.len() < variants.len() {
            return Err(ApiError::validation("Variant names must be unique."));
        }
        if let Some(capture) = &self.data_capture_config {
            // The endpoint is not known yet; with a longer name, `CreateEndpoint` may reject the configuration.
            capture.check_keys("e", names)?;
        }
        check_quota(variants.iter().map(VariantRequest::count).sum())
    }
}
