//! Structure of exported models. `tests/exports` at the workspace root checks their predictions in onnxruntime.

use ensemble::artifact::Artifact;
use ensemble::{Algorithm, onnx};

use crate::fitting::{Fit, known, samples};
use crate::packing::packed;
use crate::synthetic::{COLUMNS, table};

fn combined(threads: usize) -> Artifact {
    let train = table(600, 1);
    let train = samples(&train.values, COLUMNS, &train.labels);
    let fit = |algorithm| {
        let settings = known(algorithm, &[("n_estimators", "3"), ("max_depth", "3")]);
        let fit = Fit {
            threads,
            ..Fit::new(algorithm, &settings)
        };
        packed(fit.on(&train), &train).unwrap()
    };
    Artifact::combine(Algorithm::ALL.map(fit).into(), &Algorithm::ALL.map(|_| 1.0)).unwrap()
}

#[test]
fn the_same_model_gives_the_same_file_with_all_names_in_it() {
    let file = onnx::export(&combined(1)).unwrap();
    assert!(file == onnx::export(&combined(2)).unwrap());
    let text = String::from_utf8_lossy(&file);
    for name in [
        "features",
        "probabilities",
        "label",
        "members",
        "ai.onnx.ml",
        "[\"f0\",\"f1\"",
        "threshold",
        "nodes_hitrates",
    ] {
        assert!(text.contains(name), "{name}");
    }
}

#[test]
fn artifacts_that_cannot_predict_are_not_exported() {
    let check = |change: &dyn Fn(&mut Artifact), expected: &str| {
        let mut artifact = combined(1);
        change(&mut artifact);
        let error = onnx::export(&artifact).unwrap_err().to_string();
        assert_eq!(error, format!("not a usable model artifact: {expected}"));
    };
    check(&|artifact| artifact.members.clear(), "it has no members");
    check(
        &|artifact| artifact.threshold = f64::NAN,
        "the threshold is not between 0 and 1",
    );
    check(
        &|artifact| artifact.features.truncate(1),
        "a probe does not have one value per feature",
    );
}
