//! Malformed HTTP on raw sockets: each gets 4xx with a reason.

use std::io::Write;
use std::net::Shutdown;

use crate::server::{Server, parse, rest};

const ROW: &str = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18";

/// The response to `bytes`, after which the client closes its sending half.
fn respond(server: &Server, bytes: &[u8]) -> String {
    let mut stream = server.connect();
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    rest(&mut stream)
}

#[track_caller]
fn check(server: &Server, bytes: &[u8], status: u16, reason: &str) {
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(100)]);
    let response = respond(server, bytes);
    assert!(!response.is_empty(), "no response to {shown}");
    let response = parse(&response);
    assert_eq!(response.status, status, "{shown}: {}", response.body);
    assert_eq!(response.content_type, "application/json");
    let head = &response.head;
    assert!(head.contains("x-request-id: ") && head.contains("connection: close"));
    let error = response.json();
    let error = error["error"].as_str().unwrap();
    assert!(error.contains(reason), "{shown}: {error}");
    server.assert_alive();
}

#[test]
fn a_malformed_head_gets_4xx_with_the_reason() {
    let server = Server::start();
    let get = |rest: &str| format!("GET /ping HTTP/1.1\r\n{rest}\r\n").into_bytes();
    let post = |rest: &str| format!("POST /invocations HTTP/1.1\r\n{rest}\r\n{ROW}").into_bytes();
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    for (bytes, reason) in [
        (tls, "invalid HTTP method"),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec(),
            "invalid HTTP method",
        ),
        (b"\0\0\0\0\r\n\r\n".to_vec(), "invalid HTTP method"),
        (
            b"GET /ping HTTP/9.9\r\n\r\n".to_vec(),
            "invalid HTTP version",
        ),
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            "found HTTP2 preface",
        ),
        (b"GET /a b HTTP/1.1\r\n\r\n".to_vec(), "invalid"),
        (get("no colon\r\n"), "invalid HTTP header"),
        (get("a: \u{0}\r\n"), "invalid HTTP header"),
        (post("content-length: -1\r\n"), "invalid content-length"),
        (
            post("content-length: 1\r\ncontent-length: 2\r\n"),
            "invalid content-length",
        ),
        (
            post("transfer-encoding: gzip\r\n"),
            "invalid transfer-encoding",
        ),
        (b"GET /ping HTT".to_vec(), "the request head is incomplete"),
        (
            b"GET /ping HTTP/1.1\r\nhost: x\r\n".to_vec(),
            "the request head is incomplete",
        ),
    ] {
        check(&server, &bytes, 400, reason);
    }
}

#[test]
fn an_oversized_head_gets_4xx_with_the_reason() {
    let server = Server::start();
    let with = |count: usize| format!("GET /ping HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(count));
    assert_eq!(parse(&respond(&server, with(100).as_bytes())).status, 200);
    check(&server, with(101).as_bytes(), 431, "head is too large");
    check(&server, with(100_000).as_bytes(), 431, "head is too large");
    let long = format!("GET /ping HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1_000_000));
    check(&server, long.as_bytes(), 431, "head is too large");
    let path = format!("GET /{} HTTP/1.1\r\n\r\n", "p".repeat(70_000));
    check(&server, path.as_bytes(), 414, "URI too long");
    // hyper rejects an impossible content-length as too large, too.
    let length = format!(
        "POST /invocations HTTP/1.1\r\ncontent-length: {}\r\n\r\n",
        u64::MAX
    );
    check(&server, length.as_bytes(), 431, "a smaller content-length");
}

#[test]
fn invalid_or_incomplete_chunks_get_400_with_the_reason() {
    let server = Server::start();
    let head = "POST /invocations HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
    let trailers = format!("1\r\n1\r\n0\r\n{}\r\n", "x: y\r\n".repeat(2_000));
    for chunks in [
        "zz\r\n1\r\n0\r\n\r\n",
        "\r\n1\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n1",
        "3\r\n1,2,3\r\n0\r\n\r\n",
        "3\n1,2\r\n0\r\n\r\n",
        "3\r\n1,",
        "3\r\n1,2\r\n0\r\n",
        "3;x\u{0}\n\r\n1,2\r\n0\r\n\r\n",
        &trailers,
    ] {
        let bytes = format!("{head}{chunks}");
        check(
            &server,
            bytes.as_bytes(),
            400,
            "the body is incomplete or invalid: ",
        );
    }
    let cut = format!("POST /invocations HTTP/1.1\r\ncontent-length: 50\r\n\r\n{ROW}");
    check(
        &server,
        cut.as_bytes(),
        400,
        "the body is incomplete or invalid: ",
    );
}

/// The statuses of all responses. Only status lines count, because bodies may mention the protocol as well.
fn statuses(all: &str) -> Vec<&str> {
    let versions = all.match_indices("HTTP/1.");
    versions
        .filter_map(|(at, _)| all[at + 8..].strip_prefix(' ')?.get(..3))
        .filter(|status| status.bytes().all(|byte| byte.is_ascii_digit()))
        .collect()
}

#[test]
fn pending_responses_precede_the_one_to_a_malformed_head() {
    let server = Server::start();
    let length = ROW.len();
    let good = format!("POST /invocations HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{ROW}");
    let all = respond(&server, format!("{good}{good}\0").as_bytes());
    assert_eq!(statuses(&all), ["200", "200", "400"], "{all}");
    // Bytes beyond a body's announced length are parsed as the next head.
    let long = respond(&server, format!("{good}19\r\n\r\n").as_bytes());
    assert!(long.contains("HTTP/1.1 400 "), "{long}");
}

#[test]
fn every_corrupted_byte_gets_a_response_other_than_5xx() {
    let server = Server::start();
    let length = ROW.len();
    let good = format!(
        "POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\naccept: text/csv\r\n\
         content-length: {length}\r\n\r\n{ROW}"
    );
    for at in 0..good.len() {
        for put in [&b""[..], b"\0", b"\n", b" ", b"9", b"\xff", b"::"] {
            let mut bytes = good.clone().into_bytes();
            drop(bytes.splice(at..=at, put.iter().copied()));
            let all = respond(&server, &bytes);
            let statuses = statuses(&all);
            let known = |status: &&str| ["2", "4"].contains(&&status[..1]);
            assert!(
                !statuses.is_empty() && statuses.iter().all(known),
                "{put:?} at {at}: {all}"
            );
        }
    }
    server.assert_alive();
}
