//! Slow, broken and idle clients, pipelining, and shutdown.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use fire_container::serve::Limits;

use crate::server::{LONG, Server, parse, predictor, rest, trained};

const ROW: &str = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18";
const SHORT: Duration = Duration::from_millis(300);

fn server(limits: Limits) -> Server {
    Server::within(limits, predictor(&trained()))
}

fn post(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /invocations HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

/// Reads one response from a connection that stays open.
fn read_response(stream: &mut TcpStream) -> String {
    let mut response = Vec::new();
    let mut byte = [0];
    while !response.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        response.push(byte[0]);
    }
    let head = String::from_utf8(response).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

#[test]
fn a_late_head_gets_408_and_an_idle_connection_is_closed() {
    let limits = Limits {
        head_timeout: SHORT,
        ..Limits::default()
    };
    let server = server(limits);
    for beginning in ["", "GET", "GET /ping HTTP/1.1\r\nhost: x\r\nx-a: "] {
        let mut stream = server.connect();
        stream.write_all(beginning.as_bytes()).unwrap();
        let started = Instant::now();
        let response = rest(&mut stream);
        assert!(started.elapsed() >= SHORT / 2, "{beginning}");
        if beginning.is_empty() {
            assert_eq!(response, "");
        } else {
            assert_late(&response);
        }
        server.assert_alive();
    }
    // A trickle of bytes does not extend the deadline.
    let mut stream = server.connect();
    let mut slow = stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let head = "GET /ping HTTP/1.1\r\nx-slow: ".bytes();
            for byte in head.chain(std::iter::repeat(b'a')) {
                if slow.write_all(&[byte]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        assert_late(&rest(&mut stream));
        stream.shutdown(Shutdown::Both).unwrap();
    });
}

#[track_caller]
fn assert_late(response: &str) {
    let response = parse(response);
    assert_eq!(response.status, 408);
    assert_eq!(
        response.json()["error"],
        "the request head did not arrive within 0.3 s"
    );
    assert!(
        response.head.contains("connection: close"),
        "{}",
        response.head
    );
}

#[test]
fn a_late_body_gets_408() {
    let limits = Limits {
        body_timeout: SHORT,
        ..Limits::default()
    };
    let server = server(limits);
    let cut = post("content-type: text/csv\r\n", ROW);
    let mut stream = server.connect();
    stream.write_all(&cut.as_bytes()[..cut.len() - 5]).unwrap();
    let response = parse(&rest(&mut stream));
    assert_eq!(response.status, 408);
    assert_eq!(
        response.json()["error"],
        "the body did not arrive within 0.3 s"
    );
    assert!(
        response.head.contains("connection: close"),
        "{}",
        response.head
    );
    server.assert_alive();
}

#[test]
fn disconnecting_clients_do_not_affect_others() {
    let server = server(Limits::default());
    let whole = post("", ROW);
    for end in [0, 10, whole.len() - 5, whole.len()] {
        let mut stream = server.connect();
        stream.write_all(&whole.as_bytes()[..end]).unwrap();
        drop(stream);
        server.assert_alive();
    }
}

#[test]
fn a_client_that_has_closed_its_sending_half_gets_a_response() {
    let server = server(Limits::default());
    let mut stream = server.connect();
    stream.write_all(post("", ROW).as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(parse(&rest(&mut stream)).status, 200);

    let cut = post("", ROW);
    let mut stream = server.connect();
    stream.write_all(&cut.as_bytes()[..cut.len() - 5]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(parse(&rest(&mut stream)).status, 400);
}

#[test]
fn connections_are_kept_and_pipelined_requests_get_responses_in_order() {
    let server = server(Limits::default());
    let mut stream = server.connect();
    let csv = "accept: text/csv\r\n";
    let other = ROW.replace("16", "4000");
    let (one, two) = (post(csv, ROW), post(csv, &other));
    stream.write_all(one.as_bytes()).unwrap();
    let first = read_response(&mut stream);
    stream.write_all(two.as_bytes()).unwrap();
    let second = read_response(&mut stream);
    assert_ne!(parse(&first).body, parse(&second).body);

    let bad = post(csv, "1");
    let together = [&one, &two, &bad, &one].map(String::as_str).concat();
    stream.write_all(together.as_bytes()).unwrap();
    let responses: Vec<_> = (0..4).map(|_| parse(&read_response(&mut stream))).collect();
    assert_eq!(responses[0].body, parse(&first).body);
    assert_eq!(responses[1].body, parse(&second).body);
    assert_eq!((responses[2].status, responses[3].status), (400, 200));
}

#[test]
fn a_chunked_body_is_accepted() {
    let server = server(Limits::default());
    let chunked = |chunks: &str| {
        let mut stream = server.connect();
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
}

#[test]
fn a_thousand_idle_connections_all_stay_usable() {
    let server = server(Limits::default());
    let mut idle: Vec<_> = (0..1_000).map(|_| server.connect()).collect();
    server.assert_alive();
    for stream in &mut idle {
        stream.write_all(post("", ROW).as_bytes()).unwrap();
    }
    for stream in &mut idle {
        assert_eq!(parse(&read_response(stream)).status, 200);
    }
}

#[test]
fn idle_connections_do_not_delay_shutdown() {
    let server = server(Limits::default());
    let mut silent: Vec<_> = (0..10).map(|_| server.connect()).collect();
    let mut used = server.connect();
    used.write_all(post("", ROW).as_bytes()).unwrap();
    assert_eq!(parse(&read_response(&mut used)).status, 200);
    let started = Instant::now();
    drop(server);
    assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
    for stream in silent.iter_mut().chain([&mut used]) {
        assert_eq!(rest(stream), "");
    }
}

#[test]
fn shutdown_closes_the_port_at_once_and_waits_no_longer_than_the_grace_period() {
    let grace = Duration::from_secs(2);
    let mut server = server(Limits {
        shutdown_grace: grace,
        ..Limits::default()
    });
    let mut stream = server.connect();
    let head = post("expect: 100-continue\r\n", ROW);
    let head = head.strip_suffix(ROW).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    // The request is open once the server asks for its body, which is never sent.
    stream.read_exact(&mut [0; 25]).unwrap();
    let started = Instant::now();
    server.stop();
    let is_closed = || {
        let again = TcpStream::connect(server.address());
        again.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    };
    while !is_closed() {
        assert!(started.elapsed() < LONG, "the port is still open");
    }
    assert!(started.elapsed() < grace, "{:?}", started.elapsed());
    drop(server);
    let took = started.elapsed();
    assert!(took >= grace && took < LONG, "{took:?}");
}
