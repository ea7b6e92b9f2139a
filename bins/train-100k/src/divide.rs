//! Rows dealt to parts, the audit of that, and the manifest.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow, ensure};
use ensemble::metrics::{self, Confusion};
use fire_cli::{Ceiling, DataManifest, PartEntry, failed, usage};
use sensor_model::{FEATURE_COUNT, Feature, Rows};
use split::{Assignment, Audit, AuditInput, Check, Part, Ratios, RowKey};

use crate::parts;
use crate::recipe::{Recipe, Source};

/// A dataset in memory, split and audited.
pub(crate) struct Prepared {
    pub(crate) manifest: DataManifest,
    /// By the names of their channels.
    pub(crate) parts: BTreeMap<String, Rows>,
}

/// Rows on their way to the parts.
pub(crate) struct Drawn {
    pub(crate) rows: Rows,
    /// E\[p|x\] of each row, where the generator knows it.
    pub(crate) expected: Option<Vec<f64>>,
    /// More rows to train on.
    pub(crate) beside: Rows,
    /// Sets of whole episodes by the names of their channels.
    pub(crate) alarm: Vec<(&'static str, Rows)>,
}

/// The part of each row; no key is in two of them.
pub(crate) fn dealt(keys: &[RowKey], seed: u64) -> anyhow::Result<Assignment> {
    split::split(keys, Ratios::default(), seed)
        .context("these rows cannot be split")
        .map_err(usage)
}

/// What must not be parted: a site with all its recordings where sites are known, since a room looks the same in every
/// recording; otherwise what the data calls a group.
fn inseparable(rows: &Rows) -> &[u64] {
    rows.metadata
        .as_ref()
        .map_or(&rows.groups, |metadata| &metadata.sites)
}

/// Divides rows by their sites or groups and audits the result.
pub(crate) fn divide(recipe: &Recipe, drawn: Drawn) -> anyhow::Result<Prepared> {
    let rows = drawn.rows;
    both_classes(&rows).map_err(usage)?;
    let keys: Vec<RowKey> = std::iter::zip(inseparable(&rows), &rows.labels)
        .map(|(&group, &label)| RowKey { group, label })
        .collect();
    let assignment = dealt(&keys, recipe.seed).map_err(|error| match &recipe.source {
        Source::Files { .. } if rows.metadata.is_some() => usage(error.context(
            "the rows are divided by the column `site`; leave that column out to divide them by recording",
        )),
        _ => error,
    })?;
    let mut parts: Vec<(String, Rows)> = Vec::new();
    let mut ceilings = BTreeMap::new();
    for part in Part::ALL {
        let indices = assignment.rows(part);
        let mut taken = rows.select(&indices);
        if let Some(expected) = &drawn.expected {
            let expected: Vec<f64> = indices.iter().map(|&index| expected[index]).collect();
            ceilings.insert(part.to_string(), ceiling(&taken.labels, &expected));
        }
        if part == Part::Train {
            add(&mut taken, &drawn.beside);
        }
        parts.push((part.to_string(), taken));
    }
    // They stand in the parts now, and a million rows are 120 MB.
    drop(rows);
    parts.extend(
        drawn
            .alarm
            .into_iter()
            .map(|(name, rows)| (name.to_owned(), rows)),
    );
    let found = parts.into_iter().collect();
    let mut prepared = described(recipe, found, assignment.report.largest_deviation)?;
    for (part, ceiling) in ceilings {
        if let Some(entry) = prepared.manifest.parts.get_mut(&part) {
            entry.ceiling = ceiling;
        }
    }
    Ok(prepared)
}

/// Rows beside others keep the others' columns: metadata on one side only would be lost on both.
fn add(rows: &mut Rows, beside: &Rows) {
    let mut beside = beside.clone();
    if rows.metadata.is_none() {
        beside.metadata = None;
    }
    rows.extend(beside);
}

/// Parts that were divided before, possibly by several machines.
pub(crate) fn joined(recipe: &Recipe, found: parts::Found) -> anyhow::Result<Prepared> {
    let count = |part: &str| found.parts.get(part).map_or(0, Rows::len);
    let all: usize = Part::ALL.map(|part| count(&part.to_string())).iter().sum();
    let deviation = Part::ALL
        .iter()
        .zip(Ratios::default().shares())
        .map(|(part, wanted)| (count(&part.to_string()) as f64 / all as f64 - wanted).abs())
        .fold(0.0, f64::max);
    let mut prepared = described(recipe, found.parts, deviation)?;
    let manifest = &mut prepared.manifest;
    (manifest.profile, manifest.settings) = (found.profile, found.settings);
    for (name, ceiling) in found.ceilings {
        if let Some(entry) = manifest.parts.get_mut(&name) {
            entry.ceiling = ceiling;
        }
    }
    Ok(prepared)
}

/// The manifest of parts whose audit passes.
fn described(
    recipe: &Recipe,
    parts: BTreeMap<String, Rows>,
    split_deviation: f64,
) -> anyhow::Result<Prepared> {
    let of = |part: Part| {
        let rows = parts.get(&part.to_string());
        rows.with_context(|| format!("there is no part {part}"))
    };
    let mut rows = Rows::default();
    let mut part_of = Vec::new();
    for part in Part::ALL {
        let taken = of(part)?;
        rows.extend(taken.clone());
        part_of.extend(std::iter::repeat_n(part, taken.len()));
    }
    let mut groups = inseparable(&rows).to_vec();
    groups.sort_unstable();
    groups.dedup();
    let audit = audited(&rows, &part_of, sets_apart(&parts, &rows))?;
    let manifest = DataManifest {
        format: 1,
        run: recipe.run.clone(),
        profile: recipe.source.name(),
        seed: recipe.seed,
        settings: recipe.source.settings(),
        samples: rows.len() as u64,
        groups: groups.len() as u64,
        schema: sensor_model::fingerprint().to_owned(),
        parts: parts
            .iter()
            .map(|(name, rows)| (name.clone(), entry(rows)))
            .collect(),
        split_deviation,
        single_features: single_features(of(Part::Test)?),
        audit,
    };
    Ok(Prepared { manifest, parts })
}

/// That the alarm sets share no site with the parts or with each other; nothing where there are none.
fn sets_apart(parts: &BTreeMap<String, Rows>, divided: &Rows) -> Option<Check> {
    let alarm: Vec<(&str, &[u64])> = parts
        .iter()
        .filter(|(name, _)| name.starts_with("alarm-"))
        .map(|(name, rows)| (name.as_str(), inseparable(rows)))
        .collect();
    let sets = [&[("the parts", inseparable(divided))][..], &alarm].concat();
    (!alarm.is_empty()).then(|| split::disjoint("alarm_site_overlap", &sets))
}

/// The audit of the split, if it passed.
fn audited(rows: &Rows, part_of: &[Part], sets_apart: Option<Check>) -> anyhow::Result<Audit> {
    let audit = split::audit(&AuditInput {
        features: &rows.features,
        columns: FEATURE_COUNT,
        labels: &rows.labels,
        groups: &rows.groups,
        sites: rows
            .metadata
            .as_ref()
            .map(|metadata| metadata.sites.as_slice()),
        part_of,
    });
    let mut audit = audit.map_err(failed)?;
    audit.checks.extend(sets_apart);
    audit.passed = audit.checks.iter().all(|check| check.passed);
    if audit.passed {
        return Ok(audit);
    }
    let failures = audit.checks.iter().filter(|check| !check.passed);
    let failures = failures.map(|check| format!("{}: {}", check.name, check.detail));
    Err(failed(anyhow!(
        "the split fails its audit, so nothing is trained on it: {}; \
         rows that repeat each other need one value in the `group` column",
        failures.collect::<Vec<_>>().join("; ")
    )))
}

fn both_classes(rows: &Rows) -> anyhow::Result<()> {
    let fires = rows
        .labels
        .iter()
        .map(|&label| usize::from(label))
        .sum::<usize>();
    ensure!(
        fires > 0 && fires < rows.len(),
        "{fires} of {} rows have fire_detected = 1; to tell fires from the rest, rows of both \
         kinds are needed",
        rows.len()
    );
    Ok(())
}

/// What the manifest says of a part.
pub(crate) fn entry(rows: &Rows) -> PartEntry {
    PartEntry {
        rows: rows.len() as u64,
        positives: rows.labels.iter().map(|&label| u64::from(label)).sum(),
        fingerprint: sensor_model::data_fingerprint(rows),
        ceiling: None,
    }
}

/// How well each feature alone tells fires from the rest: its AUC where it is known, taken the way round that is above
/// one half.
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

/// What the best possible classifier, E[p|x], reaches on these labels.
fn ceiling(labels: &[u8], expected: &[f64]) -> Option<Ceiling> {
    // The rule is "more likely than not", so a tie at exactly 1/2 is no fire.
    let above_half = Confusion::at(0.5f64.next_up(), labels, expected).ok()?;
    let best = Confusion::at(
        metrics::best_f1_threshold(labels, expected).ok()?,
        labels,
        expected,
    )
    .ok()?;
    Some(Ceiling {
        auc: metrics::roc_auc(labels, expected).ok()?,
        accuracy: above_half.accuracy(),
        f1: best.f1(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_is_that_of_the_expected_probability() {
        let labels = [0, 0, 1, 1, 1];
        let expected = [0.1, 0.6, 0.5, 0.7, 0.9];
        let ceiling = ceiling(&labels, &expected).unwrap();
        // Five of six pairs are in order; at more than one half, the second and third are wrong.
        assert!((ceiling.auc - 5.0 / 6.0).abs() < 1e-12);
        assert!((ceiling.accuracy - 3.0 / 5.0).abs() < 1e-12);
        // At one half and above: three fires found, one false alarm.
        assert!((ceiling.f1 - 6.0 / 7.0).abs() < 1e-12);
        assert!(super::ceiling(&[1, 1], &[0.5, 0.6]).is_none());
    }

    #[test]
    fn a_single_feature_is_judged_where_it_is_known_and_either_way_round() {
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
        // Falling: three of four pairs; rising, of the known ones: all.
        assert_eq!(
            (auc["t_mean"], auc["t_std"], auc["t_max"]),
            (0.75, 1.0, 0.5)
        );
    }
}
