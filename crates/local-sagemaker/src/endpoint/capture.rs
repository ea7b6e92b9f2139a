//! Data capture: what is asked of an endpoint and what it answers, written down in S3 in
//! `SageMaker`'s layout.
//!
//! Lines are gathered in a file of the endpoint and stored as one object each second or so; a
//! server that is killed in between finds the file at its next start.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fleet::evenly;
use crate::clock::Stamp;
use crate::digest::sha256;
use crate::error::chain;
use crate::log;
use crate::names::{S3Uri, Violations};
use crate::s3::Storage;

/// What is written down of one deployment's requests and answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Capture {
    /// Whether anything is; a configuration may keep its settings and be off.
    #[serde(default, rename = "EnableCapture")]
    enabled: bool,
    /// Of how many requests in a hundred.
    #[serde(rename = "InitialSamplingPercentage")]
    percentage: Option<i64>,
    /// The prefix of everything.
    #[serde(rename = "DestinationS3Uri")]
    destination: Option<String>,
    /// Which sides.
    #[serde(default, rename = "CaptureOptions")]
    options: Vec<CaptureOption>,
    /// Which media types are written down as text.
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
    /// Written down as CSV.
    #[serde(default)]
    csv_content_types: Vec<String>,
    /// Written down as JSON.
    #[serde(default)]
    json_content_types: Vec<String>,
}

/// One request with its answer.
pub(crate) struct Exchange<'a> {
    /// The headers of the request.
    pub(crate) headers: &'a HeaderMap,
    /// Its body.
    pub(crate) input: &'a [u8],
    /// The media type of the answer.
    pub(crate) output_type: &'a str,
    /// The answer.
    pub(crate) output: &'a [u8],
}

/// Numbers for what must be unique.
static EVENTS: AtomicU64 = AtomicU64::new(0);

impl Capture {
    /// Notes what AWS would refuse.
    pub(crate) fn note(&self, found: &mut Violations) {
        let path = "dataCaptureConfig";
        found.s3_uri(
            &format!("{path}.destinationS3Uri"),
            self.destination.as_deref(),
        );
        match self.percentage {
            None => found.missing(&format!("{path}.initialSamplingPercentage")),
            Some(percentage) => {
                found.range(
                    &format!("{path}.initialSamplingPercentage"),
                    percentage,
                    0,
                    100,
                );
            }
        }
        if self.options.is_empty() {
            found.missing(&format!("{path}.captureOptions"));
        }
        for (index, option) in self.options.iter().enumerate() {
            let path = format!("{path}.captureOptions.{}.member.captureMode", index + 1);
            found.one_of(
                &path,
                &option.capture_mode,
                &["Input", "Output", "InputAndOutput"],
            );
        }
    }

