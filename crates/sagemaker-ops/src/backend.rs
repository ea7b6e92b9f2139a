//! Which service answers the calls: AWS, or the embedded local server of a state directory.

mod loopback;
mod server;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::names::{InvalidName, JobName};

pub(crate) use loopback::get;
pub(crate) use server::attach_or_start;

/// Name of the state directory that is sought upward from the current folder.
const STATE_DIR_NAME: &str = ".fire";

/// The two kinds of service; `local` is the default everywhere, so that nothing is spent by
/// accident.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// The embedded server on 127.0.0.1.
    #[default]
    Local,
    /// Amazon's own.
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
                "is `local` or `aws`",
            )),
        }
    }
}

/// A backend with what is needed to reach it.
#[derive(Debug, Clone)]
pub enum Backend {
    /// The embedded server, started when it does not run yet.
    Local(LocalBackend),
    /// AWS by the SDK's default credential and region chain.
    Aws {
        /// Overrides the region of the chain.
        region: Option<String>,
    },
}

impl Backend {
    /// Which of the two it is.
    pub fn kind(&self) -> BackendKind {
        match self {
            Self::Local(_) => BackendKind::Local,
            Self::Aws { .. } => BackendKind::Aws,
        }
    }
}

/// The embedded local server, known by the directory that holds its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalBackend {
    state_dir: PathBuf,
}

impl LocalBackend {
    /// The backend of the environment's `FIRE_STATE_DIR`, else of the nearest `.fire` at or above
    /// the current folder, else of a new `./.fire`.
    pub fn find() -> Result<Self, Error> {
        let named = std::env::var_os("FIRE_STATE_DIR")
            .filter(|value| !value.is_empty())
            .map(PathBuf::from);
        Ok(Self {
            state_dir: choose_state_dir(named.as_deref(), &current_folder()?),
        })
    }

    /// The backend of this state directory.
    pub fn at(state_dir: &Path) -> Result<Self, Error> {
        Ok(Self {
            state_dir: choose_state_dir(Some(state_dir), &current_folder()?),
        })
    }

    /// Absolute path of the state directory.
    pub fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// Whether this state directory knows the job, running or finished; asks no server.
    pub fn has_job(&self, job: &JobName) -> bool {
        self.state_dir.join("jobs").join(job.as_str()).is_dir()
    }
}

fn current_folder() -> Result<PathBuf, Error> {
    std::env::current_dir()
        .map_err(|error| Error::file("find the state directory below", Path::new("."), error))
}

/// Absolute path of the state directory; `here` is the current folder.
fn choose_state_dir(named: Option<&Path>, here: &Path) -> PathBuf {
    let nearest = || {
        here.ancestors()
            .map(|folder| folder.join(STATE_DIR_NAME))
            .find(|dir| dir.is_dir())
    };
    match named {
        Some(named) => here.join(named),
        None => nearest().unwrap_or_else(|| here.join(STATE_DIR_NAME)),
    }
}

/// Finds the program `name` in `FIRE_BIN_DIR`, in the folder of the running executable, or above
/// that folder when it is `deps`, where test binaries live.
pub(crate) fn find_program(name: &str) -> Result<PathBuf, Error> {
    let named = std::env::var_os("FIRE_BIN_DIR")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    let executable = std::env::current_exe().ok();
    let folders = program_folders(named, executable.as_deref());
    let found = folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    found.ok_or_else(|| {
        let places: Vec<_> = folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        let places = places.join(" or ");
        let message = format!(
            "`{name}`: there is no such program in {places}; build it with \
             `cargo build --workspace`, or name its folder in FIRE_BIN_DIR"
        );
        Error::new(
            ErrorKind::LocalServer,
            "start the local server with",
            message,
        )
    })
}

/// Where programs are looked for, in this order.
fn program_folders(named: Option<PathBuf>, executable: Option<&Path>) -> Vec<PathBuf> {
    let own = executable.and_then(Path::parent);
    let above = own
        .filter(|folder| folder.ends_with("deps"))
        .and_then(Path::parent);
    named
        .into_iter()
        .chain(own.map(Path::to_owned))
        .chain(above.map(Path::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_round_trip_and_others_are_refused_by_name() {
        for kind in [BackendKind::Local, BackendKind::Aws] {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let error = "gcp".parse::<BackendKind>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the backend `gcp` is not valid: it is `local` or `aws`"
        );
    }

    #[test]
    fn the_state_directory_is_sought_upward_and_is_always_absolute() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        let check = |named: Option<&str>, expected: &Path| {
            assert_eq!(choose_state_dir(named.map(Path::new), &deep), expected);
        };
        check(None, &deep.join(".fire"));
        std::fs::create_dir(root.path().join(".fire")).unwrap();
        check(None, &root.path().join(".fire"));
        std::fs::create_dir(root.path().join("a/.fire")).unwrap();
        check(None, &root.path().join("a/.fire"));
        check(Some("state"), &deep.join("state"));
        check(Some("/var/fire"), Path::new("/var/fire"));
    }

    #[test]
    fn programs_are_sought_in_the_named_folder_then_beside_the_executable_then_above_deps() {
        let check = |named: Option<&str>, executable: Option<&str>, expected: &[&str]| {
            let found = program_folders(named.map(PathBuf::from), executable.map(Path::new));
            assert_eq!(
                found,
                expected.iter().map(PathBuf::from).collect::<Vec<_>>()
            );
        };
        check(None, None, &[]);
        check(None, Some("/t/debug/train-100k"), &["/t/debug"]);
        check(
            None,
            Some("/t/debug/deps/it-1"),
            &["/t/debug/deps", "/t/debug"],
        );
        check(Some("/bin"), Some("/t/debug/x"), &["/bin", "/t/debug"]);
    }

    #[test]
    fn a_missing_program_says_where_it_was_sought_and_how_to_build_it() {
        let error = find_program("no-such-program").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LocalServer);
        assert!(
            error.to_string().contains("cargo build --workspace"),
            "{error}"
        );
        assert!(error.to_string().contains("deps"), "{error}");
    }

    #[test]
    fn a_job_of_the_state_directory_is_known_without_a_server() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("jobs/known")).unwrap();
        let backend = LocalBackend::at(root.path()).unwrap();
        assert!(backend.has_job(&JobName::new("known").unwrap()));
        assert!(!backend.has_job(&JobName::new("unknown").unwrap()));
    }
}
