//! What clients do to connections, by mistake or on purpose.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use fire_container::serve::Limits;

use crate::server::{Server, parse, predictor, trained};

const ROW: &str = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18";
const SHORT: Duration = Duration::from_millis(300);
/// Far beyond what any of this takes, so that a test that waits for an answer in vain fails.
const LONG: Duration = Duration::from_secs(20);

fn server(limits: Limits) -> Server {
    Server::within(limits, predictor(&trained()))
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

/// All that comes back until the server closes, which is a reset where it has not read everything.
fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    String::from_utf8(answer).unwrap()
}

fn post(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /invocations HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

/// Reads one answer of a connection that stays open.
fn one_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

fn is_alive(address: SocketAddr) {
    assert_eq!(
        crate::server::request(address, "GET /ping", &[], b"").status,
        200
    );
}

#[test]
fn a_head_that_does_not_come_ends_the_connection() {
    let limits = Limits {
        head: SHORT,
        ..Limits::default()
    };
    let server = server(limits);
    for beginning in ["", "GET", "GET /ping HTTP/1.1\r\nhost: x\r\nx-a: "] {
        let mut stream = connect(&server);
        stream.write_all(beginning.as_bytes()).unwrap();
        let started = Instant::now();
        rest(&mut stream);
        assert!(started.elapsed() >= SHORT / 2, "{beginning}");
        is_alive(server.address());
    }
    // A byte now and then does not help.
    let mut stream = connect(&server);
    let mut trickle = "GET /ping HTTP/1.1\r\nx-slow: "
        .chars()
        .chain(std::iter::repeat('a'));
    let started = Instant::now();
    while started.elapsed() < LONG {
        let byte = trickle.next().unwrap() as u8;
        if stream.write_all(&[byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(started.elapsed() < LONG);
}

#[test]
fn a_body_that_does_not_come_gets_408() {
    let limits = Limits {
        body: SHORT,
        ..Limits::default()
    };
    let server = server(limits);
    let cut = post("content-type: text/csv\r\n", ROW);
    let mut stream = connect(&server);
    stream.write_all(&cut.as_bytes()[..cut.len() - 5]).unwrap();
    let answer = parse(&rest(&mut stream));
    assert_eq!(answer.status, 408);
    assert_eq!(
        answer.json()["error"],
        "the body did not arrive within 0.3 s"
    );
    assert!(answer.head.contains("connection: close"), "{}", answer.head);
    is_alive(server.address());
}

#[test]
fn a_client_that_goes_away_costs_nothing() {
    let server = server(Limits::default());
    let whole = post("", ROW);
    for end in [0, 10, whole.len() - 5, whole.len()] {
        let mut stream = connect(&server);
        stream.write_all(&whole.as_bytes()[..end]).unwrap();
        drop(stream);
        is_alive(server.address());
    }
}

#[test]
fn a_client_that_has_closed_its_sending_half_is_answered() {
    let server = server(Limits::default());
    let mut stream = connect(&server);
    stream.write_all(post("", ROW).as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(parse(&rest(&mut stream)).status, 200);

    let cut = post("", ROW);
    let mut stream = connect(&server);
    stream.write_all(&cut.as_bytes()[..cut.len() - 5]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let answer = rest(&mut stream);
    assert!(
        answer.is_empty() || parse(&answer).status == 400,
        "{answer}"
    );
}

#[test]
fn a_connection_is_kept_and_requests_in_one_go_are_answered_in_order() {
    let server = server(Limits::default());
    let mut stream = connect(&server);
    let csv = "accept: text/csv\r\n";
    let other = ROW.replace("16", "4000");
    let (one, two) = (post(csv, ROW), post(csv, &other));
    stream.write_all(one.as_bytes()).unwrap();
    let first = one_answer(&mut stream);
    stream.write_all(two.as_bytes()).unwrap();
    let second = one_answer(&mut stream);
    assert_ne!(parse(&first).body, parse(&second).body);

    let bad = post(csv, "1");
    let together = [&one, &two, &bad, &one].map(String::as_str).concat();
    stream.write_all(together.as_bytes()).unwrap();
    let answers: Vec<_> = (0..4).map(|_| parse(&one_answer(&mut stream))).collect();
    assert_eq!(answers[0].body, parse(&first).body);
    assert_eq!(answers[1].body, parse(&second).body);
    assert_eq!((answers[2].status, answers[3].status), (400, 200));
}

#[test]
fn a_body_in_chunks_is_as_good_as_any() {
    let server = server(Limits::default());
    let chunked = |chunks: &str| {
        let mut stream = connect(&server);
        let head = "POST /invocations HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        stream
            .write_all((head.to_owned() + chunks).as_bytes())
            .unwrap();
        rest(&mut stream)
    };
    let (first, second) = ROW.split_at(10);
    let good = format!(
        "a\r\n{first}\r\n{:x};x=y\r\n{second}\r\n0\r\nx-t: 1\r\n\r\n",
        second.len()
    );
    assert_eq!(parse(&chunked(&good)).status, 200);
    // Where the next chunk would begin cannot be known, so hyper may end the connection without a word.
    let answer = chunked("zz\r\n1\r\n0\r\n\r\n");
    assert!(
        answer.is_empty() || parse(&answer).status == 400,
        "{answer}"
    );
    is_alive(server.address());
}

#[test]
fn what_is_no_http_gets_400_and_no_connection_after_it() {
    let server = server(Limits::default());
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"GET /ping HTTP/9.9\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
    ] {
        let mut stream = connect(&server);
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let answer = rest(&mut stream);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
            "{answer}"
        );
        is_alive(server.address());
    }
    let headers = "x: y\r\n".repeat(5_000);
    let mut stream = connect(&server);
    let request = format!("GET /ping HTTP/1.1\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let answer = rest(&mut stream);
    assert!(
        answer.is_empty() || parse(&answer).status == 431,
        "{answer}"
    );
    is_alive(server.address());
}

#[test]
fn a_thousand_idle_connections_are_borne_and_all_can_be_used() {
    let server = server(Limits::default());
    let mut idle: Vec<_> = (0..1_000).map(|_| connect(&server)).collect();
    is_alive(server.address());
    for stream in &mut idle {
        stream.write_all(post("", ROW).as_bytes()).unwrap();
    }
    for stream in &mut idle {
        assert_eq!(parse(&one_answer(stream)).status, 200);
    }
}

#[test]
fn connections_without_a_request_do_not_hold_up_the_end() {
    let server = server(Limits::default());
    let mut silent: Vec<_> = (0..10).map(|_| connect(&server)).collect();
    let mut used = connect(&server);
    used.write_all(post("", ROW).as_bytes()).unwrap();
    assert_eq!(parse(&one_answer(&mut used)).status, 200);
    let started = Instant::now();
    drop(server);
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
    for stream in silent.iter_mut().chain([&mut used]) {
        assert_eq!(rest(stream), "");
    }
}
