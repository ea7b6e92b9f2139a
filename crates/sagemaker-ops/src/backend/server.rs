//! Attaches to the local server of a state directory, or starts it.
//!
//! If two programs connect at the same time, one starts the server and the other waits for it: both
//! first lock `attach.lock` in the state directory. The server has a lock of its own, so a server
//! started by hand at the same moment may win instead. Ours then exits immediately, and this program
//! attaches to the other.
//!
//! A server is located by `server.json`, which it writes once it listens, and identified by its
//! response to `GET /_local/health`. A program of another build replaces the running server, unless
//! that server is busy: then [`Server::notice`] tells the user.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use super::{LocalBackend, ServerProgram};
use crate::error::{Error, ErrorKind};
use crate::finding::Finding;
use crate::logs::last_lines;
use crate::wait::{Pace, poll_until};

const OP: &str = "start the local server of";

/// The time limit for a started server to respond.
const STARTUP: Pace = Pace {
    interval: Duration::from_millis(50),
    deadline: Some(Duration::from_secs(20)),
    tolerated_errors: 0,
};

/// Long enough for another program to stop an old server and start a new one.
const LOCK: Pace = Pace {
    interval: Duration::from_millis(50),
    deadline: Some(Duration::from_mins(1)),
    tolerated_errors: 0,
};

/// The time to look for another server after ours has exited.
const OTHER_SERVER: Duration = Duration::from_secs(2);

/// The server responds from memory or from a file, so if it takes longer, it hangs.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A running local server.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Its address without a path, such as `http://127.0.0.1:41233`.
    pub(crate) url: String,
    /// A message to the user about this server.
    pub(crate) notice: Option<String>,
}

/// `server.json`, which a running server writes to its state directory.
#[derive(Debug, Deserialize)]
struct ServerFile {
    /// The process that listens.
    pid: u32,
    /// Its address without a path.
    url: String,
}

/// A running server's response to `GET /_local/health`.
#[derive(Debug, Deserialize)]
struct Health {
    /// The process that responds.
    pid: u32,
    /// The build id of its program.
    build_id: String,
    /// Whether stopping it would interrupt neither a job nor an endpoint.
    // A server that does not report this might be busy.
    #[serde(default)]
    idle: bool,
}

/// Attaches to the server of the state directory; starts it or replaces another build if needed.
pub(crate) async fn attach_or_start(backend: &LocalBackend) -> Result<Server, Error> {
    let state_dir = backend.state_dir.as_path();
    // Read from the program on disk, which a build may have replaced since the server started.
    let build_id = backend.program.as_ref().and_then(build_id_of);
    let is_ours = |health: &Health| build_id.as_ref().is_none_or(|own| *own == health.build_id);
    // The usual case needs no lock: the right server is running.
    if let Some((server, health)) = attach(state_dir).await
        && is_ours(&health)
    {
        return Ok(server);
    }
    let Some(program) = &backend.program else {
        let finding = Finding::NoServerProgram;
        return Err(Error::found(OP, state_dir.display(), finding));
    };
    std::fs::create_dir_all(state_dir).map_err(|error| Error::file(OP, state_dir, error))?;
    let _lock = lock(state_dir).await?;
    // While this program waited for the lock, another may already have started the server.
    match attach(state_dir).await {
        Some((server, health)) if is_ours(&health) => Ok(server),
        Some((server, health)) if !health.idle => Ok(with_old_build(server, program)),
        Some(_) => {
            stop(program, state_dir)?;
            start(program, state_dir).await
        }
        None => match start(program, state_dir).await {
            // A server that has just been killed holds its lock until the kernel has cleaned up.
            Err(_) => start(program, state_dir).await,
            started => started,
        },
    }
}

/// Keeps a busy server of another build, with a notice for the user.
fn with_old_build(mut server: Server, program: &ServerProgram) -> Server {
    let words =
        std::iter::once(program.path.as_os_str()).chain(program.stop.iter().map(AsRef::as_ref));
    let words: Vec<_> = words.map(std::ffi::OsStr::to_string_lossy).collect();
    let words = words.iter().map(AsRef::as_ref);
    // Quoted for a shell, where the user will paste it. Only a NUL cannot be quoted.
    let command = shlex::try_join(words).unwrap_or_default();
    server.notice = Some(format!(
        "the running local server is another build, but it is busy, so it was not replaced; stop \
         it with `{command}`"
    ));
    server
}

