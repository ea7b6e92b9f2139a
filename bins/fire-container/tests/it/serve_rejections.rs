//! Every kind of rejected request, with its status and message.

use fire_container::serve::Limits;
use sensor_model::FEATURE_COUNT;
use serde_json::json;

use crate::server::{Server, for_current_features, predictor, trained};

const ROW: &str = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18";

#[track_caller]
fn check(server: &Server, (content_type, body): (&str, &str), status: u16, message: &str) {
    let response = server.invoke(content_type, body);
    assert_eq!(
        (response.status, response.json()),
        (status, json!({ "error": for_current_features(message) })),
        "{body}"
    );
    assert_eq!(response.content_type, "application/json");
}

#[test]
fn bad_csv_is_reported_with_line_and_column() {
    let server = Server::start();
    let check = |body: &str, message: &str| check(&server, ("text/csv", body), 400, message);
    check("", "the body has no rows; send 18 values per row");
    check("\n\n", "the body has no rows; send 18 values per row");
    check(
        "1,2,3",
        "line 1: a row has 18 values, from t_mean to gas_vel, but this one has 3",
    );
    check(
        &format!("{ROW}\n{ROW}{}\n", ",1".repeat(FEATURE_COUNT - 17)),
        &format!(
            "line 2: a row has 18 values, from t_mean to gas_vel, but this one has {}",
            FEATURE_COUNT + 1
        ),
    );
    check(
        &format!("{ROW}\n\n{ROW}\n"),
        "line 2: a row has 18 values, from t_mean to gas_vel, but this one has 1",
    );
    check(
        &format!("{ROW}\n{}\n", ROW.replace("16", "high")),
        "line 2, column 16 (gas_val): `high` is not a number; write a decimal number, or leave \
         the cell empty for a missing value",
    );
    check(
        &ROW.replace("16", "-inf"),
        "line 1, column 16 (gas_val): `-inf` is not finite; leave the cell empty for a missing value",
    );
    check(
        &ROW.replace("16", "1e39"),
        "line 1, column 16 (gas_val): `1e39` is not finite; leave the cell empty for a missing value",
    );
    check(
        &ROW.replace("16", &"x".repeat(100)),
        &format!(
            "line 1, column 16 (gas_val): `{}…` is not a number; write a decimal number, or leave \
             the cell empty for a missing value",
            "x".repeat(40)
        ),
    );
    check(
        &ROW.replace(',', ";"),
        "line 1: a row has 18 values, from t_mean to gas_vel, but this one has 1",
    );
}

#[test]
fn bad_json_is_reported_with_row_and_column() {
    let server = Server::start();
    let check =
        |body: &str, message: &str| check(&server, ("application/json", body), 400, message);
    check("", "the body has no rows; send 18 values per row");
    check("[]", "the body has no rows; send 18 values per row");
    check(
        "{\"instances\": []}",
        "the body has no rows; send 18 values per row",
    );
    check(
        "[1, 2]",
        "row 1: a row has 18 values, from t_mean to gas_vel, but this one has 2",
    );
    check(
        &format!("[[{ROW}], [1]]"),
        "row 2: a row has 18 values, from t_mean to gas_vel, but this one has 1",
    );
    check(
        &format!("[[{ROW}], 7]"),
        "row 2: `7` is not a row; a row is a list of 18 numbers or an object by feature name",
    );
    check(
        "true",
        "row 1: `true` is not a row; a row is a list of 18 numbers or an object by feature name",
    );
    check(
        &format!("[{}]", ROW.replace("16", "\"16\"")),
        "row 1, column 16 (gas_val): `\"16\"` is not a number; send null for a missing value",
    );
    check(
        &format!("[{}]", ROW.replace("16", "true")),
        "row 1, column 16 (gas_val): `true` is not a number; send null for a missing value",
    );
    check(
        &format!("[{}]", ROW.replace("16", "1e39")),
        "row 1, column 16 (gas_val): `1e39` is too large for a sensor value",
    );
    check(
        &format!("[{}]", ROW.replace("16", "NaN")),
        "the body is not JSON: expected value at line 1 column 38; write null for a missing value",
    );
    check(
        "{\"t_mean\": 1",
        "the body is not JSON: EOF while parsing an object at line 1 column 12",
    );
    check(
        "{\"t_mean\": 1}",
        "row 1: feature t_std is absent; send null for a missing value",
    );
    check("{\"t_meen\": 1}", "row 1: unknown feature `t_meen`");
    check(
        "{\"instances\": 5}",
        "`instances` must be a list of rows, and the only other key can be `explain`",
    );
}

#[test]
fn ambiguous_json_is_rejected() {
    let server = Server::start();
    let check =
        |body: &str, message: &str| check(&server, ("application/json", body), 400, message);
    check(
        "{\"t_mean\": 1, \"t_mean\": 1}",
        "row 1: two values for feature `t_mean`",
    );
    check(
        &format!("{{\"instances\": [{ROW}]}}"),
        "`instances` must be a list of rows, and the only other key can be `explain`",
    );
    check(
        &format!("{{\"instances\": [[{ROW}]], \"more\": 1}}"),
        "`instances` must be a list of rows, and the only other key can be `explain`",
    );
    check(
        &format!("[{ROW}{},[1]]", ",1".repeat(FEATURE_COUNT - 18)),
        &format!(
            "row 1: a row has 18 values, from t_mean to gas_vel, but this one has {}",
            FEATURE_COUNT + 1
        ),
    );
    check(
        &format!("[{}]", ROW.replace("16", "1e400")),
        "row 1, column 16 (gas_val): `1e400` is too large for a sensor value",
    );
    check(
        &format!("[{}]", ROW.replace("16", "[16]")),
        "row 1, column 16 (gas_val): `[16]` is not a number; send null for a missing value",
    );
    check(
        &format!("[{ROW}] [{ROW}]"),
        "the body is not JSON: trailing characters at line 1 column 48",
    );
    check(
        "\u{feff}[1]",
        "the body is not JSON: expected value at line 1 column 1",
    );
}

