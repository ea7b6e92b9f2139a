//! Gives a program the real path `/opt/ml`, through a mount that only this program sees.
//!
//! `unshare` of util-linux starts a shell in new user and mount namespaces, in which the user is root, as in
//! a container. The shell mounts a directory as `/opt/ml` and becomes the program (`opt_ml/mount.sh`). There
//! is no process in between: the program keeps the process id, the process group and the signals.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// The path at which the program sees its directory.
pub(crate) const OPT_ML: &str = "/opt/ml";

/// The script that mounts the directory and runs the program.
const SCRIPT: &str = include_str!("opt_ml/mount.sh");

/// Number of checks so far, which gives each a directory of its own.
static CHECKS: AtomicU64 = AtomicU64::new(0);

/// Starts programs that have their own `/opt/ml`.
#[derive(Clone, Debug)]
pub(crate) struct OptMlMount {
    /// The path of `unshare`.
    unshare: PathBuf,
}

impl OptMlMount {
    /// Checks that this works on this machine, by running `test` with a mounted directory; otherwise, returns
    /// the reason why it does not.
    pub(crate) fn new() -> Result<Self, String> {
        let unshare = find_executable(OsStr::new("unshare"))
            .ok_or("the program `unshare` of util-linux was not found in PATH")?;
        let mount = Self { unshare };
        let number = CHECKS.fetch_add(1, Ordering::Relaxed);
        let name = format!("opt-ml-check-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let result = mount.try_in(&folder);
        // Only in the way if it cannot be removed; a failed check may have left a directory for a mount in it.
        let _ = std::fs::remove_dir_all(&folder);
        result.map(|()| mount)
    }

    /// Mounts `FOLDER/opt/ml`, and looks for it.
    fn try_in(&self, folder: &Path) -> Result<(), String> {
        let opt_ml = folder.join("opt/ml");
        std::fs::create_dir_all(opt_ml.join("model")).map_err(|error| error.to_string())?;
        let [program, arguments @ ..] = &self.prefix(&opt_ml)[..] else {
            return Err("there is no command".to_owned());
        };
        let output = Command::new(program)
            .args(arguments)
            .args(["test", "-d", "/opt/ml/model"])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run {}: {error}", self.unshare.display()))?;
        if output.status.success() {
            return Ok(());
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.lines().rfind(|line| !line.trim().is_empty());
        Err(last.unwrap_or("/opt/ml is not what was mounted").to_owned())
    }

    /// The words before a program and its arguments that mount `opt_ml` first. The last two components of
    /// its path must be `opt/ml`.
    pub(crate) fn prefix(&self, opt_ml: &Path) -> Vec<OsString> {
        let mut words = vec![self.unshare.clone().into_os_string()];
        let rest = ["--user", "--map-root-user", "--mount", "/bin/sh", "-c"];
        words.extend(rest.map(OsString::from));
        words.extend([SCRIPT.into(), "sh".into(), opt_ml.into()]);
        words
    }
}

/// The absolute path of an executable in `PATH`.
pub(crate) fn find_executable(name: &OsStr) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(name));
    found
        .filter_map(|file| std::path::absolute(file).ok())
        .find(|file| is_executable(file))
}

/// Whether this is a file that somebody may execute.
pub(crate) fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use tokio::time::Duration;

    use super::*;
    use crate::machine::process::{Process, exit_code, kill_orphans};

    /// A process of this script with its own `/opt/ml`; `None` where that does not work.
    fn start(dir: &Path, script: &str) -> Option<Process> {
        let mount = OptMlMount::new()
            .inspect_err(|reason| println!("not checked: {reason}"))
            .ok()?;
        let opt_ml = dir.join("opt/ml");
        std::fs::create_dir_all(&opt_ml).unwrap();
        let words = mount.prefix(&opt_ml);
        let mut command = tokio::process::Command::new(&words[0]);
        command
            .args(&words[1..])
            .args(["sh", "-c", script])
            .env("FIRE_OPT_ML", &opt_ml)
            // Names that the script itself uses.
            .envs([("stage", "kept"), ("PATH", "/usr/bin:/bin")]);
        Some(Process::spawn(command, &tempfile::tempfile().unwrap()).unwrap())
    }

    /// Waits until the program has written this file.
    async fn appears(file: &Path) {
        for _ in 0..500 {
            if file.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} does not appear", file.display());
    }

    #[tokio::test]
    async fn a_program_sees_its_directory_at_the_real_path_and_nothing_else_changes() {
        let dir = tempfile::tempdir().unwrap();
        let before = std::fs::read_dir("/opt").map_or(0, Iterator::count);
        let script = "echo $stage:$PATH > /opt/ml/seen; ls -A /opt | grep -vx ml | wc -l >> /opt/ml/seen; \
                      echo $$ >> /opt/ml/seen; mv /opt/ml/seen /opt/ml/done; exec sleep 60";
        let Some(mut process) = start(dir.path(), script) else {
            return;
        };
        let done = dir.path().join("opt/ml/done");
        appears(&done).await;
        let seen = std::fs::read_to_string(done).unwrap();
        let others = before - usize::from(Path::new(OPT_ML).exists());
        let pid = process.identity().unwrap().pid();
        assert_eq!(seen, format!("kept:/usr/bin:/bin\n{others}\n{pid}\n"));
        assert_eq!(std::fs::read_dir("/opt").map_or(0, Iterator::count), before);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        // The program is the process itself: it gets the signal.
        let ended = process.end(Duration::from_secs(20)).await.unwrap();
        assert_eq!(exit_code(ended), 128 + 15);
    }

    #[tokio::test]
    async fn an_orphan_with_its_own_mounts_is_killed_too() {
        let dir = tempfile::tempdir().unwrap();
        let script = "touch /opt/ml/started; exec sleep 60";
        let Some(mut process) = start(dir.path(), script) else {
            return;
        };
        appears(&dir.path().join("opt/ml/started")).await;
        kill_orphans(dir.path());
        assert_eq!(exit_code(process.wait().await.unwrap()), 128 + 9);
    }

    #[test]
    fn executables_are_found_in_path_only() {
        assert!(find_executable(OsStr::new("sh")).is_some_and(|file| file.is_absolute()));
        assert_eq!(find_executable(OsStr::new("no-such-program")), None);
        assert!(!is_executable(Path::new("/etc/passwd")));
        assert!(!is_executable(Path::new("/bin")));
    }
}
