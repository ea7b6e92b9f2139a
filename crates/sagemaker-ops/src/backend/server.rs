//! Attaching to the local server of a state directory, or starting it.
//!
//! Of two programs that start at once, one starts the server and the other waits for it: both go through
//! `attach.lock` in the state directory.
//! The server has a lock of its own, so one that was started by hand in the same moment wins as well:
//! ours then ends at once, and the wait finds the other.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde::Deserialize;

use super::{LocalBackend, find_program, get};
use crate::error::{Error, ErrorKind};
use crate::logs::last_lines;
use crate::wait::{Pace, poll_until};

const PROGRAM: &str = "local-sagemaker";
const OP: &str = "start the local server of";

/// How long a server may take until it answers.
const STARTUP: Pace = Pace {
    interval: Duration::from_millis(50),
    deadline: Some(Duration::from_secs(20)),
};

/// Long enough for another program to stop an old server and start a new one.
const TURN: Pace = Pace {
    interval: Duration::from_millis(50),
    deadline: Some(Duration::from_secs(60)),
};

/// An unused server goes away after this many seconds.
const IDLE_SECONDS: &str = "1800";

/// A local server that answers.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Address without a path, such as `http://127.0.0.1:41233`.
    pub(crate) url: String,
    /// What the user should know about this server.
    pub(crate) notice: Option<String>,
}

/// What a running server writes into its state directory.
#[derive(Debug, Deserialize)]
struct ServerFile {
    pid: u32,
    url: String,
}

/// What a running server says of itself.
#[derive(Debug, Deserialize)]
struct Health {
    pid: u32,
    build_id: String,
    #[serde(default)]
    idle: bool,
}

/// The server of the state directory, started or replaced by its newer build where needed.
pub(crate) async fn attach_or_start(backend: &LocalBackend) -> Result<Server, Error> {
    let state_dir = &backend.state_dir;
    let program = find_program(PROGRAM);
    let build_id = program
        .as_ref()
        .ok()
        .and_then(|program| build_id_of(program));
    if let Some((server, health)) = attach(state_dir).await
        && build_id.as_ref().is_none_or(|own| *own == health.build_id)
    {
        return Ok(server);
    }
    std::fs::create_dir_all(state_dir).map_err(|error| Error::file(OP, state_dir, error))?;
    let _turn = take_turn(state_dir).await?;
    match attach(state_dir).await {
        Some((server, health)) if build_id.as_ref().is_none_or(|own| *own == health.build_id) => {
            Ok(server)
        }
        Some((server, health)) if !health.idle => Ok(with_old_build(server, state_dir)),
        Some(_) => {
            let program = program?;
            stop(&program, state_dir)?;
            start(&program, state_dir).await
        }
        None => start(&program?, state_dir).await,
    }
}

fn with_old_build(mut server: Server, state_dir: &Path) -> Server {
    server.notice = Some(format!(
        "the local server is of another build and busy, so it is used as it is; end it with \
         `{PROGRAM} --stop --state-dir {}`",
        state_dir.display()
    ));
    server
}

/// The server that `server.json` names, if it answers and is the one that wrote the file.
async fn attach(state_dir: &Path) -> Option<(Server, Health)> {
    let text = std::fs::read(state_dir.join("server.json")).ok()?;
    let file: ServerFile = serde_json::from_slice(&text).ok()?;
    let (status, body) = get(&format!("{}/_local/health", file.url)).await.ok()?;
    let health: Health = serde_json::from_slice(&body).ok()?;
    // After a kill the file stays behind, and its port may since belong to the server of another directory.
    let same = status == 200 && health.pid == file.pid;
    same.then_some((
        Server {
            url: file.url,
            notice: None,
        },
        health,
    ))
}

/// Holds `attach.lock` until it is dropped.
async fn take_turn(state_dir: &Path) -> Result<File, Error> {
    let path = state_dir.join("attach.lock");
    let file = File::create(&path).map_err(|error| Error::file(OP, &path, error))?;
    let what = format!(
        "another program to finish starting the server of {}",
        state_dir.display()
    );
    poll_until(TURN, &what, async || match file.try_lock() {
        Ok(()) => Ok(Some(())),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::file(OP, &path, error)),
    })
    .await?;
    Ok(file)
}

/// The build of the program on disk; none when it does not run.
fn build_id_of(program: &Path) -> Option<String> {
    let output = Command::new(program)
        .arg("--build-id")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn stop(program: &Path, state_dir: &Path) -> Result<(), Error> {
    let output = Command::new(program)
        .arg("--stop")
        .arg("--state-dir")
        .arg(state_dir)
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(Output { status, stderr, .. }) => {
            let said = String::from_utf8_lossy(&stderr);
            let message = format!(
                "{}: the old one does not stop ({status}): {}",
                state_dir.display(),
                said.trim()
            );
            Err(Error::new(ErrorKind::LocalServer, OP, message))
        }
        Err(error) => Err(Error::file(OP, program, error)),
    }
}

/// Starts the program, detached from this process and its terminal, and waits until it answers.
async fn start(program: &Path, state_dir: &Path) -> Result<Server, Error> {
    let mut child = Command::new(program)
        .args(["--detached", "--idle-seconds", IDLE_SECONDS, "--state-dir"])
        .arg(state_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Error::file(OP, program, error))?;
    let mut polls_after_exit = 0;
    poll_until(STARTUP, "the local server to answer", async || {
        if let Some((server, _)) = attach(state_dir).await {
            return Ok(Some(server));
        }
        // A server that ended at once may have lost the directory to another, which then needs a moment to answer.
        match child.try_wait() {
            Ok(Some(status)) if polls_after_exit >= 40 => Err(failed_start(
                state_dir,
                &format!("it ended at once ({status})"),
            )),
            Ok(Some(_)) => {
                polls_after_exit += 1;
                Ok(None)
            }
            _ => Ok(None),
        }
    })
    .await
    .map_err(|error| match error.kind() {
        ErrorKind::Timeout => failed_start(state_dir, "it does not answer"),
        _ => error,
    })
}

/// The end of the server's log says why it did not start.
fn failed_start(state_dir: &Path, what: &str) -> Error {
    let path = state_dir.join("server.log");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let tail = last_lines(&text, 10).join("\n  ");
    let log = if tail.is_empty() {
        "is empty".to_owned()
    } else {
        format!("ends with\n  {tail}")
    };
    let message = format!("{}: {what}; {} {log}", state_dir.display(), path.display());
    Error::new(ErrorKind::LocalServer, OP, message)
}
