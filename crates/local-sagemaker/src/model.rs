//! Models: `CreateModel`, `DescribeModel`, `ListModels`, `DeleteModel`. A model is an archive
//! and the image that serves it.

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
use crate::tags::{Tag, of_request};
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
    /// What is known of each model.
    table: Table<Model>,
    /// Where the models' data must be.
    storage: Storage,
    /// Which images there are programs for.
    images: Images,
}

/// A model as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Model {
    /// The request as it came, for the description.
    request: Value,
    /// The region of the request.
    region: String,
    /// The name, as it was given.
    name: String,
    /// `CreationTime`.
    created: Stamp,
    /// What an endpoint needs of it.
    pub(crate) container: Container,
    /// The model's tags.
    #[serde(default)]
    tags: Vec<Tag>,
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

/// `CreateModelInput`, as far as the server acts on it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModelRequest {
    /// `ModelName`.
    model_name: Option<String>,
    /// The container of a model that has only one.
    primary_container: Option<ContainerRequest>,
    /// The containers of a pipeline; one alone is as good as a primary container.
    #[serde(default)]
    containers: Vec<ContainerRequest>,
    /// Checked for its form; nobody assumes it.
    execution_role_arn: Option<String>,
}

/// `ContainerDefinition`, as far as the server acts on it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerRequest {
    /// The image's URI.
    image: Option<String>,
    /// Where `model.tar.gz` is.
    model_data_url: Option<String>,
    /// The newer way to say so, which is refused.
    model_data_source: Option<Value>,
    /// Environment of the serving program.
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

/// A request that only names a model.
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
            tags: of_request(&call.body),
        };
        match self.table.insert_new(&name, model) {
            Err(error) => Err(ApiError::internal(chain(&error))),
            Ok(false) => Err(ApiError::validation(format!(
                "Cannot create already existing model \"{arn}\"."
            ))),
            Ok(true) => Ok(json!({"ModelArn": arn})),
        }
    }

    /// The one container of a request that is right in all else.
    fn check(&self, request: ModelRequest) -> Result<Container, ApiError> {
        let mut violations = Violations::default();
        violations.model_name("modelName", request.model_name.as_deref());
        if let Some(role) = &request.execution_role_arn {
            violations.role("executionRoleArn", Some(role));
        }
        violations.finish()?;
        // A pipeline of one container is a model like any other.
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

    /// A container whose image has a program and whose data is there.
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

    /// AWS refuses a model whose archive is not there; so does this server.
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

    /// Shows the tags of a model to `change`.
    pub(crate) fn tagged(&self, arn: &str, change: &mut dyn FnMut(&mut Vec<Tag>)) -> Option<()> {
        self.table
            .adjust(|model| model.arn() == arn, |model| &mut model.tags, change)
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

    /// The model that a request names.
    fn named(&self, call: &Call) -> Result<Model, ApiError> {
        let request: Named = call.read()?;
        let mut violations = Violations::default();
        violations.model_name("modelName", request.model_name.as_deref());
        violations.finish()?;
        self.find(&request.model_name.unwrap_or_default(), &call.region)
    }
}

impl Model {
    /// The model's resource name.
    fn arn(&self) -> String {
        arn::sagemaker(&self.region, "model", &self.name)
    }
}
