//! Rows with the same values, within and across parts.

use crate::part::Part;

use super::{AuditInput, Check};

/// A class of identical rows; NaN equals NaN, and -0 equals 0.
pub(super) struct Class<'a> {
    /// The index of the first row.
    pub(super) row: usize,
    /// The values of that row.
    pub(super) values: &'a [f32],
    /// Rows in each part.
    pub(super) rows: [usize; 3],
}

impl<'a> Class<'a> {
    /// Groups all rows into classes.
    pub(super) fn all(input: &AuditInput<'a>) -> Vec<Self> {
        let rows: Vec<(&[f32], Part)> = input.rows().map(|row| (row.values, row.part)).collect();
        let mut order: Vec<(u64, usize)> = rows
            .iter()
            .enumerate()
            .map(|(i, (values, _))| (digest(bits(values)), i))
            .collect();
        // Equal digests only make rows adjacent; their values are compared as well.
        order.sort_unstable_by(|a, b| {
            let by_values = || bits(rows[a.1].0).cmp(bits(rows[b.1].0));
            a.0.cmp(&b.0).then_with(by_values).then(a.1.cmp(&b.1))
        });
        let mut classes: Vec<Self> = Vec::new();
        for (_, row) in order {
            let (values, part) = rows[row];
            let known = classes.last_mut();
            if let Some(class) = known.filter(|class| bits(class.values).eq(bits(values))) {
                class.rows[part as usize] += 1;
            } else {
                let mut rows = [0; 3];
                rows[part as usize] = 1;
                classes.push(Self { row, values, rows });
            }
        }
        classes
    }

    /// The number of rows in all parts.
    pub(super) fn len(&self) -> usize {
        self.rows.iter().sum()
    }

    /// Rows of both classes in each part.
    pub(super) fn rows_with(&self, other: &Self) -> [usize; 3] {
        std::array::from_fn(|part| self.rows[part] + other.rows[part])
    }
}

/// Whether more than one of the parts has rows.
pub(super) fn spans_parts(rows: [usize; 3]) -> bool {
    rows.iter().filter(|&&rows| rows > 0).count() > 1
}

/// Counts the rows with an identical row in another part.
pub(super) fn check(classes: &[Class<'_>]) -> Check {
    let shared = || classes.iter().filter(|class| spans_parts(class.rows));
    let rows = shared().map(Class::len).sum();
    let detail = match shared().map(|class| class.row).min() {
        None => "no row occurs in more than one part".to_owned(),
        Some(row) => {
            format!("{rows} rows occur in more than one part, e.g. row {row} of the input")
        }
    };
    Check::none_of("exact_duplicates", rows, detail)
}

/// The bit patterns of the values, with the same pattern for values that count as equal.
fn bits(values: &[f32]) -> impl Iterator<Item = u32> {
    values.iter().map(|&value| {
        if value.is_nan() {
            f32::NAN.to_bits()
        } else {
            // Adding 0 turns -0 into 0.
            (value + 0.0).to_bits()
        }
    })
}

/// A 64-bit digest of a row (multiply and rotate, as in rustc's `FxHasher`).
fn digest(bits: impl Iterator<Item = u32>) -> u64 {
    bits.fold(0, |hash: u64, bits| {
        (hash.rotate_left(5) ^ u64::from(bits)).wrapping_mul(0x517c_c1b7_2722_0a95)
    })
}
