//! What can go wrong with the server itself; what a client did wrong is answered on the wire
//! instead.

use std::io;
use std::path::{Path, PathBuf};

/// Why the server cannot start, or cannot keep its state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another server holds the state directory: attach to that one, or stop it first.
    #[error(
        "state directory {state_dir} is held by another local-sagemaker ({holder}); \
         use that one, or end it with `local-sagemaker --stop --state-dir {}`",
        shell_word(state_dir)
    )]
    Held {
        /// The directory, as it was given.
        state_dir: PathBuf,
        /// The holder's process id and port, as far as they are known.
        holder: String,
    },
    /// The port cannot be listened on: choose another, or 0 for a free one.
    #[error(
        "cannot listen on 127.0.0.1:{port}; end what uses it, or pass --port 0 for a free port"
    )]
    Port {
        /// The port that was asked for.
        port: u16,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The program that stands for the container image was named, and is not there.
    #[error("container program {program} does not exist; build it with `cargo build --workspace`")]
    Program {
        /// The path that was given.
        program: PathBuf,
    },
    /// A fault script cannot be understood.
    #[error(
        "fault '{script}' cannot be understood: {why}\n{}",
        crate::faults::GRAMMAR
    )]
    Fault {
        /// The script, as it was given.
        script: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file of the state directory is not what the server wrote: restore it, or move it away.
    #[error("{path} is not a record of this server; move it away or restore it")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where the JSON breaks.
        #[source]
        source: serde_json::Error,
    },
    /// The state directory cannot be read or written: check its path, permissions and free
    /// space.
    #[error("cannot {action} {path}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// For `map_err` after a file operation.
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

/// The path as one word of a shell's command line: printed commands are meant to be copied.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
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
    fn paths_in_commands_are_one_word() {
        for (path, word) in [
            ("/tmp/.fire", "/tmp/.fire"),
            ("/tmp/my state", "'/tmp/my state'"),
            ("/tmp/it's", "'/tmp/it'\\''s'"),
            ("/tmp/$HOME", "'/tmp/$HOME'"),
        ] {
            assert_eq!(shell_word(Path::new(path)), word);
        }
    }
}
