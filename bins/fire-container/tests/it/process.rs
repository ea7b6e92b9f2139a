//! The program as a process: exit codes, signals, names.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use ensemble::artifact::Artifact;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sensor_model::fingerprint;
use serde_json::{Value, json};

use crate::job::{Job, rows};
use crate::server::{for_current_features, request, trained};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_fire-container");

pub(crate) fn command(program: impl AsRef<Path>, job: &Job) -> Command {
    let mut command = Command::new(program.as_ref());
    command
        .env_clear()
        .env("FIRE_OPT_ML", job.root())
        .env("FIRE_BIND_ADDRESS", "127.0.0.1");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn output(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

pub(crate) fn terminate(child: &Child) {
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
}

/// Exit code of a process that must end within seconds.
pub(crate) fn ended(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("the process did not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Exit code and standard error of a process that must end within seconds.
fn wait(mut child: Child) -> (Option<i32>, String) {
    let code = ended(&mut child);
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    (code, stderr)
}

#[test]
fn invalid_usage_exits_with_2() {
    let job = Job::new(&json!({}));
    for args in [&[][..], &["trian"], &["train", "--fast"]] {
        let (code, stderr) = output(command(PROGRAM, &job).args(args));
        assert_eq!(code, Some(2), "{args:?}");
        assert!(stderr.contains("Usage:"), "{stderr}");
    }
}

#[test]
fn a_failed_training_exits_with_1_and_gives_the_reason() {
    let (code, stderr) = output(command(PROGRAM, &Job::new(&json!({}))).arg("train"));
    assert_eq!(code, Some(1));
    assert!(
        stderr.starts_with("error: hyperparameter algorithm is missing"),
        "{stderr}"
    );
}

#[test]
fn serving_an_unusable_model_exits_with_1_and_names_it() {
    let job = trained();
    let model = fs::read(job.path("model/model.bin")).unwrap();
    let cut = &model[..model.len() - 1];
    for invalid in [cut, b"", b"PK\x03\x04 not a model"] {
        job.put("model/model.bin", invalid);
        let (code, stderr) = output(command(PROGRAM, &job).arg("serve"));
        assert_eq!(code, Some(1));
        assert!(
            stderr.contains("cannot use the model") && stderr.contains("model.bin"),
            "{stderr}"
        );
    }
    fs::remove_file(job.path("model/model.bin")).unwrap();
    let (code, stderr) = output(command(PROGRAM, &job).arg("serve"));
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("cannot read the model") && stderr.contains("No such file"),
        "{stderr}"
    );
}

#[test]
fn serving_on_an_occupied_or_invalid_port_exits_with_2() {
    let job = trained();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let serve = |name, value: &str| output(command(PROGRAM, &job).arg("serve").env(name, value));
    let (code, stderr) = serve("SAGEMAKER_BIND_TO_PORT", &port);
    assert_eq!(code, Some(2));
    let expected = format!(
        "error: cannot listen on 127.0.0.1:{port}; stop the program that uses the port, or choose \
         another with SAGEMAKER_BIND_TO_PORT: "
    );
    assert!(stderr.starts_with(&expected), "{stderr}");
    let (code, stderr) = serve("SAGEMAKER_BIND_TO_PORT", "http");
    assert_eq!(code, Some(2));
    assert!(
        stderr.starts_with("error: SAGEMAKER_BIND_TO_PORT is `http`"),
        "{stderr}"
    );
    let (code, stderr) = serve("FIRE_BIND_ADDRESS", "localhost");
    assert_eq!(code, Some(2));
    assert!(
        stderr.starts_with("error: FIRE_BIND_ADDRESS is `localhost`"),
        "{stderr}"
    );
}

#[test]
fn serving_prints_its_address_and_exits_with_0_on_sigterm() {
    let job = trained();
    let serve = command(PROGRAM, &job)
        .arg("serve")
        .env("SAGEMAKER_BIND_TO_PORT", "0")
        .spawn();
    let mut child = serve.unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address: SocketAddr = line
        .trim()
        .strip_prefix("listening on ")
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(request(address, "GET /ping", &[], b"").status, 200);
    let named = [("x-amzn-sagemaker-inference-id", "alarm-7")];
    let rejected = request(address, "POST /invocations", &named, b"1,2");
    assert_eq!(rejected.status, 400);
    assert!(
        rejected.head.contains("x-request-id: alarm-7"),
        "{}",
        rejected.head
    );
    terminate(&child);
    let (code, stderr) = wait(child);
    assert_eq!(code, Some(0));
    let lines: Vec<Value> = stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let events: Vec<_> = lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["serving", "request", "stopped"], "{stderr}");
    assert_eq!(lines[0]["address"], address.to_string());
    let expected = json!({
        "request": "alarm-7", "method": "POST", "path": "/invocations", "status": 400, "rows": 0,
        "bytes_in": 3,
        "error": for_current_features("line 1: a row has 18 values, from t_mean to gas_vel, but this one has 2"),
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&lines[1][key], value, "{key} in {stderr}");
    }
}

#[test]
fn serving_with_an_invalid_limit_exits_with_2() {
    let job = trained();
    for (name, value) in [
        ("FIRE_MAX_ROWS", "many"),
        ("FIRE_MAX_BODY_MB", "0"),
        ("FIRE_LOG", "x"),
    ] {
        let (code, stderr) = output(command(PROGRAM, &job).arg("serve").env(name, value));
        assert_eq!(code, Some(2), "{name}");
        assert!(
            stderr.starts_with(&format!("error: {name} is `{value}`; it must be")),
            "{stderr}"
        );
    }
}

#[test]
fn a_model_with_different_predictions_for_its_probes_is_not_served() {
    let job = trained();
    let path = job.path("model/model.bin");
    let mut artifact = Artifact::from_bytes(&fs::read(&path).unwrap(), fingerprint()).unwrap();
    artifact.probes[1].probability = 1.0 - artifact.probes[1].probability / 2.0;
    fs::write(&path, artifact.to_bytes()).unwrap();
    let (code, stderr) = output(command(PROGRAM, &job).arg("serve"));
    assert_eq!(code, Some(1));
    assert!(
        stderr.contains("its prediction for the probe `") && stderr.contains("pack it again"),
        "{stderr}"
    );
}

#[test]
fn training_stops_soon_after_sigterm_and_reports_it() {
    let job = Job::new(&json!({ "algorithm": "random_forest", "n_estimators": "5000" }));
    job.channel("train", "a.parquet", &rows(0..5_000));
    job.channel("validation", "a.parquet", &rows(5_000..6_000));
    let mut child = command(PROGRAM, &job).arg("train").spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let started = lines
        .map(Result::unwrap)
        .find(|line| line.starts_with("random_forest on"));
    assert!(started.is_some());
    terminate(&child);
    let (code, stderr) = wait(child);
    assert_eq!(code, Some(1));
    assert!(stderr.starts_with("error: stopped by SIGTERM"), "{stderr}");
    assert!(job.read("output/failure").starts_with("stopped by SIGTERM"));
    assert!(!job.path("model/model.bin").exists());
}

#[test]
fn the_program_name_selects_the_command() {
    let job = Job::with_channels(&json!({ "algorithm": "logistic_regression" }));
    let name = job.path("train");
    std::os::unix::fs::symlink(PROGRAM, &name).unwrap();
    assert_eq!(output(&mut command(&name, &job)), (Some(0), String::new()));
    assert_eq!(
        output(command(&name, &job).arg("train")),
        (Some(0), String::new())
    );
    assert!(job.path("model/model.bin").exists());
}
