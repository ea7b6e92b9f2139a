//! `serve` as a process: environment variables, the log, and the single line on standard output.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::job::Job;
use crate::process::{PROGRAM, command, ended, terminate};
use crate::server::{request, rest, trained};

const ROW: &str = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18";

/// A process that is killed when this value is dropped.
struct Running(Child);

/// A process that serves.
struct Serving {
    child: Running,
    stdout: BufReader<ChildStdout>,
    /// Reads standard error continuously: a full pipe would block the program.
    stderr: JoinHandle<String>,
    address: SocketAddr,
    _job: Job,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has exited already, or its test has failed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Serving {
    fn start(job: Job, command: &mut Command) -> Self {
        let child = command.env("SAGEMAKER_BIND_TO_PORT", "0").spawn();
        let mut child = Running(child.unwrap());
        let mut stderr = child.0.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap();
        let address = address.parse().unwrap();
        Self {
            child,
            stdout,
            stderr,
            address,
            _job: job,
        }
    }

    fn with(variable: (&str, &str)) -> Self {
        let job = trained();
        let mut command = command(PROGRAM, &job);
        command.arg("serve").env(variable.0, variable.1);
        Self::start(job, &mut command)
    }

    /// Stops the process and returns the rest of its standard output and the lines of its log.
    fn end(mut self) -> (String, Vec<Value>) {
        terminate(&self.child.0);
        assert_eq!(ended(&mut self.child.0), Some(0));
        let mut more = String::new();
        self.stdout.read_to_string(&mut more).unwrap();
        let log = self.stderr.join().unwrap();
        let line = |line: &str| serde_json::from_str(line).unwrap();
        (more, log.lines().map(line).collect())
    }
}

fn requests(log: &[Value]) -> Vec<&Value> {
    let is_one = |line: &&Value| line["event"] == "request";
    log.iter().filter(is_one).collect()
}

#[test]
fn a_batch_transform_is_recognised_by_its_variable() {
    let serving = Serving::with(("SAGEMAKER_BATCH", "true"));
    let body = format!("{ROW}\n{ROW}\n");
    let response = request(
        serving.address,
        "POST /invocations",
        &[("content-type", "text/csv")],
        body.as_bytes(),
    );
    assert_eq!(response.content_type, "application/jsonlines");
    assert_eq!(response.body.lines().count(), 2);
    serving.end();
}

#[test]
fn every_request_is_logged_on_demand() {
    let serving = Serving::with(("FIRE_LOG", "requests"));
    let named = [("x-request-id", "mine")];
    let response = request(serving.address, "POST /invocations", &named, ROW.as_bytes());
    assert_eq!(response.status, 200);
    let ping = request(serving.address, "GET /ping", &[], b"");
    let mut stream = TcpStream::connect(serving.address).unwrap();
    stream.write_all(b"\0").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(rest(&mut stream).starts_with("HTTP/1.1 400 "));
    let (more, log) = serving.end();
    assert_eq!(more, "");
    let found = requests(&log);
    for (line, expected) in found.iter().zip([
        json!({"request": "mine", "method": "POST", "path": "/invocations", "status": 200, "rows": 1,
            "bytes_in": ROW.len(), "bytes_out": response.body.len(), "error": null}),
        json!({"method": "GET", "path": "/ping", "status": 200, "rows": 0, "error": null}),
        json!({"method": null, "path": null, "status": 400,
            "error": "cannot read the request: invalid HTTP method parsed; send an HTTP/1.1 request"}),
    ]) {
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&line[key], value, "{key} in {line}");
        }
        assert!(line["seconds"].is_number() && line["time"].is_number());
    }
    assert_eq!(found.len(), 3);
    let own = found[1]["request"].as_str().unwrap();
    assert!(ping.head.contains(&format!("x-request-id: {own}")));
}

#[test]
fn a_flood_of_bad_requests_gets_responses_and_200_log_lines_a_second() {
    const FLOOD: usize = 1_500;
    let serving = Serving::with(("FIRE_LOG", "problems"));
    let second = || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.unwrap().as_secs()
    };
    let mut stream = TcpStream::connect(serving.address).unwrap();
    let flood = "GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n".repeat(FLOOD);
    stream.write_all(flood.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let responses = rest(&mut stream);
    assert_eq!(responses.matches("HTTP/1.1 404 ").count(), FLOOD);
    // Logging resumes in the next second, and its first line counts the missing ones.
    let before = second();
    while second() == before {
        std::thread::yield_now();
    }
    assert_eq!(
        request(serving.address, "GET /nowhere", &[], b"").status,
        404
    );
    let (_, log) = serving.end();
    let mut by_second = BTreeMap::<u64, usize>::new();
    let (mut written, mut missing) = (0, 0);
    for line in requests(&log) {
        written += 1;
        *by_second
            .entry(line["time"].as_f64().unwrap() as u64)
            .or_default() += 1;
        for key in ["lines_suppressed_before", "lines_lost_before"] {
            missing += line[key].as_u64().unwrap_or(0) as usize;
        }
    }
    assert_eq!(written + missing, FLOOD + 1);
    assert!(
        by_second.values().all(|&lines| lines <= 200),
        "{by_second:?}"
    );
    assert!(missing > 0);
}

#[test]
fn connections_are_limited_by_the_open_file_limit() {
    let job = trained();
    let mut shell = command("/bin/sh", &job);
    shell.args(["-c", "ulimit -n 100 && exec \"$0\" serve", PROGRAM]);
    let (_, log) = Serving::start(job, &mut shell).end();
    assert_eq!(log[0]["event"], "serving");
    assert_eq!(log[0]["connections"], 100 - 64);
}
