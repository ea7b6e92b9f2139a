//! `output.tar.gz`: what a training job leaves beside its model.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use ensemble::Predictions;
use sagemaker_ops::{Clients, S3Uri};

use crate::{archive, usage};

/// The files that a job left, and where.
pub struct JobOutput {
    uri: S3Uri,
    files: BTreeMap<String, Vec<u8>>,
}

impl JobOutput {
    /// Downloads what the job left beside its model.
    pub async fn fetch(clients: &Clients, model: &S3Uri) -> anyhow::Result<Self> {
        let uri = model.sibling("output.tar.gz");
        let tar_gz = sagemaker_ops::storage::get_bytes(clients, &uri)
            .await
            .with_context(|| {
                format!(
                    "no predictions beside {model}; only models of training jobs can be combined"
                )
            })?;
        let files = archive::unpack(&tar_gz).with_context(|| uri.to_string());
        let files = files.map_err(usage)?;
        Ok(Self { uri, files })
    }

    /// The predictions on a part, such as `validation`; nothing if the job had no such channel.
    pub fn predictions(&self, part: &str) -> anyhow::Result<Option<Predictions>> {
        let name = format!("{part}.csv");
        let Some(bytes) = self.files.get(&name) else {
            return Ok(None);
        };
        let read = Predictions::read_csv(bytes.as_slice(), &format!("{}#{name}", self.uri));
        read.map(Some).map_err(usage)
    }

    /// The predictions on a part that every job has.
    pub fn required(&self, part: &str) -> anyhow::Result<Predictions> {
        let missing = || usage(anyhow!("{} has no predictions on {part}", self.uri));
        self.predictions(part)?.ok_or_else(missing)
    }
}
