//! Near duplicates in different parts.
//!
//! Two rows can be near duplicates only if the same values are missing in both, so rows are first
//! divided into sets by their missing values. Each set is sorted along one axis: the column that
//! separates its rows best. Near duplicates are within one tolerance of each other on the axis, so a
//! sliding window of that width yields every candidate pair, which is then compared on all columns.
//! The method is exact. Its cost is the number of candidate pairs: small for continuous readings, and
//! quadratic only if thousands of different rows agree within a thousandth of a standard deviation in
//! every column.

use std::collections::BTreeMap;

use super::duplicates::{Class, spans_parts};
use super::{AuditInput, Check, NEAR};

/// Counts the rows with a near duplicate in another part.
pub(super) fn check(input: &AuditInput<'_>, classes: &[Class<'_>]) -> Check {
    let tolerances = tolerances(input);
    let mut found = 0;
    let mut example = None;
    for classes in by_missing(classes) {
        let near = Set {
            tolerances: &tolerances,
            classes,
        }
        .near();
        found += near.iter().map(|(class, _)| class.len()).sum::<usize>();
        example = example.or(near
            .first()
            .map(|(class, neighbour)| (class.row, *neighbour)));
    }
    let detail = match example {
        None => format!("no row has a neighbour within {NEAR} standard deviations in another part"),
        Some((a, b)) => format!(
            "{found} rows have a neighbour within {NEAR} standard deviations in another part, \
             e.g. rows {a} and {b} of the input"
        ),
    };
    Check::none_of("near_duplicates", found, detail)
}

/// The largest difference between near values of each column: [`NEAR`] of its standard deviations.
fn tolerances(input: &AuditInput<'_>) -> Vec<f32> {
    let deviation = |column: usize| {
        let values = || {
            let column = input.column(column).filter(|value| !value.is_nan());
            column.map(f64::from)
        };
        let count = values().count().max(1) as f64;
        let mean = values().sum::<f64>() / count;
        (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
    };
    (0..input.columns)
        .map(|column| (NEAR * deviation(column)) as f32)
        .collect()
}

/// The classes, divided into one set per pattern of missing values.
fn by_missing<'a>(classes: &'a [Class<'a>]) -> Vec<Vec<&'a Class<'a>>> {
    let mut sets: BTreeMap<u128, Vec<&Class<'_>>> = BTreeMap::new();
    for class in classes {
        let values = class.values.iter().enumerate();
        let missing = values.fold(0, |mask, (c, value)| mask | u128::from(value.is_nan()) << c);
        sets.entry(missing).or_default().push(class);
    }
    sets.into_values().collect()
}

/// Classes with the same missing values.
struct Set<'a> {
    tolerances: &'a [f32],
    classes: Vec<&'a Class<'a>>,
}

impl<'a> Set<'a> {
    /// The classes with a near duplicate in another part, and the index of one such row.
    fn near(&self) -> Vec<(&'a Class<'a>, usize)> {
        let Some(axis) = self.axis() else {
            // Every value is missing, so there is only one class, whose rows are identical.
            let classes = self.classes.iter().copied();
            let shared = classes.filter(|class| spans_parts(class.rows));
            return shared.map(|class| (class, class.row)).collect();
        };
        let at = |class: &Class<'_>| class.values[axis];
        // Comparing rows instead of classes would be quadratic in the number of identical rows.
        let mut order = self.classes.clone();
        order.sort_unstable_by(|a, b| at(a).total_cmp(&at(b)).then(a.row.cmp(&b.row)));
        let mut neighbours: Vec<Option<usize>> = order
            .iter()
            .map(|class| spans_parts(class.rows).then_some(class.row))
            .collect();
        for (i, a) in order.iter().enumerate() {
            let within = |b: &Class<'_>| at(b) - at(a) <= self.tolerances[axis];
            let rest = order.iter().enumerate().skip(i + 1);
            for (j, b) in rest.take_while(|(_, b)| within(b)) {
                // Columns are compared last: the cheaper conditions rule out most pairs.
                let known = neighbours[i].is_some() && neighbours[j].is_some();
                if !known && spans_parts(a.rows_with(b)) && self.are_near(a, b) {
                    neighbours[i] = neighbours[i].or(Some(b.row));
                    neighbours[j] = neighbours[j].or(Some(a.row));
                }
            }
        }
        let found = order.into_iter().zip(neighbours);
        found
            .filter_map(|(class, neighbour)| Some((class, neighbour?)))
            .collect()
    }

    /// Whether two rows are near duplicates by definition. The same values must be missing in both.
    fn are_near(&self, a: &Class<'_>, b: &Class<'_>) -> bool {
        let mut values = a.values.iter().zip(b.values).zip(self.tolerances);
        values.all(|((a, b), tolerance)| a.is_nan() || (a - b).abs() <= *tolerance)
    }

    /// The column with the fewest pairs within its tolerance; `None` if all values are missing.
    fn axis(&self) -> Option<usize> {
        let values = self.classes.first()?.values;
        let present = (0..values.len()).filter(|&column| !values[column].is_nan());
        present.min_by_key(|&column| self.pairs(column))
    }

    /// The number of pairs of a column's values that are within its tolerance.
    fn pairs(&self, column: usize) -> usize {
        let values = self.classes.iter().map(|class| class.values[column]);
        let mut values: Vec<f32> = values.collect();
        values.sort_unstable_by(f32::total_cmp);
        let (mut pairs, mut end) = (0, 0);
        for (i, &value) in values.iter().enumerate() {
            while end < values.len() && values[end] - value <= self.tolerances[column] {
                end += 1;
            }
            pairs += end - i;
        }
        pairs
    }
}
