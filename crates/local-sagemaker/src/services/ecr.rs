//! ECR, limited to the calls for checking that an image exists and is suitable for hosting:
//! `DescribeRepositories`, `DescribeImages`, `BatchGetImage`, `GetAuthorizationToken`.
//!
//! The registry contains the repositories for which the server has a program: those named
//! `fire-container` and those that are mapped, with every tag that does not begin with `missing` (of a
//! mapping with a tag, only that tag). An image consists of a single layer, the files of the program.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::images::{Images, Program};
use crate::machine::clock::Timestamp;
use crate::machine::table::lock;
use crate::protocol::names::ACCOUNT;
use crate::protocol::{ApiError, Call};

/// The only manifest type that SageMaker hosting accepts.
const MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// The code of the error for an image that does not exist.
const NOT_FOUND: &str = "ImageNotFoundException";
/// Lifetime of a token: twelve hours.
const TOKEN_SECONDS: f64 = 43_200.0;

/// The account's registry.
pub(crate) struct Registry {
    /// Maps images to programs.
    images: Images,
    /// The digest of each program, by its command. It is cached because hashing is slow and programs rarely
    /// change.
    layers: Mutex<BTreeMap<Vec<String>, Layer>>,
}

/// The only layer of an image.
#[derive(Clone)]
struct Layer {
    /// The files of the program, in the order of its command.
    files: Vec<LayerFile>,
    /// The digest of the command and of the files' contents.
    digest: String,
}

/// A file of a program.
#[derive(Clone, PartialEq, Eq)]
struct LayerFile {
    /// The file.
    path: PathBuf,
    /// Its length in bytes.
    length: u64,
    /// When it was last modified.
    modified: SystemTime,
}

/// `ImageIdentifier`.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageId {
    /// The digest of the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_digest: Option<String>,
    /// A tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_tag: Option<String>,
}

/// The members of all requests.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    /// The account; by default the caller's own.
    registry_id: Option<String>,
    /// One repository.
    repository_name: Option<String>,
    /// Several repositories.
    repository_names: Option<Vec<String>>,
    /// The requested images.
    image_ids: Option<Vec<ImageId>>,
}

/// The description of an image.
struct Image {
    /// The manifest as JSON text.
    manifest: String,
    /// The digest of the manifest.
    digest: String,
    /// Total size in bytes.
    size: u64,
    /// When it was pushed.
    pushed: Timestamp,
}

impl Registry {
    /// A registry with these images.
    pub(crate) fn new(images: Images) -> Self {
        Self {
            images,
            layers: Mutex::default(),
        }
    }

    /// Handles one call to the service.
    pub(crate) fn handle(&self, operation: &str, call: &Call) -> Result<Value, ApiError> {
        let request: Request = call.read()?;
        match operation {
            "DescribeRepositories" => self.repositories(&request, &call.region),
            "DescribeImages" => self.describe(&request, &call.region),
            "BatchGetImage" => self.get(&request, &call.region),
            "GetAuthorizationToken" => Ok(token(&call.region)),
            other => Err(ApiError::unknown_operation(&format!(
                "AmazonEC2ContainerRegistry_V20150921.{other}"
            ))),
        }
    }

    /// `DescribeRepositories`.
    fn repositories(&self, request: &Request, region: &str) -> Result<Value, ApiError> {
        let registry = request.registry_id.as_deref().unwrap_or(ACCOUNT);
        let host = host(region);
        let names = request
            .repository_names
            .clone()
            .unwrap_or_else(|| self.images.repositories(&host));
        let exists = |name: &String| registry == ACCOUNT && self.images.has_repository(&host, name);
        if let Some(name) = names.iter().find(|name| !exists(name)) {
            return Err(no_repository(name, registry));
        }
        let describe = |name: &String| {
            json!({
                "repositoryArn": format!("arn:aws:ecr:{region}:{ACCOUNT}:repository/{name}"),
                "registryId": ACCOUNT,
                "repositoryName": name,
                "repositoryUri": format!("{host}/{name}"),
                "imageTagMutability": "MUTABLE",
                "imageScanningConfiguration": {"scanOnPush": false},
                "encryptionConfiguration": {"encryptionType": "AES256"},
            })
        };
        Ok(json!({"repositories": names.iter().map(describe).collect::<Value>()}))
    }

    /// `DescribeImages`.
    fn describe(&self, request: &Request, region: &str) -> Result<Value, ApiError> {
        let name = self.repository(request, region)?;
        let ids = request.image_ids.clone().unwrap_or_else(|| {
            vec![ImageId {
                image_digest: None,
                image_tag: Some("latest".to_owned()),
            }]
        });
        let (mut tags, mut details) = (Vec::new(), None);
        for id in &ids {
            let image = self.image(name, id, region)?;
            tags.extend(id.image_tag.clone());
            // All tags of a repository have the same program.
            details.get_or_insert(image);
        }
        let details = details.map(|image| {
            json!({
                "registryId": ACCOUNT,
                "repositoryName": name,
                "imageDigest": image.digest,
                "imageTags": tags,
                "imageSizeInBytes": image.size,
                "imagePushedAt": image.pushed.wire(),
                "imageManifestMediaType": MANIFEST_TYPE,
                "artifactMediaType": "application/vnd.docker.container.image.v1+json",
            })
        });
        Ok(json!({"imageDetails": details.into_iter().collect::<Vec<_>>()}))
    }

