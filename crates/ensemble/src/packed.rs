//! Two sums in one machine word.
//!
//! A row contributes a signed number (boosting: gradient; forest: positive weight) and a non-negative one (hessian;
//! weight). As fixed-point integers in the upper and lower half of a `u64`, both are summed by one integer addition.
//! Integer sums are exact, so they do not depend on the order of the rows, and a sibling is its parent minus the
//! other child (Shi et al. 2022, "Quantized Training of Gradient Boosting Decision Trees").

/// Packs `upper` (signed) and `lower` (below 2^32, as is every sum of them that is ever formed).
pub(crate) fn pack(upper: i32, lower: u32) -> u64 {
    (u64::from(upper as u32) << 32).wrapping_add(u64::from(lower))
}

/// The signed sum.
pub(crate) fn upper(word: u64) -> i32 {
    (word >> 32) as u32 as i32
}

/// The non-negative sum.
pub(crate) fn lower(word: u64) -> u32 {
    word as u32
}

/// The fixed-point scales of `rows` pairs of gradients in [-1, 1] and hessians in [0, 1/4], as of the log-loss.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FixedPoint {
    /// Units of the upper half per 1.
    pub(crate) gradient: f64,
    /// Units of the lower half per 1.
    pub(crate) hessian: f64,
}

impl FixedPoint {
    /// As fine as fits: no sum over all rows, roundings included, leaves its half of the word.
    pub(crate) fn for_rows(rows: usize) -> Self {
        let rows = rows as f64;
        Self {
            gradient: (f64::from(i32::MAX) / rows - 0.5).floor(),
            hessian: (4.0 * (f64::from(u32::MAX) / rows - 0.5)).floor(),
        }
    }

    /// One row's gradient and hessian.
    pub(crate) fn pack(self, gradient: f64, hessian: f64) -> u64 {
        // Adding half and flooring rounds by plain arithmetic; `f64::round` is a library call on plain x86-64.
        let upper = gradient * self.gradient;
        let upper = (upper + if upper < 0.0 { -0.5 } else { 0.5 }) as i32;
        pack(upper, (hessian * self.hessian + 0.5) as u32)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn extreme_sums_stay_in_their_halves() {
        for rows in [1_usize, 2, 3, 70_000, 1 << 24] {
            let scale = FixedPoint::for_rows(rows);
            for gradient in [-1.0, 1.0] {
                let word = scale.pack(gradient, 0.25);
                assert!(i64::from(upper(word)).abs() * rows as i64 <= i64::from(i32::MAX));
                assert!(u32::try_from(u64::from(lower(word)) * rows as u64).is_ok());
            }
            assert!(scale.gradient >= 127.0 && scale.hessian >= 1_000.0);
        }
    }

    proptest! {
        #[test]
        fn sums_of_words_are_sums_of_halves(pairs in prop::collection::vec((-9_000_i32..9_000, 0_u32..9_000), 1..60)) {
            let sum = |pairs: &[(i32, u32)]| pairs.iter().fold(0_u64, |sum, &(a, b)| sum.wrapping_add(pack(a, b)));
            let (whole, first) = (sum(&pairs), sum(&pairs[..pairs.len() / 2]));
            prop_assert_eq!(upper(whole), pairs.iter().map(|pair| pair.0).sum::<i32>());
            prop_assert_eq!(lower(whole), pairs.iter().map(|pair| pair.1).sum::<u32>());
            prop_assert_eq!(whole.wrapping_sub(first), sum(&pairs[pairs.len() / 2..]));
        }
    }
}
