//! The formats of requests and responses.

use std::io::{Read, Write};
use std::net::TcpStream;

use ensemble::artifact::{Artifact, FeatureRange};
use sensor_model::{FEATURE_COUNT, Feature, REQUIRED_COUNT, Rows, fingerprint};
use serde_json::{Map, Value, json};

use crate::job::rows;
use crate::server::{Server, predictor, trained, trained_on_rooms};

/// The documented request.
const SAMPLE: &str =
    "25.0,5.0,45.0,40.0,10.0,5.0,2.0,1.0,3.0,1.5,5.0,2.0,30.0,5.0,1.0,450.0,50.0,5.0";

/// A server, and its artifact for predictions in this process.
fn server() -> (Server, Artifact) {
    let job = trained();
    let bytes = std::fs::read(job.path("model/model.bin")).unwrap();
    let artifact = Artifact::from_bytes(&bytes, fingerprint()).unwrap();
    (Server::of(predictor(&job)), artifact)
}

/// The documented request as the model sees it: newer features are missing.
fn sample() -> Vec<f32> {
    let cells = SAMPLE.split(',').map(|cell| cell.parse().unwrap());
    let mut row: Vec<f32> = cells.collect();
    row.resize(FEATURE_COUNT, f32::NAN);
    row
}

fn csv(rows: &Rows) -> String {
    let line = |i| {
        let cells = rows.row(i).iter();
        cells
            .map(|v| {
                if v.is_nan() {
                    String::new()
                } else {
                    v.to_string()
                }
            })
            .collect::<Vec<_>>()
    };
    (0..rows.len()).map(|i| line(i).join(",") + "\n").collect()
}

#[test]
fn ping_returns_an_empty_200() {
    let response = Server::start().request("GET /ping", &[], b"");
    assert_eq!((response.status, response.body.as_str()), (200, ""));
}

#[test]
fn the_documented_request_gets_a_json_response() {
    let (server, artifact) = server();
    let response = server.invoke("text/csv", SAMPLE);
    assert_eq!(
        (response.status, response.content_type.as_str()),
        (200, "application/json")
    );
    let probability = artifact.predict_row(&sample());
    let detected = probability >= artifact.threshold;
    let expected = format!(
        r#"{{"predictions":[{{"fire_probability":{probability},"fire_detected":{detected}}}]}}"#
    );
    assert_eq!(response.body, expected);
}

#[test]
fn every_request_format_gives_the_same_row() {
    let (server, artifact) = server();
    let list = format!("[{SAMPLE}]");
    let named: Map<String, Value> = Feature::ALL
        .into_iter()
        .zip(sample())
        .map(|(feature, value)| (feature.name().to_owned(), json!(value)))
        .collect();
    let named = Value::Object(named).to_string();
    let forms = [
        ("text/csv", format!("{SAMPLE}\n")),
        ("text/csv; charset=utf-8", format!("{SAMPLE}\r\n\r\n")),
        ("TEXT/CSV", SAMPLE.replace(',', " , ")),
        ("application/json", list.clone()),
        ("application/json", format!("[{list}]")),
        ("application/json", format!("{{\"instances\": [{list}]}}")),
        ("application/json", format!("{{\"instances\": [{named}]}}")),
        ("application/json", named.clone()),
        ("application/json", format!("[{named}]")),
        ("application/jsonlines", format!("{list}\n")),
        ("application/jsonlines", named),
    ];
    for (content_type, body) in forms {
        let response = server.invoke(content_type, &body);
        assert_eq!(response.status, 200, "{body}: {}", response.body);
        response.assert_probabilities(&[artifact.predict_row(&sample())]);
    }
    let untyped = server.request("POST /invocations", &[], SAMPLE.as_bytes());
    untyped.assert_probabilities(&[artifact.predict_row(&sample())]);
}

#[test]
fn the_response_has_the_accepted_media_type() {
    let (server, artifact) = server();
    let probability = artifact.predict_row(&sample());
    let body = format!("{SAMPLE}\n{SAMPLE}\n");
    let accepting = |accept: &str| {
        let headers = [("content-type", "text/csv"), ("accept", accept)];
        server.request("POST /invocations", &headers, body.as_bytes())
    };
    let csv = accepting("text/csv");
    assert_eq!(
        (csv.content_type.as_str(), csv.body),
        ("text/csv", format!("{probability}\n{probability}\n"))
    );
    let lines = accepting("application/jsonlines");
    assert_eq!(lines.content_type, "application/jsonlines");
    let parsed: Vec<Value> = lines
        .body
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(parsed.len(), 2);
    assert!(parsed[1]["fire_probability"].is_f64());
    assert_eq!(accepting("*/*").content_type, "application/json");
    assert_eq!(accepting("image/png").status, 406);
}

#[test]
fn a_batch_transform_gets_one_line_per_row() {
    let server = Server::of(predictor(&trained()).for_batches());
    let response = server.invoke("text/csv", &format!("{SAMPLE}\n{SAMPLE}\n{SAMPLE}\n"));
    assert_eq!(response.content_type, "application/jsonlines");
    assert_eq!(response.body.lines().count(), 3);
}

#[test]
fn predictions_are_in_the_order_of_the_rows() {
    let (server, artifact) = server();
    let rows = rows(5_000..6_500);
    let response = server.invoke("text/csv", &csv(&rows));
    let expected: Vec<f64> = (0..rows.len())
        .map(|i| artifact.predict_row(rows.row(i)))
        .collect();
    response.assert_probabilities(&expected);
}

