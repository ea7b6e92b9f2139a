//! What the endpoint answers to requests that it cannot use.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use super::check;
use super::container::train;
use super::shell::{Shell, bare};
/// A container that serves on a free port until it is dropped.
struct Endpoint {
    process: Child,
    address: String,
}

impl Endpoint {
    fn start(shell: &Shell) -> Self {
        train(shell, "served");
        let mut process = bare("fire-container")
            .args(["serve", "--opt-ml"])
            .arg(shell.path("served"))
            .env("SAGEMAKER_BIND_TO_PORT", "0")
            .env("FIRE_BIND_ADDRESS", "127.0.0.1")
            .env("FIRE_MAX_ROWS", "2")
            .env("FIRE_MAX_BODY_MB", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Self { process, address }
    }

    /// The status and the body of the answer.
    fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let end = "Host: x\r\nConnection: close\r\nContent-Length";
        write!(stream, "{head}\r\n{end}: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.lines().next().unwrap().trim_start_matches("HTTP/1.1 ");
        format!("{status}: {body}")
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn the_endpoint_explains_bad_requests() {
    const ROW: &str = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18";
    let shell = Shell::new();
    let endpoint = Endpoint::start(&shell);
    let with = |value: &str| ROW.replace("16", value);
    let list = |value: &str| format!("[{}]", with(value));
    let mut text = String::new();
    for (media, bodies) in [
        (
            "text/csv",
            vec![
                String::new(),
                "1,2,3".to_owned(),
                ROW.replace(',', ";"),
                format!("{ROW},1,2,3,4,5,6,7,8,9"),
                format!("{ROW}\n\n{ROW}"),
                with("high"),
                with("-inf"),
                with("1e39"),
                with(&"x".repeat(100)),
                format!("{ROW}\n{ROW}\n{ROW}"),
            ],
        ),
        (
            "application/json",
            vec![
                "[]".to_owned(),
                "true".to_owned(),
                "[1, 2]".to_owned(),
                format!("[[{ROW}], 7]"),
                list("\"16\""),
                list("1e39"),
                list("NaN"),
                list("[16]"),
                format!("[{ROW}] [{ROW}]"),
                r#"{"t_mean": 1"#.to_owned(),
                r#"{"t_mean": 1}"#.to_owned(),
                r#"{"t_meen": 1}"#.to_owned(),
                r#"{"t_mean": 1, "t_mean": 1}"#.to_owned(),
                r#"{"instances": 5}"#.to_owned(),
                format!(r#"{{"instances": [[{ROW}]], "more": 1}}"#),
                format!("[[{ROW}],[{ROW}],[{ROW}]]"),
            ],
        ),
        (
            "application/jsonlines",
            vec![format!("[{ROW}]\n[1]"), format!("[{ROW}]\n[{ROW}")],
        ),
        ("application/x-npy", vec![ROW.to_owned()]),
    ] {
        for body in bodies {
            let head = format!("POST /invocations HTTP/1.1\r\nContent-Type: {media}");
            let answer = endpoint.ask(&head, &body);
            writeln!(text, "{media} {body:?}\n  {answer}").unwrap();
        }
    }
    for head in [
        "GET / HTTP/1.1",
        "GET /invocations HTTP/1.1",
        "POST /ping HTTP/1.1",
        "POST /invocations HTTP/1.1\r\nContent-Type: text/csv\r\nAccept: image/png",
        "POST /invocations HTTP/1.1\r\nContent-Type: text/csv\r\nExpect: miracles",
    ] {
        writeln!(text, "{head:?}\n  {}", endpoint.ask(head, "")).unwrap();
    }
    check("errors/endpoint", &shell.redacted(&text));
}
