//! Attaching to the local server of a state directory, or starting it.
//!
//! Of two programs that start at once, one starts the server and the other waits for it: both take
//! `attach.lock` in the state directory first.
//! The server has a lock of its own, so one that was started by hand in the same moment wins as
//! well: ours then ends at once, and the wait finds the other.
//!
//! A server is known by `server.json`, which it writes once it listens, and recognised by its
//! answer to `GET /_local/health`. A program of another build than the running server replaces it,
//! unless it has work: then the user is told.

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
    deadline: Some(Duration::from_mins(1)),
};

/// How long to look for the server that ours has lost to.
const LOSERS_PATIENCE: Duration = Duration::from_secs(2);

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
    /// Process that listens.
    pid: u32,
    /// Address without a path.
    url: String,
}

/// What a running server says of itself.
#[derive(Debug, Deserialize)]
struct Health {
    /// Process that answers.
    pid: u32,
    /// As `local-sagemaker --build-id` printed it when the server was started.
    build_id: String,
    /// Whether no job and no endpoint would be interrupted.
    // A server that does not say so might be busy.
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
    // The usual case needs no lock: the server runs and is the right one.
    if let Some((server, health)) = attach(state_dir).await
        && build_id.as_ref().is_none_or(|own| *own == health.build_id)
    {
        return Ok(server);
    }
    std::fs::create_dir_all(state_dir).map_err(|error| Error::file(OP, state_dir, error))?;
    let _turn = take_turn(state_dir).await?;
    // While this program waited for its turn, another may have done all there was to do.
    match attach(state_dir).await {
        Some((server, health)) if build_id.as_ref().is_none_or(|own| *own == health.build_id) => {
            Ok(server)
        }
        Some((server, health)) if !health.idle => Ok(with_old_build(server, &program?, state_dir)),
        Some(_) => {
            let program = program?;
            stop(&program, state_dir)?;
            start(&program, state_dir).await
        }
        None => {
            let program = program?;
            match start(&program, state_dir).await {
                // A server that was killed a moment ago holds its directory until the kernel is
                // done with it.
                Err(_) => start(&program, state_dir).await,
                started => started,
            }
        }
    }
}

