//! The input channels of a job.

use anyhow::{Context, Result, ensure};
use ensemble::{Matrix, Samples};
use fire_run::Channel;
use sensor_model::{FEATURE_COUNT, Rows, read_channel};

use crate::paths::OptMl;

/// A channel and its rows.
pub(super) struct Input {
    pub(super) channel: Channel,
    pub(super) rows: Rows,
}

impl Input {
    /// Reads a required channel.
    pub(super) fn required(paths: &OptMl, channel: Channel) -> Result<Self> {
        let dir = paths.channel(channel);
        ensure!(
            dir.is_dir(),
            "channel {channel} is missing: there is no directory {}; add an input channel of that name to \
             the job",
            dir.display()
        );
        let rows = read_channel(&dir).with_context(|| format!("channel {channel}"))?;
        Ok(Self { channel, rows })
    }

    /// Reads an optional channel; `None` if the job lacks it.
    pub(super) fn optional(paths: &OptMl, channel: Channel) -> Result<Option<Self>> {
        // A job without the channel has no directory for it; an empty directory is a mistake.
        if paths.channel(channel).is_dir() {
            Self::required(paths, channel).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The rows as input for learners.
    pub(super) fn samples(&self) -> Result<Samples<'_>> {
        let samples = Matrix::new(&self.rows.features, FEATURE_COUNT)
            .and_then(|x| Samples::new(x, &self.rows.labels));
        samples.with_context(|| format!("channel {}", self.channel))
    }
}
