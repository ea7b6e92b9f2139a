//! Downloads data files from S3 before they are read.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use fire_cli::usage;
use sagemaker_ops::{Clients, S3Uri, storage};
use tempfile::TempDir;

use crate::plan::Plan;
use crate::session::Session;
use crate::source::{Source, is_remote};

/// A plan whose files are all local.
pub(crate) struct LocalPlan {
    pub(crate) plan: Plan,
    /// Holds the downloaded files; they are deleted when it is dropped.
    _downloads: TempDir,
}

/// Downloads the plan's files that are in S3.
pub(crate) async fn download(
    plan: &Plan,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<LocalPlan> {
    let downloads =
        tempfile::tempdir().context("cannot create a temporary directory for the data")?;
    let mut plan = plan.clone();
    if let Source::Files { files, .. } = &mut plan.source {
        let mut local = Vec::new();
        for file in std::mem::take(files) {
            if is_remote(&file) {
                let name = file.to_str().context("an S3 URI must be valid UTF-8")?;
                fetch(name, downloads.path(), &mut local, session).await?;
            } else {
                local.push(file);
            }
        }
        *files = local;
    }
    Ok(LocalPlan {
        plan,
        _downloads: downloads,
    })
}

/// Rejects data in S3, which `--out` cannot read because it uses no backend.
pub(crate) fn reject_remote(plan: &Plan) -> anyhow::Result<()> {
    match &plan.source {
        Source::Files { files, .. } if files.iter().any(|file| is_remote(file)) => {
            Err(usage(anyhow!(
                "--out works without a backend and cannot read data from S3; download the files first"
            )))
        }
        _ => Ok(()),
    }
}

/// Downloads an object, or every data file below a prefix ending in `/`, and adds the paths to `local`.
async fn fetch(
    name: &str,
    dir: &Path,
    local: &mut Vec<PathBuf>,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<()> {
    let flag = || format!("--data {name}");
    let uris = if name.ends_with('/') {
        data_files_below(name, &session.clients)
            .await
            .with_context(flag)?
    } else {
        vec![name.parse().with_context(flag).map_err(usage)?]
    };
    for uri in uris {
        let key = uri.key();
        let base = key.rsplit('/').next().unwrap_or(key);
        // Numbered, because two prefixes may hold files of the same name.
        let path = dir.join(format!("{:05}-{base}", local.len()));
        let bytes = storage::download_file(&session.clients, &uri, &path).await;
        let bytes = bytes.with_context(flag)?;
        session.console.detail(format!("{uri}: {bytes} bytes"))?;
        local.push(path);
    }
    Ok(())
}

async fn data_files_below(prefix: &str, clients: &Clients) -> anyhow::Result<Vec<S3Uri>> {
    let prefix: S3Uri = prefix.parse().map_err(usage)?;
    let objects = storage::list(clients, &prefix).await?;
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
        return Err(usage(anyhow!(
            "there is no .parquet or .csv file below this prefix"
        )));
    }
    Ok(uris)
}
