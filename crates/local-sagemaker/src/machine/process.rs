//! Child processes. Each leads its own process group, is identified by process id and start time, and is
//! stopped like a container: SIGTERM, a grace period, SIGKILL.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Distinguishes a process from a later one with the same process id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    /// The process id, which is also the id of the group that the process leads.
    pid: i32,
    /// Clock ticks from boot to the start of the process: field 22 of `/proc/PID/stat`.
    started: u64,
}

impl ProcessId {
    /// The current process with this id, if any.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(Self {
            pid,
            started: start_time(&stat)?,
        })
    }

    /// The process id.
    pub(crate) fn pid(self) -> i32 {
        self.pid
    }

    /// Kills an orphan of a killed server with its group, if it is still the same process. There is no
    /// grace period, because its output is no longer needed.
    pub(crate) fn kill_orphan(self) {
        if Self::of(self.pid) == Some(self) {
            let _ = killpg(Pid::from_raw(self.pid), Signal::SIGKILL);
        }
    }
}

/// Kills the programs that a killed server started below `state_dir`, including those it had no time to
/// record. They are identified by the environment variable with their `/opt/ml` tree. Only the holder of
/// the directory's lock may call this, and only before it starts a program itself.
pub(crate) fn kill_orphans(state_dir: &Path) {
    kill_started_before(state_dir, u64::MAX);
}

/// Repeats this for a while after startup, because the environment of a program that was forked just
/// before the kill appears only after its exec. This server's own programs started after it and are left
/// alone.
pub(crate) async fn kill_late_orphans(state_dir: PathBuf) {
    let Some(own) = ProcessId::of(std::process::id() as i32) else {
        return;
    };
    for _ in 0..LATE_CHECKS {
        tokio::time::sleep(CHECK_INTERVAL).await;
        kill_started_before(&state_dir, own.started);
    }
}

