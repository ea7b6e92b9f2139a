//! What must hold for any bytes that are sent to the endpoint.

use std::error::Error;
use std::sync::OnceLock;

use ensemble::artifact::{Artifact, FeatureRange, Member};
use ensemble::{Algorithm, Matrix, Params, Run, Samples};
use fire_container::serve::{Ask, Detail, Limits, Predictor};
use sensor_model::{FEATURE_COUNT, Feature, fingerprint};

/// Rows of a request at most.
const ROWS: usize = 1_000;

/// Whether the bytes are answered with probabilities. What is not, is refused with a 4xx and a reason.
pub(crate) fn accepts(media: &str, bytes: &[u8]) -> bool {
    static PREDICTOR: OnceLock<Predictor> = OnceLock::new();
    let predictor = PREDICTOR.get_or_init(|| predictor().expect("a small model can be fitted"));
    let ask = |accept| Ask {
        content_type: Some(media),
        accept: Some(accept),
        detail: Detail {
            members: true,
            explanation: false,
        },
    };
    let limits = Limits {
        rows: ROWS,
        ..Limits::default()
    };
    let plain = match predictor.respond(ask("text/csv"), bytes, &limits) {
        Ok(answer) => answer,
        Err(refusal) => {
            assert!(refusal.status().is_client_error(), "{refusal:?}");
            assert!(!refusal.message().is_empty());
            return false;
        }
    };
    let text = String::from_utf8(plain.body).expect("an answer is text");
    let probabilities: Vec<f64> = text
        .lines()
        .map(|line| line.parse().expect("a number"))
        .collect();
    assert!((1..=ROWS).contains(&plain.rows) && probabilities.len() == plain.rows);
    assert!(
        probabilities.iter().all(|p| (0.0..=1.0).contains(p)),
        "{text}"
    );
    let json = predictor.respond(ask("application/json"), bytes, &limits);
    let json = json
        .expect("what is answered in one form is in the other")
        .body;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("an answer is JSON");
    let predictions = json["predictions"].as_array().map(Vec::len);
    assert_eq!(predictions, Some(plain.rows));
    true
}

/// A forest and a logistic regression that vote.
fn predictor() -> Result<Predictor, Box<dyn Error>> {
    let values: Vec<f32> = (0..100 * FEATURE_COUNT as u32)
        .map(|at| (at * 7_919 % 10_007) as f32 / 10.0)
        .collect();
    let labels: Vec<u8> = (0..100).map(|row| u8::from(row % 3 == 0)).collect();
    let x = Matrix::new(&values, FEATURE_COUNT)?;
    let train = Samples::new(x, &labels)?;
    let member = |(algorithm, weight): (Algorithm, f64)| {
        let mut params = Params::defaults(algorithm);
        if algorithm == Algorithm::RandomForest {
            params.set("n_estimators", "5")?;
        }
        let mut run = Run::new(1);
        let params = params.check()?;
        let model = params.fit(&train, None, &mut run)?;
        Ok::<_, ensemble::Error>(Member {
            weight,
            ..Member::new(algorithm.to_string(), model, &params, 1)
        })
    };
    let voters = [
        (Algorithm::RandomForest, 0.75),
        (Algorithm::LogisticRegression, 0.25),
    ];
    let members = voters.into_iter().map(member).collect::<Result<_, _>>()?;
    let features = FeatureRange::of_columns(Feature::ALL.map(Feature::name), &x);
    let artifact = Artifact::new(fingerprint(), features, members);
    Ok(Predictor::from_bytes(&artifact.to_bytes())?)
}
