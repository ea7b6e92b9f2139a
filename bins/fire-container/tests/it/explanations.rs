//! Predictions with explanations: the contribution of each feature.

use ensemble::Algorithm;
use fire_container::serve::Limits;
use sensor_model::Feature;
use serde_json::{Value, json};

use crate::job::{Job, settings};
use crate::server::{Response, Server, predictor};

const ROWS: [&str; 2] = [
    "[25.0,5.0,45.0,40.0,10.0,5.0,2.0,1.0,3.0,1.5,5.0,2.0,30.0,5.0,1.0,450.0,50.0,5.0]",
    "[21.0,null,23.0,22.0,0.0,0.0,1.0,1.0,0.5,0.5,1.0,1.0,22.0,0.1,0.1,410.0,1.0,0.0]",
];

fn server(algorithm: &str, limits: Limits) -> Server {
    let job = Job::with_channels(&settings(algorithm, &[("n_estimators", "20")]));
    assert_eq!(job.train().code, 0);
    Server::within(limits, predictor(&job))
}

/// The rows, followed by `rest`.
fn instances(rest: &str) -> String {
    format!("{{\"instances\": [{}]{rest}}}", ROWS.join(","))
}

fn predictions(response: &Response) -> Vec<Value> {
    assert_eq!(response.status, 200, "{}", response.body);
    response.json()["predictions"].as_array().unwrap().clone()
}

/// Asserts that the explanation adds up to the probability.
fn assert_explained(prediction: &Value) {
    let explanation = &prediction["explanation"];
    let parts = explanation["contributions"].as_object().unwrap();
    let mut names: Vec<_> = parts.keys().map(String::as_str).collect();
    names.sort_unstable();
    let mut expected = Feature::ALL.map(Feature::name);
    expected.sort_unstable();
    assert_eq!(names, expected);
    let sum: f64 = parts.values().map(|part| part.as_f64().unwrap()).sum();
    let output = explanation["base"].as_f64().unwrap() + sum;
    let probability = prediction["fire_probability"].as_f64().unwrap();
    assert!(
        (output - probability).abs() < 1e-9,
        "{output} {probability}"
    );
}

/// The absolute contributions in the order of the text, which parsing would lose.
fn sizes(body: &str) -> Vec<f64> {
    let parts = body.split("\"contributions\":{").nth(1).unwrap();
    let parts = parts.split('}').next().unwrap().split(',');
    let size = |part: &str| {
        part.rsplit(':')
            .next()
            .unwrap()
            .parse::<f64>()
            .unwrap()
            .abs()
    };
    parts.map(size).collect()
}

#[test]
fn explanations_are_added_on_request_and_change_no_prediction() {
    for algorithm in Algorithm::ALL.map(Algorithm::name) {
        let server = server(algorithm, Limits::default());
        let plain = server.invoke("application/json", &instances(""));
        let declined = server.invoke("application/json", &instances(", \"explain\": false"));
        assert_eq!(plain.body, declined.body);
        assert!(!plain.body.contains("explanation"), "{}", plain.body);
        let explained = server.invoke("application/json", &instances(", \"explain\": true"));
        let first = format!("{{\"explain\": true,{}", &instances("")[1..]);
        assert_eq!(
            server.invoke("application/json", &first).body,
            explained.body
        );
        let pairs = predictions(&plain).into_iter().zip(predictions(&explained));
        for (plain, mut explained) in pairs {
            assert_explained(&explained);
            explained.as_object_mut().unwrap().remove("explanation");
            assert_eq!(plain, explained);
        }
        let sizes = sizes(&explained.body);
        assert_eq!(sizes.len(), Feature::ALL.len());
        assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
    }
}

#[test]
fn a_header_requests_explanations_for_any_media_type() {
    let server = server("random_forest", Limits::default());
    let in_body = server.invoke("application/json", &instances(", \"explain\": true"));
    let attributes = ("x-amzn-sagemaker-custom-attributes", "members, explain");
    let csv = ROWS
        .map(|row| row.trim_matches(['[', ']']).replace("null", ""))
        .join("\n");
    let lines = ROWS.join("\n");
    for (content_type, body) in [
        ("text/csv", csv),
        ("application/jsonlines", lines),
        ("application/json", instances("")),
    ] {
        let headers = [("content-type", content_type), attributes];
        let response = server.request("POST /invocations", &headers, body.as_bytes());
        for (mut found, expected) in predictions(&response)
            .into_iter()
            .zip(predictions(&in_body))
        {
            assert!(found["members"]["random_forest"].is_number(), "{found}");
            found.as_object_mut().unwrap().remove("members");
            assert_eq!(found, expected);
        }
        let headers = [headers[0], attributes, ("accept", "application/jsonlines")];
        let response = server.request("POST /invocations", &headers, body.as_bytes());
        for line in response.body.lines() {
            assert_explained(&serde_json::from_str(line).unwrap());
        }
        assert_eq!(response.body.lines().count(), ROWS.len());
    }
}

#[test]
fn requests_that_cannot_be_explained_are_rejected() {
    let limits = Limits {
        explained_rows: 1,
        ..Limits::default()
    };
    let server = server("logistic_regression", limits);
    let check = |body: &str, accept: &str, status: u16, message: &str| {
        let headers = [("content-type", "application/json"), ("accept", accept)];
        let response = server.request("POST /invocations", &headers, body.as_bytes());
        assert_eq!(response.status, status, "{body}: {}", response.body);
        assert_eq!(response.json(), json!({ "error": message }));
    };
    let any = "*/*";
    for word in ["1", "null", "\"true\"", "[true]"] {
        let body = instances(&format!(", \"explain\": {word}"));
        check(&body, any, 400, "`explain` must be true or false");
    }
    let twice = instances(", \"explain\": true, \"explain\": true");
    check(
        &twice,
        any,
        400,
        "`instances` must be a list of rows, and the only other key can be `explain`",
    );
    check(
        "{\"explain\": true}",
        any,
        400,
        "row 1: unknown feature `explain`",
    );
    check(
        &instances(", \"explain\": true"),
        any,
        413,
        "row 2: too many rows; send at most 1 at once with explanations",
    );
    let one = format!("{{\"instances\": [{}], \"explain\": true}}", ROWS[0]);
    check(
        &one,
        "text/csv",
        406,
        "text/csv cannot hold explanations; accept application/json or application/jsonlines",
    );
    assert_eq!(server.invoke("application/json", &one).status, 200);
    assert_eq!(
        server.invoke("application/json", &instances("")).status,
        200
    );
}

#[test]
fn requests_with_explanations_are_queued_like_large_ones() {
    let limits = Limits {
        workers: 0,
        queue: 0,
        ..Limits::default()
    };
    let server = server("logistic_regression", limits);
    let explained = instances(", \"explain\": true");
    assert_eq!(server.invoke("application/json", &explained).status, 503);
    assert_eq!(
        server.invoke("application/json", &instances("")).status,
        200
    );
}
