//! ONNX export: an [`Artifact`] as one file for other runtimes.
//!
//! The graph takes `features`, float32 of shape [N, columns] with NaN for missing values, and returns
//!
//! - `probabilities`, float32 `[N, 2]`: the probabilities of class 0 and class 1, by weighted soft voting;
//! - `label`, int64 `[N]`: 1 where the probability of class 1 is at or above the artifact's threshold;
//! - `members`, float32 `[N, members]`: each member's own probability of class 1, in the artifact's order.
//!
//! Trees are `TreeEnsembleRegressor` nodes of the domain `ai.onnx.ml`, version 3; all other operators are standard
//! operators of version 16 (ONNX 1.11 and later). Computation is in double precision, because summing hundreds of
//! leaves in float32 would lose significant digits. The standard rounds each member's sum to float32, so probabilities
//! differ from ours by less than 1e-6, and labels only where the probability is that close to the threshold. Infinite
//! values, which a [`Matrix`](crate::Matrix) rejects, are accepted.
//!
//! The `nodes_hitrates` of a tree are its nodes' covers. The file's `metadata_props` describe its origin: `schema`,
//! `features` (a JSON list of names in order), `threshold`, `data_fingerprint` and `members` (a JSON list with `name`,
//! `algorithm`, `weight` and `seed`).
//!
//! Source: the ONNX specification, `onnx.proto`, `Operators.md` and `Operators-ml.md`.

mod graph;
mod members;
mod trees;
mod wire;

use serde_json::{Value, json};

use crate::artifact::{Artifact, Member};
use crate::error::Error;
use graph::{DataType, Graph};
use wire::Message;

/// The version of the file layout (ONNX 1.11).
const IR_VERSION: i64 = 8;
/// The version of the standard operators.
const OPERATORS: i64 = 16;
/// The version of the operators for machine learning.
const ML_OPERATORS: i64 = 3;
/// The maximum size of a protobuf message in bytes.
const LARGEST: usize = i32::MAX as usize;

/// The ONNX file of an artifact. The same artifact always gives the same bytes.
///
/// Fails with [`Error::ArtifactBytes`] on an artifact that would be rejected when loaded from a model file, such as one
/// without members, and with [`Error::Export`] if the file would exceed ONNX's limit of 2 GB.
pub fn export(artifact: &Artifact) -> Result<Vec<u8>, Error> {
    artifact.check()?;
    let mut model = Message::new();
    model.whole(1, IR_VERSION);
    // The producer's name and version.
    model.text(2, env!("CARGO_PKG_NAME"));
    model.text(3, env!("CARGO_PKG_VERSION"));
    model.bytes(7, &build(artifact).finish("vote"));
    for (domain, version) in [("", OPERATORS), ("ai.onnx.ml", ML_OPERATORS)] {
        model.message(8, |operators| {
            operators.text(1, domain);
            operators.whole(2, version);
        });
    }
    for (key, value) in metadata(artifact) {
        model.message(14, |entry| {
            entry.text(1, key);
            entry.text(2, &value);
        });
    }
    let bytes = model.into_bytes();
    let size = bytes.len();
    if size > LARGEST {
        return Err(Error::Export {
            reason: format!("it needs {size} bytes, but an ONNX file can have at most {LARGEST}"),
        });
    }
    Ok(bytes)
}

/// A graph with the members' probabilities, their weighted mean, and the label.
fn build(artifact: &Artifact) -> Graph {
    let columns = artifact.features.len();
    let mut graph = Graph::new();
    graph.input("features", DataType::Float, columns);
    let x = graph.double("features");
    let mut probabilities = Vec::new();
    let mut shares = Vec::new();
    for Member { model, weight, .. } in &artifact.members {
        let probability = members::probability(&mut graph, model, &x);
        let weight = graph.scalar(*weight);
        shares.push(graph.apply("Mul", &[&probability, &weight]));
        probabilities.push(probability);
    }
    let one = graph.scalar(1.0);
    let sum = graph.sum(&shares);
    // The weights sum to 1 only up to rounding, which may push the mean above 1.
    let positive = graph.apply("Min", &[&sum, &one]);
    let negative = graph.apply("Sub", &[&one, &positive]);
    let both = graph.concatenate(&[negative, positive.clone()]);
    graph.output("probabilities", DataType::Float, (&both, Some(2)));
    let threshold = graph.scalar(artifact.threshold);
    let reached = graph.apply("GreaterOrEqual", &[&positive, &threshold]);
    let flat = graph.squeeze(&reached);
    graph.output("label", DataType::Int64, (&flat, None));
    let members = graph.concatenate(&probabilities);
    let count = Some(probabilities.len());
    graph.output("members", DataType::Float, (&members, count));
    graph
}

/// The file's `metadata_props`.
fn metadata(artifact: &Artifact) -> [(&'static str, String); 5] {
    let names = artifact
        .features
        .iter()
        .map(|feature| feature.name.as_str());
    let members = artifact.members.iter().map(|member| {
        json!({
            "name": member.name, "algorithm": member.algorithm(), "weight": member.weight, "seed": member.seed,
        })
    });
    [
        ("schema", artifact.schema.clone()),
        ("features", names.collect::<Value>().to_string()),
        ("threshold", artifact.threshold.to_string()),
        ("data_fingerprint", artifact.data_fingerprint.clone()),
        ("members", members.collect::<Value>().to_string()),
    ]
}
