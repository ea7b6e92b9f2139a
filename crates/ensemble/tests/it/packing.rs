use ensemble::artifact::{Artifact, FeatureRange, Member, Probe};
use ensemble::{Error, Model, Params, Samples};

/// The schema of artifacts built by [`packed`].
pub(crate) const SCHEMA: &str = "rows";

/// A minimal artifact of one member, with two probes.
pub(crate) fn packed(model: Model, train: &Samples) -> Result<Artifact, Error> {
    let columns = train.x().columns();
    let names: Vec<String> = (0..columns).map(|column| format!("f{column}")).collect();
    let probe = |name: &str, row: Vec<f32>, expected| Probe {
        name: name.to_owned(),
        row,
        expected,
        probability: 0.0,
    };
    let features = FeatureRange::of_columns(names.iter().map(String::as_str), &train.x());
    let params = Params::defaults(model.algorithm()).check()?;
    let member = Member::new(model.algorithm().short(), model, &params, 42);
    let mut artifact = Artifact::new(SCHEMA, features, vec![member]);
    artifact.probes = vec![
        probe("first", train.x().row(0).to_vec(), Some(true)),
        probe("missing", vec![f32::NAN; columns], None),
    ];
    artifact.predict_probes();
    Ok(artifact)
}
