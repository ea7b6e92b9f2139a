//! The audit's checks, on valid and on corrupted splits.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use split::{Audit, AuditInput, Check, HeldOut, Part, Ratios, RowKey, Table, audit, split};

const COLUMNS: usize = 18;

/// Rows of uniform random numbers, with the part of each row.
#[derive(Clone, Default)]
struct Data {
    features: Vec<f32>,
    labels: Vec<u8>,
    groups: Vec<u64>,
    sites: Option<Vec<u64>>,
    part_of: Vec<Part>,
}

impl Data {
    /// Random rows in groups of `group_size` rows, with a valid split.
    fn new(rows: usize, group_size: u64, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let features = (0..rows * COLUMNS).map(|_| rng.random::<f32>()).collect();
        let labels: Vec<u8> = (0..rows)
            .map(|_| u8::from(rng.random::<f32>() < 0.4))
            .collect();
        let groups: Vec<u64> = (0..rows as u64).map(|i| i / group_size).collect();
        let keys = labels
            .iter()
            .zip(&groups)
            .map(|(&label, &group)| RowKey { group, label });
        let part_of = split(&keys.collect::<Vec<_>>(), Ratios::default(), seed)
            .unwrap()
            .part_of;
        Self {
            features,
            labels,
            groups,
            sites: None,
            part_of,
        }
    }

    fn table(&self) -> Table<'_> {
        Table {
            features: &self.features,
            labels: &self.labels,
            groups: &self.groups,
            sites: self.sites.as_deref(),
        }
    }

    fn input(&self) -> AuditInput<'_> {
        AuditInput::new(COLUMNS).with_table(self.table(), &self.part_of)
    }

    fn audit(&self) -> Audit {
        audit(&self.input()).unwrap()
    }

    /// The rows of one part.
    fn partition(&self, part: Part) -> Self {
        let rows = (0..self.labels.len()).filter(|&i| self.part_of[i] == part);
        let mut data = Self {
            sites: self.sites.as_ref().map(|_| vec![]),
            ..Self::default()
        };
        for i in rows {
            data.features
                .extend(&self.features[i * COLUMNS..(i + 1) * COLUMNS]);
            data.labels.push(self.labels[i]);
            data.groups.push(self.groups[i]);
            if let (Some(to), Some(from)) = (&mut data.sites, &self.sites) {
                to.push(from[i]);
            }
            data.part_of.push(part);
        }
        data
    }

    fn row(&mut self, i: usize) -> &mut [f32] {
        &mut self.features[i * COLUMNS..(i + 1) * COLUMNS]
    }

    /// Makes row `to` a copy of row `from`.
    fn copy(&mut self, from: usize, to: usize) {
        self.features
            .copy_within(from * COLUMNS..(from + 1) * COLUMNS, to * COLUMNS);
    }

    /// The first rows of two parts.
    fn firsts(&self, parts: [Part; 2]) -> [usize; 2] {
        parts.map(|part| {
            self.part_of
                .iter()
                .position(|&found| found == part)
                .unwrap()
        })
    }
}

const ACROSS: [Part; 2] = [Part::Train, Part::Test];

/// Asserts that exactly the checks named `failing` fail, the first of them with `value`.
#[track_caller]
fn check(data: &Data, failing: &[&str], value: f64) {
    let audit = data.audit();
    let failed: Vec<&Check> = audit.failures().collect();
    let names: Vec<&str> = failed.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, failing, "{audit:?}");
    assert_eq!(audit.passed(), failing.is_empty());
    if let Some(first) = failed.first() {
        assert!((first.value - value).abs() < 1e-12, "{first:?}");
    }
}

#[test]
fn a_valid_split_passes() {
    check(&Data::new(2_000, 1, 1), &[], 0.0);
    check(&Data::new(3_000, 7, 2), &[], 0.0);
}

#[test]
fn a_group_in_two_parts_is_found() {
    let mut data = Data::new(2_000, 1, 1);
    let [train, test] = data.firsts(ACROSS);
    data.groups[test] = data.groups[train];
    check(&data, &["group_overlap"], 1.0);
    let audit = data.audit();
    let overlap = &audit.checks()[1];
    assert!(
        overlap
            .detail
            .ends_with(&format!("e.g. group {}", data.groups[train])),
        "{overlap:?}"
    );
}

