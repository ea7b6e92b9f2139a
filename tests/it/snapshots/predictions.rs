//! The objects of a run in S3, and the predictions of its models.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use sagemaker_ops::{Clients, S3Uri, storage};
use sha2::{Digest, Sha256};
use tar::Archive;

use super::document::document;
use super::run::RUN;
use super::shell::Shell;

const ROOT: &str = "s3://fire-detection-training-691595239825/";

/// The URIs of the models of these jobs.
pub(super) fn models(jobs: &[String]) -> Vec<String> {
    let uri = |job| format!("{ROOT}flir_scd41_training/models/{job}/output/model.tar.gz");
    jobs.iter().map(uri).collect()
}

/// The bucket of a run.
pub(super) struct Bucket {
    clients: Clients,
    keys: Vec<S3Uri>,
}

impl Bucket {
    pub(super) async fn of(shell: &Shell) -> Self {
        let clients = shell.world.clients().await;
        let objects = storage::list(&clients, &ROOT.parse().unwrap())
            .await
            .unwrap();
        let keys = objects.into_iter().map(|object| object.uri).collect();
        Self { clients, keys }
    }

    /// All keys, a line each.
    pub(super) fn keys(&self, shell: &Shell) -> String {
        let keys: Vec<String> = self
            .keys
            .iter()
            .map(|key| shell.redacted(key.key()))
            .collect();
        keys.join("\n")
    }

    /// The dataset's manifest, and the JSON files inside each `model.tar.gz`.
    pub(super) async fn documents(&self, shell: &Shell) -> BTreeMap<String, String> {
        let mut documents = BTreeMap::new();
        for key in &self.keys {
            let name = key.key();
            if name.ends_with("data/pinned/manifest.json") {
                let text = String::from_utf8(self.get(key).await).unwrap();
                documents.insert("dataset-manifest".to_owned(), document(shell, &text));
            }
        }
        for (name, files) in self.archives("model.tar.gz").await {
            for (file, bytes) in files.iter().filter(|(file, _)| is_json(file)) {
                let text = std::str::from_utf8(bytes).unwrap();
                documents.insert(format!("{name}-{file}"), document(shell, text));
            }
        }
        documents
    }

    /// The predictions that each job wrote, and those of each stored model on the test rows.
    pub(super) async fn predictions(&self, shell: &Shell) -> BTreeMap<String, String> {
        let mut predictions = BTreeMap::new();
        for (name, files) in self.archives("output.tar.gz").await {
            let mut text = String::new();
            for (file, bytes) in files {
                write!(text, "{file}\n{}", digest(&bytes)).unwrap();
            }
            predictions.insert(format!("{name}-job"), text);
        }
        let test = self
            .keys
            .iter()
            .find(|key| key.key().contains("data/pinned/test/"));
        fs::write(shell.path("test.parquet"), self.get(test.unwrap()).await).unwrap();
        for key in &self.keys {
            if let Some(name) = short_name(key, "model.tar.gz") {
                fs::write(shell.path("model.tar.gz"), self.get(key).await).unwrap();
                predictions.insert(format!("{name}-model"), answers(shell));
            }
        }
        predictions
    }

    /// The archives of this name, unpacked, by the short name of their model.
    async fn archives(&self, file: &str) -> BTreeMap<String, BTreeMap<String, Vec<u8>>> {
        let mut archives = BTreeMap::new();
        for key in &self.keys {
            if let Some(name) = short_name(key, file) {
                archives.insert(name, unpacked(&self.get(key).await));
            }
        }
        archives
    }

    async fn get(&self, key: &S3Uri) -> Vec<u8> {
        storage::get_bytes(&self.clients, key).await.unwrap()
    }
}

/// What `model.tar.gz` predicts for the rows of `test.parquet`, in each form, and the model as ONNX.
fn answers(shell: &Shell) -> String {
    let mut text = String::new();
    for form in ["text", "csv", "json", "json --explain"] {
        let line =
            format!("fire-container predict test.parquet --model model.tar.gz --output {form}");
        let output = shell.call(&line).out;
        write!(text, "{form}\n{}", digest(output.as_bytes())).unwrap();
    }
    shell.call("fire-container export --model model.tar.gz --out model.onnx");
    let onnx = fs::read(shell.path("model.onnx")).unwrap();
    let hash = hex::encode(Sha256::digest(&onnx));
    write!(text, "onnx\n{} bytes, SHA-256 {hash}", onnx.len()).unwrap();
    text
}

/// The number of lines, their SHA-256, and the first few.
fn digest(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).unwrap();
    let hash = hex::encode(Sha256::digest(bytes));
    let first = text.lines().take(6);
    let first: Vec<String> = first
        .map(|line| line.chars().take(2000).collect())
        .collect();
    format!(
        "{} lines, SHA-256 {hash}\n{}\n",
        text.lines().count(),
        first.join("\n")
    )
}

fn is_json(file: &str) -> bool {
    Path::new(file)
        .extension()
        .is_some_and(|extension| extension == "json")
}

/// `rf`, `gb` or `lr` for a job's file of this name, and `ensemble` for the combined model's.
fn short_name(key: &S3Uri, file: &str) -> Option<String> {
    let folder = key.key().strip_suffix(file)?.strip_suffix("/output/")?;
    let (_, model) = folder.rsplit_once('/')?;
    match model.strip_prefix("flir-scd41-")?.split_once("-100k-") {
        Some((learner, RUN)) => Some(learner.to_owned()),
        Some(_) => None,
        None => Some("ensemble".to_owned()),
    }
}

fn unpacked(tar_gz: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = Archive::new(MultiGzDecoder::new(tar_gz));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.insert(name.trim_start_matches("./").to_owned(), bytes);
    }
    files
}
