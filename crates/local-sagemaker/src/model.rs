//! Models: `CreateModel`, `DescribeModel`, `ListModels`, `DeleteModel`. A model is an archive and the image that serves it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arn;
use crate::clock::Stamp;
use crate::error::{Error, chain};
use crate::image::Images;
use crate::listing::{self, Entry, Listing};
use crate::names::{S3Uri, Violations};
use crate::s3::Storage;
use crate::store::Table;
use crate::wire::{ApiError, Call, nothing};

/// Members of the request that the description repeats.
const ECHOED: [&str; 6] = [
    "ModelName",
    "PrimaryContainer",
    "Containers",
    "ExecutionRoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
];

/// All models.
pub(crate) struct Models {
    table: Table<Model>,
    storage: Storage,
    images: Images,
}

/// A model as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Model {
    request: Value,
    region: String,
    name: String,
    created: Stamp,
    /// What an endpoint needs of it.
    pub(crate) container: Container,
}

/// The image and the data of a model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Container {
    /// The image's URI.
    pub(crate) image: String,
    /// Where `model.tar.gz` is; a container may come without.
    pub(crate) data: Option<String>,
    /// Environment of the serving program.
    pub(crate) environment: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModelRequest {
    model_name: Option<String>,
    primary_container: Option<ContainerRequest>,
    #[serde(default)]
    containers: Vec<ContainerRequest>,
    execution_role_arn: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerRequest {
    image: Option<String>,
    model_data_url: Option<String>,
    model_data_source: Option<Value>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    model_name: Option<String>,
}

impl Models {
    /// Opens the models of a state directory.
    pub(crate) fn open(state_dir: &Path, storage: Storage, images: Images) -> Result<Self, Error> {
        Ok(Self {
            table: Table::open(state_dir.join("models"))?,
            storage,
            images,
        })
    }

    /// `CreateModel`.
    pub(crate) fn create(&self, call: &Call) -> Result<Value, ApiError> {
        let request: ModelRequest = call.read()?;
        let name = request.model_name.clone().unwrap_or_default();
        let container = self.check(request)?;
        let arn = arn::sagemaker(&call.region, "model", &name);
        let model = Model {
            request: call.body.clone(),
            region: call.region.clone(),
            name: name.clone(),
            created: Stamp::now(),
            container,
        };
        match self.table.insert_new(&name, model) {
            Err(error) => Err(ApiError::internal(chain(&error))),
            Ok(false) => Err(ApiError::validation(format!(
                "Cannot create already existing model \"{arn}\"."
            ))),
            Ok(true) => Ok(json!({"ModelArn": arn})),
        }
    }

    fn check(&self, request: ModelRequest) -> Result<Container, ApiError> {
        let mut violations = Violations::default();
        violations.model_name("modelName", request.model_name.as_deref());
        if let Some(role) = &request.execution_role_arn {
            violations.role("executionRoleArn", Some(role));
        }
        violations.finish()?;
        let mut containers: Vec<_> = request
            .primary_container
            .into_iter()
            .chain(request.containers)
            .collect();
        match (containers.pop(), containers.is_empty()) {
            (Some(container), true) => self.container(container),
            (None, _) => Err(ApiError::validation(
                "You must provide either a PrimaryContainer or Containers.",
            )),
            (Some(_), false) => Err(ApiError::validation(
                "The local server does not support models of several containers.",
            )),
        }
    }

    fn container(&self, request: ContainerRequest) -> Result<Container, ApiError> {
        let mut violations = Violations::default();
        violations.required("primaryContainer.image", request.image.as_deref());
        if let Some(url) = &request.model_data_url {
            violations.s3_uri("primaryContainer.modelDataUrl", Some(url));
        }
        violations.finish()?;
        if request.model_data_source.is_some() {
            return Err(ApiError::validation(
                "The local server does not support ModelDataSource; use ModelDataUrl.",
            ));
        }
        let image = request.image.unwrap_or_default();
        self.images.program(&image)?;
        if let Some(url) = &request.model_data_url {
            self.check_data(url)?;
        }
        Ok(Container {
            image,
            data: request.model_data_url,
            environment: request.environment,
        })
    }

    fn check_data(&self, url: &str) -> Result<(), ApiError> {
        if !url.ends_with(".tar.gz") {
            return Err(ApiError::validation(format!(
                "ModelDataUrl must be a gzip compressed tar archive (.tar.gz suffix): {url}"
            )));
        }
        let found = S3Uri::parse(url).and_then(|uri| self.storage.object(&uri));
        found
            .map(drop)
            .ok_or_else(|| ApiError::validation(format!("Could not find model data at {url}.")))
    }

    /// The model named `name`, or the refusal that a request from `region` gets.
    pub(crate) fn find(&self, name: &str, region: &str) -> Result<Model, ApiError> {
        let arn = arn::sagemaker(region, "model", name);
        self.table
            .get(name)
            .ok_or_else(|| ApiError::validation(format!("Could not find model \"{arn}\".")))
    }

    /// `DescribeModel`.
    pub(crate) fn describe(&self, call: &Call) -> Result<Value, ApiError> {
        let model = self.named(call)?;
        let mut answer = json!({"ModelArn": model.arn(), "CreationTime": model.created.wire(), "EnableNetworkIsolation": false});
        for member in ECHOED {
            if let Some(value) = model.request.get(member) {
                answer[member] = value.clone();
            }
        }
        Ok(answer)
    }

    /// `DeleteModel`. An endpoint that serves it goes on.
    pub(crate) fn delete(&self, call: &Call) -> Result<Value, ApiError> {
        let model = self.named(call)?;
        self.table.remove(&model.name);
        Ok(nothing())
    }

    /// `ListModels`.
    pub(crate) fn list(&self, call: &Call) -> Result<Value, ApiError> {
        let entries = self.table.all().into_iter().map(|model| Entry {
            created: model.created,
            modified: model.created,
            status: "",
            summary: json!({"ModelName": model.name, "ModelArn": model.arn(), "CreationTime": model.created.wire()}),
            name: model.name,
        });
        listing::page(
            call,
            entries.collect(),
            &Listing {
                result: "Models",
                ascending: false,
            },
        )
    }

    fn named(&self, call: &Call) -> Result<Model, ApiError> {
        let request: Named = call.read()?;
        let mut violations = Violations::default();
        violations.model_name("modelName", request.model_name.as_deref());
        violations.finish()?;
        self.find(&request.model_name.unwrap_or_default(), &call.region)
    }
}

impl Model {
    fn arn(&self) -> String {
        arn::sagemaker(&self.region, "model", &self.name)
    }
}
