//! Finds the best split of a node by scanning each feature's bins.

use crate::cuts::MISSING;
use crate::histogram::{Bins, Cell};
use crate::packed::{gradient, hessian, pack};

/// The split criterion, for both kinds of trees.
///
/// A node with packed sums (g, h) scores g²/(h + l2); the gain of a split is the score of both children minus that of
/// their parent. For the log-loss this is twice the loss reduction (Chen and Guestrin 2016, equation 7); with g =
/// number of positives, h = number of rows and l2 = 0, it is half the decrease of Gini impurity times the number of
/// rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Criterion {
    /// Penalty on h, in units of the hessian.
    pub(crate) l2: f64,
    /// Minimum sum of h on each side, in units of the hessian; at least 1, so that no side is empty.
    pub(crate) min_hessian: u32,
    /// Gain that must be exceeded, in units of gradient²/hessian.
    pub(crate) min_gain: f64,
}

/// A split of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Split {
    /// The column it tests.
    pub(crate) feature: u8,
    /// Bins up to this one go left.
    pub(crate) bin: u8,
    /// Whether missing values go left.
    pub(crate) missing_left: bool,
    /// Increases with the gain; see [`Search::score`].
    pub(crate) score: f64,
    /// The packed sums of the left side.
    pub(crate) left: u64,
}

impl Split {
    /// Whether this split is better than `other`, an earlier one of the same node.
    pub(crate) fn beats(&self, other: &Self) -> bool {
        self.score > other.score
    }

    /// Whether a row with bin `code` of the split's feature goes left.
    ///
    /// Missing values are in the last bin.
    pub(crate) fn goes_left(&self, code: u8) -> bool {
        // Adding 1 with wrap-around moves the missing bin to the front, so that one comparison is enough. A branch
        // would be mispredicted often, since rows go left and right unpredictably.
        let shift = u8::from(self.missing_left);
        code.wrapping_add(shift) <= self.bin.wrapping_add(shift)
    }
}

/// The search for the best split of one node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search {
    l2: f64,
    /// The node's sum of gradients.
    gradient: f64,
    /// The node's sum of hessians plus the penalties of both sides.
    regularized_hessian: f64,
    total: u64,
    /// Bounds on the left side's sum of hessians.
    least: f64,
    most: f64,
    /// How much higher the node's own score is with one penalty than with two.
    one_penalty: f64,
    /// A split's score must exceed this.
    floor: f64,
}

impl Search {
    /// A search in a node with packed sums `total`.
    pub(crate) fn new(criterion: &Criterion, total: u64) -> Self {
        let (g, h) = (f64::from(gradient(total)), f64::from(hessian(total)));
        let regularized_hessian = h + 2.0 * criterion.l2;
        let one_penalty = g * g / (h + criterion.l2) - g * g / regularized_hessian;
        let least = f64::from(criterion.min_hessian);
        Self {
            l2: criterion.l2,
            gradient: g,
            regularized_hessian,
            total,
            least,
            most: h - least,
            one_penalty,
            floor: (criterion.min_gain + one_penalty) * regularized_hessian,
        }
    }

    /// The part of the gain that varies between splits of the same node, for a left side with sums (g, h).
    ///
    /// With a = h + l2 and b likewise for the other side, g²/a + g'²/b = G²/(a + b) + (g b - g' a)² / (a b (a + b)).
    /// Only (g b - g' a)² / (a b) varies between splits: one division, and no cancellation.
    pub(crate) fn score(&self, g: f64, h: f64) -> f64 {
        let a = h + self.l2;
        let difference = g * self.regularized_hessian - self.gradient * a;
        difference * difference / (a * (self.regularized_hessian - a))
    }

    /// The gain of a split with this score, in units of gradient²/hessian.
    pub(crate) fn gain(&self, score: f64) -> f64 {
        score / self.regularized_hessian - self.one_penalty
    }

    /// The best split of one feature, over its bins `0..=last_bin`.
    ///
    /// Missing values are tried on both sides. If a node has none, values that are missing at prediction time go to
    /// the larger side. Ties go to the lowest bin.
    pub(crate) fn best_split<C: Cell>(
        &self,
        bins: &Bins<C>,
        feature: u8,
        last_bin: u8,
    ) -> Option<Split> {
        let sums = RunningSums::new(bins, last_bin);
        let missing = bins[usize::from(MISSING)];
        let missing_right = self.best_position(sums.blocks(), C::ZERO);
        let missing_left = if missing == C::ZERO {
            None
        } else {
            self.best_position(sums.blocks(), missing)
        };
        let (score, at, with_missing) = match (missing_right, missing_left) {
            (Some((right, at)), Some((left, other)))
                if left < right || (left == right && at <= other) =>
            {
                (right, at, false)
            }
            (_, Some((left, at))) => (left, at, true),
            (Some((right, at)), None) => (right, at, false),
            (None, None) => return None,
        };
        let (mut g, mut h) = sums.lefts[at].halves();
        if with_missing {
            (g, h) = (g + missing.halves().0, h + missing.halves().1);
        }
        let left = pack(g, h as u32);
        let larger_side_is_left = h as u32 >= hessian(self.total.wrapping_sub(left));
        Some(Split {
            feature,
            bin: sums.bins[at],
            missing_left: with_missing || (missing == C::ZERO && larger_side_is_left),
            score,
            left,
        })
    }

