//! Regenerates `fuzz/corpus/artifact`: valid model files of every kind, and files that must be rejected.
//!
//! Run `cargo run -p ensemble --example fuzz_corpus` after a change to the model file format. Files named `valid-*`
//! load; each of the others represents a different rejection reason or kind of corruption.

#[path = "../tests/it/packing.rs"]
mod packing;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use ensemble::artifact::Artifact;
use ensemble::metrics::evaluate;
use ensemble::{Algorithm, Matrix, Params, Run, Samples};
use packing::{SCHEMA, packed};
use sha2::{Digest, Sha256};

/// The bytes before the content: magic number, version and checksum.
const HEADER: usize = 44;
const CHECKSUM: std::ops::Range<usize> = 12..HEADER;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/artifact");
    let mut parts = Vec::new();
    let mut files = BTreeMap::new();
    for algorithm in Algorithm::ALL {
        let part = single(algorithm)?;
        files.insert(format!("valid-{}", algorithm.short()), part.to_bytes());
        parts.push(part);
    }
    let shares: Vec<f64> = (0..parts.len())
        .map(|at| if at == 0 { 2.0 } else { 1.0 })
        .collect();
    let mut combined = Artifact::combine(parts, &shares)?;
    combined.set_extra("rule", &serde_json::json!({"at": [0.75, -3], "k": null}))?;
    let whole = combined.to_bytes();
    files.extend(invalid_files(&whole));
    files.extend(forged(&whole));
    files.insert("valid-combined".to_owned(), whole);
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    std::fs::create_dir_all(&dir)?;
    for (name, bytes) in files {
        std::fs::write(dir.join(name), bytes)?;
    }
    Ok(())
}

/// A learner fitted to a few rows of two features, with metrics.
fn single(algorithm: Algorithm) -> Result<Artifact, ensemble::Error> {
    let value = |i: u16| {
        if i.is_multiple_of(17) {
            f32::NAN
        } else {
            f32::from(i * 37 % 101)
        }
    };
    let values: Vec<f32> = (0..120).map(value).collect();
    let labels: Vec<u8> = (0..60).map(|i| u8::from(i * 74 % 101 > 60)).collect();
    let train = Samples::new(Matrix::new(&values, 2)?, &labels)?;
    let mut params = Params::defaults(algorithm);
    for (name, _) in params.entries() {
        if ["n_estimators", "max_depth"].contains(&name.as_str()) {
            params.set(&name, "2")?;
        }
    }
    let mut run = Run::new(42);
    let mut artifact = packed(params.check()?.fit(&train, None, &mut run)?, &train)?;
    let scores = evaluate(&labels, &artifact.predict_proba(&train.x())?, Some(0.4))?;
    artifact.members[0].validation = Some(scores.clone());
    artifact.test = Some(scores);
    Ok(artifact)
}

/// Truncated and altered files.
fn invalid_files(whole: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for length in [
        0,
        7,
        8,
        11,
        HEADER - 1,
        HEADER,
        whole.len() / 2,
        whole.len() - 1,
    ] {
        files.insert(format!("cut-{length}"), whole[..length].to_vec());
    }
    for at in [
        0,
        8,
        CHECKSUM.start,
        HEADER,
        whole.len() / 2,
        whole.len() - 1,
    ] {
        let mut flipped = whole.to_vec();
        flipped[at] ^= 0x10;
        files.insert(format!("flipped-{at}"), flipped);
    }
    files
}

/// For each rejection reason, the first altered file rejected for it despite a correct checksum.
fn forged(whole: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut reject = |content: &[u8]| {
        let mut forged = whole[..HEADER].to_vec();
        forged[CHECKSUM].copy_from_slice(&Sha256::digest(content));
        forged.extend_from_slice(content);
        if let Err(error) = Artifact::from_bytes(&forged, SCHEMA) {
            files
                .entry(format!("forged-{}", file_name(&error.to_string())))
                .or_insert(forged);
        }
    };
    let content = &whole[HEADER..];
    reject(&[]);
    reject(&[content, &[0]].concat());
    for at in 0..content.len() {
        for value in [0, 1, 2, 3, 0x7f, 0xff] {
            let mut altered = content.to_vec();
            altered[at] = value;
            reject(&altered);
        }
    }
    files
}

/// The last part of an error's text, with `-` for all but letters and digits; all schema errors share one name.
fn file_name(error: &str) -> String {
    let reason = error.rsplit(": ").next().unwrap_or_default();
    let reason = if error.contains("schema") {
        "schema"
    } else {
        reason
    };
    let letter = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    reason.chars().map(letter).collect()
}
