use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_local-sagemaker");

fn run(state_dir: &Path, arguments: &[&str]) -> Output {
    command(state_dir, arguments).output().unwrap()
}

fn command(state_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .arg("--state-dir")
        .arg(state_dir)
        .env_remove("FIRE_STATE_DIR");
    command
}

/// A server that is killed when a test fails.
struct Running(Child);

impl Running {
    /// Starts a server and returns its line of output.
    fn start(state_dir: &Path, arguments: &[&str]) -> (Self, String) {
        let mut child = command(state_dir, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        (Self(child), line)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server_info(state_dir: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(state_dir.join("server.json")).unwrap()).unwrap()
}

#[test]
fn a_server_announces_itself_and_can_be_stopped_by_another_process() {
    let dir = tempfile::tempdir().unwrap();
    let (mut server, line) = Running::start(dir.path(), &["--port", "0"]);
    let info = server_info(dir.path());
    assert_eq!(
        line.trim(),
        format!("listening on {}", info["url"].as_str().unwrap())
    );
    assert_eq!(
        (&info["pid"], info["url"].as_str().unwrap()),
        (
            &server.0.id().into(),
            format!("http://127.0.0.1:{}", info["port"]).as_str()
        )
    );
    let build = String::from_utf8(run(dir.path(), &["--build-id"]).stdout).unwrap();
    assert_eq!(build.trim(), info["build_id"]);
    let stop = run(dir.path(), &["--stop"]);
    assert!(stop.status.success(), "{stop:?}");
    assert!(server.0.wait().unwrap().success());
    assert!(!dir.path().join("server.json").exists());
}

#[test]
fn a_second_server_is_told_about_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _) = Running::start(dir.path(), &[]);
    let second = run(dir.path(), &[]);
    let text = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(
        text.contains(&format!(
            "pid {}, port {}",
            server.0.id(),
            server_info(dir.path())["port"]
        )),
        "{text}"
    );
}

#[test]
fn the_default_directory_is_the_nearest_one_above_and_shown_in_full() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap().join("my runs");
    let (state_dir, deep) = (root.join(".fire"), root.join("a/b"));
    std::fs::create_dir_all(&deep).unwrap();
    let shown = state_dir.display();
    let run = |arguments: &[&str]| {
        let output = Command::new(PROGRAM)
            .args(arguments)
            .current_dir(&deep)
            .env_remove("FIRE_STATE_DIR")
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let none = deep.join(".fire");
    assert_eq!(
        run(&["--stop"]),
        format!("no server is running in {}\n", none.display())
    );
    assert!(!none.exists());
    let (_server, _) = Running::start(&state_dir, &[]);
    let second = run(&[]);
    let command = format!("`local-sagemaker --stop --state-dir '{shown}'`");
    assert!(second.contains(&command), "{second}");
    assert_eq!(run(&["--stop"]), format!("stopped the server of {shown}\n"));
}

#[test]
fn a_port_in_use_is_wrong_usage() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let answer = run(dir.path(), &["--port", &port]);
    let text = String::from_utf8(answer.stderr).unwrap();
    assert_eq!(answer.status.code(), Some(2));
    assert!(
        text.contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{text}"
    );
}

#[test]
fn stopping_without_a_server_succeeds_at_once() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let stop = run(dir.path(), &["--stop"]);
        assert!(stop.status.success(), "{stop:?}");
        assert!(
            String::from_utf8(stop.stderr)
                .unwrap()
                .contains("no server is running in")
        );
        drop(Running::start(dir.path(), &[]));
    }
}

#[test]
fn a_detached_server_leads_a_session_and_logs_to_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _) = Running::start(dir.path(), &["--detached"]);
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.0.id())).unwrap();
    let session: u32 = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .nth(3)
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(session, server.0.id());
    let log = std::fs::read_to_string(dir.path().join("server.log")).unwrap();
    assert!(
        log.contains("export AWS_ENDPOINT_URL=http://127.0.0.1:"),
        "{log}"
    );
}

#[test]
fn an_idle_program_exits_with_success() {
    let dir = tempfile::tempdir().unwrap();
    let (mut server, _) = Running::start(dir.path(), &["--idle-seconds", "1"]);
    assert!(server.0.wait().unwrap().success());
}
