//! Data capture: writes the requests and responses of an endpoint to S3, in `SageMaker`'s layout.
//!
//! The lines for requests and responses are collected in files (`queue`), which are stored as objects about
//! every second. If the server is killed in between, its successor stores the files.

mod queue;

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::traffic::evenly;
use crate::machine::clock::Timestamp;
use crate::protocol::ApiError;
use crate::protocol::names::S3Uri;
use crate::protocol::validation::Violations;

pub(crate) use queue::CaptureQueue;

/// Maximum length of a key in S3, in bytes of UTF-8.
const MAX_KEY: usize = 1024;

/// `DataCaptureConfig`: which requests and responses to capture, and where to store them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Capture {
    /// Whether capture is on; it can be switched off without removing the other settings.
    #[serde(default, rename = "EnableCapture")]
    enabled: bool,
    /// The percentage of requests to capture.
    #[serde(rename = "InitialSamplingPercentage")]
    percentage: Option<i64>,
    /// The prefix of all captured objects.
    #[serde(rename = "DestinationS3Uri")]
    destination: Option<String>,
    /// The key for encryption on AWS; objects are not encrypted here.
    #[serde(default, rename = "KmsKeyId")]
    key: String,
    /// Whether to capture requests, responses or both.
    #[serde(default, rename = "CaptureOptions")]
    options: Vec<CaptureOption>,
    /// The media types that are written as text.
    #[serde(default, rename = "CaptureContentTypeHeader")]
    types: TextTypes,
}

/// `CaptureOption`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CaptureOption {
    /// `Input`, `Output` or `InputAndOutput`.
    capture_mode: String,
}

/// `CaptureContentTypeHeader`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TextTypes {
    /// Written as CSV.
    #[serde(default)]
    csv_content_types: Vec<String>,
    /// Written as JSON.
    #[serde(default)]
    json_content_types: Vec<String>,
}

/// One request with its response.
pub(crate) struct Exchange<'a> {
    /// The headers of the request.
    pub(crate) headers: &'a HeaderMap,
    /// The body of the request.
    pub(crate) input: &'a [u8],
    /// The media type of the response.
    pub(crate) output_type: &'a str,
    /// The body of the response.
    pub(crate) output: &'a [u8],
}

/// Number of events so far, which makes their ids unique.
static EVENTS: AtomicU64 = AtomicU64::new(0);

impl Capture {
    /// Reports a destination that is not in S3; the service's model covers the rest.
    pub(crate) fn check(&self, found: &mut Violations) {
        let destination = self.destination.as_deref().unwrap_or_default();
        found.s3_uri("dataCaptureConfig.destinationS3Uri", destination);
    }

