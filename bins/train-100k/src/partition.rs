//! Splits rows into train, validation and test, keeping related rows together.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use ensemble::metrics::{self, Confusion};
use fire_cli::usage;
use fire_run::{BayesOptimal, Channel};
use sensor_model::Rows;
use split::{Assignment, Part, Ratios, RowKey};

use crate::plan::Plan;
use crate::rows::SourceRows;
use crate::source::Source;

/// A dataset in memory that has been split but not audited.
pub(crate) struct Partitions {
    /// The profile that made the rows, or `data`.
    pub(crate) profile: String,
    /// Other settings that determined the rows.
    pub(crate) settings: BTreeMap<String, String>,
    /// The rows of each channel.
    pub(crate) rows: BTreeMap<Channel, Rows>,
    /// The metrics of the Bayes-optimal classifier, where known.
    pub(crate) bayes_optimal: BTreeMap<Channel, BayesOptimal>,
    /// The largest difference between actual and requested split ratios.
    pub(crate) deviation: f64,
}

/// Splits the rows of a plan by their sites, or by their groups if sites are unknown.
///
/// # Errors
/// Exit code 2 if all rows belong to the same class, or if there are too few sites or groups.
pub(crate) fn partition(plan: &Plan, drawn: SourceRows) -> anyhow::Result<Partitions> {
    let SourceRows {
        rows,
        expected,
        mut training_only,
        alarm,
    } = drawn;
    check_both_classes(&rows).map_err(usage)?;
    let assignment = assign_rows(&rows, plan)?;
    // Either all rows of a partition have metadata or none.
    if rows.metadata.is_none() {
        training_only.metadata = None;
    }
    let mut partitions = Partitions {
        profile: plan.source.profile(),
        settings: plan.source.settings(),
        rows: alarm.into_iter().collect(),
        bayes_optimal: BTreeMap::new(),
        deviation: assignment.report.largest_deviation,
    };
    for part in Part::ALL {
        let channel = Channel::from(part);
        let indices = assignment.rows(part);
        let mut chosen = rows.select(&indices);
        if let Some(expected) = &expected {
            let expected: Vec<f64> = indices.iter().map(|&index| expected[index]).collect();
            let best = bayes_optimal(&chosen.labels, &expected);
            partitions
                .bayes_optimal
                .extend(best.map(|best| (channel, best)));
        }
        // After the split: simulated rows must not reach validation or test.
        if part == Part::Train {
            chosen.extend(std::mem::take(&mut training_only));
        }
        partitions.rows.insert(channel, chosen);
    }
    Ok(partitions)
}

/// Assigns each row to a partition; rows with the same key get the same one.
///
/// # Errors
/// Exit code 2 for too few keys.
pub(crate) fn assign(keys: &[RowKey], seed: u64) -> anyhow::Result<Assignment> {
    split::split(keys, Ratios::default(), seed)
        .context("these rows cannot be split")
        .map_err(usage)
}

fn assign_rows(rows: &Rows, plan: &Plan) -> anyhow::Result<Assignment> {
    let keys: Vec<RowKey> = std::iter::zip(group_keys(rows), &rows.labels)
        .map(|(&group, &label)| RowKey { group, label })
        .collect();
    assign(&keys, plan.seed).map_err(|error| match &plan.source {
        Source::Files { .. } if rows.metadata.is_some() => usage(error.context(
            "the rows are split by the column `site`; remove that column to split them by recording",
        )),
        _ => error,
    })
}

/// The grouping key of each row. Rows with the same key must stay in the same partition. It is the
/// site if sites are known, because a room looks the same in all its recordings; otherwise the group.
pub(crate) fn group_keys(rows: &Rows) -> &[u64] {
    rows.metadata
        .as_ref()
        .map_or(&rows.groups, |metadata| &metadata.sites)
}

fn check_both_classes(rows: &Rows) -> anyhow::Result<()> {
    let fires: usize = rows.labels.iter().map(|&label| usize::from(label)).sum();
    ensure!(
        fires > 0 && fires < rows.len(),
        "{fires} of {} rows have fire_detected = 1; training needs rows of both classes",
        rows.len()
    );
    Ok(())
}

/// The metrics of the best possible classifier, E[p|x], on these labels.
fn bayes_optimal(labels: &[u8], expected: &[f64]) -> Option<BayesOptimal> {
    // It predicts a fire if one is more likely than not, so exactly 1/2 is not a fire.
    let above_half = Confusion::at(0.5f64.next_up(), labels, expected).ok()?;
    let best_threshold = metrics::best_f1_threshold(labels, expected).ok()?;
    let best = Confusion::at(best_threshold, labels, expected).ok()?;
    Some(BayesOptimal {
        auc: metrics::roc_auc(labels, expected).ok()?,
        accuracy: above_half.accuracy(),
        f1: best.f1(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bayes_optimal_metrics_are_computed_from_the_expected_probabilities() {
        let labels = [0, 0, 1, 1, 1];
        let expected = [0.1, 0.6, 0.5, 0.7, 0.9];
        let best = bayes_optimal(&labels, &expected).unwrap();
        // Five of the six pairs of a positive and a negative row are ranked correctly. With a
        // threshold above one half, the second and third rows are classified wrongly.
        assert!((best.auc - 5.0 / 6.0).abs() < 1e-12);
        assert!((best.accuracy - 3.0 / 5.0).abs() < 1e-12);
        // At one half and above: three fires found, one false alarm.
        assert!((best.f1 - 6.0 / 7.0).abs() < 1e-12);
        assert!(bayes_optimal(&[1, 1], &[0.5, 0.6]).is_none());
    }
}
