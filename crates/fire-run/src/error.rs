//! What can be wrong with a run's names and files.

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
        /// Characters it may have.
        longest: usize,
    },
    /// A training job's name does not belong to this pipeline.
    #[error("`{0}` is not named like a job of this pipeline (flir-scd41-rf-100k-<run>)")]
    JobName(String),
    /// Not a `.tar.gz`, or cut or altered since it was written: fetch or make it again.
    #[error("not a tar.gz archive, or a damaged one")]
    Archive(#[source] std::io::Error),
    /// An archive without the file that was looked for: it was made by something else.
    #[error("the archive has no file `{0}`")]
    NoFile(String),
    /// An archive that no training job writes.
    #[error("{0}")]
    Foreign(String),
    /// A model that this version or this feature schema cannot use, or damaged predictions.
    #[error(transparent)]
    Model(#[from] ensemble::Error),
    /// A JSON document that is damaged or has another form.
    #[error("{place} is damaged, or of another form than this version reads")]
    Json {
        /// The file or S3 URI.
        place: String,
        /// Where it stops making sense.
        source: serde_json::Error,
    },
    /// A file of this machine that cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}
