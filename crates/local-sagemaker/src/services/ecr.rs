//! ECR, limited to the calls for checking that an image exists and is suitable for hosting:
//! `DescribeRepositories`, `DescribeImages`, `BatchGetImage`, `GetAuthorizationToken`.
//!
//! The registry contains the repositories for which the server has a program, those named
//! `fire-container`, with every tag that does not begin with `missing`. An image consists of a single
//! layer, the program itself.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::images::{self, Images};
use crate::machine::clock::Timestamp;
use crate::machine::table::lock;
use crate::protocol::names::ACCOUNT;
use crate::protocol::{ApiError, Call};

/// The only manifest type that SageMaker hosting accepts.
const MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Lifetime of a token: twelve hours.
const TOKEN_SECONDS: f64 = 43_200.0;

/// The account's registry.
pub(crate) struct Registry {
    /// Maps images to programs.
    images: Images,
    /// The digest of the program, with the file's length and modification time. It is cached because
    /// hashing is slow and the program rarely changes.
    digest: Mutex<Option<(u64, SystemTime, String)>>,
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
            digest: Mutex::default(),
        }
    }

    /// Handles one call to the service.
    pub(crate) fn handle(&self, operation: &str, call: &Call) -> Result<Value, ApiError> {
        let request: Request = call.read()?;
        match operation {
            "DescribeRepositories" => repositories(&request, &call.region),
            "DescribeImages" => self.describe(&request),
            "BatchGetImage" => self.get(&request),
            "GetAuthorizationToken" => Ok(token(&call.region)),
            other => Err(ApiError::unknown_operation(&format!(
                "AmazonEC2ContainerRegistry_V20150921.{other}"
            ))),
        }
    }

    /// `DescribeImages`.
    fn describe(&self, request: &Request) -> Result<Value, ApiError> {
        let name = request.repository()?;
        let image = self.image(name)?;
        let tags = match &request.image_ids {
            None => vec!["latest".to_owned()],
            Some(ids) => {
                if let Some(id) = ids.iter().find(|id| !id.matches(&image)) {
                    return Err(id.not_found(name));
                }
                ids.iter().filter_map(|id| id.image_tag.clone()).collect()
            }
        };
        let details = json!({
            "registryId": ACCOUNT,
            "repositoryName": name,
            "imageDigest": image.digest,
            "imageTags": tags,
            "imageSizeInBytes": image.size,
            "imagePushedAt": image.pushed.wire(),
            "imageManifestMediaType": MANIFEST_TYPE,
            "artifactMediaType": "application/vnd.docker.container.image.v1+json",
        });
        Ok(json!({"imageDetails": [details]}))
    }

    /// `BatchGetImage`.
    fn get(&self, request: &Request) -> Result<Value, ApiError> {
        let name = request.repository()?;
        let image = self.image(name)?;
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        for id in request.image_ids.iter().flatten() {
            if id.matches(&image) {
                let id = ImageId {
                    image_digest: Some(image.digest.clone()),
                    image_tag: id.image_tag.clone(),
                };
                images.push(json!({
                    "registryId": ACCOUNT,
                    "repositoryName": name,
                    "imageId": id,
                    "imageManifest": image.manifest,
                    "imageManifestMediaType": MANIFEST_TYPE,
                }));
            } else {
                let reason = "Requested image not found";
                failures.push(
                    json!({"imageId": id, "failureCode": "ImageNotFound", "failureReason": reason}),
                );
            }
        }
        Ok(json!({"images": images, "failures": failures}))
    }

    /// The image in an existing repository.
    fn image(&self, repository: &str) -> Result<Image, ApiError> {
        let program = self
            .images
            .program(repository)
            .map_err(|error| ApiError::new("ImageNotFoundException", error.message().to_owned()))?;
        self.read(&program).map_err(|error| {
            let text = format!("cannot read the program {}: {error}", program.display());
            ApiError::internal(text)
        })
    }

    /// The image that represents a program.
    fn read(&self, program: &Path) -> std::io::Result<Image> {
        let metadata = fs::metadata(program)?;
        let (size, changed) = (metadata.len(), metadata.modified()?);
        // Locked while hashing, so that concurrent calls hash the program only once.
        let mut known = lock(&self.digest);
        let layer = match &*known {
            Some((length, time, digest)) if (*length, *time) == (size, changed) => digest.clone(),
            _ => {
                let digest = sha256(&fs::read(program)?);
                *known = Some((size, changed, digest.clone()));
                digest
            }
        };
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {"Entrypoint": [format!("/{}", images::NAME)]},
            "rootfs": {"type": "layers", "diff_ids": [layer]},
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
                "digest": layer,
            }],
        })
        .to_string();
        Ok(Image {
            digest: sha256(manifest.as_bytes()),
            manifest,
            size,
            pushed: Timestamp::of(changed),
        })
    }
}

impl Request {
    /// The repository's name, or an error if there is no such repository.
    fn repository(&self) -> Result<&str, ApiError> {
        let name = self.repository_name.as_deref().unwrap_or_default();
        let registry = self.registry_id.as_deref().unwrap_or(ACCOUNT);
        exists(name, registry)
            .then_some(name)
            .ok_or_else(|| no_repository(name, registry))
    }
}

impl ImageId {
    /// Whether this id refers to the image.
    fn matches(&self, image: &Image) -> bool {
        let named = self.image_digest.is_some() || self.image_tag.is_some();
        let digest = self
            .image_digest
            .as_ref()
            .is_none_or(|digest| *digest == image.digest);
        let tag = self
            .image_tag
            .as_ref()
            .is_none_or(|tag| !tag.starts_with("missing"));
        named && digest && tag
    }

    /// The error for an image that does not exist.
    fn not_found(&self, repository: &str) -> ApiError {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".into());
        ApiError::new(
            "ImageNotFoundException",
            format!(
                "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository \
                 with name '{repository}' in the registry with id '{ACCOUNT}'",
                text(&self.image_digest),
                text(&self.image_tag)
            ),
        )
    }
}

/// `DescribeRepositories`.
fn repositories(request: &Request, region: &str) -> Result<Value, ApiError> {
    let registry = request.registry_id.as_deref().unwrap_or(ACCOUNT);
    let names = request
        .repository_names
        .clone()
        .unwrap_or_else(|| vec![images::NAME.to_owned()]);
    if let Some(name) = names.iter().find(|name| !exists(name, registry)) {
        return Err(no_repository(name, registry));
    }
    let describe = |name: &String| {
        json!({
            "repositoryArn": format!("arn:aws:ecr:{region}:{ACCOUNT}:repository/{name}"),
            "registryId": ACCOUNT,
            "repositoryName": name,
            "repositoryUri": format!("{}/{name}", host(region)),
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": false},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        })
    };
    Ok(json!({"repositories": names.iter().map(describe).collect::<Value>()}))
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

/// Whether the account has this repository.
fn exists(name: &str, registry: &str) -> bool {
    registry == ACCOUNT && images::repository(name) == images::NAME && !name.contains([':', '@'])
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
