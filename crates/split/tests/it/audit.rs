//! What the audit finds, in good splits and in spoiled ones.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use split::{Audit, AuditInput, Part, Ratios, RowKey, audit, split};

const COLUMNS: usize = 18;

/// Rows of uniform numbers, dealt to parts.
#[derive(Clone)]
struct Data {
    features: Vec<f32>,
    labels: Vec<u8>,
    groups: Vec<u64>,
    sites: Option<Vec<u64>>,
    part_of: Vec<Part>,
}

impl Data {
    /// Random rows in groups of that size, split properly.
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

    fn audit(&self) -> Audit {
        audit(&AuditInput {
            features: &self.features,
            columns: COLUMNS,
            labels: &self.labels,
            groups: &self.groups,
            sites: self.sites.as_deref(),
            part_of: &self.part_of,
        })
        .unwrap()
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

/// Asserts that exactly the named checks fail, with that value in the first of them.
#[track_caller]
fn check(data: &Data, failing: &[&str], value: f64) {
    let audit = data.audit();
    let failed: Vec<_> = audit.checks.iter().filter(|check| !check.passed).collect();
    let names: Vec<&str> = failed.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, failing, "{audit:?}");
    assert_eq!(audit.passed, failing.is_empty());
    if let Some(first) = failed.first() {
        assert!((first.value - value).abs() < 1e-12, "{first:?}");
    }
}

#[test]
fn a_proper_split_passes() {
    check(&Data::new(2_000, 1, 1), &[], 0.0);
    check(&Data::new(3_000, 7, 2), &[], 0.0);
}

#[test]
fn a_group_in_two_parts_is_found() {
    let mut data = Data::new(2_000, 1, 1);
    let [train, test] = data.firsts(ACROSS);
    data.groups[test] = data.groups[train];
    check(&data, &["group_overlap"], 1.0);
    let overlap = &data.audit().checks[1];
    assert!(
        overlap
            .detail
            .ends_with(&format!("e.g. group {}", data.groups[train])),
        "{overlap:?}"
    );
}

#[test]
fn a_row_in_two_parts_is_found_as_exact_and_as_near() {
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
fn a_row_that_is_nearly_in_two_parts_is_found() {
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
fn near_rows_must_miss_the_same_values() {
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
fn duplicates_within_one_part_are_no_leak() {
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
fn a_label_that_piles_up_in_one_part_is_found() {
    let mut data = Data::new(2_000, 1, 1);
    for i in 0..2_000 {
        if data.part_of[i] == Part::Test && i % 2 == 0 {
            data.labels[i] = 1;
        }
    }
    let audit = data.audit();
    let drift = audit
        .checks
        .iter()
        .find(|check| check.name == "label_drift")
        .unwrap();
    assert!(
        !audit.passed && !drift.passed && drift.value > 0.15,
        "{drift:?}"
    );
    assert!(drift.detail.contains(" in test is "), "{drift:?}");
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
    assert_eq!(data.audit().checks[0].detail, "without a row: validation");
}

#[test]
fn an_empty_split_fails_only_for_its_absent_parts() {
    let nothing = Data {
        features: vec![],
        labels: vec![],
        groups: vec![],
        sites: None,
        part_of: vec![],
    };
    check(&nothing, &["parts_present"], 3.0);
}

#[test]
fn a_site_in_two_parts_is_found_though_its_groups_are_whole() {
    let mut data = Data::new(2_000, 10, 3);
    let fifty_groups_a_site = data.groups.iter().map(|group| group / 50).collect();
    data.sites = Some(fifty_groups_a_site);
    check(&data, &["site_overlap"], 4.0);
    // Every group a site of its own: nothing is shared, and the check stands in the audit.
    data.sites = Some(data.groups.clone());
    check(&data, &[], 0.0);
    assert!(
        data.audit()
            .checks
            .iter()
            .any(|check| check.name == "site_overlap")
    );
    data.sites = None;
    assert!(
        data.audit()
            .checks
            .iter()
            .all(|check| check.name != "site_overlap")
    );
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let data = Data::new(200, 1, 1);
    let input = AuditInput {
        features: &data.features[1..],
        columns: COLUMNS,
        labels: &data.labels,
        groups: &data.groups,
        sites: None,
        part_of: &data.part_of,
    };
    assert_eq!(
        audit(&input).unwrap_err().to_string(),
        "the audit was given 3599 feature values in rows of 18, 200 labels, 200 groups and 200 \
         parts; they must describe the same rows, of 1 to 128 columns"
    );
}

/// Every pair of rows of different parts, compared on every column: obviously right, and slow.
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
    fn near_duplicates_are_those_of_the_definition(
        seed: u64,
        // From, to, shift in standard deviations, column to empty.
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
        let found = data.audit().checks.into_iter().find(|check| check.name == "near_duplicates");
        prop_assert_eq!(found.unwrap().value as usize, near_by_definition(&data));
    }
}
