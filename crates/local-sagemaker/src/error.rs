//! Errors of the server itself. Client errors are reported in responses instead.

use std::io;
use std::path::{Path, PathBuf};

/// The reason why the server cannot start or store its state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another server holds the state directory: use that one, or stop it first.
    #[error(
        "state directory {state_dir} is held by another local-sagemaker ({holder}); \
         use that one, or stop it with `local-sagemaker --stop --state-dir {}`",
        quote(state_dir)
    )]
    Held {
        /// The directory, as specified by the caller.
        state_dir: PathBuf,
        /// The holder's process id and port, if known.
        holder: String,
    },
    /// The port is in use: choose another, or 0 for a free one.
    #[error(
        "cannot listen on 127.0.0.1:{port}; stop the program that uses it, or pass --port 0 for a free port"
    )]
    Port {
        /// The requested port.
        port: u16,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// The configured program for the container image does not exist.
    #[error("container program {program} does not exist; build it with `cargo build --workspace`")]
    Program {
        /// The configured path.
        program: PathBuf,
    },
    /// A mapping of images to a program is invalid.
    #[error("invalid image mapping '{mapping}': {reason}")]
    Image {
        /// The mapping, as specified by the caller.
        mapping: String,
        /// The problem.
        reason: String,
    },
    /// Programs were to have the real path `/opt/ml`, which this machine does not allow.
    #[error(
        "programs cannot have the path /opt/ml on this machine ({reason}); \
         with `--real-paths never`, they find their files by the environment variable FIRE_OPT_ML"
    )]
    RealPaths {
        /// The problem.
        reason: String,
    },
    /// A fault script is invalid.
    #[error("invalid fault '{script}': {reason}")]
    Fault {
        /// The invalid script.
        script: String,
        /// The problem, and the syntax of scripts.
        reason: String,
    },
    /// A file in the state directory is not a valid record: restore it, or move it away.
    #[error("{path} is not a record of this server; move it away or restore it")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The JSON error, with its position.
        #[source]
        source: serde_json::Error,
    },
    /// The database cannot be opened: another program may hold it, or it is of a newer version.
    #[error("cannot open the database {path}")]
    Database {
        /// The file.
        path: PathBuf,
        /// `SQLite`'s error.
        #[source]
        source: rusqlite::Error,
    },
    /// The object store cannot be opened: check the directory's permissions and free space.
    #[error("cannot open the object store in {path}")]
    Store {
        /// The state directory.
        path: PathBuf,
        /// The reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The state directory cannot be read or written: check its path, permissions and free space.
    #[error("cannot {action} {path}")]
    Io {
        /// The attempted action, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Makes a function for `map_err` after a file operation.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

/// The path quoted for a shell, so that printed commands can be copied and run as is.
fn quote(path: &Path) -> String {
    let text = path.display().to_string();
    // Quoting fails only for NUL bytes, which a path cannot contain.
    shlex::try_quote(&text).map_or_else(|_| text.clone(), std::borrow::Cow::into_owned)
}

/// An error and all its sources on one line, for a log or a failure reason.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |source| source.source());
    sources.fold(error.to_string(), |line, source| {
        format!("{line}: {source}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_a_command_is_one_word() {
        for path in ["/tmp/.fire", "/tmp/my state", "/tmp/it's", "/tmp/$HOME"] {
            let words = shlex::split(&quote(Path::new(path)));
            assert_eq!(words, Some(vec![path.to_owned()]));
        }
        assert_eq!(quote(Path::new("/tmp/.fire")), "/tmp/.fire");
    }
}