/// Number and interval of these checks: ten seconds in all, enough for any exec.
const LATE_CHECKS: u32 = 20;
const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// Kills the programs below `state_dir` that started before `started`, in ticks since boot.
fn kill_started_before(state_dir: &Path, started: u64) {
    let own = format!("FIRE_OPT_ML={}/", state_dir.display());
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for entry in entries {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        // Other users' processes are not readable, and are never ours.
        let (Some(pid), Ok(environment)) = (pid, std::fs::read(entry.path().join("environ")))
        else {
            continue;
        };
        // The initial environment, as NUL-separated `NAME=VALUE`.
        let ours = |variable: &[u8]| variable.starts_with(own.as_bytes());
        let older = || ProcessId::of(pid).is_some_and(|found| found.started < started);
        if pid != std::process::id() as i32
            && environment.split(|byte| *byte == 0).any(ours)
            && older()
        {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

/// The start time in a line of `/proc/PID/stat`; the command name before it may itself contain
/// spaces and parentheses.
fn start_time(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    // The text after the name begins with field 3.
    after_name.split_whitespace().nth(22 - 3)?.parse().ok()
}

/// A running child process. Dropping it kills its group.
pub(crate) struct Process {
    /// The handle to wait on.
    child: Child,
    /// The process id, which `child` forgets once it has been waited for.
    pid: Pid,
    /// Whether the group has been killed; after that, the id may be reused.
    ended: bool,
}

impl Process {
    /// Starts `command` and appends its stdout and stderr to `log`.
    pub(crate) fn spawn(mut command: Command, log: &File) -> io::Result<Self> {
        // In a separate process group, so that Ctrl-C in the terminal reaches only the server, which then
        // stops its programs in order, and so that a program's own children can be killed with it.
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .process_group(0);
        let child = command.spawn()?;
        let pid = child
            .id()
            .ok_or_else(|| io::Error::other("the process ended before it had an id"))?;
        Ok(Self {
            child,
            pid: Pid::from_raw(pid as i32),
            ended: false,
        })
    }

    /// Process id and start time, for the record on disk.
    pub(crate) fn identity(&self) -> Option<ProcessId> {
        ProcessId::of(self.pid.as_raw())
    }

    /// Waits for the process to exit, then kills its remaining children, as in a container.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.kill_group();
        Ok(status)
    }

    /// Sends SIGTERM, then SIGKILL after `grace`.
    pub(crate) async fn end(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        // Sent to the program only, as by a container runtime; stopping its children is up to the program.
        if !self.ended {
            let _ = kill(self.pid, Signal::SIGTERM);
        }
        if let Ok(status) = timeout(grace, self.wait()).await {
            return status;
        }
        self.kill_group();
        self.child.wait().await
    }

    /// Sends SIGKILL without a grace period; the caller still has to wait for the exit.
    pub(crate) fn kill(&mut self) {
        self.kill_group();
    }

    /// Kills the remaining processes of the group, once.
    fn kill_group(&mut self) {
        if !self.ended {
            // An error means that the group is empty.
            let _ = killpg(self.pid, Signal::SIGKILL);
            self.ended = true;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// The exit code as a container runtime reports it: 128 + N for a process killed by signal N.
pub(crate) fn exit_code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::spawn(command, &tempfile::tempfile().unwrap()).unwrap()
    }

    #[test]
    fn the_start_time_is_found_after_any_command_name() {
        let tail = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20";
        for name in ["sh", "a b", "x) S 1 (y"] {
            assert_eq!(
                start_time(&format!("17 ({name}) {tail}")),
                Some(4242),
                "{name}"
            );
        }
        assert_eq!(start_time("17 (sh) S 1"), None);
    }

    #[tokio::test]
    async fn a_process_that_ignores_sigterm_is_killed_after_the_grace_period() {
        let mut process = shell("trap '' TERM; echo; while :; do sleep 0.05; done");
        tokio::time::sleep(Duration::from_millis(200)).await;
        let status = process.end(Duration::from_millis(100)).await.unwrap();
        assert_eq!(exit_code(status), 128 + 9);
    }

    #[tokio::test]
    async fn a_process_that_handles_sigterm_chooses_its_exit_code() {
        let mut process = shell("trap 'exit 7' TERM; while :; do sleep 0.05; done");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(
            exit_code(process.end(Duration::from_secs(20)).await.unwrap()),
            7
        );
    }

    #[tokio::test]
    async fn an_orphan_is_killed_only_if_it_is_the_same_process() {
        let mut process = shell("sleep 60");
        let identity = process.identity().unwrap();
        ProcessId {
            started: identity.started + 1,
            ..identity
        }
        .kill_orphan();
        assert_eq!(
            process.identity(),
            Some(identity),
            "another process with that id must be left alone"
        );
        identity.kill_orphan();
        assert_eq!(exit_code(process.wait().await.unwrap()), 128 + 9);
    }

    #[tokio::test]
    async fn orphans_are_recognised_by_their_tree() {
        let dir = tempfile::tempdir().unwrap();
        let spawn = |tree: &Path| {
            let mut command = Command::new("sleep");
            command.arg("60").env("FIRE_OPT_ML", tree);
            Process::spawn(command, &tempfile::tempfile().unwrap()).unwrap()
        };
        let mut ours = spawn(&dir.path().join("state/jobs/a/opt/ml"));
        let mut other = spawn(&dir.path().join("state-2/jobs/a/opt/ml"));
        kill_orphans(&dir.path().join("state"));
        assert_eq!(exit_code(ours.wait().await.unwrap()), 128 + 9);
        let waited = timeout(Duration::from_millis(200), other.wait()).await;
        assert!(waited.is_err(), "another server's process was killed");
    }

    #[tokio::test]
    async fn children_of_a_process_are_killed_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let pid_file = dir.path().join("pid");
        let mut process = shell(&format!("sleep 60 & echo $! > {}", pid_file.display()));
        process.wait().await.unwrap();
        let pid: i32 = std::fs::read_to_string(pid_file)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        for _ in 0..100 {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if state.is_empty() || state.contains(") Z ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("process {pid} is still running");
    }
}
