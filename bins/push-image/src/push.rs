//! An image into a registry: its blobs first, then the manifest that names them.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use hyper::header::LOCATION;
use hyper::{Method, StatusCode};

use crate::image::{Image, MANIFEST};
use crate::reference::Reference;
use crate::registry::{Call, Registry, said};

/// Pushes what is not there yet; returns how many bytes were sent.
pub(crate) async fn push(image: &Image, to: &Reference, registry: &mut Registry) -> Result<usize> {
    let blobs = [
        (&image.layer_digest, &image.layer.gzipped),
        (&image.config_digest, &image.config),
    ];
    let mut sent = 0;
    for (digest, bytes) in blobs {
        sent += push_blob((digest, bytes), to, registry).await?;
    }
    let target = format!("/v2/{}/manifests/{}", to.repository, to.tag);
    let answer = registry
        .send(Call {
            method: Method::PUT,
            target: &target,
            content_type: Some(MANIFEST),
            body: image.manifest.clone().into(),
        })
        .await?;
    ensure!(
        answer.status().is_success(),
        "{} takes no manifest: {}",
        registry.base,
        said(&answer)
    );
    Ok(sent + image.manifest.len())
}

async fn push_blob(
    (digest, bytes): (&str, &[u8]),
    to: &Reference,
    registry: &mut Registry,
) -> Result<usize> {
    let known = format!("/v2/{}/blobs/{digest}", to.repository);
    let answer = registry.send(Call::bare(Method::HEAD, &known)).await?;
    if answer.status() == StatusCode::OK {
        return Ok(0);
    }
    let start = format!("/v2/{}/blobs/uploads/", to.repository);
    let answer = registry.send(Call::bare(Method::POST, &start)).await?;
    ensure!(
        answer.status() == StatusCode::ACCEPTED,
        "{} takes no upload to {}: {}",
        registry.base,
        to.repository,
        said(&answer)
    );
    let location = answer.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let location = location.context("the registry does not say where to upload to")?;
    let join = if location.contains('?') { '&' } else { '?' };
    let target = format!("{location}{join}digest={digest}");
    let answer = registry
        .send(Call {
            method: Method::PUT,
            target: &target,
            content_type: Some("application/octet-stream"),
            body: Bytes::copy_from_slice(bytes),
        })
        .await?;
    ensure!(
        answer.status() == StatusCode::CREATED,
        "{} does not keep an upload: {}",
        registry.base,
        said(&answer)
    );
    Ok(bytes.len())
}
