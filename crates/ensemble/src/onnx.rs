//! Models that leave: an [`Artifact`] as one ONNX file, for runtimes that know nothing of this crate.
//!
//! The graph takes `features`, float32 of shape [N, columns] with NaN for missing values, and gives
//!
//! - `probabilities`, float32 `[N, 2]`: of class 0 and of class 1, by the weighted vote;
//! - `label`, int64 `[N]`: 1 where the probability of class 1 reaches the artifact's threshold;
//! - `members`, float32 `[N, members]`: each member's own probability of class 1, in the artifact's order.
//!
//! Trees are `TreeEnsembleRegressor` nodes of the standard's domain `ai.onnx.ml`, version 3; the rest are standard
//! operators of version 16 (ONNX 1.11 and later). All is computed in double precision: as float32, the sum of
//! hundreds of leaves would lose digits that the vote shows. What is left is the rounding of each member's sum, which the
//! standard makes float32: probabilities differ from ours by less than 1e-6, and the label only where the probability
//! is as near to the threshold as that. An infinite value, which a [`Matrix`](crate::Matrix) refuses, is answered
//! without complaint.
//!
//! A tree's `nodes_hitrates` are its nodes' covers, where the artifact knows them. The file's `metadata_props` tell
//! where it comes from: `schema`, `features` (a JSON list of their names in order), `threshold`, `data_fingerprint`
//! and `members` (a JSON list with `name`, `algorithm`, `weight` and `seed`).
//!
//! Source: the ONNX specification, `onnx.proto`, `Operators.md` and `Operators-ml.md`.

mod graph;
mod members;
mod proto;
mod trees;
mod wire;

use serde_json::{Value, json};

use crate::artifact::{Artifact, Member};
use crate::error::Error;
use graph::Graph;
use proto::{DataType, ModelProto, OperatorSetIdProto, StringStringEntryProto};
use wire::Message;

/// Version of the file's own layout, that of ONNX 1.11.
const IR_VERSION: i64 = 8;
/// Of the standard operators.
const OPERATORS: i64 = 16;
/// Of the operators for machine learning.
const ML_OPERATORS: i64 = 3;
/// Bytes that a protobuf message may have.
const LARGEST: usize = i32::MAX as usize;

/// The ONNX file of an artifact. The same artifact always gives the same bytes.
///
/// An artifact that could not be loaded from a model file, such as one without members, is refused with
/// [`Error::ArtifactBytes`]; one of 2 GB and more, which ONNX does not take, with [`Error::Export`].
pub fn export(artifact: &Artifact) -> Result<Vec<u8>, Error> {
    artifact.check()?;
    let model = ModelProto {
        ir_version: IR_VERSION,
        opset_import: vec![
            operators("", OPERATORS),
            operators("ai.onnx.ml", ML_OPERATORS),
        ],
        producer_name: env!("CARGO_PKG_NAME").to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: vote(artifact).finish("vote"),
        metadata_props: provenance(artifact),
    };
    let bytes = model.bytes();
    let size = bytes.len();
    if size > LARGEST {
        return Err(Error::Export {
            reason: format!("it would take {size} bytes, and ONNX files have {LARGEST} at most"),
        });
    }
    Ok(bytes)
}

/// The members' probabilities, their weighted mean, and what it says.
fn vote(artifact: &Artifact) -> Graph {
    let columns = artifact.features.len();
    let mut graph = Graph::default();
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
    // Weights that sum to 1 within rounding may carry the mean past 1.
    let positive = graph.apply("Min", &[&sum, &one]);
    let negative = graph.apply("Sub", &[&one, &positive]);
    let both = graph.beside(&[negative, positive.clone()]);
    graph.output("probabilities", DataType::Float, (&both, Some(2)));
    let threshold = graph.scalar(artifact.threshold);
    let reached = graph.apply("GreaterOrEqual", &[&positive, &threshold]);
    let flat = graph.flat(&reached);
    graph.output("label", DataType::Int64, (&flat, None));
    let members = graph.beside(&probabilities);
    let count = Some(probabilities.len());
    graph.output("members", DataType::Float, (&members, count));
    graph
}

fn operators(domain: &'static str, version: i64) -> OperatorSetIdProto {
    OperatorSetIdProto { domain, version }
}

/// What a reader of the file can know of the model's origin.
fn provenance(artifact: &Artifact) -> Vec<StringStringEntryProto> {
    let names = artifact
        .features
        .iter()
        .map(|feature| feature.name.as_str());
    let members = artifact.members.iter().map(|member| {
        json!({
            "name": member.name, "algorithm": member.algorithm(), "weight": member.weight, "seed": member.seed,
        })
    });
    let entries = [
        ("schema", artifact.schema.clone()),
        ("features", names.collect::<Value>().to_string()),
        ("threshold", artifact.threshold.to_string()),
        ("data_fingerprint", artifact.data_fingerprint.clone()),
        ("members", members.collect::<Value>().to_string()),
    ];
    let entry = |(key, value)| StringStringEntryProto { key, value };
    entries.map(entry).into()
}
