//! How high the probabilities of the last seconds lie.

use std::collections::VecDeque;

/// Rows closer together than this do not belong to different seconds.
pub(super) const CLOSEST_S: f64 = 0.5;

/// The rows of the last `n` seconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Window {
    k: usize,
    /// Rows this old have left it.
    span_s: f64,
    /// Time and probability, oldest first.
    rows: VecDeque<(f64, f64)>,
    /// The probabilities of `rows`, highest first.
    sorted: Vec<f64>,
}

impl Window {
    /// An empty window, whose level is its `k`-th highest probability.
    pub(super) fn new(k: u32, n: u32) -> Self {
        Self {
            k: k as usize,
            // Half a second less, so that rows whose times jitter do not meet those of n seconds before.
            span_s: f64::from(n) - CLOSEST_S,
            rows: VecDeque::new(),
            sorted: Vec::new(),
        }
    }

    /// Adds a row that is [`CLOSEST_S`] or more after the one before.
    ///
    /// Returns the level: minus infinity while there are fewer than `k` rows, as after a gap.
    pub(super) fn push(&mut self, time_s: f64, probability: f64) -> f64 {
        while let Some(&(oldest_s, p)) = self.rows.front()
            && time_s - oldest_s >= self.span_s
        {
            self.rows.pop_front();
            self.sorted.remove(self.rank(p));
        }
        self.rows.push_back((time_s, probability));
        self.sorted.insert(self.rank(probability), probability);
        let level = self.sorted.get(self.k - 1);
        level.copied().unwrap_or(f64::NEG_INFINITY)
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.sorted.clear();
    }

    /// How many probabilities are above `p`.
    fn rank(&self, p: f64) -> usize {
        self.sorted.partition_point(|&other| other > p)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_level_is_the_kth_highest_of_the_last_seconds(
            rows in prop::collection::vec((1..4_u8, 0..9_u8), 0..60),
            (n, k) in (1..8_u32).prop_flat_map(|n| (Just(n), 1..=n)),
        ) {
            let mut window = Window::new(k, n);
            let (mut time, mut seen) = (0_u32, Vec::new());
            for (step, p) in rows {
                time += u32::from(step);
                seen.push((time, f64::from(p)));
                let recent = seen.iter().filter(|row| row.0 + n > time);
                let mut recent: Vec<f64> = recent.map(|row| row.1).collect();
                recent.sort_by(|a, b| b.total_cmp(a));
                let expected = recent.get(k as usize - 1).copied();
                let level = window.push(f64::from(time), f64::from(p));
                prop_assert_eq!(level, expected.unwrap_or(f64::NEG_INFINITY));
            }
        }
    }
}
