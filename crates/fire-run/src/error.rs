//! Errors in a run's names and files.

use std::path::{Path, PathBuf};

/// A run's name or file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A run's name breaks the rules: choose another.
    #[error(
        "run name `{name}` must be 1 to {longest} letters, digits or hyphens, with no hyphen at either end"
    )]
    RunName {
        /// The name.
        name: String,
        /// Maximum number of characters.
        longest: usize,
    },
    /// A training job's name does not belong to this pipeline.
    #[error("`{0}` is not a job name of this pipeline, such as flir-scd41-rf-100k-<run>")]
    JobName(String),
    /// Not a valid `.tar.gz`: download or create it again.
    #[error("not a valid tar.gz archive")]
    Archive(#[source] std::io::Error),
    /// The archive lacks a required file: another tool created it.
    #[error("the archive has no file `{0}`")]
    NoFile(String),
    /// An archive that no training job writes.
    #[error("{0}")]
    Foreign(String),
    /// A model that this version or this feature schema cannot use, or invalid predictions.
    #[error(transparent)]
    Model(#[from] ensemble::Error),
    /// A JSON document that is invalid or in another format.
    #[error("{location} is invalid or not in the format that this version reads")]
    Json {
        /// The file or S3 URI.
        location: String,
        /// The parse error with its position.
        source: serde_json::Error,
    },
    /// A local file that cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
}

impl Error {
    /// Adds the document's file or S3 URI to a JSON error.
    pub(crate) fn json(location: impl ToString) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Json {
            location: location.to_string(),
            source,
        }
    }

    /// Adds the path, and what was attempted, to an I/O error.
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
