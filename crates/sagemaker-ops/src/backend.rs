//! The backend that serves the calls: AWS, or the local server of a state directory.

mod server;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use crate::error::Error;
use crate::names::InvalidName;

pub(crate) use server::{attach_or_start, get};

/// The two kinds of backend. `local` is the default everywhere, so that using AWS is always a
/// deliberate choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// A server on 127.0.0.1 that implements the wire protocol of AWS.
    #[default]
    Local,
    /// Amazon Web Services.
    Aws,
}

impl fmt::Display for BackendKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Local => "local",
            Self::Aws => "aws",
        })
    }
}

impl FromStr for BackendKind {
    type Err = InvalidName;

    fn from_str(value: &str) -> Result<Self, InvalidName> {
        match value {
            "local" => Ok(Self::Local),
            "aws" => Ok(Self::Aws),
            _ => Err(InvalidName::new(
                "the backend",
                value,
                "must be `local` or `aws`",
            )),
        }
    }
}

/// A backend and the settings needed to connect to it.
#[derive(Debug, Clone)]
pub enum Backend {
    /// A local server.
    Local(LocalBackend),
    /// AWS, with credentials and region from the SDK's default provider chains.
    Aws {
        /// Overrides the region from the provider chain.
        region: Option<String>,
    },
}

/// A local server, identified by its state directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalBackend {
    state_dir: PathBuf,
    program: Option<ServerProgram>,
}

impl LocalBackend {
    /// The server of this state directory, which must already be running when a client connects.
    ///
    /// Fails with [`ErrorKind::File`](crate::ErrorKind::File) for a relative path if the current
    /// directory no longer exists.
    pub fn at(state_dir: &Path) -> Result<Self, Error> {
        let absolute = std::path::absolute(state_dir)
            .map_err(|error| Error::file("find the state directory", state_dir, error))?;
        Ok(Self {
            state_dir: absolute,
            program: None,
        })
    }

    /// Lets [`Clients::connect`](crate::Clients::connect) start this program if the server is not
    /// running, and replace an idle server of another build.
    #[must_use]
    pub fn with_program(self, program: ServerProgram) -> Self {
        Self {
            program: Some(program),
            ..self
        }
    }

    /// The absolute path of the state directory.
    pub fn state_dir(&self) -> &Path {
        &self.state_dir
    }
}

/// The program of a local server, and the arguments it is called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerProgram {
    /// The executable.
    pub path: PathBuf,
    /// Arguments that start the server of the state directory in the background.
    pub start: Vec<OsString>,
    /// Arguments that stop the server of the state directory and wait until it has exited.
    pub stop: Vec<OsString>,
    /// Arguments that print the program's build id, in the form that a running server reports.
    pub build_id: Vec<OsString>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_round_trip_and_others_are_rejected_by_name() {
        for kind in [BackendKind::Local, BackendKind::Aws] {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let error = "gcp".parse::<BackendKind>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the backend `gcp` is not valid: it must be `local` or `aws`"
        );
    }

    #[test]
    fn a_state_directory_is_always_absolute() {
        let here = std::env::current_dir().unwrap();
        for (given, expected) in [
            ("state", here.join("state")),
            ("/var/fire", "/var/fire".into()),
        ] {
            let backend = LocalBackend::at(Path::new(given)).unwrap();
            assert_eq!(backend.state_dir(), expected);
        }
    }
}
