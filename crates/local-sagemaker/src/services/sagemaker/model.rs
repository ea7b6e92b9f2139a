//! Models: `CreateModel`, `DescribeModel`, `ListModels`, `DeleteModel`. A model consists of an archive
//! and the image that serves it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::resource::{Header, Resource, echo};
use super::tags::Tag;
use crate::error::Error;
use crate::machine::table::Table;
use crate::protocol::names::S3Uri;
use crate::protocol::validation::Violations;
use crate::protocol::{ApiError, Call};
use crate::services::images::Images;
use crate::services::s3::Storage;

/// Members of the request that are copied to the description.
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
    /// The record of each model.
    table: Table<Model>,
    /// The store, which must contain the models' data.
    storage: Storage,
    /// Maps images to programs.
    images: Images,
}

/// The record of a model.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Model {
    /// The request as it was sent, for the description.
    request: Value,
    /// Name, region, time and tags.
    #[serde(flatten)]
    header: Header,
    /// The image, data and environment for serving.
    pub(crate) container: Container,
}

/// The image, data and environment of a model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Container {
    /// The image's URI.
    pub(crate) image: String,
    /// The location of `model.tar.gz`, if the container has one.
    pub(crate) data: Option<String>,
    /// Environment variables of the container.
    pub(crate) environment: BTreeMap<String, String>,
}

/// The members of `CreateModelInput` that the server acts on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModelRequest {
    /// `ModelName`.
    model_name: Option<String>,
    /// The model's only container.
    primary_container: Option<ContainerRequest>,
    /// The containers of a pipeline; a single one is treated as the primary container.
    #[serde(default)]
    containers: Vec<ContainerRequest>,
    /// Only its format is checked; nothing assumes the role.
    execution_role_arn: Option<String>,
}

/// The members of `ContainerDefinition` that the server acts on.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerRequest {
    /// The image's URI.
    image: Option<String>,
    /// The location of `model.tar.gz`.
    model_data_url: Option<String>,
    /// The newer alternative to `ModelDataUrl`; not supported.
    model_data_source: Option<Value>,
    /// Environment variables of the container.
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

impl Resource for Model {
    const KIND: &'static str = "model";
    const NAME_MEMBER: &'static str = "ModelName";
    const LIST_MEMBER: &'static str = "Models";

    fn header(&self) -> &Header {
        &self.header
    }

    fn header_mut(&mut self) -> &mut Header {
        &mut self.header
    }

    fn summary(&self) -> Value {
        json!({"ModelName": self.header.name, "ModelArn": self.arn(), "CreationTime": self.header.created.wire()})
    }

    fn check_name(violations: &mut Violations, path: &str, name: Option<&str>) {
        violations.model_name(path, name);
    }
}

impl Models {
    /// Opens the models of a state directory.
    pub(crate) fn open(state_dir: &Path, storage: Storage, images: Images) -> Result<Self, Error> {
        Ok(Self {
            table: Table::open_in(state_dir, "models")?,
            storage,
            images,
        })
    }

    /// `CreateModel`.
    pub(crate) fn create(&self, call: &Call) -> Result<Value, ApiError> {
        let request: ModelRequest = call.read()?;
        let name = request.model_name.clone().unwrap_or_default();
        let arn = self.table.create(Model {
            request: call.body.clone(),
            container: self.check(request)?,
            header: Header::new(&name, call),
        })?;
        Ok(json!({"ModelArn": arn}))
    }

    /// Checks a request and returns its only container.
    fn check(&self, request: ModelRequest) -> Result<Container, ApiError> {
        let mut violations = Violations::default();
        violations.model_name("modelName", request.model_name.as_deref());
        if let Some(role) = &request.execution_role_arn {
            violations.role("executionRoleArn", Some(role));
        }
        violations.finish()?;
        // A pipeline with one container is equivalent to a primary container.
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
                "The local server does not support models with several containers.",
            )),
        }
    }

    /// Checks that there is a program for the container's image, and that its data exists.
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

    /// Rejects a model whose archive does not exist, as AWS does.
    fn check_data(&self, url: &str) -> Result<(), ApiError> {
        if !url.ends_with(".tar.gz") {
            return Err(ApiError::validation(format!(
                "ModelDataUrl must be a gzip compressed tar archive (.tar.gz suffix): {url}"
            )));
        }
        let found = S3Uri::parse(url).filter(|uri| self.storage.has_object(uri));
        found
            .map(drop)
            .ok_or_else(|| ApiError::validation(format!("Could not find model data at {url}.")))
    }

    /// The model with this name, or a "not found" error whose ARN is in `region`.
    pub(crate) fn find(&self, name: &str, region: &str) -> Result<Model, ApiError> {
        self.table.find(name, region)
    }

    /// Calls `change` with the tags of a model.
    pub(crate) fn change_tags(
        &self,
        arn: &str,
        change: &mut dyn FnMut(&mut Vec<Tag>),
    ) -> Option<()> {
        self.table.change_tags(arn, change)
    }

    /// `DescribeModel`.
    pub(crate) fn describe(&self, call: &Call) -> Result<Value, ApiError> {
        let model = self.table.find_named(call)?;
        let mut response = json!({"ModelArn": model.arn(), "CreationTime": model.header.created.wire(), "EnableNetworkIsolation": false});
        echo(&model.request, &ECHOED, &mut response);
        Ok(response)
    }

    /// `DeleteModel`. An endpoint that serves the model is not affected.
    pub(crate) fn delete(&self, call: &Call) -> Result<Value, ApiError> {
        let model = self.table.find_named(call)?;
        self.table.remove(&model.header.name);
        Ok(json!({}))
    }

    /// `ListModels`.
    pub(crate) fn list(&self, call: &Call) -> Result<Value, ApiError> {
        self.table.list(call)
    }
}
