//! Pushes an image: first its blobs, then the manifest that references them.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use hyper::header::LOCATION;
use hyper::{Method, StatusCode};

use crate::image::{Image, MANIFEST_MEDIA_TYPE};
use crate::reference::Reference;
use crate::registry::{Call, Registry, summary};

/// Pushes the manifest and the blobs that the registry lacks; returns the number of bytes sent.
pub(crate) async fn push(image: &Image, to: &Reference, registry: &mut Registry) -> Result<usize> {
    let blobs = [
        (&image.layer_digest, &image.layer.gzipped),
        (&image.config_digest, &image.config),
    ];
    let mut sent = 0;
    for (digest, bytes) in blobs {
        sent += push_blob(digest, bytes, to, registry).await?;
    }
    let target = format!("/v2/{}/manifests/{}", to.repository, to.tag);
    let response = registry
        .send(Call {
            method: Method::PUT,
            target: &target,
            content_type: Some(MANIFEST_MEDIA_TYPE),
            body: image.manifest.clone().into(),
        })
        .await?;
    ensure!(
        response.status().is_success(),
        "{} rejected the manifest: {}",
        registry.base,
        summary(&response)
    );
    Ok(sent + image.manifest.len())
}

async fn push_blob(
    digest: &str,
    bytes: &[u8],
    to: &Reference,
    registry: &mut Registry,
) -> Result<usize> {
    let known = format!("/v2/{}/blobs/{digest}", to.repository);
    let response = registry.send(Call::bare(Method::HEAD, &known)).await?;
    if response.status() == StatusCode::OK {
        return Ok(0);
    }
    let start = format!("/v2/{}/blobs/uploads/", to.repository);
    let response = registry.send(Call::bare(Method::POST, &start)).await?;
    ensure!(
        response.status() == StatusCode::ACCEPTED,
        "{} rejected the upload to {}: {}",
        registry.base,
        to.repository,
        summary(&response)
    );
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let location = location.context("the registry returned no upload location")?;
    // The location may already have a query, which identifies the upload session.
    let separator = if location.contains('?') { '&' } else { '?' };
    let target = format!("{location}{separator}digest={digest}");
    let response = registry
        .send(Call {
            method: Method::PUT,
            target: &target,
            content_type: Some("application/octet-stream"),
            body: Bytes::copy_from_slice(bytes),
        })
        .await?;
    ensure!(
        response.status() == StatusCode::CREATED,
        "{} rejected the uploaded blob: {}",
        registry.base,
        summary(&response)
    );
    Ok(bytes.len())
}