/// The server of `server.json`, if it responds and is the process that wrote the file.
async fn attach(state_dir: &Path) -> Option<(Server, Health)> {
    let text = std::fs::read(state_dir.join("server.json")).ok()?;
    let file: ServerFile = serde_json::from_slice(&text).ok()?;
    let (status, body) = get(&format!("{}/_local/health", file.url)).await.ok()?;
    let health: Health = serde_json::from_slice(&body).ok()?;
    // A killed server leaves the file behind, and its port may now belong to the server of another
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

/// Sends a plain `GET` and returns status and body. Only the local server's health and logs, which are
/// not part of AWS, are read this way.
pub(crate) async fn get(
    url: &str,
) -> Result<(u16, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let exchange = async {
        let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
        let response = client.get(url.parse()?).await?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    };
    tokio::time::timeout(RESPONSE_TIMEOUT, exchange).await?
}

/// Locks `attach.lock`; dropping the file releases the lock.
async fn lock(state_dir: &Path) -> Result<File, Error> {
    let path = state_dir.join("attach.lock");
    let file = File::create(&path).map_err(|error| Error::file(OP, &path, error))?;
    let what = format!(
        "another program to start the server of {}",
        state_dir.display()
    );
    poll_until(LOCK, &what, async || match file.try_lock() {
        Ok(()) => Ok(Some(())),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::file(OP, &path, error)),
    })
    .await?;
    Ok(file)
}

/// The build id of the program on disk; `None` if it cannot be run.
fn build_id_of(program: &ServerProgram) -> Option<String> {
    let output = Command::new(&program.path)
        .args(&program.build_id)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn stop(program: &ServerProgram, state_dir: &Path) -> Result<(), Error> {
    let output = Command::new(&program.path)
        .args(&program.stop)
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(Output { status, stderr, .. }) => {
            let message = format!(
                "{}: the running server could not be stopped ({status}): {}",
                state_dir.display(),
                String::from_utf8_lossy(&stderr).trim()
            );
            Err(Error::new(ErrorKind::LocalServer, OP, message))
        }
        Err(error) => Err(Error::file(OP, &program.path, error)),
    }
}

/// Starts the server with its standard streams discarded, and waits until it responds.
async fn start(program: &ServerProgram, state_dir: &Path) -> Result<Server, Error> {
    // Inherited streams would keep a shell pipe such as `... | head` open while the server runs.
    let mut child = tokio::process::Command::new(&program.path)
        .args(&program.start)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Error::file(OP, &program.path, error))?;
    let responds = async || Ok(attach(state_dir).await.map(|(server, _)| server));
    let started = tokio::select! {
        started = poll_until(STARTUP, "the local server", responds) => started,
        status = delayed_exit(&mut child) => return Err(failed_start(state_dir, &status)),
    };
    started.map_err(|error| match error.kind() {
        ErrorKind::Timeout => failed_start(state_dir, "it does not respond"),
        _ => error,
    })
}

/// Returns some time after the child has exited. A child that exits immediately may have lost the
/// directory to another server, which then needs a moment to respond.
async fn delayed_exit(child: &mut tokio::process::Child) -> String {
    let status = child
        .wait()
        .await
        .map_or_else(|error| error.to_string(), |s| s.to_string());
    tokio::time::sleep(OTHER_SERVER).await;
    format!("it exited immediately ({status})")
}

