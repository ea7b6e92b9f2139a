//! From the bytes of a request to those of its answer, without HTTP.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ensemble::Matrix;
use ensemble::artifact::Artifact;
use ensemble::explain::Explanation;
use hyper::StatusCode;
use sensor_model::{FEATURE_COUNT, Feature};
use serde::{Serialize, Serializer};

use super::limits::Limits;
use super::media::{self, Media};
use super::predictor::Predictor;
use super::refusal::Refusal;
use super::request::{self, Most, Rows};

/// What the headers of a request say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask<'h> {
    /// `Content-Type`.
    pub content_type: Option<&'h str>,
    /// `Accept`.
    pub accept: Option<&'h str>,
    /// What is wanted beside the vote; the body of a JSON request may ask for an explanation as well.
    pub detail: Detail,
}

/// What an answer in JSON tells beside the vote.
#[derive(Clone, Copy, Debug, Default)]
pub struct Detail {
    /// Each member's own probability.
    pub members: bool,
    /// What each feature adds to the probability.
    pub explanation: bool,
}

/// A request that was read.
#[derive(Debug)]
pub(super) struct Question {
    rows: Rows,
    wanted: Media,
    detail: Detail,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explained>,
}

/// The vote on one row, divided among the features.
#[derive(Serialize)]
struct Explained {
    base: f64,
    #[serde(serialize_with = "by_name")]
    contributions: Vec<(&'static str, f64)>,
}

impl Question {
    /// Whether the answer takes much longer than one without explanations.
    pub(super) fn is_explained(&self) -> bool {
        self.detail.explanation
    }
}

impl Predictor {
    /// Answers `POST /invocations` with that body, within `limits`.
    ///
    /// # Errors
    /// When the request cannot be answered: the refusal says why. A panic of ours is a refusal too.
    pub fn respond(&self, ask: Ask<'_>, body: &[u8], limits: &Limits) -> Result<Answer, Refusal> {
        let question = self.read(ask, body, limits)?;
        self.answer(&question)
    }

    /// The first half of that: what is asked.
    pub(super) fn read(
        &self,
        ask: Ask<'_>,
        body: &[u8],
        limits: &Limits,
    ) -> Result<Question, Refusal> {
        guarded(|| {
            let wanted = media::accepted(ask.accept, self.default_answer())?;
            let given = ask.content_type.map_or(Ok(Media::Csv), media::content)?;
            let most = Most {
                rows: limits.rows,
                explained: limits.explained_rows,
                is_explained: ask.detail.explanation,
            };
            let rows = request::parse(given, body, most)?;
            let detail = Detail {
                explanation: rows.are_explained(),
                ..ask.detail
            };
            if detail.explanation && wanted == Media::Csv {
                let message = "text/csv answers carry no explanations; accept application/json or \
                               application/jsonlines";
                return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, message));
            }
            Ok(Question {
                rows,
                wanted,
                detail,
            })
        })
    }

    /// The second half: the answer to it.
    pub(super) fn answer(&self, question: &Question) -> Result<Answer, Refusal> {
        guarded(|| {
            let Question {
                rows,
                wanted,
                detail,
            } = question;
            Ok(Answer {
                content_type: wanted.name(),
                body: self.write(rows.values(), *wanted, *detail)?,
                rows: rows.len(),
            })
        })
    }

    /// Predicts rows and writes the answers down in their order.
    pub(crate) fn write(
        &self,
        values: &[f32],
        wanted: Media,
        detail: Detail,
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
        let explainer = detail.explanation.then(|| self.explainer()).transpose()?;
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
                members: own_probabilities(artifact, row, detail.members),
                explanation: explainer.map(|explainer| explainer.row(row).into()),
            };
            serde_json::to_writer(&mut out, &prediction).map_err(|_| Refusal::defect())?;
        }
        // Writing to memory cannot fail.
        let _ = out.write_all(after);
        Ok(out)
    }
}

/// A panic of ours as a refusal.
fn guarded<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Refusal::defect()))
}

impl From<Explanation> for Explained {
    /// The features with the largest contributions first.
    fn from(explanation: Explanation) -> Self {
        let named = |at: usize| (Feature::ALL[at].name(), explanation.contributions[at]);
        Self {
            base: explanation.base,
            contributions: explanation.ranking().into_iter().map(named).collect(),
        }
    }
}

/// Pairs as a JSON object in their order.
fn by_name<S: Serializer>(pairs: &[(&'static str, f64)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(pairs.iter().copied())
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
