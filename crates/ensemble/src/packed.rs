//! Two fixed-point sums packed in one machine word.
//!
//! A row contributes a signed gradient and a non-negative hessian. As fixed-point integers in the upper and lower half
//! of a word, both are summed by one integer addition. Integer sums are exact, so they do not depend on the order of
//! the rows, and a child's sums are its parent's minus its sibling's (Shi et al. 2022, "Quantized Training of Gradient
//! Boosting Decision Trees"). Forests use the same sums: the gradient is the weight of the positives, the hessian the
//! weight of all rows.
//!
//! A row's pair has 16 bits per half, so that it fits in eight bytes together with the row number; a sum has 32 bits
//! per half. No sum of hessians reaches 2^31, so both halves of a sum can be converted to floating point as signed
//! integers.

/// A training row in a growing tree: its number, and its gradient and hessian as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PackedRow {
    pub(crate) row: u32,
    pub(crate) word: u32,
}

/// Packs one row's pair.
pub(crate) fn pack_row(gradient: i16, hessian: u16) -> u32 {
    (u32::from(gradient as u16) << 16) | u32::from(hessian)
}

/// Widens a row's pair to a sum.
pub(crate) fn widen(word: u32) -> u64 {
    // The arithmetic shift extends the sign of the gradient.
    let upper = i64::from(word as i32 >> 16) as u64;
    (upper << 32) | u64::from(word & 0xffff)
}

/// Packs two sums.
pub(crate) fn pack(gradient: i32, hessian: u32) -> u64 {
    (u64::from(gradient as u32) << 32).wrapping_add(u64::from(hessian))
}

/// The sum of gradients.
pub(crate) fn gradient(word: u64) -> i32 {
    (word >> 32) as u32 as i32
}

/// The sum of hessians.
pub(crate) fn hessian(word: u64) -> u32 {
    word as u32
}

/// The sum of all `packed_rows`.
pub(crate) fn total(packed_rows: &[PackedRow]) -> u64 {
    packed_rows
        .iter()
        .fold(0, |sum, packed| sum.wrapping_add(widen(packed.word)))
}

/// Stable partition: moves the rows whose number `goes_left` to the front and returns their number. `scratch` must be
/// at least as long as `packed_rows`.
pub(crate) fn partition(
    packed_rows: &mut [PackedRow],
    scratch: &mut [PackedRow],
    goes_left: impl Fn(u32) -> bool,
) -> usize {
    let scratch = &mut scratch[..packed_rows.len()];
    let (mut lefts, mut rights) = (0, 0);
    // Each row is written to both sides and only one position advances, so there is no branch to mispredict.
    // Stability keeps the children's row numbers ascending.
    for at in 0..packed_rows.len() {
        let packed = packed_rows[at];
        let left = usize::from(goes_left(packed.row));
        packed_rows[lefts] = packed;
        scratch[rights] = packed;
        lefts += left;
        rights += 1 - left;
    }
    packed_rows[lefts..].copy_from_slice(&scratch[..rights]);
    lefts
}

/// The fixed-point scales of log-loss gradients in [-1, 1] and hessians in [0, 1/4].
#[derive(Debug, Clone, Copy)]
pub(crate) struct FixedPoint {
    /// Units per gradient of 1.
    pub(crate) gradient: f64,
    /// Units per hessian of 1.
    pub(crate) hessian: f64,
}

impl FixedPoint {
    /// The finest scales at which no row exceeds 16 bits and no sum over all rows, including rounding, exceeds 31 bits.
    ///
    /// Gradients and hessians are multiplied by the rows' weights, which are at most `largest` and sum to `total`.
    pub(crate) fn for_rows(rows: usize, total: f64, largest: f64) -> Self {
        // Leaves headroom, because scales and gradients are rounded to `f32`, with relative errors below 1e-7.
        let most = (1.0 - 1e-6) * (f64::from(i32::MAX) - 0.5 * rows as f64) / total;
        Self {
            gradient: most.min(f64::from(i16::MAX) / largest),
            hessian: 4.0 * most.min(f64::from(u16::MAX) / largest),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_row_or_sum_overflows() {
        for rows in [1_usize, 2, 3, 64_520, 65_536, 70_000, 1 << 24] {
            let scale = FixedPoint::for_rows(rows, rows as f64, 1.0);
            // In `f32`, like the packing of rows.
            let rounded = (0.25 * scale.hessian as f32).round_ties_even();
            assert!(f64::from(rounded) * rows as f64 <= f64::from(i32::MAX));
            assert!(scale.gradient <= f64::from(i16::MAX) && scale.hessian <= 4.0 * 65_535.0);
            for largest in [scale.gradient, scale.hessian / 4.0] {
                assert!((largest + 0.5) * rows as f64 <= f64::from(i32::MAX));
            }
            assert!(scale.gradient >= 127.0 && scale.hessian >= 508.0);
        }
    }

    proptest! {
        #[test]
        fn partition_is_stable(rows in prop::collection::vec(any::<u32>(), 0..200)) {
            let packed_rows: Vec<_> = rows.iter().map(|&row| PackedRow { row, word: row / 2 }).collect();
            let (left, right): (Vec<_>, Vec<_>) = packed_rows.iter().partition(|packed| packed.row % 3 == 0);
            let (mut moved, mut scratch) = (packed_rows.clone(), packed_rows.clone());
            prop_assert_eq!(partition(&mut moved, &mut scratch, |row| row % 3 == 0), left.len());
            prop_assert_eq!(moved, [left, right].concat());
        }

        #[test]
        fn sums_of_words_are_sums_of_halves(pairs in prop::collection::vec((any::<i16>(), any::<u16>()), 1..60)) {
            let sum = |pairs: &[(i16, u16)]| {
                let packed_rows: Vec<_> = pairs.iter().map(|&(a, b)| PackedRow { row: 0, word: pack_row(a, b) }).collect();
                total(&packed_rows)
            };
            let (whole, first) = (sum(&pairs), sum(&pairs[..pairs.len() / 2]));
            prop_assert_eq!(gradient(whole), pairs.iter().map(|pair| i32::from(pair.0)).sum::<i32>());
            prop_assert_eq!(hessian(whole), pairs.iter().map(|pair| u32::from(pair.1)).sum::<u32>());
            prop_assert_eq!(whole.wrapping_sub(first), sum(&pairs[pairs.len() / 2..]));
            prop_assert_eq!(whole, pack(gradient(whole), hessian(whole)));
        }
    }
}