#[test]
fn a_row_in_two_parts_is_both_an_exact_and_a_near_duplicate() {
    let mut data = Data::new(2_000, 1, 1);
    let [train, test] = data.firsts(ACROSS);
    data.copy(train, test);
    check(&data, &["exact_duplicates", "near_duplicates"], 2.0);
}

#[test]
fn rows_that_differ_only_in_nan_bits_or_the_sign_of_zero_are_equal() {
    let mut data = Data::new(2_000, 1, 1);
    let [train, test] = data.firsts(ACROSS);
    data.row(train)[3] = f32::NAN;
    data.row(train)[4] = 0.0;
    data.copy(train, test);
    data.row(test)[3] = -f32::NAN;
    data.row(test)[4] = -0.0;
    check(&data, &["exact_duplicates", "near_duplicates"], 2.0);
}

#[test]
fn nearly_equal_rows_in_two_parts_are_found() {
    let mut data = Data::new(2_000, 1, 1);
    let [validation, test] = data.firsts([Part::Validation, Part::Test]);
    data.copy(validation, test);
    for value in data.row(test) {
        // A uniform number has a standard deviation of 0.289.
        *value += 0.5 * 1e-3 * 0.289;
    }
    check(&data, &["near_duplicates"], 2.0);
    data.row(test)[17] += 2e-3 * 0.289;
    check(&data, &[], 0.0);
}

#[test]
fn near_duplicates_must_have_the_same_missing_values() {
    let mut data = Data::new(2_000, 1, 1);
    let [train, test] = data.firsts(ACROSS);
    data.copy(train, test);
    data.row(train)[0] = f32::NAN;
    check(&data, &[], 0.0);
    data.row(test)[0] = f32::NAN;
    data.row(test)[1] += 1e-4;
    check(&data, &["near_duplicates"], 2.0);
}

#[test]
fn duplicates_within_one_part_are_accepted() {
    let mut data = Data::new(2_000, 1, 1);
    let train: Vec<usize> = (0..2_000)
        .filter(|&i| data.part_of[i] == Part::Train)
        .collect();
    data.copy(train[0], train[1]);
    data.copy(train[0], train[2]);
    check(&data, &[], 0.0);
}

#[test]
fn rows_without_any_value_are_duplicates_of_each_other() {
    let mut data = Data::new(2_000, 1, 1);
    for i in data.firsts(ACROSS) {
        data.row(i).fill(f32::NAN);
    }
    check(&data, &["exact_duplicates", "near_duplicates"], 2.0);
}

#[test]
fn a_label_that_is_too_frequent_in_one_part_is_found() {
    let mut data = Data::new(2_000, 1, 1);
    for i in 0..2_000 {
        if data.part_of[i] == Part::Test && i % 2 == 0 {
            data.labels[i] = 1;
        }
    }
    let audit = data.audit();
    let drift = audit
        .checks()
        .iter()
        .find(|check| check.name == "label_drift")
        .unwrap();
    assert!(
        !audit.passed() && !drift.passed && drift.value > 0.15,
        "{drift:?}"
    );
    assert!(drift.detail.contains(" in test differs by "), "{drift:?}");
}

#[test]
fn a_part_without_rows_is_found() {
    let mut data = Data::new(2_000, 1, 1);
    for part in &mut data.part_of {
        if *part == Part::Validation {
            *part = Part::Train;
        }
    }
    check(&data, &["parts_present"], 1.0);
    assert_eq!(
        data.audit().checks()[0].detail,
        "parts without rows: validation"
    );
}

#[test]
fn an_empty_split_fails_only_because_its_parts_are_empty() {
    check(&Data::default(), &["parts_present"], 3.0);
}

#[test]
fn a_site_in_two_parts_is_found_although_its_groups_are_not_split() {
    let mut data = Data::new(2_000, 10, 3);
    let fifty_groups_a_site = data.groups.iter().map(|group| group / 50).collect();
    data.sites = Some(fifty_groups_a_site);
    check(&data, &["site_overlap"], 4.0);
    // If every group has a site of its own, no site is shared, and the check passes.
    data.sites = Some(data.groups.clone());
    check(&data, &[], 0.0);
    let has_check = |data: &Data| {
        let audit = data.audit();
        audit
            .checks()
            .iter()
            .any(|check| check.name == "site_overlap")
    };
    assert!(has_check(&data));
    data.sites = None;
    assert!(!has_check(&data));
}