    /// `BatchGetImage`.
    fn get(&self, request: &Request, region: &str) -> Result<Value, ApiError> {
        let name = self.repository(request, region)?;
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        for id in request.image_ids.iter().flatten() {
            let image = match self.image(name, id, region) {
                Ok(image) => image,
                Err(error) if error.code() == NOT_FOUND => {
                    failures.push(json!({
                        "imageId": id,
                        "failureCode": "ImageNotFound",
                        "failureReason": error.message(),
                    }));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let id = ImageId {
                image_digest: Some(image.digest),
                image_tag: id.image_tag.clone(),
            };
            images.push(json!({
                "registryId": ACCOUNT,
                "repositoryName": name,
                "imageId": id,
                "imageManifest": image.manifest,
                "imageManifestMediaType": MANIFEST_TYPE,
            }));
        }
        Ok(json!({"images": images, "failures": failures}))
    }

    /// The repository's name, or an error if there is no such repository.
    fn repository<'a>(&self, request: &'a Request, region: &str) -> Result<&'a str, ApiError> {
        let name = request.repository_name.as_deref().unwrap_or_default();
        let registry = request.registry_id.as_deref().unwrap_or(ACCOUNT);
        (registry == ACCOUNT && self.images.has_repository(&host(region), name))
            .then_some(name)
            .ok_or_else(|| no_repository(name, registry))
    }

    /// The image with this id in an existing repository, or an `ImageNotFoundException`.
    fn image(&self, repository: &str, id: &ImageId, region: &str) -> Result<Image, ApiError> {
        let not_found = || id.not_found(repository);
        let reference = id.reference().ok_or_else(not_found)?;
        let name = format!("{}/{repository}{reference}", host(region));
        let program = self
            .images
            .program(&name)
            .map_err(|error| ApiError::new(NOT_FOUND, error.message().to_owned()))?;
        let image = self.read(&program).map_err(|error| {
            ApiError::internal(format!("cannot read the program {program}: {error}"))
        })?;
        Some(image)
            .filter(|image| id.matches(image))
            .ok_or_else(not_found)
    }

    /// The image that consists of a program.
    fn read(&self, program: &Program) -> std::io::Result<Image> {
        let files = program.files().into_iter().map(LayerFile::open);
        let files = files.collect::<std::io::Result<Vec<_>>>()?;
        // Locked while hashing, so that concurrent calls hash the program only once.
        let mut known = lock(&self.layers);
        let layer = match known.get(program.words()) {
            Some(layer) if layer.files == files => layer.clone(),
            _ => {
                let layer = Layer::hash(program, files)?;
                known.insert(program.words().to_vec(), layer.clone());
                layer
            }
        };
        drop(known);
        Ok(layer.image(program))
    }
}

impl LayerFile {
    /// The file at `path`.
    fn open(path: PathBuf) -> std::io::Result<Self> {
        let metadata = fs::metadata(&path)?;
        Ok(Self {
            path,
            length: metadata.len(),
            modified: metadata.modified()?,
        })
    }
}

impl Layer {
    /// Hashes the files. The command counts as well, because two programs may differ in it only.
    fn hash(program: &Program, files: Vec<LayerFile>) -> std::io::Result<Self> {
        let mut hash = Sha256::new();
        hash.update(program.words().join("\0"));
        for file in &files {
            hash.update(fs::read(&file.path)?);
        }
        let digest = format!("sha256:{}", hex::encode(hash.finalize()));
        Ok(Self { files, digest })
    }

    /// The image with this layer.
    fn image(&self, program: &Program) -> Image {
        let size = self.files.iter().map(|file| file.length).sum();
        let modified = self.files.iter().map(|file| file.modified).max();
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": program.words()},
            "rootfs": {"type": "layers", "diff_ids": [self.digest]},
        })
        .to_string();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": config.len(),
                "digest": sha256(config.as_bytes()),
            },
            "layers": [{
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": size,
                "digest": self.digest,
            }],
        })
        .to_string();
        Image {
            digest: sha256(manifest.as_bytes()),
            manifest,
            size,
            pushed: Timestamp::of(modified.unwrap_or(SystemTime::UNIX_EPOCH)),
        }
    }
}

impl ImageId {
    /// The id as the end of an image's name: its tag, or nothing for an image that is named by its digest.
    /// `None` if it names no image.
    fn reference(&self) -> Option<String> {
        match (&self.image_tag, &self.image_digest) {
            (Some(tag), _) => (!tag.starts_with("missing")).then(|| format!(":{tag}")),
            (None, Some(_)) => Some(String::new()),
            (None, None) => None,
        }
    }

    /// Whether the image has the digest of this id, if it has one.
    fn matches(&self, image: &Image) -> bool {
        let digest = self.image_digest.as_ref();
        digest.is_none_or(|digest| *digest == image.digest)
    }

    /// The error for an image that does not exist.
    fn not_found(&self, repository: &str) -> ApiError {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".into());
        ApiError::new(
            NOT_FOUND,
            format!(
                "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository \
                 with name '{repository}' in the registry with id '{ACCOUNT}'",
                text(&self.image_digest),
                text(&self.image_tag)
            ),
        )
    }
}

/// `GetAuthorizationToken`; no registry accepts the token.
fn token(region: &str) -> Value {
    let token = STANDARD.encode("AWS:local");
    let expires = Timestamp::now().seconds() + TOKEN_SECONDS;
    let data = json!({"authorizationToken": token, "expiresAt": expires, "proxyEndpoint": format!("https://{}", host(region))});
    json!({"authorizationData": [data]})
}

/// The registry's host name on AWS, the first part of image URIs.
fn host(region: &str) -> String {
    format!("{ACCOUNT}.dkr.ecr.{region}.amazonaws.com")
}

/// The error for a repository that does not exist.
fn no_repository(name: &str, registry: &str) -> ApiError {
    ApiError::new(
        "RepositoryNotFoundException",
        format!(
            "The repository with name '{name}' does not exist in the registry with id '{registry}'"
        ),
    )
}

/// The digest of `bytes` as `sha256:HEX`.
fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}
