use ensemble::artifact::{Artifact, FeatureRange, Member, Probe};
use ensemble::{Model, Params, Samples};

/// The schema of what [`packed`] makes.
pub(crate) const SCHEMA: &str = "rows";

/// An artifact of one member with nothing but what every artifact has, and two probes.
pub(crate) fn packed(model: Model, train: &Samples) -> Artifact {
    let columns = train.x().columns();
    let names: Vec<String> = (0..columns).map(|column| format!("f{column}")).collect();
    let probe = |name: &str, row: Vec<f32>, expected| Probe {
        name: name.to_owned(),
        row,
        expected,
        probability: 0.0,
    };
    let mut artifact = Artifact {
        schema: SCHEMA.to_owned(),
        features: FeatureRange::of_columns(names.iter().map(String::as_str), &train.x()),
        data_fingerprint: "d".to_owned(),
        threshold: 0.5,
        members: vec![Member {
            name: model.algorithm().short().to_owned(),
            algorithm: model.algorithm(),
            weight: 1.0,
            seed: 42,
            hyperparameters: Params::defaults(model.algorithm()).entries(),
            validation: None,
            test: None,
            model,
        }],
        validation: None,
        test: None,
        alarm: None,
        probes: vec![
            probe("first", train.x().row(0).to_vec(), Some(true)),
            probe("missing", vec![f32::NAN; columns], None),
        ],
    };
    artifact.answer_probes();
    artifact
}
