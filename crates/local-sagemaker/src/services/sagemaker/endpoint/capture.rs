//! Data capture: writes the requests and responses of an endpoint to S3, in `SageMaker`'s layout.
//!
//! Lines are collected in a file, which is stored as an object about every second. If the server is
//! killed in between, its successor stores the file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::traffic::evenly;
use crate::error::chain;
use crate::machine::clock::Timestamp;
use crate::machine::log;
use crate::protocol::names::S3Uri;
use crate::protocol::validation::Violations;
use crate::services::s3::Storage;

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

    /// Appends a line to those waiting to be stored in `folder`.
    pub(crate) fn append(&self, folder: &Path, endpoint: &str, variant: &str, line: &str) {
        let Some(destination) = self.destination.as_deref().and_then(S3Uri::parse) else {
            return;
        };
        let prefix = destination.below(&format!("{endpoint}/{variant}"));
        if let Err(error) = append_line(folder, variant, &prefix, line) {
            log(&format!(
                "cannot capture a request of endpoint {endpoint}: {error}"
            ));
        }
    }
}

/// Appends a line to the variant's file. The first line of the file is the S3 prefix for the others.
fn append_line(folder: &Path, variant: &str, prefix: &S3Uri, line: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{variant}.jsonl"));
    let mut text = format!("{line}\n");
    if !path.exists() {
        text.insert_str(0, &format!("{prefix}\n"));
    }
    // A single write keeps the lines of concurrent requests apart.
    File::options()
        .create(true)
        .append(true)
        .open(path)?
        .write_all(text.as_bytes())
}

/// Stores all lines waiting in `folder`, as one object per variant.
pub(crate) async fn store(folder: &Path, storage: &Storage) {
    let entries: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    for path in entries {
        if let Err(error) = store_one(&path, storage).await {
            log(&format!(
                "cannot store {} yet: {}",
                path.display(),
                chain(&error)
            ));
        }
    }
}

/// Stores one file. It is renamed first and removed only after it is stored. The object's name is
/// derived from the file's name and content, so storing a file twice creates only one object.
async fn store_one(path: &Path, storage: &Storage) -> io::Result<()> {
    let extension = path
        .extension()
        .and_then(|text| text.to_str())
        .unwrap_or_default();
    let ready = match extension {
        "jsonl" => {
            let ready = path.with_extension(format!("{}-ready", Timestamp::now().millis()));
            fs::rename(path, &ready)?;
            ready
        }
        // Left over from a failed attempt; its source file is still there and is stored instead.
        "body" => return Ok(()),
        _ => path.to_owned(),
    };
    let millis = ready.extension().and_then(|text| text.to_str());
    let millis = millis.and_then(|text| text.strip_suffix("-ready")?.parse().ok());
    let at = Timestamp::from_millis(millis.unwrap_or_default());
    let text = fs::read_to_string(&ready)?;
    let (prefix, lines) = text.split_once('\n').unwrap_or_default();
    if let Some(prefix) = S3Uri::parse(prefix) {
        let body = ready.with_extension("body");
        fs::write(&body, lines)?;
        let name = format!("{}-{}.jsonl", at.utc("%M-%S-%3f"), uuid(lines));
        let target = prefix.below(&format!("{}/{name}", at.utc("%Y/%m/%d/%H")));
        storage.put(&target, &body).await?;
        fs::remove_file(&body)?;
    }
    fs::remove_file(ready)
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

    #[tokio::test]
    async fn waiting_lines_are_stored_exactly_once_after_a_kill() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::for_test(dir.path());
        let folder = dir.path().join("waiting");
        let capture = capture(&json!({}));
        capture.append(&folder, "e", "v", "one");
        // The state after a server was killed between renaming and removing.
        fs::rename(folder.join("v.jsonl"), folder.join("v.1-ready")).unwrap();
        capture.append(&folder, "e", "v", "two");
        capture.append(&folder, "e", "v", "three");
        store(&folder, &storage).await;
        store(&folder, &storage).await;
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        let prefix = S3Uri::parse("s3://bucket/capture/e/v/").unwrap();
        let mut texts: Vec<_> = storage
            .objects(&prefix)
            .unwrap()
            .iter()
            .map(|object| io::read_to_string(storage.reader(&object.uri).unwrap()).unwrap())
            .collect();
        texts.sort();
        assert_eq!(texts, ["one\n", "two\nthree\n"]);
    }
}
