//! Data files that lie in S3.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use fire_cli::{Console, usage};
use sagemaker_ops::{Clients, S3Uri};
use tempfile::TempDir;

use crate::recipe::{Recipe, Source};

const SCHEME: &str = "s3://";

/// Whether the name is that of an object or prefix in S3.
pub(crate) fn is_remote(file: &Path) -> bool {
    file.to_str().is_some_and(|name| name.starts_with(SCHEME))
}

/// Refuses data in S3 where there is no backend to read it from.
pub(crate) fn refuse(recipe: &Recipe) -> anyhow::Result<()> {
    match &recipe.source {
        Source::Files { files, .. } if files.iter().any(|file| is_remote(file)) => {
            Err(usage(anyhow!(
                "--out works without a backend and reads no data from S3; copy the files here first"
            )))
        }
        _ => Ok(()),
    }
}

/// The same recipe with files on this machine, in a folder that has to be kept while they are read.
pub(crate) async fn fetched(
    recipe: &Recipe,
    clients: &Clients,
    console: &mut Console<'_>,
) -> anyhow::Result<(Recipe, TempDir)> {
    let folder = tempfile::tempdir().context("no temporary folder for the data")?;
    let mut local = recipe.clone();
    if let Source::Files { files, .. } = &mut local.source {
        let mut here = Vec::new();
        for file in files.iter() {
            if is_remote(file) {
                let (clients, folder) = (clients, folder.path());
                here.extend(fetch(file, (clients, folder, here.len()), console).await?);
            } else {
                here.push(file.clone());
            }
        }
        *files = here;
    }
    Ok((local, folder))
}

/// One object, or every data file below a prefix that ends in `/`.
async fn fetch(
    file: &Path,
    (clients, folder, first): (&Clients, &Path, usize),
    console: &mut Console<'_>,
) -> anyhow::Result<Vec<PathBuf>> {
    let name = file.to_str().context("a name in S3 is text")?;
    let wrong = || format!("--data {name}");
    let uris = if name.ends_with('/') {
        below(name, clients).await.with_context(wrong)?
    } else {
        vec![name.parse().with_context(wrong).map_err(usage)?]
    };
    let mut files = Vec::new();
    for (number, uri) in (first..).zip(uris) {
        let key = uri.key();
        let base = key.rsplit('/').next().unwrap_or(key);
        // Two folders may hold files of one name.
        let path = folder.join(format!("{number:05}-{base}"));
        let bytes = sagemaker_ops::storage::download_file(clients, &uri, &path).await;
        let bytes = bytes.with_context(wrong)?;
        console.detail(format!("{uri}: {bytes} bytes"))?;
        files.push(path);
    }
    Ok(files)
}

async fn below(prefix: &str, clients: &Clients) -> anyhow::Result<Vec<S3Uri>> {
    let prefix: S3Uri = prefix.parse().map_err(usage)?;
    let objects = sagemaker_ops::storage::list(clients, &prefix).await?;
    let is_data = |uri: &S3Uri| {
        let extension = Path::new(uri.key()).extension();
        extension.is_some_and(|extension| extension == "parquet" || extension == "csv")
    };
    let uris: Vec<S3Uri> = objects
        .into_iter()
        .map(|object| object.uri)
        .filter(is_data)
        .collect();
    if uris.is_empty() {
        return Err(usage(anyhow!("there is no .parquet or .csv file below it")));
    }
    Ok(uris)
}
