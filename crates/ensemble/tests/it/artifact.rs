use std::collections::BTreeMap;

use ensemble::artifact::{Artifact, FeatureRange, Member, Probe};
use ensemble::metrics::evaluate;
use ensemble::{Algorithm, Error, Params};
use serde_json::Value;

use crate::fitting::{Fit, known, probabilities, samples};
use crate::synthetic::{COLUMNS, table};

const SCHEMA: &str = "schema-1";

fn names() -> Vec<String> {
    (0..COLUMNS).map(|column| format!("f{column}")).collect()
}

/// A small artifact of one fitted member, with every optional field set.
fn single(algorithm: Algorithm, threads: usize) -> Artifact {
    let train = table(600, 1);
    let train = samples(&train.values, COLUMNS, &train.labels);
    let small = [("n_estimators", "3"), ("max_depth", "3"), ("l2", "2")];
    let settings = known(algorithm, &small);
    let model = Fit {
        threads,
        ..Fit::new(algorithm, &settings)
    }
    .on(&train);
    let scores = evaluate(train.y(), &probabilities(&model, &train), Some(0.4)).unwrap();
    let probe = |name: &str, row: Vec<f32>, expected| Probe {
        name: name.to_owned(),
        row,
        expected,
        probability: 0.0,
    };
    let features = FeatureRange::of_columns(names().iter().map(String::as_str), &train.x());
    let params = Params::defaults(algorithm).check().unwrap();
    let member = Member {
        validation: Some(scores.clone()),
        ..Member::new(format!("{}-job", algorithm.short()), model, &params, 42)
    };
    let mut artifact = Artifact {
        data_fingerprint: "rows-1".to_owned(),
        threshold: 0.4,
        validation: Some(scores),
        probes: vec![
            probe("first", train.x().row(0).to_vec(), Some(true)),
            probe("missing", vec![f32::NAN; COLUMNS], None),
        ],
        ..Artifact::new(SCHEMA, features, vec![member])
    };
    artifact.set_extra("rule", &rule()).unwrap();
    artifact.predict_probes();
    artifact
}

/// Numbers that a decimal round trip may change in the last bit.
fn rule() -> BTreeMap<String, f64> {
    [("at".to_owned(), 0.1 + 0.2), ("below".to_owned(), -5e-324)].into()
}

fn rejection(bytes: &[u8]) -> String {
    Artifact::from_bytes(bytes, SCHEMA).unwrap_err().to_string()
}

#[test]
fn bytes_round_trip_and_do_not_depend_on_threads() {
    for algorithm in Algorithm::ALL {
        let artifact = single(algorithm, 1);
        let bytes = artifact.to_bytes();
        // Not compared with `==`, because a probe contains NaN.
        let again = Artifact::from_bytes(&bytes, SCHEMA).unwrap();
        assert_eq!(again.to_bytes(), bytes);
        assert_eq!(again.members, artifact.members);
        assert_eq!(again.extra("rule").unwrap(), Some(rule()));
        assert_eq!(again.features, artifact.features);
        assert_eq!(again.manifest(), artifact.manifest());
        for threads in [2, 7] {
            assert_eq!(
                single(algorithm, threads).to_bytes(),
                bytes,
                "{algorithm} on {threads} threads"
            );
        }
    }
}

#[test]
fn an_extra_is_read_only_as_its_own_type() {
    let mut artifact = single(Algorithm::LogisticRegression, 1);
    assert_eq!(artifact.extra::<f64>("other").unwrap(), None);
    artifact.set_extra("other", &None::<f64>).unwrap();
    assert_eq!(artifact.extra::<f64>("other").unwrap(), None);
    assert!(artifact.manifest()["other"].is_null());
    let error = artifact.extra::<f64>("rule").unwrap_err().to_string();
    assert_eq!(error, "the model's extra `rule` cannot be read or stored");
}

#[test]
fn an_extra_nested_too_deeply_is_rejected() {
    let check = |depth: u32, expected: bool| {
        let mut artifact = single(Algorithm::LogisticRegression, 1);
        let deep = (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        artifact.set_extra("deep", &deep).unwrap();
        let read = Artifact::from_bytes(&artifact.to_bytes(), SCHEMA);
        assert_eq!(read.is_ok(), expected, "{depth}");
    };
    check(16, true);
    check(17, false);
}

#[test]
fn truncated_bytes_are_rejected() {
    let bytes = single(Algorithm::RandomForest, 1).to_bytes();
    for length in 0..bytes.len() {
        assert!(
            Artifact::from_bytes(&bytes[..length], SCHEMA).is_err(),
            "{length} of {} bytes",
            bytes.len()
        );
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(
        rejection(&longer),
        "not a usable model artifact: it was truncated or altered (its checksum differs)"
    );
}

#[test]
fn altered_bytes_are_rejected() {
    let bytes = single(Algorithm::LogisticRegression, 1).to_bytes();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << bit;
            assert!(
                Artifact::from_bytes(&altered, SCHEMA).is_err(),
                "bit {bit} of byte {at}"
            );
        }
    }
}

#[test]
fn another_file_type_version_or_schema_is_reported() {
    let bytes = single(Algorithm::LogisticRegression, 1).to_bytes();
    assert_eq!(
        rejection(b"PK\x03\x04"),
        "not a usable model artifact: its magic number is wrong"
    );
    for version in [4, 6] {
        let mut other = bytes.clone();
        other[8] = version;
        assert_eq!(
            rejection(&other),
            format!(
                "the artifact has format version {version}, this program reads version 5; train it again"
            )
        );
    }
    assert_eq!(
        Artifact::from_bytes(&bytes, "schema-2")
            .unwrap_err()
            .to_string(),
        "the artifact was trained on schema `schema-1`, this program has schema `schema-2`; train it again"
    );
}

