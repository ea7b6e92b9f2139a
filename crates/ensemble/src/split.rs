//! Where a node is best divided: a scan over one feature's bins.

use crate::cuts::MISSING;
use crate::histogram::Bins;
use crate::packed::{lower, upper};

/// What makes a split good, for both kinds of trees.
///
/// With the packed sums (g, h) of a side, a side scores g²/(h + l2), and a split gains what its sides score beyond
/// their parent. For the log-loss this is twice the loss saved (Chen and Guestrin 2016, equation 7); with g = number
/// of positives, h = number of rows and l2 = 0 it is half the decrease of gini impurity times the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Criterion {
    /// Penalty on h, in units of the lower half.
    pub(crate) l2: f64,
    /// Sum of h that each side needs, in units of the lower half; at least 1, so that no side is empty.
    pub(crate) min_lower: u32,
    /// Gain that must be exceeded, in units of upper²/lower.
    pub(crate) min_gain: f64,
}

/// A division of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Split {
    /// The column.
    pub(crate) feature: u8,
    /// Bins up to this one go left.
    pub(crate) bin: u8,
    /// Whether missing values go left.
    pub(crate) missing_left: bool,
    /// What is gained, in units of upper²/lower.
    pub(crate) gain: f64,
    /// The packed sums of the left side.
    pub(crate) left: u64,
}

impl Split {
    /// Whether a row with bin `code` of the split's feature goes left.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "rows go left and right at random: a branch would mispredict"
    )]
    pub(crate) fn goes_left(&self, code: u8) -> bool {
        (code <= self.bin) | (self.missing_left & (code == MISSING))
    }
}

impl Criterion {
    /// What a node with these packed sums scores undivided.
    pub(crate) fn score(&self, sums: u64) -> f64 {
        let upper = f64::from(upper(sums));
        upper * upper / (f64::from(lower(sums)) + self.l2)
    }

    /// What `left` and `right` score together, if both are large enough; over their common denominator, since a
    /// division costs as much as all the rest.
    pub(crate) fn score_divided(&self, left: u64, right: u64) -> Option<f64> {
        if lower(left).min(lower(right)) < self.min_lower {
            return None;
        }
        let (g, h) = (f64::from(upper(left)), f64::from(lower(left)) + self.l2);
        let (other_g, other_h) = (f64::from(upper(right)), f64::from(lower(right)) + self.l2);
        Some((g * g * other_h + other_g * other_g * h) / (h * other_h))
    }

    /// The best split of a node with packed sums `total` by the bins `0..=last_bin` of one feature.
    ///
    /// Missing values are tried on both sides; in a node without any, a later missing value goes the way of the
    /// larger side. Of equal splits the one with the lowest bin is taken.
    pub(crate) fn best_split(
        &self,
        bins: &Bins,
        feature: u8,
        last_bin: u8,
        total: u64,
    ) -> Option<Split> {
        let missing = bins[usize::from(MISSING)];
        let undivided = self.score(total);
        let mut best = Split {
            feature,
            bin: 0,
            missing_left: false,
            gain: self.min_gain,
            left: 0,
        };
        let mut consider = |bin: u8, left: u64, missing_left: bool| {
            let divided = self.score_divided(left, total.wrapping_sub(left));
            let gain = divided.map_or(f64::NEG_INFINITY, |score| score - undivided);
            if gain > best.gain {
                best = Split {
                    bin,
                    missing_left,
                    gain,
                    left,
                    ..best
                };
            }
        };
        let mut left = 0_u64;
        for (bin, &word) in (0..=last_bin).zip(bins) {
            // An empty bin divides the node as the bin before it does.
            if word == 0 {
                continue;
            }
            // Wrapping, because the signed upper half carries out of the word when it passes through 0.
            left = left.wrapping_add(word);
            consider(bin, left, false);
            if missing != 0 {
                consider(bin, left.wrapping_add(missing), true);
            }
        }
        let found = best.gain > self.min_gain;
        if missing == 0 {
            best.missing_left = lower(best.left) >= lower(total.wrapping_sub(best.left));
        }
        found.then_some(best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::EMPTY;
    use crate::packed::pack;

    const GINI: Criterion = Criterion {
        l2: 0.0,
        min_lower: 1,
        min_gain: 0.0,
    };

    fn best(criterion: Criterion, sums: &[(u8, i32, u32)]) -> Option<(u8, bool, f64)> {
        let mut bins = EMPTY;
        for &(bin, upper, lower) in sums {
            bins[usize::from(bin)] = pack(upper, lower);
        }
        let total = bins.iter().fold(0_u64, |sum, &word| sum.wrapping_add(word));
        let split = criterion.best_split(&bins, 3, 254, total)?;
        Some((split.bin, split.missing_left, split.gain))
    }

    #[test]
    fn the_cleanest_division_wins() {
        // 4 negatives below 4 positives: the gain is 4 + 0 - 16/8.
        assert_eq!(
            best(GINI, &[(0, 0, 2), (4, 0, 2), (9, 2, 2), (10, 2, 2)]),
            Some((4, true, 2.0))
        );
        assert_eq!(best(GINI, &[(0, 1, 2), (1, 1, 2)]), None);
        assert_eq!(best(GINI, &[(7, 3, 5)]), None);
        assert_eq!(best(GINI, &[]), None);
    }

    #[test]
    fn missing_values_go_where_they_fit() {
        assert!(
            best(GINI, &[(0, 0, 4), (1, 4, 4), (MISSING, 0, 4)])
                .unwrap()
                .1
        );
        assert!(
            !best(GINI, &[(0, 0, 4), (1, 4, 4), (MISSING, 4, 4)])
                .unwrap()
                .1
        );
        // Present against missing is a split too.
        assert_eq!(
            best(GINI, &[(5, 0, 4), (MISSING, 4, 4)]),
            Some((5, false, 2.0))
        );
    }

    #[test]
    fn limits_are_kept() {
        let sums = [(0, 0, 1), (1, 1, 9), (2, 9, 10)];
        assert_eq!(
            best(
                Criterion {
                    min_lower: 10,
                    ..GINI
                },
                &sums
            )
            .unwrap()
            .0,
            1
        );
        assert_eq!(
            best(
                Criterion {
                    min_lower: 11,
                    ..GINI
                },
                &sums
            ),
            None
        );
        assert_eq!(
            best(
                Criterion {
                    min_gain: 100.0,
                    ..GINI
                },
                &sums
            ),
            None
        );
    }

    #[test]
    fn the_penalty_enters_every_side() {
        let gain = best(Criterion { l2: 1.0, ..GINI }, &[(0, -3, 2), (1, 3, 2)])
            .unwrap()
            .2;
        assert_eq!(gain, 9.0 / 3.0 + 9.0 / 3.0 - 0.0 / 5.0);
    }
}
