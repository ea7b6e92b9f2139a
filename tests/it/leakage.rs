//! What a split by row would claim: the negative example in the model card.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use ensemble::metrics::roc_auc;
use ensemble::{Algorithm, Matrix, Params, Run, Samples};
use sensor_model::episode::{EpisodeParams, EpisodeSource, Purpose};
use sensor_model::{FEATURE_COUNT, Rows};
use split::{AuditInput, Part, Ratios, RowKey, Table};

const ROWS: usize = 12_000;
const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

fn rows() -> Rows {
    let params = EpisodeParams::default().check().unwrap();
    let source = EpisodeSource::new(params, 42, Purpose::Training);
    let episodes = source.generate(source.holding_rows(ROWS), THREADS).unwrap();
    Rows::from(episodes).slice(0..ROWS)
}

/// Splits the rows by these keys. Returns the AUC of default boosting on the test part, and the checks
/// of the audit that fail.
fn judged(rows: &Rows, keys: &[u64]) -> (f64, Vec<String>) {
    let keys = std::iter::zip(keys, &rows.labels).map(|(&group, &label)| RowKey { group, label });
    let assignment = split::split(&keys.collect::<Vec<_>>(), Ratios::default(), 42).unwrap();
    let table = Table {
        features: &rows.features,
        labels: &rows.labels,
        groups: &rows.groups,
        sites: rows
            .metadata
            .as_ref()
            .map(|metadata| metadata.sites.as_slice()),
    };
    let input = AuditInput::new(FEATURE_COUNT).with_table(table, &assignment.part_of);
    let audit = split::audit(&input).unwrap();
    let failed = audit.failures().map(|check| check.name.clone()).collect();
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
fn a_split_by_row_inflates_the_auc_and_fails_the_audit() {
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
    // Rows that are seconds apart are nearly copies, so a model that saw one knows the other.
    assert!(
        by_row - by_site > 0.04,
        "AUC {by_row:.4} by row, {by_site:.4} by site: no flattery to warn of"
    );
    println!("AUC {by_row:.4} by row, {by_site:.4} by site, {ROWS} rows");
}