#[test]
fn a_single_member_predicts_like_its_model() {
    let artifact = single(Algorithm::GradientBoosting, 1);
    let rows = table(50, 9);
    let rows = samples(&rows.values, COLUMNS, &rows.labels);
    let expected = probabilities(&artifact.members[0].model, &rows);
    assert_eq!(artifact.predict_proba(&rows.x()).unwrap(), expected);
    assert_eq!(artifact.members_row(rows.x().row(7)), [expected[7]]);
    assert_eq!(
        artifact.probes[0].probability,
        artifact.predict_row(&artifact.probes[0].row)
    );
    let narrow = samples(&[0.0; 4], 2, &[0, 1]);
    assert!(artifact.predict_proba(&narrow.x()).is_err());
}

#[test]
fn combined_members_are_weighted() {
    let parts: Vec<_> = Algorithm::ALL
        .into_iter()
        .map(|algorithm| single(algorithm, 2))
        .collect();
    let row = parts[0].probes[0].row.clone();
    let probabilities: Vec<f64> = parts.iter().map(|part| part.predict_row(&row)).collect();
    let weights: Vec<f64> = (1..).map(f64::from).take(parts.len()).collect();
    let combined = Artifact::combine(parts, &weights).unwrap();
    let weighed = probabilities.iter().zip(&weights);
    let expected = weighed.map(|(p, weight)| p * weight).sum::<f64>() / weights.iter().sum::<f64>();
    assert!((combined.predict_row(&row) - expected).abs() < 1e-15);
    assert_eq!(combined.members_row(&row), probabilities);
    assert_eq!(combined.probes.len(), 2);
    assert_eq!(combined.probes[0].probability, combined.predict_row(&row));
    assert_eq!(
        (combined.threshold, combined.validation.is_none()),
        (0.5, true)
    );
    assert!(combined.extras.is_empty());
    assert_eq!(combined.data_fingerprint, "rows-1");
    assert_eq!(
        combined.features,
        single(Algorithm::RandomForest, 1).features
    );
    assert_eq!(
        Artifact::from_bytes(&combined.to_bytes(), SCHEMA)
            .unwrap()
            .members,
        combined.members
    );

    // An ensemble can be combined again, which scales its members' weights.
    let halved = combined.members.iter().map(|member| member.weight / 2.0);
    let expected: Vec<f64> = halved.chain([0.5]).collect();
    let again = Artifact::combine(
        vec![combined, single(Algorithm::RandomForest, 1)],
        &[1.0, 1.0],
    )
    .unwrap();
    let weights: Vec<f64> = again.members.iter().map(|member| member.weight).collect();
    assert_eq!(weights.len(), expected.len());
    for (found, expected) in weights.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-15, "{weights:?}");
    }
}

#[test]
fn incompatible_artifacts_are_not_combined() {
    let part = || single(Algorithm::LogisticRegression, 1);
    let other_schema = Artifact {
        schema: "schema-2".to_owned(),
        ..part()
    };
    assert_eq!(
        Artifact::combine(vec![part(), other_schema], &[1.0, 1.0])
            .unwrap_err()
            .to_string(),
        "`lr-job` and `lr-job` cannot be combined: their schemas are `schema-1` and `schema-2`"
    );
    let mut other_features = part();
    other_features.features.swap(0, 1);
    assert!(matches!(
        Artifact::combine(vec![part(), other_features], &[1.0, 1.0]),
        Err(Error::Combine { .. })
    ));
    assert!(matches!(
        Artifact::combine(vec![part()], &[1.0, 1.0]),
        Err(Error::Weights { members: 1, .. })
    ));
    assert!(matches!(
        Artifact::combine(Vec::new(), &[]),
        Err(Error::Weights { members: 0, .. })
    ));
}

#[test]
fn combining_joins_ranges_and_fingerprints() {
    let mut other = single(Algorithm::LogisticRegression, 1);
    other.data_fingerprint = "rows-2".to_owned();
    (other.features[0].min, other.features[0].max) = (-1e9, 1e9);
    other.features[1].missing = true;
    let parts = vec![single(Algorithm::RandomForest, 1), other];
    let combined = Artifact::combine(parts, &[1.0, 1.0]).unwrap();
    assert_eq!(combined.data_fingerprint, "rows-1+rows-2");
    assert_eq!(
        (combined.features[0].min, combined.features[0].max),
        (-1e9, 1e9)
    );
    assert!(combined.features[1].missing);
}

#[test]
fn the_manifest_describes_the_file() {
    let manifest = single(Algorithm::RandomForest, 1).manifest();
    assert_eq!(manifest["schema"], SCHEMA);
    assert_eq!(manifest["features"].as_array().unwrap().len(), COLUMNS);
    let feature = &manifest["features"][0];
    assert!(feature["min"].as_f64() < feature["max"].as_f64());
    assert!(feature["missing"].is_boolean());
    let member = &manifest["members"][0];
    assert_eq!(
        (&member["algorithm"], &member["trees"]),
        (&"random_forest".into(), &3.into())
    );
    assert_eq!(member["hyperparameters"]["max_features"], "sqrt");
    assert_eq!(member["importances"].as_array().unwrap().len(), COLUMNS);
    assert!(manifest["validation"]["at_threshold"]["f1"].is_number());
    assert!(manifest["probes"][1]["row"][0].is_null());
    assert_eq!(manifest["format_version"], 5);
    assert_eq!(manifest["rule"]["at"], 0.1 + 0.2);
}
