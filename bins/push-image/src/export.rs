//! Writes the image to disk: a directory for skopeo (`dir:`), or an archive for `docker load` and `podman load`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::json;
use tar::{Builder, EntryType};

use crate::image::Image;
use crate::layer::header;

fn hex(digest: &str) -> &str {
    digest.trim_start_matches("sha256:")
}

/// Writes the manifest, the configuration and the layer to a directory.
pub(crate) fn directory(image: &Image, dir: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    for (name, bytes) in [
        // The marker of this format, as skopeo writes it.
        ("version", b"Directory Transport Version: 1.1\n".as_slice()),
        (hex(&image.config_digest), &image.config),
        (hex(&image.layer_digest), &image.layer.gzipped),
        ("manifest.json", &image.manifest),
    ] {
        let path = dir.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Writes a tar archive that contains the image with the tag `tag`.
pub(crate) fn archive(image: &Image, path: &Path, tag: &str) -> Result<()> {
    let config = format!("{}.json", hex(&image.config_digest));
    let layer = format!("{}.tar.gz", hex(&image.layer_digest));
    let contents = json!([{ "Config": config, "RepoTags": [tag], "Layers": [layer] }]);
    let contents = contents.to_string();
    let mut tar = Builder::new(Vec::new());
    for (name, bytes) in [
        (config.as_str(), image.config.as_slice()),
        (&layer, &image.layer.gzipped),
        ("manifest.json", contents.as_bytes()),
    ] {
        let mut header = header(EntryType::Regular, 0o644, bytes.len());
        tar.append_data(&mut header, name, bytes)?;
    }
    let bytes = tar.into_inner()?;
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