    /// `DataCaptureConfigSummary`.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "EnableCapture": self.enabled,
            "CaptureStatus": if self.enabled { "Started" } else { "Stopped" },
            "CurrentSamplingPercentage": self.percentage,
            "DestinationS3Uri": self.destination,
            "KmsKeyId": self.key,
        })
    }

    /// Whether to capture request number `request`.
    pub(crate) fn samples(&self, request: u64) -> bool {
        let percentage = self.percentage.unwrap_or(0) as f64;
        self.enabled && evenly(request) * 100.0 < percentage
    }

    /// The JSON line for one exchange.
    pub(crate) fn line(&self, exchange: &Exchange<'_>, now: Timestamp) -> String {
        let header = |name: &str| {
            exchange
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let side = |mode: &str| {
            let includes_side = |option: &CaptureOption| {
                option.capture_mode == mode || option.capture_mode == "InputAndOutput"
            };
            self.options.iter().any(includes_side)
        };
        let mut data = json!({});
        if side("Input") {
            let content_type = header("content-type").unwrap_or("application/octet-stream");
            data["endpointInput"] = self.side("INPUT", content_type, exchange.input);
        }
        if side("Output") {
            data["endpointOutput"] = self.side("OUTPUT", exchange.output_type, exchange.output);
        }
        let mut metadata = json!({"eventId": event_id(now), "inferenceTime": now.iso()});
        if let Some(id) = header("x-amzn-sagemaker-inference-id") {
            metadata["inferenceId"] = id.into();
        }
        if let Some(attributes) = header("x-amzn-sagemaker-custom-attributes") {
            metadata["customAttributes"] = json!([attributes]);
        }
        json!({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}).to_string()
    }

    /// One side of an exchange. Anything but UTF-8 text of a listed media type is base64-encoded.
    fn side(&self, mode: &str, content_type: &str, body: &[u8]) -> Value {
        let is = |types: &[String]| {
            let own = content_type.split(';').next().unwrap_or_default().trim();
            types.iter().any(|listed| listed.eq_ignore_ascii_case(own))
        };
        let encoding = if is(&self.types.csv_content_types) {
            "CSV"
        } else if is(&self.types.json_content_types) {
            "JSON"
        } else {
            "BASE64"
        };
        let text = std::str::from_utf8(body)
            .ok()
            .filter(|_| encoding != "BASE64");
        let (data, encoding) = match text {
            Some(text) => (text.to_owned(), encoding),
            None => (STANDARD.encode(body), "BASE64"),
        };
        json!({"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding})
    }

    /// The prefix of the objects of one variant; `None` only if the destination is missing.
    pub(crate) fn prefix(&self, endpoint: &str, variant: &str) -> Option<S3Uri> {
        let destination = S3Uri::parse(self.destination.as_deref()?)?;
        Some(destination.below(&format!("{endpoint}/{variant}")))
    }

    /// Rejects a destination that leaves too little room for the rest of the keys: the names of the endpoint
    /// and of the variants, the date, and the file's name.
    pub(crate) fn check_keys<'a>(
        &self,
        endpoint: &str,
        variants: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), ApiError> {
        for variant in variants {
            let Some(prefix) = self.prefix(endpoint, variant) else {
                continue;
            };
            // All dates and names have the same length.
            let length = object(&prefix, Timestamp::from_millis(0), "").key.len();
            if length > MAX_KEY {
                let own = self.destination.as_deref().and_then(S3Uri::parse);
                let own = own.map_or(0, |own| own.key.trim_end_matches('/').len());
                return Err(ApiError::validation(format!(
                    "DataCaptureConfig.DestinationS3Uri has a key prefix of {own} bytes in UTF-8; it may have at most \
                     {} bytes, because the endpoint name, variant name {variant}, date and file name are added to it, \
                     and keys in S3 have at most {MAX_KEY} bytes.",
                    own.saturating_sub(length - MAX_KEY)
                )));
            }
        }
        Ok(())
    }
}

/// The object for lines that were set aside at this time. Its name is derived from the lines.
fn object(prefix: &S3Uri, at: Timestamp, lines: &str) -> S3Uri {
    let name = format!("{}-{}.jsonl", at.utc("%M-%S-%3f"), uuid(lines));
    prefix.below(&format!("{}/{name}", at.utc("%Y/%m/%d/%H")))
}

/// A unique id.
fn event_id(now: Timestamp) -> String {
    let number = EVENTS.fetch_add(1, Ordering::Relaxed);
    uuid(&format!("{} {} {number}", now.millis(), std::process::id()))
}

/// An id in UUID format, derived from a hash of the text.
fn uuid(text: &str) -> String {
    let hex = hex::encode(Sha256::digest(text));
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..32]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(changes: &Value) -> Capture {
        let mut config = json!({
            "EnableCapture": true,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://bucket/capture",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        });
        for (member, value) in changes.as_object().unwrap() {
            config[member] = value.clone();
        }
        serde_json::from_value(config).unwrap()
    }

    #[test]
    fn captured_lines_have_the_format_of_the_service() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "text/csv".parse().unwrap());
        headers.insert("x-amzn-sagemaker-inference-id", "7".parse().unwrap());
        let exchange = Exchange {
            headers: &headers,
            input: b"1,2",
            output_type: "application/json; charset=utf-8",
            output: b"{\"a\":1}",
        };
        let now = Timestamp::from_millis(1_700_000_000_000);
        let line: Value = serde_json::from_str(&capture(&json!({})).line(&exchange, now)).unwrap();
        assert_eq!(
            line["captureData"],
            json!({
                "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"},
                "endpointOutput": {"observedContentType": "application/json; charset=utf-8", "mode": "OUTPUT",
                    "data": "{\"a\":1}", "encoding": "JSON"},
            })
        );
        assert_eq!(
            line["eventMetadata"]["inferenceTime"],
            "2023-11-14T22:13:20Z"
        );
        assert_eq!(line["eventMetadata"]["inferenceId"], "7");
        assert_eq!(line["eventMetadata"]["eventId"].as_str().unwrap().len(), 36);
        let plain = capture(
            &json!({"CaptureContentTypeHeader": {}, "CaptureOptions": [{"CaptureMode": "Input"}]}),
        );
        let line: Value = serde_json::from_str(&plain.line(&exchange, now)).unwrap();
        assert_eq!(line["captureData"]["endpointInput"]["data"], "MSwy");
        assert!(line["captureData"].get("endpointOutput").is_none());
    }

    #[test]
    fn the_sampling_percentage_is_respected() {
        for (changes, expected) in [
            (json!({"InitialSamplingPercentage": 100}), 1000),
            (json!({"InitialSamplingPercentage": 20}), 200),
            (json!({"InitialSamplingPercentage": 0}), 0),
            (json!({"EnableCapture": false}), 0),
        ] {
            let capture = capture(&changes);
            let taken = (0..1000)
                .filter(|request| capture.samples(*request))
                .count();
            assert!(taken.abs_diff(expected) <= 5, "{changes}: {taken}");
        }
    }

    #[test]
    fn destinations_must_leave_room_for_the_rest_of_the_key() {
        // Slash, endpoint, slash, variant, and /2023/11/14/22/13-20-000-UUID.jsonl.
        let rest = |endpoint: &str, variant: &str| 1 + endpoint.len() + 1 + variant.len() + 67;
        for (letter, endpoint, variant) in [
            ("a", "e", "v"),
            ("a", "flir-scd41-best-model-endpoint", "AllTraffic"),
            ("\u{e4}", "e", "variant"),
            ("\u{1f525}", "e", "v"),
        ] {
            let most = MAX_KEY - rest(endpoint, variant);
            let fits = letter.repeat(most / letter.len());
            for (prefix, slashes, expected) in [
                (fits.clone(), "", true),
                (fits.clone(), "//", true),
                (format!("{fits}{letter}"), "", false),
            ] {
                let uri = format!("s3://bucket/{prefix}{slashes}");
                let capture = capture(&json!({"DestinationS3Uri": uri}));
                let checked = capture.check_keys(endpoint, ["w", variant]);
                assert_eq!(checked.is_ok(), expected, "{letter} {endpoint}");
                if let Err(error) = checked {
                    let says = format!("at most {most} bytes, because");
                    assert!(error.message().contains(&says), "{}", error.message());
                    let says = format!("a key prefix of {} bytes", prefix.len());
                    assert!(error.message().contains(&says), "{}", error.message());
                }
            }
        }
    }
}
