//! Audits a split independently and builds the manifest of the dataset.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use ensemble::metrics;
use fire_cli::failed;
use fire_run::{Channel, DataManifest, PartEntry};
use sensor_model::{FEATURE_COUNT, Feature, Rows};
use split::{Audit, AuditInput, HeldOut, Part, Table};

use crate::partition::{Partitions, group_keys};
use crate::plan::Plan;

/// A dataset in memory whose split has passed the audit.
pub(crate) struct Audited {
    pub(crate) manifest: DataManifest,
    /// The rows of each channel.
    pub(crate) rows: BTreeMap<Channel, Rows>,
}

/// Audits the partitions and builds their manifest.
///
/// # Errors
/// Exit code 1 for a split that fails its audit and must not be used for training.
pub(crate) fn audit(plan: &Plan, partitions: Partitions) -> anyhow::Result<Audited> {
    let rows_of = |part: Part| {
        let rows = partitions.rows.get(&part.into());
        rows.with_context(|| format!("partition {part} is missing"))
    };
    let split = [
        rows_of(Part::Train)?,
        rows_of(Part::Validation)?,
        rows_of(Part::Test)?,
    ];
    let manifest = DataManifest {
        format: 1,
        run: plan.run.clone(),
        profile: partitions.profile,
        seed: plan.seed,
        settings: partitions.settings,
        samples: split.iter().map(|rows| rows.len() as u64).sum(),
        groups: distinct_groups(split),
        schema: sensor_model::fingerprint().to_owned(),
        parts: partitions
            .rows
            .iter()
            .map(|(channel, rows)| {
                let bayes_optimal = partitions.bayes_optimal.get(channel).copied();
                let entry = entry(rows);
                (
                    *channel,
                    PartEntry {
                        bayes_optimal,
                        ..entry
                    },
                )
            })
            .collect(),
        split_deviation: partitions.deviation,
        single_features: single_features(split[2]),
        audit: passing_audit(split, &partitions.rows)?,
    };
    Ok(Audited {
        manifest,
        rows: partitions.rows,
    })
}

/// The manifest entry of a channel with these rows.
pub(crate) fn entry(rows: &Rows) -> PartEntry {
    PartEntry {
        rows: rows.len() as u64,
        positives: rows.labels.iter().map(|&label| u64::from(label)).sum(),
        fingerprint: sensor_model::data_fingerprint(rows),
        bayes_optimal: None,
    }
}

/// The number of sites, or of groups if the site of any row is unknown.
fn distinct_groups(split: [&Rows; 3]) -> u64 {
    let sites_known = split
        .iter()
        .all(|rows| rows.metadata.is_some() || rows.is_empty());
    let mut groups: Vec<u64> = split
        .iter()
        .flat_map(|rows| {
            if sites_known {
                group_keys(rows)
            } else {
                &rows.groups
            }
        })
        .copied()
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups.len() as u64
}

/// The audit of the split and of the alarm channels, which must share no site with it or with each
/// other.
fn passing_audit(split: [&Rows; 3], rows: &BTreeMap<Channel, Rows>) -> anyhow::Result<Audit> {
    let mut input = AuditInput::new(FEATURE_COUNT);
    for (part, rows) in Part::ALL.into_iter().zip(split) {
        let table = Table {
            features: &rows.features,
            labels: &rows.labels,
            groups: &rows.groups,
            sites: rows.metadata.as_ref().map(|metadata| &metadata.sites[..]),
        };
        input = input.with_part(part, table);
    }
    // Not partitions of the split, so they are checked for common sites only.
    let alarm: Vec<HeldOut<'_>> = rows
        .iter()
        .filter(|(channel, _)| Channel::ALARM.contains(channel))
        .map(|(channel, rows)| HeldOut {
            name: channel.as_str(),
            sites: group_keys(rows),
        })
        .collect();
    if !alarm.is_empty() {
        input = input.with_held_out("alarm_site_overlap", alarm);
    }
    let audit = split::audit(&input).map_err(failed)?;
    if audit.passed() {
        return Ok(audit);
    }
    let failures = audit
        .failures()
        .map(|check| format!("{}: {}", check.name, check.detail));
    Err(failed(anyhow!(
        "the split fails its audit and is not used for training: {}; \
         duplicate rows need the same value in the `group` column",
        failures.collect::<Vec<_>>().join("; ")
    )))
}

/// The larger of AUC and 1 - AUC of each feature alone, on the rows where its value is known.
fn single_features(rows: &Rows) -> BTreeMap<String, f64> {
    let auc = |feature: Feature| {
        let values = rows
            .features
            .iter()
            .skip(feature.index())
            .step_by(FEATURE_COUNT);
        let known = std::iter::zip(values, &rows.labels).filter(|(value, _)| !value.is_nan());
        let (values, labels): (Vec<f64>, Vec<u8>) = known
            .map(|(&value, &label)| (f64::from(value), label))
            .unzip();
        let auc = metrics::roc_auc(&labels, &values).ok()?;
        Some((feature.name().to_owned(), auc.max(1.0 - auc)))
    };
    Feature::ALL.into_iter().filter_map(auc).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_feature_is_evaluated_where_it_is_known_and_in_the_better_direction() {
        let mut features = vec![0.0; 4 * FEATURE_COUNT];
        for (row, values) in [[9.0, 1.0], [7.0, f32::NAN], [8.0, 2.0], [1.0, 3.0]]
            .into_iter()
            .enumerate()
        {
            features[row * FEATURE_COUNT..][..2].copy_from_slice(&values);
        }
        let rows = Rows {
            features,
            labels: vec![0, 0, 1, 1],
            ..Rows::default()
        };
        let auc = single_features(&rows);
        assert_eq!(auc.len(), FEATURE_COUNT);
        // The first falls in three of four pairs; the second rises in all pairs that are known.
        assert_eq!(
            (auc["t_mean"], auc["t_std"], auc["t_max"]),
            (0.75, 1.0, 0.5)
        );
    }
}
