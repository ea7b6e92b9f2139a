//! Properties that hold for any request body.

use std::error::Error;
use std::sync::OnceLock;

use ensemble::artifact::{Artifact, FeatureRange, Member};
use ensemble::{Algorithm, Matrix, Params, Run, Samples};
use fire_container::serve::{Detail, Limits, Predictor, RequestOptions};
use sensor_model::{FEATURE_COUNT, Feature, fingerprint};

/// Row limit of a request.
const ROWS: usize = 1_000;

/// Returns whether the body gets predictions, and asserts that it is otherwise rejected with 4xx and a reason.
pub(crate) fn accepts(media: &str, bytes: &[u8]) -> bool {
    static PREDICTOR: OnceLock<Predictor> = OnceLock::new();
    let predictor = PREDICTOR.get_or_init(|| predictor().expect("a small model can be fitted"));
    let options = |accept| RequestOptions {
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
    let plain = match predictor.respond(options("text/csv"), bytes, &limits) {
        Ok(response) => response,
        Err(rejection) => {
            assert!(rejection.status().is_client_error(), "{rejection:?}");
            assert!(!rejection.message().is_empty());
            return false;
        }
    };
    let text = String::from_utf8(plain.body).expect("a response is text");
    let probabilities: Vec<f64> = text
        .lines()
        .map(|line| line.parse().expect("a number"))
        .collect();
    assert!((1..=ROWS).contains(&plain.rows) && probabilities.len() == plain.rows);
    assert!(
        probabilities.iter().all(|p| (0.0..=1.0).contains(p)),
        "{text}"
    );
    let json = predictor.respond(options("application/json"), bytes, &limits);
    let json = json
        .expect("a body accepted for CSV is accepted for JSON")
        .body;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("a response is JSON");
    let predictions = json["predictions"].as_array().map(Vec::len);
    assert_eq!(predictions, Some(plain.rows));
    true
}

/// An ensemble of a forest and a logistic regression.
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
    let members = [
        (Algorithm::RandomForest, 0.75),
        (Algorithm::LogisticRegression, 0.25),
    ];
    let members = members.into_iter().map(member).collect::<Result<_, _>>()?;
    let features = FeatureRange::of_columns(Feature::ALL.map(Feature::name), &x);
    let artifact = Artifact::new(fingerprint(), features, members);
    Ok(Predictor::from_bytes(&artifact.to_bytes())?)
}