    /// `DataCaptureConfigSummary`.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "EnableCapture": self.enabled,
            "CaptureStatus": if self.enabled { "Started" } else { "Stopped" },
            "CurrentSamplingPercentage": self.percentage,
            "DestinationS3Uri": self.destination,
            "KmsKeyId": "",
        })
    }

    /// Whether request number `request` is written down.
    pub(crate) fn takes(&self, request: u64) -> bool {
        let percentage = self.percentage.unwrap_or(0) as f64;
        self.enabled && evenly(request) * 100.0 < percentage
    }

    /// The line of one exchange.
    pub(crate) fn line(&self, exchange: &Exchange<'_>, now: Stamp) -> String {
        let header = |name: &str| {
            exchange
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let side = |mode: &str| {
            let wanted = |option: &CaptureOption| {
                option.capture_mode == mode || option.capture_mode == "InputAndOutput"
            };
            self.options.iter().any(wanted)
        };
        let mut data = json!({});
        if side("Input") {
            let kind = header("content-type").unwrap_or("application/octet-stream");
            data["endpointInput"] = self.side("INPUT", kind, exchange.input);
        }
        if side("Output") {
            data["endpointOutput"] = self.side("OUTPUT", exchange.output_type, exchange.output);
        }
        let mut metadata = json!({"eventId": unique(now), "inferenceTime": now.iso()});
        if let Some(id) = header("x-amzn-sagemaker-inference-id") {
            metadata["inferenceId"] = id.into();
        }
        if let Some(attributes) = header("x-amzn-sagemaker-custom-attributes") {
            metadata["customAttributes"] = json!([attributes]);
        }
        json!({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}).to_string()
    }

    /// One side of an exchange; what is no text is written down in base64.
    fn side(&self, mode: &str, kind: &str, body: &[u8]) -> Value {
        let is = |types: &[String]| {
            let own = kind.split(';').next().unwrap_or_default().trim();
            types.iter().any(|text| text.eq_ignore_ascii_case(own))
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
        json!({"observedContentType": kind, "mode": mode, "data": data, "encoding": encoding})
    }

    /// Adds a line to what waits to be stored below `folder`.
    pub(crate) fn keep(&self, folder: &Path, (endpoint, variant): (&str, &str), line: &str) {
        let Some(destination) = self.destination.as_deref().and_then(S3Uri::parse) else {
            return;
        };
        let prefix = destination.below(&format!("{endpoint}/{variant}"));
        let kept = keep(folder, variant, &prefix, line);
        if let Err(error) = kept {
            log::line(&format!(
                "a captured request of endpoint {endpoint} is lost: {error}"
            ));
        }
    }
}

/// Appends a line to the variant's file. The first line says where the others belong.
fn keep(folder: &Path, variant: &str, prefix: &S3Uri, line: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{variant}.jsonl"));
    let mut text = format!("{line}\n");
    if !path.exists() {
        text.insert_str(0, &format!("{prefix}\n"));
    }
    // One write: lines of requests that are answered at once do not mix.
    File::options()
        .create(true)
        .append(true)
        .open(path)?
        .write_all(text.as_bytes())
}

/// Stores everything that waits below `folder`, one object for each variant.
pub(crate) async fn store(folder: &Path, storage: &Storage) {
    let entries: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    for path in entries {
        if let Err(error) = store_one(&path, storage).await {
            log::line(&format!(
                "{} is not stored yet: {}",
                path.display(),
                chain(&error)
            ));
        }
    }
}

/// Stores one file. It is moved out of the way first, and only removed once it is stored; the
/// object's name follows from the file, so one that is stored twice is one object.
async fn store_one(path: &Path, storage: &Storage) -> io::Result<()> {
    let extension = path
        .extension()
        .and_then(|text| text.to_str())
        .unwrap_or_default();
    let ready = match extension {
        "jsonl" => {
            let ready = path.with_extension(format!("{}-ready", Stamp::now().millis()));
            fs::rename(path, &ready)?;
            ready
        }
        // What an earlier attempt was about to store; its source is still there.
        "body" => return Ok(()),
        _ => path.to_owned(),
    };
    let millis = ready.extension().and_then(|text| text.to_str());
    let millis = millis.and_then(|text| text.strip_suffix("-ready")?.parse().ok());
    let at = Stamp::from_millis(millis.unwrap_or_default());
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

/// An id which no other event has.
fn unique(now: Stamp) -> String {
    let number = EVENTS.fetch_add(1, Ordering::Relaxed);
    uuid(&format!("{} {} {number}", now.millis(), std::process::id()))
}

/// An id in the form of a UUID, made of what it stands for.
fn uuid(text: &str) -> String {
    let hex = sha256(text);
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
    fn a_line_has_the_shape_of_the_service() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "text/csv".parse().unwrap());
        headers.insert("x-amzn-sagemaker-inference-id", "7".parse().unwrap());
        let exchange = Exchange {
            headers: &headers,
            input: b"1,2",
            output_type: "application/json; charset=utf-8",
            output: b"{\"a\":1}",
        };
        let now = Stamp::from_millis(1_700_000_000_000);
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
    fn so_many_in_a_hundred_are_taken() {
        for (changes, expected) in [
            (json!({"InitialSamplingPercentage": 100}), 1000),
            (json!({"InitialSamplingPercentage": 20}), 200),
            (json!({"InitialSamplingPercentage": 0}), 0),
            (json!({"EnableCapture": false}), 0),
        ] {
            let capture = capture(&changes);
            let taken = (0..1000).filter(|request| capture.takes(*request)).count();
            assert!(taken.abs_diff(expected) <= 5, "{changes}: {taken}");
        }
    }

    #[tokio::test]
    async fn what_waits_is_stored_once_also_after_a_kill() {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(dir.path().join("s3")).unwrap();
        fs::create_dir(dir.path().join("s3/bucket")).unwrap();
        let folder = dir.path().join("waiting");
        let capture = capture(&json!({}));
        capture.keep(&folder, ("e", "v"), "one");
        // A server was killed between the move and the removal.
        fs::rename(folder.join("v.jsonl"), folder.join("v.1-ready")).unwrap();
        capture.keep(&folder, ("e", "v"), "two");
        capture.keep(&folder, ("e", "v"), "three");
        store(&folder, &storage).await;
        store(&folder, &storage).await;
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        let prefix = S3Uri::parse("s3://bucket/capture/e/v/").unwrap();
        let mut texts: Vec<_> = storage
            .objects(&prefix)
            .unwrap()
            .iter()
            .map(|object| fs::read_to_string(&object.path).unwrap())
            .collect();
        texts.sort();
        assert_eq!(texts, ["one\n", "two\nthree\n"]);
    }
}
