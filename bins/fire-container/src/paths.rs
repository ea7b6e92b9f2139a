//! The directory tree that SageMaker creates below `/opt/ml`.

use std::path::{Path, PathBuf};

use fire_run::Channel;

/// Paths below `/opt/ml`, or below another directory.
///
/// Source: SageMaker developer guide, "How Amazon SageMaker Runs Your Training Image".
#[derive(Clone, Debug)]
pub struct OptMl {
    root: PathBuf,
}

impl OptMl {
    /// The tree below `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The job's settings, a JSON object of strings.
    pub fn hyperparameters(&self) -> PathBuf {
        self.root.join("input/config/hyperparameters.json")
    }

    /// The directory with a directory for each channel of the job.
    pub fn channels(&self) -> PathBuf {
        self.root.join("input/data")
    }

    /// The directory of a channel's data files.
    pub fn channel(&self, channel: Channel) -> PathBuf {
        self.channels().join(channel.as_str())
    }

    /// The directory that SageMaker packs into `model.tar.gz`, and unpacks for serving.
    pub fn model(&self) -> PathBuf {
        self.root.join("model")
    }

    /// The directory that SageMaker packs into `output.tar.gz`.
    pub fn output_data(&self) -> PathBuf {
        self.root.join("output/data")
    }

    /// The file whose first 1024 characters become the job's `FailureReason`.
    pub fn failure(&self) -> PathBuf {
        self.root.join("output/failure")
    }

    /// The root of the tree.
    pub fn root(&self) -> &Path {
        &self.root
    }
}
