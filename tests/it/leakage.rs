//! What a split by row would claim: the negative example that the model card tells of.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use ensemble::metrics::roc_auc;
use ensemble::{Algorithm, Matrix, Params, Run, Samples};
use sensor_model::episode::{EpisodeParams, EpisodeSource, Purpose};
use sensor_model::{FEATURE_COUNT, Rows};
use split::{AuditInput, Part, Ratios, RowKey};

const ROWS: usize = 12_000;
const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

fn rows() -> Rows {
    let params = EpisodeParams::default().check().unwrap();
    let source = EpisodeSource::new(params, 42, Purpose::Training);
    let episodes = source.generate(source.holding_rows(ROWS), THREADS).unwrap();
    Rows::from(episodes).slice(0..ROWS)
}

/// The AUC on the test part of boosting with default settings, and the checks of the audit that fail, when the rows
/// are dealt by these keys.
fn judged(rows: &Rows, keys: &[u64]) -> (f64, Vec<String>) {
    let keys = std::iter::zip(keys, &rows.labels).map(|(&group, &label)| RowKey { group, label });
    let assignment = split::split(&keys.collect::<Vec<_>>(), Ratios::default(), 42).unwrap();
    let audit = split::audit(&AuditInput {
        features: &rows.features,
        columns: FEATURE_COUNT,
        labels: &rows.labels,
        groups: &rows.groups,
        sites: rows
            .metadata
            .as_ref()
            .map(|metadata| metadata.sites.as_slice()),
        part_of: &assignment.part_of,
    });
    let failed = audit
        .unwrap()
        .checks
        .into_iter()
        .filter(|check| !check.passed);
    let failed = failed.map(|check| check.name).collect();
    let [train, validation, test] = Part::ALL.map(|part| rows.select(&assignment.rows(part)));
    let mut progress = |_| ControlFlow::Continue(());
    let mut run = Run::new(42).threads(THREADS).progress(&mut progress);
    let model = Params::defaults(Algorithm::GradientBoosting)
        .check()
        .unwrap()
        .fit(
            &samples_of(&train),
            Some(&samples_of(&validation)),
            &mut run,
        )
        .unwrap();
    let probabilities = model.predict_proba(&samples_of(&test).x()).unwrap();
    (roc_auc(&test.labels, &probabilities).unwrap(), failed)
}

fn samples_of(rows: &Rows) -> Samples<'_> {
    Samples::new(
        Matrix::new(&rows.features, FEATURE_COUNT).unwrap(),
        &rows.labels,
    )
    .unwrap()
}

#[test]
fn a_split_by_row_flatters_and_the_audit_refuses_it() {
    let rows = rows();
    let sites = &rows.metadata.as_ref().unwrap().sites;
    let (by_site, failed) = judged(&rows, sites);
    assert_eq!(failed, [""; 0]);
    let (by_row, failed) = judged(&rows, &rows.ids);
    for check in ["group_overlap", "site_overlap"] {
        assert!(
            failed.iter().any(|name| name == check),
            "{check} passes: {failed:?}"
        );
    }
    // Rows seconds apart are nearly copies, so a model that has seen the one knows the other.
    assert!(
        by_row - by_site > 0.04,
        "AUC {by_row:.4} by row, {by_site:.4} by site: no flattery to warn of"
    );
    println!("AUC {by_row:.4} by row, {by_site:.4} by site, {ROWS} rows");
}