/// The error with the end of the server's log, which shows why it did not start.
fn failed_start(state_dir: &Path, symptom: &str) -> Error {
    let path = state_dir.join("server.log");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let tail = last_lines(&text, 10).join("\n  ");
    let log = if tail.is_empty() {
        "is empty".to_owned()
    } else {
        format!("ends with\n  {tail}")
    };
    let message = format!(
        "{}: {symptom}; {} {log}",
        state_dir.display(),
        path.display()
    );
    Error::new(ErrorKind::LocalServer, OP, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, ok};

    fn state_dir_of(pid: u32, url: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let file = serde_json::json!({"pid": pid, "url": url, "port": 1, "build_id": "b"});
        std::fs::write(dir.path().join("server.json"), file.to_string()).unwrap();
        dir
    }

    /// A program that runs the script and ignores its arguments.
    fn program(dir: &Path, script: &str) -> ServerProgram {
        let path = dir.join("server");
        // Written by another process: a file cannot be executed while this process, or a child that
        // another test forks at the same time, has it open for writing.
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 755 "$0""#;
        let written = Command::new("sh")
            .arg("-c")
            .arg(write)
            .arg(&path)
            .arg(script)
            .status();
        assert!(written.unwrap().success());
        called(&path)
    }

    fn called(path: &Path) -> ServerProgram {
        ServerProgram {
            path: path.to_owned(),
            start: vec![],
            stop: vec!["stop".into()],
            build_id: vec![],
        }
    }

    #[tokio::test]
    async fn a_server_is_used_only_if_it_wrote_the_file() {
        let healthy = |pid: u32| ok(&format!("{{\"pid\":{pid},\"build_id\":\"b\"}}"));
        let server =
            Scripted::start([healthy(7), healthy(8), healthy(7).status(500), ok("hello")]).await;
        let dir = state_dir_of(7, server.url());
        let (found, health) = attach(dir.path()).await.unwrap();
        assert_eq!(
            (found.url.as_str(), health.build_id.as_str()),
            (server.url(), "b")
        );
        assert!(!health.idle);
        for reason in [
            "another process has the port",
            "it is not healthy",
            "it is another kind of server",
        ] {
            assert!(attach(dir.path()).await.is_none(), "{reason}");
        }
        assert_eq!(server.operations(), ["GET /_local/health"; 4]);
        let empty = tempfile::tempdir().unwrap();
        assert!(attach(empty.path()).await.is_none());
    }

    #[test]
    fn the_command_that_stops_a_busy_server_can_be_copied_into_a_shell() {
        for path in ["/bin/server", "/my bin/server", "/$it's/server"] {
            let server = Server {
                url: String::new(),
                notice: None,
            };
            let notice = with_old_build(server, &called(Path::new(path)))
                .notice
                .unwrap();
            let command = notice.split('`').nth(1).unwrap();
            assert_eq!(shlex::split(command).unwrap(), [path, "stop"], "{notice}");
        }
    }

    #[tokio::test]
    async fn a_server_that_does_not_start_shows_the_end_of_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("server.log").display().to_string();
        let program = program(
            dir.path(),
            &format!("echo 'the disk is full' > {log}; exit 2"),
        );
        let error = start(&program, dir.path()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LocalServer);
        let text = error.to_string();
        assert!(
            text.contains("exited immediately (exit status: 2)"),
            "{text}"
        );
        assert!(text.ends_with("ends with\n  the disk is full"), "{text}");
    }

    #[tokio::test]
    async fn only_one_program_at_a_time_may_start_a_server() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(dir.path()).await.unwrap();
        let path = dir.path().to_owned();
        let next = tokio::spawn(async move { lock(&path).await.map(|_| ()) });
        tokio::time::sleep(Duration::from_millis(120)).await;
        assert!(!next.is_finished());
        drop(held);
        next.await.unwrap().unwrap();
    }

    #[test]
    fn a_program_reports_its_build_and_why_it_cannot_be_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let good = program(dir.path(), "echo b1");
        assert_eq!(build_id_of(&good).as_deref(), Some("b1"));
        assert!(stop(&good, dir.path()).is_ok());
        let bad = program(dir.path(), "echo 'still busy' >&2; exit 1");
        assert_eq!(build_id_of(&bad), None);
        let error = stop(&bad, dir.path()).unwrap_err().to_string();
        assert!(
            error.ends_with("could not be stopped (exit status: 1): still busy"),
            "{error}"
        );
        assert_eq!(build_id_of(&called(Path::new("/no-such-program"))), None);
    }

    #[tokio::test]
    async fn a_server_that_is_not_running_needs_a_program() {
        let dir = tempfile::tempdir().unwrap();
        let backend = LocalBackend::at(dir.path()).unwrap();
        let error = attach_or_start(&backend).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LocalServer);
        assert_eq!(error.finding(), Some(&Finding::NoServerProgram));
    }
}
