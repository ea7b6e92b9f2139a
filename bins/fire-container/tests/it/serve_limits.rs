//! Overload: rejections with 413 and 503, and recovery afterwards.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use fire_container::serve::Limits;
use serde_json::json;

use crate::server::{Response, Server, parse, predictor, rest, trained};

const ROW: &str = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18";

fn server(limits: Limits) -> Server {
    Server::within(limits, predictor(&trained()))
}

fn rows(count: usize) -> String {
    format!("{ROW}\n").repeat(count)
}

#[track_caller]
fn assert_busy(response: &Response, reason: &str) {
    assert_eq!(response.status, 503, "{}", response.body);
    assert!(
        response.head.contains("retry-after: 1"),
        "{}",
        response.head
    );
    let message = format!("{reason}; try again in a second");
    assert_eq!(response.json(), json!({ "error": message }));
}

/// One metric of `GET /metrics`.
fn metric(server: &Server, name: &str) -> f64 {
    let text = server.request("GET /metrics", &[], b"").body;
    let line = text
        .lines()
        .find(|line| line.split(' ').next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("{name} is not in\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn large_requests_get_503_when_the_queue_is_full_and_small_ones_are_served() {
    let server = server(Limits {
        workers: 0,
        queue: 0,
        ..Limits::default()
    });
    let busy = server.invoke("text/csv", &rows(1_000));
    assert_busy(&busy, "the queue for large requests is full");
    assert_eq!(server.invoke("text/csv", ROW).status, 200);
    assert_eq!(server.request("GET /ping", &[], b"").status, 200);
    assert!(metric(&server, "fire_invocations_total{status=\"503\"}") >= 1.0);
}

#[test]
fn many_large_requests_get_a_response_or_503_and_none_is_dropped() {
    let limits = Limits {
        workers: 1,
        queue: 1,
        ..Limits::default()
    };
    let server = server(limits);
    let body = rows(20_000);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let invoke = || scope.spawn(|| server.invoke("text/csv", &body).status);
        let clients: Vec<_> = (0..12).map(|_| invoke()).collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    });
    assert!(statuses.contains(&200), "{statuses:?}");
    let known = |status: &u16| [200, 503].contains(status);
    assert!(statuses.iter().all(known), "{statuses:?}");
    assert_eq!(server.invoke("text/csv", &body).status, 200);
}

#[test]
fn bodies_over_the_memory_limit_get_503() {
    let server = server(Limits {
        memory_bytes: 100_000,
        ..Limits::default()
    });
    let busy = server.invoke("text/csv", &rows(10_000));
    assert_busy(
        &busy,
        "requests in progress use all the memory reserved for bodies",
    );
    assert_eq!(server.invoke("text/csv", &rows(100)).status, 200);
}

#[test]
fn a_connection_over_the_limit_gets_503() {
    let server = server(Limits {
        connections: 2,
        ..Limits::default()
    });
    let mut two: Vec<_> = (0..2)
        .map(|_| TcpStream::connect(server.address()).unwrap())
        .collect();
    for stream in &mut two {
        // A response shows that the connection has been accepted.
        stream
            .write_all(b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
        stream.read_exact(&mut [0; 12]).unwrap();
    }
    let mut third = TcpStream::connect(server.address()).unwrap();
    let mut text = String::new();
    third.read_to_string(&mut text).unwrap();
    assert_eq!(parse(&text).status, 503);
    drop(two);
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let mut again = TcpStream::connect(server.address()).unwrap();
        let request = b"GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let mut response = String::new();
        let _ = again.write_all(request);
        let _ = again.read_to_string(&mut response);
        if response.starts_with("HTTP/1.1 200") {
            return;
        }
    }
    panic!("the permits were not returned");
}

#[test]
fn a_response_that_is_not_read_is_dropped() {
    let server = server(Limits {
        write_timeout: Duration::from_millis(300),
        ..Limits::default()
    });
    let body = rows(200_000);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let head = format!(
        "POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    // The first byte shows that the response has begun; its megabytes are left unread.
    stream.read_exact(&mut [0]).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while metric(&server, "fire_held_bytes") > 0.0 {
        assert!(Instant::now() < deadline, "the response is still in memory");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_body_announced_as_too_long_is_rejected_unread() {
    let limits = Limits {
        body_bytes: 1_000,
        ..Limits::default()
    };
    let server = server(limits);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let head = "POST /invocations HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n\
                content-length: 1001\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(parse(&text).status, 413);
    // A chunked body announces no length, and may never end.
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let head = "POST /invocations HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("190\r\n{}\r\n", "1".repeat(0x190));
    let endless = std::iter::repeat_n(chunk, 1_000);
    for chunk in endless {
        if stream.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(parse(&rest(&mut stream)).status, 413);
    assert_eq!(server.invoke("text/csv", ROW).status, 200);
}

#[test]
fn metrics_can_be_scraped() {
    let server = server(Limits::default());
    server.invoke("text/csv", &rows(3));
    server.invoke("text/csv", "1");
    server.invoke("image/png", "1");
    let scraped = server.request("GET /metrics", &[], b"");
    assert_eq!(scraped.content_type, "text/plain; version=0.0.4");
    for (name, expected) in [
        ("fire_invocations_total{status=\"200\"}", 1.0),
        ("fire_invocations_total{status=\"400\"}", 1.0),
        ("fire_invocations_total{status=\"415\"}", 1.0),
        ("fire_invocations_total{status=\"500\"}", 0.0),
        ("fire_rows_total", 3.0),
        ("fire_invocation_seconds_count", 3.0),
        ("fire_invocation_seconds_bucket{le=\"+Inf\"}", 3.0),
        (
            "fire_body_bytes_total",
            (3 * (ROW.len() + 1) + 1 + 1) as f64,
        ),
        ("fire_connections_refused_total", 0.0),
        ("fire_held_bytes", 0.0),
        ("fire_model_members", 1.0),
    ] {
        assert_eq!(metric(&server, name), expected, "{name}");
    }
    // Only this request's own connection is left once the others have closed.
    let deadline = Instant::now() + Duration::from_secs(20);
    while metric(&server, "fire_connections") != 1.0 {
        assert!(Instant::now() < deadline, "connections are still open");
    }
    for name in ["fire_answer_bytes_total", "fire_connections_total"] {
        assert!(metric(&server, name) > 3.0, "{name}");
    }
}

#[test]
fn execution_parameters_report_the_limits_to_a_batch_transform() {
    let server = server(Limits {
        workers: 2,
        queue: 8,
        ..Limits::default()
    });
    let response = server.request("GET /execution-parameters", &[], b"");
    let expected = json!({
        "MaxConcurrentTransforms": 10, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6,
    });
    assert_eq!(response.json(), expected);
    assert_eq!(server.request("HEAD /ping", &[], b"").status, 200);
}
