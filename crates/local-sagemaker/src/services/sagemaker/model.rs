//! Models: `CreateModel`, `DescribeModel`, `ListModels`, `DeleteModel`. A model consists of an archive
//! and the image that serves it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Shared;
use super::resource::{Header, Resource, echo};
use super::tags::Tag;
use crate::error::Error;
use crate::machine::table::Table;
use crate::protocol::names::S3Uri;
use crate::protocol::validation::Violations;
use crate::protocol::{ApiError, Call};
use crate::services::images::Images;
use crate::services::s3::Storage;

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
    /// The location of the model's data, if the container has any.
    pub(crate) data: Option<String>,
    /// How the data is stored.
    #[serde(default)]
    pub(crate) format: DataFormat,
    /// Environment variables of the container.
    pub(crate) environment: BTreeMap<String, String>,
}

/// How the data of a model is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DataFormat {
    /// One object, a `tar.gz` that is unpacked into the model's directory.
    #[default]
    Archive,
    /// One object, a file of the model.
    File,
    /// All objects below a prefix, each a file of the model.
    Files,
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
}

/// The members of `ContainerDefinition` that the server acts on.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerRequest {
    /// The image's URI.
    image: Option<String>,
    /// The location of `model.tar.gz`.
    model_data_url: Option<String>,
    /// The newer alternative to `ModelDataUrl`.
    model_data_source: Option<DataSource>,
    /// Environment variables of the container.
    #[serde(default)]
    environment: BTreeMap<String, String>,
}

/// `ModelDataSource`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataSource {
    /// The only kind of source.
    s3_data_source: Option<S3DataSource>,
}

/// `S3ModelDataSource`.
#[derive(Clone, Deserialize)]
struct S3DataSource {
    /// The object or the prefix.
    #[serde(rename = "S3Uri")]
    uri: String,
    /// `S3Object` or `S3Prefix`.
    #[serde(rename = "S3DataType")]
    kind: String,
    /// `Gzip` or `None`.
    #[serde(rename = "CompressionType")]
    compression: String,
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
}

impl Models {
    /// Opens the models of a state directory.
    pub(crate) fn open(shared: &Shared) -> Result<Self, Error> {
        Ok(Self {
            table: Table::open_in(shared, "models")?,
            storage: shared.storage.clone(),
            images: shared.images.clone(),
        })
    }

    /// `CreateModel`.
    pub(crate) fn create(&self, call: &Call) -> Result<Value, ApiError> {
        let request: ModelRequest = call.read()?;
        let name = request.model_name.clone().unwrap_or_default();
        let arn = self.table.create(Model {
            request: call.body.clone(),
            container: self.check(request)?,
            header: Header::new(&name, call)?,
        })?;
        Ok(json!({"ModelArn": arn}))
    }

    /// Checks a request and returns its only container.
    fn check(&self, request: ModelRequest) -> Result<Container, ApiError> {
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
                "The local server does not support models with several Containers.",
            )),
        }
    }

    /// Checks that there is a program for the container's image, and that its data exists.
    fn container(&self, request: ContainerRequest) -> Result<Container, ApiError> {
        let mut violations = Violations::default();
        violations.required("primaryContainer.image", request.image.as_ref());
        violations.finish()?;
        let image = request.image.clone().unwrap_or_default();
        self.images.program(&image)?;
        let (data, format) = request.data()?;
        if let Some(url) = &data {
            self.check_data(url, format)?;
        }
        Ok(Container {
            image,
            data,
            format,
            environment: request.environment,
        })
    }

    /// Rejects a model whose data does not exist, as AWS does.
    fn check_data(&self, url: &str, format: DataFormat) -> Result<(), ApiError> {
        let uri = S3Uri::parse(url);
        let found = match (&uri, format) {
            (None, _) => false,
            (Some(uri), DataFormat::Files) => {
                let found = self.storage.has_prefix(uri);
                found.map_err(|error| ApiError::internal(error.to_string()))?
            }
            (Some(uri), _) => self.storage.has_object(uri),
        };
        if found {
            Ok(())
        } else {
            Err(ApiError::validation(format!(
                "Could not find model data at {url}."
            )))
        }
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
        echo(&model.request, &mut response);
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

impl ContainerRequest {
    /// The location and the format of the model's data.
    fn data(&self) -> Result<(Option<String>, DataFormat), ApiError> {
        let invalid = |text: &str| Err(ApiError::validation(text));
        let source = match (&self.model_data_url, &self.model_data_source) {
            (None, None) => return Ok((None, DataFormat::Archive)),
            (Some(_), Some(_)) => {
                return invalid("Only one of ModelDataUrl and ModelDataSource can be specified.");
            }
            (Some(url), None) if url.ends_with(".tar.gz") => {
                return Ok((Some(url.clone()), DataFormat::Archive));
            }
            (Some(url), None) => {
                return invalid(&format!(
                    "ModelDataUrl must be a gzip compressed tar archive (.tar.gz suffix): {url}"
                ));
            }
            (None, Some(source)) => source.s3_data_source.as_ref(),
        };
        let Some(source) = source else {
            return invalid("ModelDataSource needs an S3DataSource.");
        };
        let format = match (source.kind.as_str(), source.compression.as_str()) {
            ("S3Object", "Gzip") => DataFormat::Archive,
            ("S3Object", _) => DataFormat::File,
            (_, "Gzip") => {
                return invalid("CompressionType Gzip needs S3DataType S3Object.");
            }
            _ if source.uri.ends_with('/') => DataFormat::Files,
            _ => {
                return invalid(&format!(
                    "With S3DataType S3Prefix, S3Uri must end with a slash: {}",
                    source.uri
                ));
            }
        };
        Ok((Some(source.uri.clone()), format))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_of_a_model_is_an_archive_a_file_or_all_files_below_a_prefix() {
        let source = |kind: &str, compression: &str, uri: &str| {
            json!({"ModelDataSource": {"S3DataSource":
                {"S3DataType": kind, "CompressionType": compression, "S3Uri": uri}}})
        };
        let url = json!({"ModelDataUrl": "s3://b/m.tar.gz"});
        let mut both = source("S3Object", "None", "s3://b/m");
        both["ModelDataUrl"] = "s3://b/m.tar.gz".into();
        for (container, expected) in [
            (json!({}), "None Archive"),
            (url, "Some(\"s3://b/m.tar.gz\") Archive"),
            (json!({"ModelDataUrl": "s3://b/m"}), ".tar.gz suffix"),
            (
                source("S3Object", "Gzip", "s3://b/m"),
                "Some(\"s3://b/m\") Archive",
            ),
            (
                source("S3Object", "None", "s3://b/m"),
                "Some(\"s3://b/m\") File",
            ),
            (
                source("S3Prefix", "None", "s3://b/m/"),
                "Some(\"s3://b/m/\") Files",
            ),
            (
                source("S3Prefix", "None", "s3://b/m"),
                "must end with a slash",
            ),
            (
                source("S3Prefix", "Gzip", "s3://b/m/"),
                "Gzip needs S3DataType S3Object",
            ),
            (json!({"ModelDataSource": {}}), "needs an S3DataSource"),
            (both, "Only one of"),
        ] {
            let request: ContainerRequest = serde_json::from_value(container.clone()).unwrap();
            let found = match request.data() {
                Ok((data, format)) => format!("{data:?} {format:?}"),
                Err(error) => error.message().to_owned(),
            };
            assert!(found.contains(expected), "{container}: {found}");
        }
    }
}
