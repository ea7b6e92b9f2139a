//! Child processes that never outlive their purpose: each leads a process group of its own, is
//! known by process id and start time, and is ended the way a container is stopped: SIGTERM, a
//! grace period, SIGKILL.

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

/// What tells a process from a later one with the same process id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The process id, which is also the id of the group that the process leads.
    pid: i32,
    /// Clock ticks between boot and the start of the process: field 22 of `/proc/PID/stat`.
    started: u64,
}

impl Identity {
    /// The process that has this id now, if there is one.
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

    /// Kills what a killed server left behind: the process and its group, if it is still the
    /// same process. Nothing it could still write is wanted, so there is no grace period.
    pub(crate) fn end_orphan(self) {
        if Self::of(self.pid) == Some(self) {
            let _ = killpg(Pid::from_raw(self.pid), Signal::SIGKILL);
        }
    }
}

/// Kills the programs that a killed server has started below `state_dir`, also those that it did
/// not come to write down. They are known by the variable that tells them where their tree is;
/// only the holder of the directory may ask for this, before it has started any itself.
pub(crate) fn end_strays(state_dir: &Path) {
    end_started_before(state_dir, u64::MAX);
}

/// The same for a while after the start: a program whose server was killed between the fork and the first instruction
/// of the program shows its variables only later. What this server has started is younger than itself, and stays.
pub(crate) async fn end_late_strays(state_dir: PathBuf) {
    let Some(own) = Identity::of(std::process::id() as i32) else {
        return;
    };
    for _ in 0..LATE_LOOKS {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        end_started_before(&state_dir, own.started);
    }
}

/// How often, and how far apart, late strays are looked for: ten seconds, in which a fork comes to its end on any machine.
const LATE_LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

fn end_started_before(state_dir: &Path, started: u64) {
    let own = format!("FIRE_OPT_ML={}/", state_dir.display());
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for entry in entries {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        // Other users' processes cannot be read, and are none of ours.
        let (Some(pid), Ok(environment)) = (pid, std::fs::read(entry.path().join("environ")))
        else {
            continue;
        };
        let ours = |variable: &[u8]| variable.starts_with(own.as_bytes());
        let older = || Identity::of(pid).is_some_and(|found| found.started < started);
        if pid != std::process::id() as i32
            && environment.split(|byte| *byte == 0).any(ours)
            && older()
        {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

/// The start time in a line of `/proc/PID/stat`; the command's name before it may itself hold
/// spaces and brackets.
fn start_time(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    // The text after the name begins with field 3.
    after_name.split_whitespace().nth(22 - 3)?.parse().ok()
}

/// A running child. Dropping it kills its group.
pub(crate) struct Process {
    /// The handle to wait on.
    child: Child,
    /// Its id, which the handle forgets once the child has been waited for.
    pid: Pid,
    /// Whether the group has been killed: after that the id may be anybody's.
    ended: bool,
}

impl Process {
    /// Starts `command` with both its outputs appended to `log`.
    pub(crate) fn spawn(mut command: Command, log: &File) -> io::Result<Self> {
        // A group of its own: Ctrl-C in the server's terminal is for the server alone, which then
        // ends its programs in order, and what a program starts can be ended with it.
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

    /// Process id and start time, to be written down.
    pub(crate) fn identity(&self) -> Option<Identity> {
        Identity::of(self.pid.as_raw())
    }

    /// Waits for the end. What the process itself started ends with it, as in a container.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.kill_group();
        Ok(status)
    }

    /// SIGTERM, then SIGKILL after `grace`.
    pub(crate) async fn end(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        // To the program alone, as a container runtime does: it decides what to tell its children.
        if !self.ended {
            let _ = kill(self.pid, Signal::SIGTERM);
        }
        if let Ok(status) = timeout(grace, self.wait()).await {
            return status;
        }
        self.kill_group();
        self.child.wait().await
    }

    /// SIGKILL at once, as when a machine is lost; its end is still to be waited for.
    pub(crate) fn kill(&mut self) {
        self.kill_group();
    }

    /// Kills whatever is left of the group, once.
    fn kill_group(&mut self) {
        if !self.ended {
            // An error means that nobody is left in the group.
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

/// The exit code as a container runtime reports it: 128 + N for a process that signal N ended.
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
    fn the_start_time_is_found_behind_any_command_name() {
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
    async fn a_process_that_ignores_sigterm_is_killed_after_the_grace() {
        let mut process = shell("trap '' TERM; echo; while :; do sleep 0.05; done");
        tokio::time::sleep(Duration::from_millis(200)).await;
        let status = process.end(Duration::from_millis(100)).await.unwrap();
        assert_eq!(exit_code(status), 128 + 9);
    }

    #[tokio::test]
    async fn a_process_that_listens_to_sigterm_has_its_own_exit_code() {
        let mut process = shell("trap 'exit 7' TERM; while :; do sleep 0.05; done");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(
            exit_code(process.end(Duration::from_secs(20)).await.unwrap()),
            7
        );
    }

    #[tokio::test]
    async fn an_orphan_is_ended_only_if_it_is_the_same_process() {
        let mut process = shell("sleep 60");
        let identity = process.identity().unwrap();
        Identity {
            started: identity.started + 1,
            ..identity
        }
        .end_orphan();
        assert_eq!(
            process.identity(),
            Some(identity),
            "another process with that id is left alone"
        );
        identity.end_orphan();
        assert_eq!(exit_code(process.wait().await.unwrap()), 128 + 9);
    }

    #[tokio::test]
    async fn strays_are_known_by_their_tree() {
        let dir = tempfile::tempdir().unwrap();
        let spawn = |tree: &Path| {
            let mut command = Command::new("sleep");
            command.arg("60").env("FIRE_OPT_ML", tree);
            Process::spawn(command, &tempfile::tempfile().unwrap()).unwrap()
        };
        let mut ours = spawn(&dir.path().join("state/jobs/a/opt/ml"));
        let mut other = spawn(&dir.path().join("state-2/jobs/a/opt/ml"));
        end_strays(&dir.path().join("state"));
        assert_eq!(exit_code(ours.wait().await.unwrap()), 128 + 9);
        let waited = timeout(Duration::from_millis(200), other.wait()).await;
        assert!(waited.is_err(), "another server's process was ended");
    }

    #[tokio::test]
    async fn what_a_process_leaves_running_ends_with_it() {
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
        panic!("process {pid} still runs");
    }
}
