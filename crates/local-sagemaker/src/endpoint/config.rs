//! Endpoint configurations: `CreateEndpointConfig`, `DescribeEndpointConfig`,
//! `ListEndpointConfigs`, `DeleteEndpointConfig`.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::capture::Capture;
use super::variant::{Variant, VariantRequest};
use crate::arn;
use crate::clock::Stamp;
use crate::error::{Error, chain};
use crate::faults::quota;
use crate::listing::{self, Entry, Listing};
use crate::model::Models;
use crate::names::Violations;
use crate::store::Table;
use crate::tags::{Tag, of_request};
use crate::wire::{ApiError, Call, nothing};

/// All endpoint configurations.
pub(crate) struct Configs {
    /// What is known of each configuration.
    table: Table<Config>,
}

/// A configuration as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Config {
    /// The request as it came, for the description.
    request: Value,
    /// The region of the request.
    region: String,
    /// The name, as it was given.
    name: String,
    /// `CreationTime`.
    created: Stamp,
    /// The variants, without their models: those are looked up when an endpoint is made.
    variants: Vec<VariantRequest>,
    /// What is written down of requests and answers.
    #[serde(default)]
    capture: Option<Capture>,
    /// The configuration's tags.
    #[serde(default)]
    tags: Vec<Tag>,
}

/// `CreateEndpointConfigInput`, as far as the server acts on it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfigRequest {
    /// `EndpointConfigName`.
    endpoint_config_name: Option<String>,
    /// `ProductionVariants`, 1 to 10.
    #[serde(default)]
    production_variants: Vec<VariantRequest>,
    /// What is written down of requests and answers.
    data_capture_config: Option<Capture>,
}

impl Configs {
    /// Opens the configurations of a state directory.
    pub(crate) fn open(state_dir: &Path) -> Result<Self, Error> {
        Ok(Self {
            table: Table::open(state_dir.join("endpoint-configs"))?,
        })
    }

    /// `CreateEndpointConfig`; its models must exist.
    pub(crate) fn create(&self, call: &Call, models: &Models) -> Result<Value, ApiError> {
        let request: ConfigRequest = call.read()?;
        request.check()?;
        for variant in &request.production_variants {
            variant.resolve(models, &call.region)?;
        }
        let name = request.endpoint_config_name.unwrap_or_default();
        let arn = arn::sagemaker(&call.region, "endpoint-config", &name);
        let config = Config {
            request: call.body.clone(),
            region: call.region.clone(),
            name: name.clone(),
            created: Stamp::now(),
            variants: request.production_variants,
            capture: request.data_capture_config,
            tags: of_request(&call.body),
        };
        match self.table.insert_new(&name, config) {
            Err(error) => Err(ApiError::internal(chain(&error))),
            Ok(false) => Err(ApiError::validation(format!(
                "Cannot create already existing endpoint configuration \"{arn}\"."
            ))),
            Ok(true) => Ok(json!({"EndpointConfigArn": arn})),
        }
    }

    /// What the configuration `name` says is to be written down.
    pub(crate) fn capture(&self, name: &str) -> Option<Capture> {
        self.table.get(name)?.capture
    }

    /// Shows the tags of a configuration to `change`.
    pub(crate) fn tagged(&self, arn: &str, change: &mut dyn FnMut(&mut Vec<Tag>)) -> Option<()> {
        self.table.adjust(
            |config| config.arn() == arn,
            |config| &mut config.tags,
            change,
        )
    }

    /// The variants of the configuration `name`, each with its model as it is now.
    pub(crate) fn variants(
        &self,
        name: &str,
        region: &str,
        models: &Models,
    ) -> Result<Vec<Variant>, ApiError> {
        self.find(name, region)?
            .variants
            .iter()
            .map(|variant| variant.resolve(models, region))
            .collect()
    }

    /// `DescribeEndpointConfig`.
    pub(crate) fn describe(&self, call: &Call) -> Result<Value, ApiError> {
        let config = self.named(call)?;
        let mut answer =
            json!({"EndpointConfigArn": config.arn(), "CreationTime": config.created.wire()});
        for member in [
            "EndpointConfigName",
            "ProductionVariants",
            "DataCaptureConfig",
            "KmsKeyId",
        ] {
            if let Some(value) = config.request.get(member) {
                answer[member] = value.clone();
            }
        }
        Ok(answer)
    }

    /// `DeleteEndpointConfig`. An endpoint that was made from it goes on.
    pub(crate) fn delete(&self, call: &Call) -> Result<Value, ApiError> {
        let config = self.named(call)?;
        self.table.remove(&config.name);
        Ok(nothing())
    }

    /// `ListEndpointConfigs`.
    pub(crate) fn list(&self, call: &Call) -> Result<Value, ApiError> {
        let entries = self.table.all().into_iter().map(|config| Entry {
            created: config.created,
            modified: config.created,
            status: "",
            summary: json!({
                "EndpointConfigName": config.name,
                "EndpointConfigArn": config.arn(),
                "CreationTime": config.created.wire(),
            }),
            name: config.name,
        });
        listing::page(
            call,
            entries.collect(),
            &Listing {
                result: "EndpointConfigs",
                ascending: false,
            },
        )
    }

    /// The configuration that a request names.
    fn named(&self, call: &Call) -> Result<Config, ApiError> {
        let request: ConfigRequest = call.read()?;
        let mut violations = Violations::default();
        violations.name(
            "endpointConfigName",
            request.endpoint_config_name.as_deref(),
        );
        violations.finish()?;
        self.find(
            &request.endpoint_config_name.unwrap_or_default(),
            &call.region,
        )
    }

    /// The configuration of that name, or the refusal that a request from `region` gets.
    fn find(&self, name: &str, region: &str) -> Result<Config, ApiError> {
        let arn = arn::sagemaker(region, "endpoint-config", name);
        let config = self.table.get(name);
        config.ok_or_else(|| {
            ApiError::validation(format!("Could not find endpoint configuration \"{arn}\"."))
        })
    }
}

/// The most processes of one endpoint: a machine has an end where a cloud has a quota.
const MOST_INSTANCES: usize = 32;

/// AWS has a quota for the instances of endpoints, and so has this server.
pub(super) fn limit(instances: usize) -> Result<(), ApiError> {
    if instances <= MOST_INSTANCES {
        return Ok(());
    }
    let text = quota(
        "instances for endpoint usage",
        MOST_INSTANCES as i64,
        instances as i64,
    );
    Err(ApiError::new("ResourceLimitExceeded", text))
}

impl Config {
    /// The configuration's resource name.
    fn arn(&self) -> String {
        arn::sagemaker(&self.region, "endpoint-config", &self.name)
    }
}

impl ConfigRequest {
    /// What AWS would refuse.
    fn check(&self) -> Result<(), ApiError> {
        let mut found = Violations::default();
        found.name("endpointConfigName", self.endpoint_config_name.as_deref());
        if self.production_variants.is_empty() {
            found.missing("productionVariants");
        }
        found.count("productionVariants", self.production_variants.len(), 10);
        for (index, variant) in self.production_variants.iter().enumerate() {
            variant.note(
                &format!("productionVariants.{}.member", index + 1),
                &mut found,
            );
        }
        if let Some(capture) = &self.data_capture_config {
            capture.note(&mut found);
        }
        found.finish()?;
        let count = |variant: &VariantRequest| variant.count();
        limit(self.production_variants.iter().map(count).sum())
    }
}
