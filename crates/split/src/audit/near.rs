//! Rows of different parts that are nearly the same.
//!
//! Two rows can be near only if they miss the same values, so rows are first sorted by what they
//! miss. Within such a set the column that tells rows apart best is taken as an axis: near rows
//! lie within a window of one tolerance on it, and every pair in a window is compared on all
//! columns. The method is exact. Its cost is that of the pairs in the windows: small for
//! continuous readings, and quadratic only where thousands of different rows agree within a
//! thousandth of a standard deviation in every single column.

use std::collections::BTreeMap;

use super::duplicates::{Class, Classes};
use super::{AuditInput, Check, NEAR};

/// Counts the rows with a neighbour in another part.
pub(super) fn check(input: &AuditInput<'_>, classes: &Classes) -> Check {
    let tolerances = tolerances(input);
    let mut found = 0;
    let mut example = None;
    for set in by_missing(input, classes) {
        let near = Set {
            input,
            tolerances: &tolerances,
            classes: set,
        }
        .near();
        found += near.iter().map(|(rows, _)| rows).sum::<usize>();
        example = example.or(near.first().map(|&(_, pair)| pair));
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

/// How far apart near values may be in each column: [`NEAR`] of its standard deviations.
fn tolerances(input: &AuditInput<'_>) -> Vec<f32> {
    let deviation = |column: usize| {
        let values = || {
            let column = input.features.iter().skip(column).step_by(input.columns);
            column
                .filter(|value| !value.is_nan())
                .map(|&value| f64::from(value))
        };
        let count = values().count().max(1) as f64;
        let mean = values().sum::<f64>() / count;
        (values().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
    };
    (0..input.columns)
        .map(|column| (NEAR * deviation(column)) as f32)
        .collect()
}

/// The classes, one set per pattern of missing values.
fn by_missing<'a>(input: &AuditInput<'_>, classes: &'a Classes) -> Vec<Vec<&'a Class>> {
    let mut sets: BTreeMap<u128, Vec<&Class>> = BTreeMap::new();
    for class in &classes.classes {
        let row = input.row(class.row).iter().enumerate();
        let missing = row.fold(0, |mask, (c, value)| mask | u128::from(value.is_nan()) << c);
        sets.entry(missing).or_default().push(class);
    }
    sets.into_values().collect()
}

/// Classes that miss the same values.
struct Set<'a> {
    input: &'a AuditInput<'a>,
    tolerances: &'a [f32],
    classes: Vec<&'a Class>,
}

impl Set<'_> {
    /// For each class with a neighbour in another part: its number of rows, and the pair.
    fn near(&self) -> Vec<(usize, (usize, usize))> {
        let Some(axis) = self.axis() else {
            return self.within_classes();
        };
        let at = |class: &Class| self.input.row(class.row)[axis];
        // Classes instead of rows: thousands of equal rows would be compared pair by pair.
        let mut order = self.classes.clone();
        order.sort_unstable_by(|a, b| at(a).total_cmp(&at(b)).then(a.row.cmp(&b.row)));
        let mut partner: Vec<Option<usize>> = order
            .iter()
            .map(|class| spans_parts(class.rows).then_some(class.row))
            .collect();
        for (i, a) in order.iter().enumerate() {
            let within = |b: &Class| at(b) - at(a) <= self.tolerances[axis];
            for (j, b) in order
                .iter()
                .enumerate()
                .skip(i + 1)
                .take_while(|(_, b)| within(b))
            {
                // Columns are compared last, since most pairs are settled by their parts.
                let known = partner[i].is_some() && partner[j].is_some();
                if !known && spans_parts(together(a, b)) && self.are_near(a.row, b.row) {
                    partner[i] = partner[i].or(Some(b.row));
                    partner[j] = partner[j].or(Some(a.row));
                }
            }
        }
        let found = order.iter().zip(partner);
        found
            .filter_map(|(class, partner)| Some((class.rows.iter().sum(), (class.row, partner?))))
            .collect()
    }

    /// Where every value is missing there is one class only, near to itself.
    fn within_classes(&self) -> Vec<(usize, (usize, usize))> {
        let shared = self.classes.iter().filter(|class| spans_parts(class.rows));
        shared
            .map(|class| (class.rows.iter().sum(), (class.row, class.row)))
            .collect()
    }

    /// The definition itself, column by column. Both rows miss the same values.
    fn are_near(&self, a: usize, b: usize) -> bool {
        let values = self
            .input
            .row(a)
            .iter()
            .zip(self.input.row(b))
            .zip(self.tolerances);
        values
            .into_iter()
            .all(|((a, b), tolerance)| a.is_nan() || (a - b).abs() <= *tolerance)
    }

    /// The column with the fewest pairs within a tolerance; `None` when all values are missing.
    fn axis(&self) -> Option<usize> {
        let row = self.classes.first()?.row;
        let present = (0..self.input.columns).filter(|&c| !self.input.row(row)[c].is_nan());
        present.min_by_key(|&column| self.pairs(column))
    }

    /// How many pairs of values of a column lie within its tolerance.
    fn pairs(&self, column: usize) -> usize {
        let mut values: Vec<f32> = self
            .classes
            .iter()
            .map(|class| self.input.row(class.row)[column])
            .collect();
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

/// Rows per part of two classes.
fn together(a: &Class, b: &Class) -> [usize; 3] {
    std::array::from_fn(|part| a.rows[part] + b.rows[part])
}

/// Whether more than one part has rows.
fn spans_parts(rows: [usize; 3]) -> bool {
    rows.iter().filter(|&&rows| rows > 0).count() > 1
}