#[test]
fn bad_json_lines_are_reported_with_the_line() {
    let server = Server::start();
    let check =
        |body: &str, message: &str| check(&server, ("application/jsonlines", body), 400, message);
    check(
        &format!("[{ROW}]\n[1]\n"),
        "line 2: a row has 18 values, from t_mean to gas_vel, but this one has 1",
    );
    check(
        &format!("[{ROW}]\n[{ROW}\n"),
        "line 2 is not JSON: EOF while parsing a list at line 1 column 45",
    );
}

#[test]
fn deep_nesting_is_rejected_cheaply() {
    let server = Server::start();
    let deep = 5_000_000;
    for body in ["[".repeat(deep), "{\"a\":".repeat(deep / 5)] {
        assert_eq!(server.invoke("application/json", &body).status, 400);
        assert_eq!(server.invoke("application/jsonlines", &body).status, 400);
    }
    let closed = "[".repeat(deep) + &"]".repeat(deep);
    check(
        &server,
        ("application/json", &closed),
        400,
        "row 1: a row has 18 values, from t_mean to gas_vel, but this one has 1",
    );
    // Millions of lists must take no more memory than their text.
    let wide = format!("[{}[]]", "[],".repeat(2_000_000));
    assert_eq!(server.invoke("application/json", &wide).status, 400);
}

#[test]
fn too_many_rows_are_rejected_at_the_first_extra_one() {
    let limits = Limits {
        rows: 2,
        ..Limits::default()
    };
    let server = Server::within(limits, predictor(&trained()));
    let message = |place: &str| format!("{place}: too many rows; send at most 2 at once");
    for (media, body, place) in [
        ("text/csv", format!("{ROW}\n{ROW}\n{ROW}"), "line 3"),
        (
            "application/jsonlines",
            format!("[{ROW}]\n[{ROW}]\n[{ROW}]"),
            "line 3",
        ),
        (
            "application/json",
            format!("[[{ROW}],[{ROW}],[{ROW}],[]]"),
            "row 3",
        ),
    ] {
        check(&server, (media, &body), 413, &message(place));
    }
    assert_eq!(
        server.invoke("text/csv", &format!("{ROW}\n{ROW}\n")).status,
        200
    );
}

#[test]
fn extreme_numbers_are_accepted_or_rejected() {
    let server = Server::start();
    let status = |media: &str, value: &str| {
        let row = ROW.replace("16", value);
        let body = if media == "text/csv" {
            row
        } else {
            format!("[{row}]")
        };
        server.invoke(media, &body).status
    };
    for value in ["1e-400", "-0", "1e-45", "3.4028235e38", "-3.4028235e38"] {
        assert_eq!(status("text/csv", value), 200, "{value}");
        assert_eq!(status("application/json", value), 200, "{value}");
    }
    for value in [
        "1e400", "-1e400", "3.5e38", "Infinity", "0x10", "1_000", "１",
    ] {
        assert_eq!(status("text/csv", value), 400, "{value}");
        assert_eq!(status("application/json", value), 400, "{value}");
    }
}

#[test]
fn a_body_that_is_not_utf8_is_rejected() {
    let server = Server::start();
    let headers = [("content-type", "text/csv")];
    let response = server.request("POST /invocations", &headers, b"1,2,\xff");
    assert_eq!(response.status, 400);
    assert_eq!(
        response.json(),
        json!({ "error": "the body is not UTF-8 text (byte 5)" })
    );
}

#[test]
fn an_unknown_content_type_is_rejected() {
    check(
        &Server::start(),
        ("application/x-npy", ROW),
        415,
        "content type `application/x-npy` is not supported; send one of text/csv, \
         application/json, application/jsonlines",
    );
}

#[test]
fn a_body_over_the_limit_is_rejected() {
    let body = " ".repeat(25 * 1024 * 1024 + 1);
    let server = Server::start();
    let response = server.invoke("text/csv", &body);
    assert_eq!(response.status, 413);
    assert_eq!(
        response.json(),
        json!({ "error": "the body is longer than 26214400 bytes; send fewer rows at once" })
    );
    assert_eq!(server.request("GET /ping", &[], b"").status, 200);
}

#[test]
fn other_paths_and_methods_are_rejected() {
    let server = Server::start();
    let check = |line: &str, status: u16, message: &str| {
        let response = server.request(line, &[], b"");
        assert_eq!(
            (response.status, response.json()),
            (status, json!({ "error": for_current_features(message) })),
            "{line}"
        );
    };
    check(
        "GET /",
        404,
        "unknown path /; this endpoint has GET /ping, POST /invocations, GET /metrics and GET \
         /execution-parameters",
    );
    check(
        "GET /invocations",
        405,
        "/invocations does not accept GET; this endpoint has GET /ping, POST /invocations, GET \
         /metrics and GET /execution-parameters",
    );
}