#[test]
fn columns_of_different_lengths_are_rejected() {
    let data = Data::new(200, 1, 1);
    let table = Table {
        features: &data.features[1..],
        ..data.table()
    };
    let input = AuditInput::new(COLUMNS).with_table(table, &data.part_of);
    assert_eq!(
        audit(&input).unwrap_err().to_string(),
        "the table to audit has 3599 feature values in rows of 18, 200 labels, 200 groups and 200 \
         parts; all must describe the same rows, with 1 to 128 feature values per row"
    );
}

#[test]
fn one_table_per_part_gives_the_same_audit_as_one_table() {
    let mut data = Data::new(2_000, 1, 1);
    data.sites = Some(data.groups.iter().map(|group| group / 50).collect());
    let [train, test] = data.firsts(ACROSS);
    data.copy(train, test);
    let parts = Part::ALL.map(|part| data.partition(part));
    let mut in_place = AuditInput::new(COLUMNS);
    let mut joined = Data {
        sites: Some(vec![]),
        ..Data::default()
    };
    for (part, rows) in Part::ALL.into_iter().zip(&parts) {
        in_place = in_place.with_part(part, rows.table());
        joined.features.extend(&rows.features);
        joined.labels.extend(&rows.labels);
        joined.groups.extend(&rows.groups);
        joined
            .sites
            .as_mut()
            .unwrap()
            .extend(rows.sites.iter().flatten());
        joined.part_of.extend(&rows.part_of);
    }
    let in_place = audit(&in_place).unwrap();
    assert_eq!(in_place.failures().count(), 3);
    assert_eq!(in_place, joined.audit());
}

#[test]
fn a_held_out_set_must_not_share_sites_with_the_parts_or_another_set() {
    let mut data = Data::new(20, 1, 1);
    data.sites = Some(data.groups.clone());
    let held_out = |choose: &[u64], evaluate: &[u64]| {
        let sets = [("alarm-validation", choose), ("alarm-test", evaluate)];
        let sets = sets.map(|(name, sites)| HeldOut { name, sites });
        let input = data.input().with_held_out("set_overlap", sets.to_vec());
        let check = audit(&input).unwrap().checks().last().unwrap().clone();
        assert_eq!(check.name, "set_overlap");
        (check.passed, check.value, check.detail)
    };
    let sets = "the parts, alarm-validation, alarm-test";
    assert_eq!(
        held_out(&[21, 22, 22], &[23]),
        (
            true,
            0.0,
            format!("no site occurs in more than one of: {sets}")
        )
    );
    assert_eq!(
        held_out(&[21, 22, 22, 9], &[9, 23, 22]),
        (
            false,
            2.0,
            format!("2 sites occur in more than one of: {sets}; e.g. site 9")
        )
    );
}

/// Compares every pair of rows of different parts on every column: slow, but obviously correct.
fn near_by_definition(data: &Data) -> usize {
    let rows = data.labels.len();
    let deviation = |column: usize| {
        let values: Vec<f64> = (0..rows)
            .map(|i| f64::from(data.features[i * COLUMNS + column]))
            .filter(|value| !value.is_nan())
            .collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / values.len() as f64)
            .sqrt()
    };
    let tolerances: Vec<f32> = (0..COLUMNS).map(|c| (1e-3 * deviation(c)) as f32).collect();
    let near = |i: usize, j: usize| {
        (0..COLUMNS).all(|c| {
            let (a, b) = (
                data.features[i * COLUMNS + c],
                data.features[j * COLUMNS + c],
            );
            (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerances[c]
        })
    };
    let leaks = |&i: &usize| (0..rows).any(|j| data.part_of[i] != data.part_of[j] && near(i, j));
    (0..rows).filter(leaks).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn near_duplicates_match_the_definition(
        seed: u64,
        // Source row, target row, shift in standard deviations, column to leave empty.
        plants in proptest::collection::vec((0_usize..200, 0_usize..200, -0.002_f32..0.002, 0_usize..40), 0..30),
    ) {
        let mut data = Data::new(200, 1, seed);
        for (from, to, shift, empty) in plants {
            data.copy(from, to);
            data.row(to)[empty % COLUMNS] += shift * 0.289;
            if empty < COLUMNS {
                data.row(to)[(empty + 1) % COLUMNS] = f32::NAN;
                data.row(from)[(empty + 1) % COLUMNS] = f32::NAN;
            }
        }
        let found = data.audit();
        let found = found.checks().iter().find(|check| check.name == "near_duplicates");
        prop_assert_eq!(found.unwrap().value as usize, near_by_definition(&data));
    }
}
