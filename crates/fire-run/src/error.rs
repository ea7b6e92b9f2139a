//! Errors in a run's names and files.

use std::path::PathBuf;

/// A name or file of a run that cannot be used.
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
    /// Not a `.tar.gz`, or a damaged one: download or create it again.
    #[error("not a tar.gz archive, or a damaged one")]
    Archive(#[source] std::io::Error),
    /// The archive lacks a required file: another tool created it.
    #[error("the archive has no file `{0}`")]
    NoFile(String),
    /// An archive that no training job writes.
    #[error("{0}")]
    Foreign(String),
    /// A model that this version or this feature schema cannot use, or damaged predictions.
    #[error(transparent)]
    Model(#[from] ensemble::Error),
    /// A JSON document that is damaged or in another format.
    #[error("{place} is damaged or not in the format that this version reads")]
    Json {
        /// The file or S3 URI.
        place: String,
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
