//! From the bytes of a request to those of its answer, without HTTP.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ensemble::Matrix;
use ensemble::artifact::Artifact;
use sensor_model::FEATURE_COUNT;
use serde::Serialize;

use super::media::{self, Media};
use super::predictor::Predictor;
use super::refusal::Refusal;
use super::request;

/// What the headers of a request say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'h> {
    /// `Content-Type`.
    pub content_type: Option<&'h str>,
    /// `Accept`.
    pub accept: Option<&'h str>,
    /// Whether each member's own probability is wanted too.
    pub members: bool,
}

/// What is sent back.
#[derive(Debug, PartialEq)]
pub struct Answer {
    /// The body's media type.
    pub content_type: &'static str,
    /// One element or line for each row.
    pub body: Vec<u8>,
    /// How many rows that is.
    pub rows: usize,
}

/// The answer to one row.
#[derive(Serialize)]
struct Prediction<'a> {
    fire_probability: f64,
    fire_detected: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    members: BTreeMap<&'a str, f64>,
}

impl Predictor {
    /// Answers `POST /invocations` with that body, of `rows` rows at most.
    ///
    /// # Errors
    /// When the request cannot be answered: the refusal says why. A panic of ours is a refusal too.
    pub fn respond(&self, ask: Ask<'_>, body: &[u8], rows: usize) -> Result<Answer, Refusal> {
        let work = || self.respond_unguarded(ask, body, rows);
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Refusal::defect()))
    }

    fn respond_unguarded(&self, ask: Ask<'_>, body: &[u8], rows: usize) -> Result<Answer, Refusal> {
        let wanted = media::accepted(ask.accept, self.default_answer())?;
        let given = ask.content_type.map_or(Ok(Media::Csv), media::content)?;
        let rows = request::parse(given, body, rows)?;
        let body = self.write(rows.values(), wanted, ask.members)?;
        Ok(Answer {
            content_type: wanted.name(),
            body,
            rows: rows.len(),
        })
    }

    /// Predicts rows of 18 values and writes the answers down in their order.
    pub(crate) fn write(
        &self,
        values: &[f32],
        wanted: Media,
        members: bool,
    ) -> Result<Vec<u8>, Refusal> {
        let rows = values.chunks_exact(FEATURE_COUNT);
        let (mut one, mut many) = ([0.0], Vec::new());
        let votes = if rows.len() == 1 {
            one[0] = self.prepared().predict_row(values);
            one.as_slice()
        } else {
            let x = Matrix::new(values, FEATURE_COUNT).map_err(|_| Refusal::defect())?;
            let predicted = self.prepared().predict_into(&x, &mut many);
            predicted.map_err(|_| Refusal::defect())?;
            many.as_slice()
        };
        if wanted == Media::Csv {
            return Ok(csv(votes));
        }
        let artifact = self.artifact();
        let mut out = Vec::with_capacity(72 * rows.len() + 32);
        let [before, between, after] = match wanted {
            Media::Json => [&b"{\"predictions\":["[..], b",", b"]}"],
            _ => [&b""[..], b"\n", b"\n"],
        };
        out.extend_from_slice(before);
        for (at, (row, &fire_probability)) in rows.zip(votes).enumerate() {
            if at > 0 {
                out.extend_from_slice(between);
            }
            let prediction = Prediction {
                fire_probability,
                fire_detected: fire_probability >= artifact.threshold,
                warnings: artifact.warnings(row),
                members: own_probabilities(artifact, row, members),
            };
            serde_json::to_writer(&mut out, &prediction).map_err(|_| Refusal::defect())?;
        }
        // Writing to memory cannot fail.
        let _ = out.write_all(after);
        Ok(out)
    }
}

/// One probability a line.
fn csv(probabilities: &[f64]) -> Vec<u8> {
    let mut text = String::with_capacity(20 * probabilities.len());
    for probability in probabilities {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{probability}");
    }
    text.into_bytes()
}

/// Each member's own probability by its name, if that is wanted.
fn own_probabilities<'a>(
    artifact: &'a Artifact,
    row: &[f32],
    wanted: bool,
) -> BTreeMap<&'a str, f64> {
    if !wanted {
        return BTreeMap::new();
    }
    let names = artifact.members.iter().map(|member| member.name.as_str());
    names.zip(artifact.members_row(row)).collect()
}
