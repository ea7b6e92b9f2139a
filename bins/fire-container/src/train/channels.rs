//! The input channels of a job.

use anyhow::{Context, Result, ensure};
use ensemble::{Matrix, Samples};
use sensor_model::{FEATURE_COUNT, Rows, read_channel};

use crate::paths::OptMl;

/// A channel's name and rows.
pub(super) struct Channel {
    pub(super) name: &'static str,
    pub(super) rows: Rows,
}

impl Channel {
    /// Reads a channel that the job needs.
    pub(super) fn required(paths: &OptMl, name: &'static str) -> Result<Self> {
        let dir = paths.channel(name);
        ensure!(
            dir.is_dir(),
            "channel {name} is missing: there is no folder {}; give the job an input channel with \
             that name",
            dir.display()
        );
        let rows = read_channel(&dir).with_context(|| format!("channel {name}"))?;
        Ok(Self { name, rows })
    }

    /// Reads a channel if the job has it.
    pub(super) fn optional(paths: &OptMl, name: &'static str) -> Result<Option<Self>> {
        // A job without the channel has no folder for it; an empty folder is a mistake.
        if paths.channel(name).is_dir() {
            Self::required(paths, name).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The rows in the form that learners take.
    pub(super) fn samples(&self) -> Result<Samples<'_>> {
        let samples = Matrix::new(&self.rows.features, FEATURE_COUNT)
            .and_then(|x| Samples::new(x, &self.rows.labels));
        samples.with_context(|| format!("channel {}", self.name))
    }
}