    /// The first position in `blocks` with the highest score, with `missing` added to the left side.
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a lazy operator is a branch, which would keep the loop from being vectorised"
    )]
    fn best_position<C: Cell>(&self, blocks: &[[C; BLOCK]], missing: C) -> Option<(f64, usize)> {
        let (missing_g, missing_h) = missing.halves();
        let mut best = self.floor;
        // Scores are computed a block at a time without branches, so that the compiler vectorises the loop. Only a
        // block whose maximum beats all earlier ones is searched for its position.
        let mut found = None;
        for (block, lefts) in blocks.iter().enumerate() {
            let scores: [f64; BLOCK] = std::array::from_fn(|at| {
                let (g, h) = lefts[at].halves();
                let (left_g, left_h) = (f64::from(g + missing_g), f64::from(h + missing_h));
                let score = self.score(left_g, left_h);
                // A left side with only missing values would mirror the split after the last bin.
                let allowed = (left_h >= self.least) & (left_h <= self.most) & (h > 0);
                if allowed { score } else { f64::NEG_INFINITY }
            });
            let highest = maximum(&scores);
            if highest > best {
                best = highest;
                let at = scores.iter().position(|&found| found == highest);
                found = at.map(|at| (highest, block * BLOCK + at));
            }
        }
        found
    }
}

/// Positions per block.
const BLOCK: usize = 16;

/// Cumulative sums at each non-empty bin. Small nodes fill few bins, and an empty bin splits like the one before it.
struct RunningSums<C> {
    lefts: Bins<C>,
    bins: [u8; 256],
    count: usize,
}

impl<C: Cell> RunningSums<C> {
    /// Sums the bins `0..=last_bin`, without missing values.
    fn new(cells: &Bins<C>, last_bin: u8) -> Self {
        let (mut lefts, mut bins) = ([C::ZERO; 256], [0; 256]);
        let mut sum = C::ZERO;
        // A `u8` index needs no bounds check; at most 255 bins hold present values.
        let mut count = 0_u8;
        let all = usize::from(last_bin) + 1;
        for (bin, &cell) in cells[..all].iter().enumerate() {
            sum = sum.plus(cell);
            // Writing empty bins too, to be overwritten by the next, avoids a branch.
            lefts[usize::from(count)] = sum;
            bins[usize::from(count)] = bin as u8;
            count = count.wrapping_add(u8::from(cell != C::ZERO));
        }
        // Clear a possible leftover: an empty left side is never a split.
        lefts[usize::from(count)] = C::ZERO;
        let count = usize::from(count);
        Self { lefts, bins, count }
    }

    /// The sums in whole blocks, padded with 0.
    fn blocks(&self) -> &[[C; BLOCK]] {
        &self.lefts.as_chunks().0[..self.count.div_ceil(BLOCK)]
    }
}

/// The maximum, by pairwise reduction: in a linear chain, each comparison would wait for the previous one.
fn maximum(numbers: &[f64; BLOCK]) -> f64 {
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    let eight: [f64; 8] = std::array::from_fn(|at| larger(numbers[at], numbers[at + 8]));
    let four: [f64; 4] = std::array::from_fn(|at| larger(eight[at], eight[at + 4]));
    larger(larger(four[0], four[2]), larger(four[1], four[3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GINI: Criterion = Criterion {
        l2: 0.0,
        min_hessian: 1,
        min_gain: 0.0,
    };

    fn best(criterion: Criterion, sums: &[(u8, i32, u32)]) -> Option<(u8, bool, f64)> {
        let mut bins = [0; 256];
        for &(bin, upper, lower) in sums {
            bins[usize::from(bin)] = pack(upper, lower);
        }
        let total = bins.iter().fold(0_u64, |sum, &word| sum.wrapping_add(word));
        let search = Search::new(&criterion, total);
        let split = search.best_split(&bins, 3, 254)?;
        Some((split.bin, split.missing_left, search.gain(split.score)))
    }

    #[test]
    fn the_split_with_the_highest_gain_wins() {
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
    fn missing_values_go_to_the_side_with_the_higher_gain() {
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
        // Present versus missing values is a valid split too.
        assert_eq!(
            best(GINI, &[(5, 0, 4), (MISSING, 4, 4)]),
            Some((5, false, 2.0))
        );
    }

    #[test]
    fn minimum_hessian_and_minimum_gain_are_respected() {
        let sums = [(0, 0, 1), (1, 1, 9), (2, 9, 10)];
        assert_eq!(
            best(
                Criterion {
                    min_hessian: 10,
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
                    min_hessian: 11,
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
    fn the_penalty_applies_to_each_side() {
        let gain = best(Criterion { l2: 1.0, ..GINI }, &[(0, -3, 2), (1, 3, 2)])
            .unwrap()
            .2;
        assert_eq!(gain, 9.0 / 3.0 + 9.0 / 3.0 - 0.0 / 5.0);
    }
}
