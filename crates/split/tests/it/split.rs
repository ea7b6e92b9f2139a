//! The splitter's guarantees.

use std::collections::BTreeMap;

use proptest::prelude::*;
use split::{Assignment, Error, Part, Ratios, RowKey, split};

/// Single-row groups; the first `fires` have label 1.
fn singles(rows: u64, fires: u64) -> Vec<RowKey> {
    (0..rows)
        .map(|group| RowKey {
            group,
            label: u8::from(group < fires),
        })
        .collect()
}

fn counts(keys: &[RowKey], assignment: &Assignment, label: Option<u8>) -> [usize; 3] {
    let mut counts = [0; 3];
    for (key, &part) in keys.iter().zip(&assignment.part_of) {
        if label.is_none_or(|label| key.label == label) {
            counts[part as usize] += 1;
        }
    }
    counts
}

fn each_group_is_in_one_part(keys: &[RowKey], assignment: &Assignment) -> bool {
    let mut parts = BTreeMap::new();
    keys.iter()
        .zip(&assignment.part_of)
        .all(|(key, &part)| *parts.entry(key.group).or_insert(part) == part)
}

#[test]
fn a_hundred_thousand_single_rows_split_exactly() {
    let keys = singles(100_000, 51_025);
    let assignment = split(&keys, Ratios::default(), 42).unwrap();
    assert_eq!(counts(&keys, &assignment, None), [70_000, 15_000, 15_000]);
    for (part, rows) in [
        (Part::Train, 35_717.5),
        (Part::Validation, 7_653.75),
        (Part::Test, 7_653.75),
    ] {
        let fires = counts(&keys, &assignment, Some(1))[part as usize] as f64;
        assert!((fires - rows).abs() < 1.0, "{part}: {fires} fires");
    }
    assert!(assignment.report.largest_deviation < 1e-4);
    assert_eq!(assignment.report.groups, 100_000);
}

#[test]
fn every_row_is_in_exactly_one_part() {
    let assignment = split(&singles(1_000, 400), Ratios::default(), 1).unwrap();
    let mut rows: Vec<usize> = Part::ALL
        .into_iter()
        .flat_map(|part| assignment.rows(part))
        .collect();
    rows.sort_unstable();
    assert_eq!(rows, (0..1_000).collect::<Vec<_>>());
}

#[test]
fn the_result_depends_on_the_seed_and_not_on_the_order_of_the_rows() {
    let keys = singles(500, 200);
    let first = split(&keys, Ratios::default(), 1).unwrap();
    assert_eq!(split(&keys, Ratios::default(), 1).unwrap(), first);
    assert_ne!(
        split(&keys, Ratios::default(), 2).unwrap().part_of,
        first.part_of
    );
    let reversed: Vec<RowKey> = keys.iter().rev().copied().collect();
    let mut again = split(&reversed, Ratios::default(), 1).unwrap().part_of;
    again.reverse();
    assert_eq!(again, first.part_of);
}

#[test]
fn the_part_of_a_row_is_independent_of_its_position() {
    let keys = singles(10_000, 5_000);
    let assignment = split(&keys, Ratios::default(), 3).unwrap();
    // About 15 % of each tenth of the input are test rows; five standard errors are 5.6 %.
    for tenth in assignment.part_of.chunks(1_000) {
        let test = tenth.iter().filter(|&&part| part == Part::Test).count() as f64 / 1_000.0;
        assert!((test - 0.15).abs() < 0.056, "{test}");
    }
}

#[test]
fn the_report_counts_the_rows_of_each_part() {
    let keys = singles(200, 60);
    let assignment = split(&keys, Ratios::new(0.5, 0.25, 0.25).unwrap(), 5).unwrap();
    for share in &assignment.report.shares {
        let rows = counts(&keys, &assignment, share.label);
        assert_eq!(share.rows, rows[share.part as usize], "{share:?}");
        let all: usize = rows.iter().sum();
        assert!(
            (share.achieved - share.rows as f64 / all as f64).abs() < 1e-12,
            "{share:?}"
        );
    }
    // Three parts, for all rows and for each of two labels.
    assert_eq!(assignment.report.shares.len(), 9);
}

#[test]
fn groups_of_many_sizes_approximate_the_shares() {
    // 400 episodes of 20 to 99 rows; in a third of them, a fire burns in the second half.
    let episode = |group: u64| {
        let rows = 20 + group * 37 % 80;
        (0..rows).map(move |i| RowKey {
            group,
            label: u8::from(group.is_multiple_of(3) && i > rows / 2),
        })
    };
    let keys: Vec<RowKey> = (0..400).flat_map(episode).collect();
    let assignment = split(&keys, Ratios::default(), 42).unwrap();
    assert!(each_group_is_in_one_part(&keys, &assignment));
    let deviation = assignment.report.largest_deviation;
    assert!(deviation < 0.005, "{deviation}");
}

#[track_caller]
fn check_rejected(keys: &[RowKey], expected: &str) {
    let error = split(keys, Ratios::default(), 42).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn too_few_rows_of_a_label_are_rejected() {
    check_rejected(&[], "there are no rows to split");
    check_rejected(
        &singles(100, 3),
        "too little data with label 1 to give the validation part any (rows: 3, groups: 3); add \
         more rows or groups with that label",
    );
    let one_episode: Vec<RowKey> = (0..100)
        .map(|row| RowKey {
            group: row / 50,
            label: u8::from(row < 50),
        })
        .collect();
    check_rejected(
        &one_episode,
        "too little data with label 0 to give the validation part any (rows: 50, groups: 1); add \
         more rows or groups with that label",
    );
}

#[test]
fn seven_rows_of_a_label_are_enough() {
    let keys = singles(100, 7);
    let assignment = split(&keys, Ratios::default(), 42).unwrap();
    assert_eq!(counts(&keys, &assignment, Some(1)), [5, 1, 1]);
}

#[test]
fn part_names_are_lower_case() {
    assert_eq!(
        Part::ALL.map(|part| part.to_string()),
        ["train", "validation", "test"]
    );
}

proptest! {
    #[test]
    fn no_group_is_in_more_than_one_part(
        groups in proptest::collection::vec((1_usize..30, 0_u8..3), 1..200),
        seed: u64,
    ) {
        let keys: Vec<RowKey> = groups
            .iter()
            .zip(0..)
            .flat_map(|(&(rows, label), group)| vec![RowKey { group, label }; rows])
            .collect();
        match split(&keys, Ratios::default(), seed) {
            Ok(assignment) => {
                prop_assert!(each_group_is_in_one_part(&keys, &assignment));
                for label in keys.iter().map(|key| key.label) {
                    prop_assert!(counts(&keys, &assignment, Some(label)).iter().all(|&rows| rows > 0));
                }
            }
            Err(error) => prop_assert!(matches!(error, Error::TooFew { .. }), "{error}"),
        }
    }

    #[test]
    fn single_rows_always_split_exactly(rows in 60_u64..3_000, fires in 0.2_f64..0.8, seed: u64) {
        let fires = (rows as f64 * fires) as u64;
        let keys = singles(rows, fires);
        let assignment = split(&keys, Ratios::default(), seed).unwrap();
        for (label, total) in [(None, rows), (Some(0), rows - fires), (Some(1), fires)] {
            for (rows, share) in counts(&keys, &assignment, label).into_iter().zip([0.7, 0.15, 0.15]) {
                prop_assert!((rows as f64 - total as f64 * share).abs() <= 1.0 + 1e-6);
            }
        }
    }
}