#[test]
fn empty_cells_nan_and_null_are_missing_values() {
    let (server, artifact) = server();
    let mut row = sample();
    row[0] = f32::NAN;
    row[17] = f32::NAN;
    let expected = [artifact.predict_row(&row)];
    let inner = SAMPLE
        .strip_prefix("25.0,")
        .unwrap()
        .strip_suffix(",5.0")
        .unwrap();
    for (content_type, body) in [
        ("text/csv", format!(",{inner},")),
        ("text/csv", format!("NaN,{inner},nan\n")),
        ("application/json", format!("[null,{inner},null]")),
    ] {
        let response = server.invoke(content_type, &body);
        assert_eq!(response.status, 200, "{}", response.body);
        response.assert_probabilities(&expected);
    }
    let nothing = server.invoke("text/csv", &",".repeat(17));
    nothing.assert_probabilities(&[artifact.predict_row(&[f32::NAN; FEATURE_COUNT])]);
}

#[test]
fn values_outside_the_training_range_get_a_warning() {
    let (server, artifact) = server();
    let range = &artifact.features[15];
    let far = SAMPLE.replace("450.0", "4900");
    let response = server
        .invoke("text/csv", &format!("{far}\n{SAMPLE}\n"))
        .json();
    let expected = format!(
        "gas_val = 4900 is outside the range seen in training, {} to {}",
        range.min, range.max
    );
    assert_eq!(response["predictions"][0]["warnings"], json!([expected]));
    assert!(response["predictions"][1].get("warnings").is_none());
}

#[test]
fn a_missing_value_gets_a_warning_if_training_had_none() {
    let (server, artifact) = server();
    let never_missing = |feature: Feature| !artifact.features[feature.index()].missing;
    assert!(never_missing(Feature::GasVal));
    let row = SAMPLE.replace("450.0", "");
    let response = server.invoke("text/csv", &row).json();
    let expected = "gas_val is missing, which it never was in training";
    assert_eq!(response["predictions"][0]["warnings"], json!([expected]));
}

#[test]
fn the_documented_request_is_outside_the_range_of_simulated_rooms() {
    let job = trained_on_rooms();
    let bytes = std::fs::read(job.path("model/model.bin")).unwrap();
    let artifact = Artifact::from_bytes(&bytes, fingerprint()).unwrap();
    let server = Server::of(predictor(&job));
    let response = server.invoke("text/csv", SAMPLE).json();
    let prediction = &response["predictions"][0];
    let ranges = artifact.features.iter().zip(sample());
    let outside: Vec<_> = ranges
        .filter(|(range, value)| value < &range.min || value > &range.max)
        .map(|(FeatureRange { name, min, max, .. }, value)| {
            format!("{name} = {value} is outside the range seen in training, {min} to {max}")
        })
        .collect();
    // Features newer than the documented request are missing from it.
    let newer = artifact.features[REQUIRED_COUNT..].iter();
    let absent = newer.filter(|range| !range.missing);
    let absent = absent.map(|FeatureRange { name, .. }| {
        format!("{name} is missing, which it never was in training")
    });
    let outside: Vec<String> = outside.into_iter().chain(absent).collect();
    assert_eq!(prediction["warnings"], json!(outside));
    // A mean this large over the whole image indicates a moving camera.
    assert!(
        outside
            .iter()
            .any(|warning| warning.starts_with("flow_mag_mean = 5 ")),
        "{outside:?}"
    );
    let seen = artifact.predict_row(&sample());
    assert_eq!(prediction["fire_detected"], seen >= artifact.threshold);

    let headers = [("content-type", "text/csv"), ("accept", "text/csv")];
    let plain = server.request("POST /invocations", &headers, SAMPLE.as_bytes());
    assert_eq!(plain.body, format!("{seen}\n"));
}

#[test]
fn member_probabilities_are_added_on_request() {
    let (server, _) = server();
    let headers = [
        ("content-type", "text/csv"),
        ("X-Amzn-SageMaker-Custom-Attributes", "members"),
    ];
    let response = server
        .request("POST /invocations", &headers, SAMPLE.as_bytes())
        .json();
    let prediction = &response["predictions"][0];
    assert_eq!(
        prediction["members"],
        json!({ "logistic_regression": prediction["fire_probability"] })
    );
}

#[test]
fn an_open_request_gets_its_response_before_shutdown() {
    let (mut server, _) = server();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let length = SAMPLE.len();
    let head = format!(
        "POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\n\
         expect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server asks for the body once it begins to handle the request.
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.stop();
    stream.write_all(SAMPLE.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("fire_probability"), "{response}");
}

#[test]
fn unknown_headers_are_ignored() {
    let (server, _) = server();
    let plain = server.invoke("text/csv", SAMPLE);
    let headers = [
        ("content-type", "text/csv"),
        ("X-Amzn-SageMaker-Custom-Attributes", "trace=7"),
        ("X-Amzn-SageMaker-Target-Model", "other.tar.gz"),
        ("X-Amzn-SageMaker-Target-Variant", "AllTraffic"),
        ("X-Amzn-SageMaker-Target-Container-Hostname", "fire"),
        ("X-Amzn-SageMaker-Enable-Explanations", "`true`"),
        ("X-Amzn-SageMaker-Inference-Component", "component"),
        ("X-Amzn-SageMaker-Session-Id", "NEW_SESSION"),
        ("X-Forwarded-For", "10.0.0.1"),
    ];
    let response = server.request("POST /invocations", &headers, SAMPLE.as_bytes());
    assert_eq!((response.status, response.body), (200, plain.body));
}