/// A busy server is left to its work, whatever its build.
fn with_old_build(mut server: Server, program: &Path, state_dir: &Path) -> Server {
    server.notice = Some(format!(
        "the local server is of another build and busy, so it is used as it is; end it with \
         `{} --stop --state-dir {}`",
        shell_word(program),
        shell_word(state_dir)
    ));
    server
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

/// The server that `server.json` names, if it answers and is the one that wrote the file.
async fn attach(state_dir: &Path) -> Option<(Server, Health)> {
    let text = std::fs::read(state_dir.join("server.json")).ok()?;
    let file: ServerFile = serde_json::from_slice(&text).ok()?;
    let (status, body) = get(&format!("{}/_local/health", file.url)).await.ok()?;
    let health: Health = serde_json::from_slice(&body).ok()?;
    // After a kill the file stays behind, and its port may since belong to the server of another
    // directory.
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
    // Inherited streams would keep a pipeline such as `monitor-100k ... | head` open for ever.
    let mut child = tokio::process::Command::new(program)
        .args(["--detached", "--idle-seconds", IDLE_SECONDS, "--state-dir"])
        .arg(state_dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Error::file(OP, program, error))?;
    let answers = async || Ok(attach(state_dir).await.map(|(server, _)| server));
    let started = tokio::select! {
        started = poll_until(STARTUP, "the local server", answers) => started,
        status = ended_for_good(&mut child) => return Err(failed_start(state_dir, &status)),
    };
    started.map_err(|error| match error.kind() {
        ErrorKind::Timeout => failed_start(state_dir, "it does not answer"),
        _ => error,
    })
}

/// Returns some time after the child has ended: one that ended at once may have lost the directory
/// to another server, which then needs a moment to answer.
async fn ended_for_good(child: &mut tokio::process::Child) -> String {
    let status = child
        .wait()
        .await
        .map_or_else(|error| error.to_string(), |s| s.to_string());
    tokio::time::sleep(LOSERS_PATIENCE).await;
    format!("it ended at once ({status})")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, ok};

    fn state_dir_of(pid: u32, url: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let file = serde_json::json!({"pid": pid, "url": url, "port": 1, "build_id": "b"});
        std::fs::write(folder.path().join("server.json"), file.to_string()).unwrap();
        folder
    }

    /// A `local-sagemaker` that does what the script says.
    fn program(folder: &Path, script: &str) -> std::path::PathBuf {
        let path = folder.join(PROGRAM);
        // Written by another process: a file that this one has open for writing, or a child that
        // another test forks meanwhile, cannot be executed.
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 755 "$0""#;
        let written = Command::new("sh")
            .arg("-c")
            .arg(write)
            .arg(&path)
            .arg(script)
            .status();
        assert!(written.unwrap().success());
        path
    }

    #[tokio::test]
    async fn only_the_server_that_wrote_the_file_is_attached_to() {
        let healthy = |pid: u32| ok(&format!("{{\"pid\":{pid},\"build_id\":\"b\"}}"));
        let server =
            Scripted::start([healthy(7), healthy(8), healthy(7).status(500), ok("hello")]).await;
        let folder = state_dir_of(7, server.url());
        let (found, health) = attach(folder.path()).await.unwrap();
        assert_eq!(
            (found.url.as_str(), health.build_id.as_str()),
            (server.url(), "b")
        );
        assert!(!health.idle);
        for reason in [
            "another process has the port",
            "it is not well",
            "it is no such server",
        ] {
            assert!(attach(folder.path()).await.is_none(), "{reason}");
        }
        assert_eq!(server.operations(), ["GET /_local/health"; 4]);
        let empty = tempfile::tempdir().unwrap();
        assert!(attach(empty.path()).await.is_none());
    }

    #[test]
    fn the_command_that_ends_a_busy_server_can_be_copied_into_a_shell() {
        for (state_dir, word) in [
            ("/runs/.fire", "/runs/.fire"),
            ("/my runs/.fire", "'/my runs/.fire'"),
            ("/$it's/.fire", "'/$it'\\''s/.fire'"),
        ] {
            let server = Server {
                url: String::new(),
                notice: None,
            };
            let server = with_old_build(server, Path::new("/bin/l"), Path::new(state_dir));
            let notice = server.notice.unwrap();
            let command = format!("`/bin/l --stop --state-dir {word}`");
            assert!(notice.ends_with(&command), "{notice}");
        }
    }

    #[tokio::test]
    async fn a_server_that_does_not_start_shows_the_end_of_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("server.log").display().to_string();
        let program = program(
            folder.path(),
            &format!("echo 'the disk is full' > {log}; exit 2"),
        );
        let error = start(&program, folder.path()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LocalServer);
        let text = error.to_string();
        assert!(text.contains("ended at once (exit status: 2)"), "{text}");
        assert!(text.ends_with("ends with\n  the disk is full"), "{text}");
    }

    #[tokio::test]
    async fn the_turn_to_start_a_server_is_taken_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let turn = take_turn(folder.path()).await.unwrap();
        let path = folder.path().to_owned();
        let next = tokio::spawn(async move { take_turn(&path).await.map(|_| ()) });
        tokio::time::sleep(Duration::from_millis(120)).await;
        assert!(!next.is_finished());
        drop(turn);
        next.await.unwrap().unwrap();
    }

    #[test]
    fn build_ids_and_refusals_to_stop_come_from_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let good = program(folder.path(), "echo b1");
        assert_eq!(build_id_of(&good).as_deref(), Some("b1"));
        assert!(stop(&good, folder.path()).is_ok());
        let bad = program(folder.path(), "echo 'still busy' >&2; exit 1");
        assert_eq!(build_id_of(&bad), None);
        let error = stop(&bad, folder.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("does not stop (exit status: 1): still busy"),
            "{error}"
        );
        assert_eq!(build_id_of(Path::new("/no-such-program")), None);
    }
}
