//! The image: its layer, configuration and manifest (Docker's schema 2).

use std::io;

use serde_json::{Value, json};

use crate::layer::{self, Layer, PROGRAM, digest};

/// Docker's media type: SageMaker hosting rejects the OCI manifest media type.
pub(crate) const MANIFEST_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG_MEDIA_TYPE: &str = "application/vnd.docker.container.image.v1+json";
const LAYER_MEDIA_TYPE: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// Label that allows the image in multi-container endpoints: the program listens on the port in
/// `SAGEMAKER_BIND_TO_PORT`.
const ACCEPTS_PORT: &str = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port";

/// A complete image.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) layer: Layer,
    pub(crate) layer_digest: String,
    pub(crate) config: Vec<u8>,
    pub(crate) config_digest: String,
    pub(crate) manifest: Vec<u8>,
    /// Digest of the manifest, which identifies the image in a registry.
    pub(crate) digest: String,
}

impl Image {
    /// Builds the image of a statically linked program.
    pub(crate) fn build(program: &[u8]) -> io::Result<Self> {
        let layer = layer::pack(program)?;
        let layer_digest = digest(&layer.gzipped);
        let config = config(&layer.diff_id).to_string().into_bytes();
        let config_digest = digest(&config);
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_MEDIA_TYPE,
            "config": { "mediaType": CONFIG_MEDIA_TYPE, "size": config.len(), "digest": config_digest },
            "layers": [
                { "mediaType": LAYER_MEDIA_TYPE, "size": layer.gzipped.len(), "digest": layer_digest },
            ],
        });
        let manifest = manifest.to_string().into_bytes();
        Ok(Self {
            digest: digest(&manifest),
            layer,
            layer_digest,
            config,
            config_digest,
            manifest,
        })
    }
}

/// The image configuration. SageMaker appends `train` or `serve` to the entry point and expects the root user.
fn config(diff_id: &str) -> Value {
    json!({
        "architecture": "amd64",
        "os": "linux",
        // Fixed: the same program always gives the same image.
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "User": "0:0",
            "WorkingDir": "/",
            "Env": ["PATH=/usr/local/bin"],
            "Entrypoint": [PROGRAM],
            "ExposedPorts": { "8080/tcp": {} },
            "StopSignal": "SIGTERM",
            "Labels": {
                ACCEPTS_PORT: "true",
                "org.opencontainers.image.title": "fire-container",
                "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
                "org.opencontainers.image.licenses": env!("CARGO_PKG_LICENSE"),
            },
        },
        "rootfs": { "type": "layers", "diff_ids": [diff_id] },
        "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "push-image" }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_and_configuration_contain_the_right_digests() {
        let image = Image::build(b"program").unwrap();
        let manifest: Value = serde_json::from_slice(&image.manifest).unwrap();
        let config: Value = serde_json::from_slice(&image.config).unwrap();
        assert_eq!(manifest["mediaType"], MANIFEST_MEDIA_TYPE);
        assert_eq!(manifest["config"]["digest"], digest(&image.config));
        assert_eq!(manifest["config"]["size"], image.config.len());
        assert_eq!(
            manifest["layers"][0]["digest"],
            digest(&image.layer.gzipped)
        );
        assert_eq!(manifest["layers"][0]["size"], image.layer.gzipped.len());
        assert_eq!(config["rootfs"]["diff_ids"][0], image.layer.diff_id);
        assert_eq!(config["config"]["Labels"][ACCEPTS_PORT], "true");
        assert_eq!(config["config"]["Entrypoint"], json!(["/fire-container"]));
        assert_eq!(config["config"]["User"], "0:0");
    }

    #[test]
    fn the_image_depends_only_on_the_program() {
        let digest = |program: &[u8]| Image::build(program).unwrap().digest;
        assert_eq!(digest(b"one"), digest(b"one"));
        assert_ne!(digest(b"one"), digest(b"two"));
    }
}
