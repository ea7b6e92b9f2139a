//! Locates the local server's state directory and executable.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sagemaker_ops::{Error, LocalBackend, ServerProgram};

const PROGRAM: &str = "local-sagemaker";

/// Name of the state directory, searched for from the current directory upward.
const STATE_DIR_NAME: &str = ".fire";

/// An idle server exits after this many seconds.
const IDLE_SECONDS: &str = "1800";

/// The backend for the given state directory, else for the nearest `.fire` in the current directory or
/// a parent, else for a new `./.fire`.
pub fn local_backend(state_dir: Option<&Path>) -> Result<LocalBackend, Error> {
    let nearest = || {
        // If the current directory is unavailable, resolving the relative path below reports why.
        let here = std::env::current_dir().unwrap_or_default();
        nearest_state_dir(&here)
    };
    let backend = LocalBackend::at(&state_dir.map_or_else(nearest, Path::to_owned))?;
    let Some(path) = find_program(PROGRAM) else {
        return Ok(backend);
    };
    let program = server_program(path, backend.state_dir());
    Ok(backend.with_program(program))
}

fn nearest_state_dir(here: &Path) -> PathBuf {
    here.ancestors()
        .map(|directory| directory.join(STATE_DIR_NAME))
        .find(|directory| directory.is_dir())
        .unwrap_or_else(|| here.join(STATE_DIR_NAME))
}

fn server_program(path: PathBuf, state_dir: &Path) -> ServerProgram {
    let arguments = |flags: &[&str]| -> Vec<OsString> {
        let flags = flags.iter().map(OsString::from);
        flags.chain([state_dir.into()]).collect()
    };
    ServerProgram {
        start: arguments(&["--detached", "--idle-seconds", IDLE_SECONDS, "--state-dir"]),
        stop: arguments(&["--stop", "--state-dir"]),
        build_id: vec!["--build-id".into()],
        path,
    }
}

/// The first file with this name in the directories searched for programs.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let mut programs = directories()
        .into_iter()
        .map(|directory| directory.join(name));
    programs.find(|program| program.is_file())
}

/// The remedy if the server program is not found.
pub(crate) fn how_to_find() -> String {
    let directories = directories().into_iter();
    let directories: Vec<_> = directories
        .map(|directory| directory.display().to_string())
        .collect();
    format!(
        "`{PROGRAM}` is not in {}; build it with `cargo build --workspace`, or set FIRE_BIN_DIR to \
         its directory",
        directories.join(" or ")
    )
}

fn directories() -> Vec<PathBuf> {
    let named = std::env::var_os("FIRE_BIN_DIR").filter(|value| !value.is_empty());
    let executable = std::env::current_exe().ok();
    program_directories(named.map(PathBuf::from), executable.as_deref())
}

/// The directories searched, in order: the named directory, the executable's directory, and, for test programs
/// in cargo's `deps`, the parent of that directory.
fn program_directories(named: Option<PathBuf>, executable: Option<&Path>) -> Vec<PathBuf> {
    let own = executable.and_then(Path::parent);
    let above = own
        .filter(|directory| directory.ends_with("deps"))
        .and_then(Path::parent);
    let found = [own, above].into_iter().flatten().map(Path::to_owned);
    named.into_iter().chain(found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_state_directory_in_a_parent_is_used() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(nearest_state_dir(&deep), deep.join(".fire"));
        for existing in [".fire", "a/.fire"] {
            std::fs::create_dir(root.path().join(existing)).unwrap();
            assert_eq!(nearest_state_dir(&deep), root.path().join(existing));
        }
    }

    #[test]
    fn the_named_directory_is_searched_first() {
        let check = |named: Option<&str>, executable: Option<&str>, expected: &[&str]| {
            let found = program_directories(named.map(PathBuf::from), executable.map(Path::new));
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
}
