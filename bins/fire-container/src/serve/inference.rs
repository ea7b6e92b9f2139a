//! Turns request bodies into response bodies, independently of HTTP.

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
use super::rejection::Rejection;
use super::request::{self, RowLimits, Rows};

/// The options in a request's headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestOptions<'h> {
    /// `Content-Type`; CSV when absent.
    pub content_type: Option<&'h str>,
    /// `Accept`; the predictor's default when absent.
    pub accept: Option<&'h str>,
    /// Additions to each prediction; the body of a JSON request may request explanations as well.
    pub detail: Detail,
}

/// Additions to a prediction in JSON.
#[derive(Clone, Copy, Debug, Default)]
pub struct Detail {
    /// Each member's own probability.
    pub members: bool,
    /// Each feature's contribution to the probability.
    pub explanation: bool,
}

/// A parsed request.
#[derive(Debug)]
pub(super) struct InferenceRequest {
    rows: Rows,
    accepted: Media,
    detail: Detail,
}

/// The response to a request.
#[derive(Debug, PartialEq)]
pub struct InferenceResponse {
    /// The body's media type.
    pub content_type: &'static str,
    /// One element or line for each row.
    pub body: Vec<u8>,
    /// Number of rows.
    pub rows: usize,
}

/// The prediction for one row.
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

/// One row's probability as a sum of feature contributions.
#[derive(Serialize)]
struct Explained {
    base: f64,
    #[serde(serialize_with = "by_name")]
    contributions: Vec<(&'static str, f64)>,
}

impl InferenceRequest {
    /// Whether explanations are requested, which take a hundred times as long.
    pub(super) fn is_explained(&self) -> bool {
        self.detail.explanation
    }
}

impl Predictor {
    /// Responds to a `POST /invocations` with this body, within `limits`.
    ///
    /// # Errors
    /// A rejection with the reason; status 500 for a panic.
    pub fn respond(
        &self,
        options: RequestOptions<'_>,
        body: &[u8],
        limits: &Limits,
    ) -> Result<InferenceResponse, Rejection> {
        let request = self.parse(options, body, limits)?;
        self.predict(&request)
    }

    /// The first half of [`respond`](Self::respond).
    pub(super) fn parse(
        &self,
        options: RequestOptions<'_>,
        body: &[u8],
        limits: &Limits,
    ) -> Result<InferenceRequest, Rejection> {
        catch_panic(|| {
            let accepted = media::accepted(options.accept, self.default_media())?;
            let given = options
                .content_type
                .map_or(Ok(Media::Csv), media::content)?;
            let limits = RowLimits {
                rows: limits.rows,
                explained: limits.explained_rows,
                is_explained: options.detail.explanation,
            };
            let rows = request::parse(given, body, limits)?;
            let detail = Detail {
                explanation: rows.are_explained(),
                ..options.detail
            };
            if detail.explanation && accepted == Media::Csv {
                let message = "text/csv cannot hold explanations; accept application/json or \
                               application/jsonlines";
                return Err(Rejection::new(StatusCode::NOT_ACCEPTABLE, message));
            }
            Ok(InferenceRequest {
                rows,
                accepted,
                detail,
            })
        })
    }

    /// The second half of [`respond`](Self::respond).
    pub(super) fn predict(
        &self,
        request: &InferenceRequest,
    ) -> Result<InferenceResponse, Rejection> {
        catch_panic(|| {
            let (rows, media) = (&request.rows, request.accepted);
            Ok(InferenceResponse {
                content_type: media.name(),
                body: self.write(rows.values(), media, request.detail)?,
                rows: rows.len(),
            })
        })
    }

    /// Predicts the rows in `values` (row-major) and formats the predictions in the same order.
    pub(crate) fn write(
        &self,
        values: &[f32],
        media: Media,
        detail: Detail,
    ) -> Result<Vec<u8>, Rejection> {
        let rows = values.chunks_exact(FEATURE_COUNT);
        // A single row, by far the most common request, needs neither a matrix nor an allocation.
        let (mut one, mut many) = ([0.0], Vec::new());
        let probabilities = if rows.len() == 1 {
            one[0] = self.prepared().predict_row(values);
            one.as_slice()
        } else {
            let x = Matrix::new(values, FEATURE_COUNT).map_err(|_| Rejection::defect())?;
            let predicted = self.prepared().predict_into(&x, &mut many);
            predicted.map_err(|_| Rejection::defect())?;
            many.as_slice()
        };
        if media == Media::Csv {
            return Ok(csv(probabilities));
        }
        let artifact = self.artifact();
        let explainer = detail.explanation.then(|| self.explainer()).transpose()?;
        // An estimate: a prediction without warnings takes about 64 bytes.
        let mut out = Vec::with_capacity(72 * rows.len() + 32);
        let [before, between, after] = match media {
            Media::Json => [&b"{\"predictions\":["[..], b",", b"]}"],
            _ => [&b""[..], b"\n", b"\n"],
        };
        out.extend_from_slice(before);
        for (at, (row, &fire_probability)) in rows.zip(probabilities).enumerate() {
            if at > 0 {
                out.extend_from_slice(between);
            }
            let prediction = Prediction {
                fire_probability,
                fire_detected: fire_probability >= artifact.threshold,
                warnings: artifact.warnings(row),
                members: member_probabilities(artifact, row, detail.members),
                explanation: explainer.map(|explainer| explainer.row(row).into()),
            };
            serde_json::to_writer(&mut out, &prediction).map_err(|_| Rejection::defect())?;
        }
        // Writing to memory cannot fail.
        let _ = out.write_all(after);
        Ok(out)
    }
}

/// Turns a panic into a rejection: a bug must affect one request, not the endpoint.
fn catch_panic<T>(work: impl FnOnce() -> Result<T, Rejection>) -> Result<T, Rejection> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Rejection::defect()))
}

impl From<Explanation> for Explained {
    /// Sorts the features by the size of their contributions, largest first.
    fn from(explanation: Explanation) -> Self {
        let named = |at: usize| (Feature::ALL[at].name(), explanation.contributions[at]);
        Self {
            base: explanation.base,
            contributions: explanation.ranking().into_iter().map(named).collect(),
        }
    }
}

/// Serializes pairs as a JSON object, in the same order.
fn by_name<S: Serializer>(pairs: &[(&'static str, f64)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(pairs.iter().copied())
}

/// One probability per line.
fn csv(probabilities: &[f64]) -> Vec<u8> {
    let mut text = String::with_capacity(20 * probabilities.len());
    for probability in probabilities {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{probability}");
    }
    text.into_bytes()
}

/// Each member's own probability by name; empty if not requested.
fn member_probabilities<'a>(
    artifact: &'a Artifact,
    row: &[f32],
    requested: bool,
) -> BTreeMap<&'a str, f64> {
    if !requested {
        return BTreeMap::new();
    }
    let names = artifact.members.iter().map(|member| member.name.as_str());
    names.zip(artifact.members_row(row)).collect()
}
