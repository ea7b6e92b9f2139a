//! Rows with the same values, within and across parts.

use super::{AuditInput, Check};

/// Rows sorted into classes of equal values; NaN equals NaN, and -0 equals 0.
pub(super) struct Classes {
    /// One entry per class.
    pub(super) classes: Vec<Class>,
}

/// Rows of one set of values.
pub(super) struct Class {
    /// The first of them.
    pub(super) row: usize,
    /// How many there are in each part.
    pub(super) rows: [usize; 3],
}

impl Class {
    /// Whether rows of one set of values were dealt to more than one part.
    fn spans_parts(&self) -> bool {
        self.rows.iter().filter(|&&rows| rows > 0).count() > 1
    }
}

impl Classes {
    /// Sorts all rows by their values.
    pub(super) fn of(input: &AuditInput<'_>) -> Self {
        let bits = |i: usize| input.row(i).iter().copied().map(canonical_bits);
        let mut order: Vec<(u64, usize)> = (0..input.labels.len())
            .map(|i| (mixed(bits(i)), i))
            .collect();
        // The hash only brings candidates together; equality is decided on the values.
        order.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0)
                .then_with(|| bits(a.1).cmp(bits(b.1)))
                .then(a.1.cmp(&b.1))
        });
        let mut classes: Vec<Class> = Vec::new();
        for (_, i) in order {
            if !classes
                .last()
                .is_some_and(|class| bits(class.row).eq(bits(i)))
            {
                classes.push(Class {
                    row: i,
                    rows: [0; 3],
                });
            }
            if let Some(class) = classes.last_mut() {
                class.rows[input.part_of[i] as usize] += 1;
            }
        }
        Self { classes }
    }
}

/// Counts the rows whose values stand in another part too.
pub(super) fn check(classes: &Classes) -> Check {
    let shared = || classes.classes.iter().filter(|class| class.spans_parts());
    let rows = shared().map(|class| class.rows.iter().sum::<usize>()).sum();
    let detail = match shared().map(|class| class.row).min() {
        None => "no row stands in two parts".to_owned(),
        Some(row) => format!("{rows} rows stand in two parts, e.g. row {row} of the input"),
    };
    Check::none_of("exact_duplicates", rows, detail)
}

/// One bit pattern for each value that counts as equal.
fn canonical_bits(value: f32) -> u32 {
    if value.is_nan() {
        f32::NAN.to_bits()
    } else {
        (value + 0.0).to_bits()
    }
}

/// A 64-bit digest of a row (multiply and rotate, as in rustc's `FxHasher`).
fn mixed(bits: impl Iterator<Item = u32>) -> u64 {
    bits.fold(0, |hash: u64, bits| {
        (hash.rotate_left(5) ^ u64::from(bits)).wrapping_mul(0x517c_c1b7_2722_0a95)
    })
}
