//! The feature ranges seen in training, which identify predictions that extrapolate.

use super::Artifact;
use crate::matrix::Matrix;

/// The range of one feature in the training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureRange {
    /// The feature's name.
    pub name: String,
    /// The smallest value; infinity if all were missing.
    pub min: f32,
    /// The largest value; minus infinity if all were missing.
    pub max: f32,
    /// Whether there were missing values.
    pub missing: bool,
}

impl FeatureRange {
    /// The range of each column of `x`; `names` are in column order.
    pub fn of_columns<'n>(names: impl IntoIterator<Item = &'n str>, x: &Matrix) -> Vec<Self> {
        let range = |(column, name): (usize, &str)| {
            let values = || x.iter_rows().map(|row| row[column]);
            Self {
                name: name.to_owned(),
                // `min` and `max` ignore NaN.
                min: values().fold(f32::INFINITY, f32::min),
                max: values().fold(f32::NEG_INFINITY, f32::max),
                missing: values().any(f32::is_nan),
            }
        };
        names
            .into_iter()
            .take(x.columns())
            .enumerate()
            .map(range)
            .collect()
    }

    /// Whether `value` is in the range seen in training; for NaN, whether missing values were seen.
    pub fn contains(&self, value: f32) -> bool {
        if value.is_nan() {
            self.missing
        } else {
            (self.min..=self.max).contains(&value)
        }
    }

    /// A warning with `value` and the range, if the value is outside it.
    pub fn warning(&self, value: f32) -> Option<String> {
        if self.contains(value) {
            return None;
        }
        let Self { name, min, max, .. } = self;
        Some(if value.is_nan() {
            format!("{name} is missing, which it never was in training")
        } else if self.is_empty() {
            format!("{name} = {value}, but it was missing in every row of training")
        } else {
            format!("{name} = {value} is outside the range seen in training, {min} to {max}")
        })
    }

    /// Extends the range to include `other`.
    pub(super) fn join(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.missing |= other.missing;
    }

    /// Whether some set of rows has this range.
    pub(super) fn is_possible(&self) -> bool {
        let ordered = self.min.is_finite() && self.max.is_finite() && self.min <= self.max;
        ordered || self.is_empty() && self.missing
    }

    fn is_empty(&self) -> bool {
        (self.min, self.max) == (f32::INFINITY, f32::NEG_INFINITY)
    }
}

impl Artifact {
    /// One warning per value of `row` outside the range seen in training, in feature order.
    pub fn warnings(&self, row: &[f32]) -> Vec<String> {
        let values = self.features.iter().zip(row);
        values
            .filter_map(|(range, &value)| range.warning(value))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range([min, max]: [f32; 2], missing: bool) -> FeatureRange {
        FeatureRange {
            name: "gas".to_owned(),
            min,
            max,
            missing,
        }
    }

    const NONE: [f32; 2] = [f32::INFINITY, f32::NEG_INFINITY];

    #[test]
    fn missing_values_do_not_affect_the_range() {
        let values = [1.0, f32::NAN, 7.0, -2.0, f32::NAN, 7.0, 0.0, f32::NAN, 8.0];
        let x = Matrix::new(&values, 3).unwrap();
        let found = FeatureRange::of_columns(["gas"; 3], &x);
        let expected = [
            range([-2.0, 1.0], false),
            range(NONE, true),
            range([7.0, 8.0], false),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_warning_names_the_value_and_the_range() {
        let check = |range: FeatureRange, value, expected: Option<&str>| {
            assert_eq!(range.contains(value), expected.is_none(), "{value}");
            assert_eq!(range.warning(value).as_deref(), expected);
        };
        let seen = || range([400.0, 900.5], false);
        for inside in [400.0, 500.0, 900.5] {
            check(seen(), inside, None);
        }
        let outside = "gas = 399.5 is outside the range seen in training, 400 to 900.5";
        check(seen(), 399.5, Some(outside));
        let never_missing = "gas is missing, which it never was in training";
        check(seen(), f32::NAN, Some(never_missing));
        check(range([400.0, 900.5], true), f32::NAN, None);
        check(range(NONE, true), f32::NAN, None);
        let always_missing = "gas = 1, but it was missing in every row of training";
        check(range(NONE, true), 1.0, Some(always_missing));
    }

    #[test]
    fn joined_ranges_cover_all_rows() {
        let join = |mut range: FeatureRange, other: &FeatureRange| {
            range.join(other);
            range
        };
        let [low, high, none] = [
            range([0.0, 1.0], false),
            range([0.5, 2.0], true),
            range(NONE, true),
        ];
        assert_eq!(join(low.clone(), &low), low);
        assert_eq!(join(low.clone(), &high), range([0.0, 2.0], true));
        assert_eq!(join(low.clone(), &none), range([0.0, 1.0], true));
        assert_eq!(join(none.clone(), &none), none);
    }

    #[test]
    fn a_range_that_no_rows_have_is_impossible() {
        for (limits, missing, possible) in [
            ([0.0, 0.0], false, true),
            ([-1.0, 1.0], true, true),
            (NONE, true, true),
            (NONE, false, false),
            ([1.0, 0.0], false, false),
            ([f32::NAN, 0.0], false, false),
            ([0.0, f32::NAN], true, false),
            ([f32::NEG_INFINITY, 0.0], true, false),
            ([0.0, f32::INFINITY], true, false),
        ] {
            let is_possible = range(limits, missing).is_possible();
            assert_eq!(is_possible, possible, "{limits:?} {missing}");
        }
    }
}
