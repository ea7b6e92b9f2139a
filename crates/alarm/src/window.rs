//! The sliding window and its level: the k-th highest probability of the last n seconds.

use std::collections::VecDeque;

/// Rows closer together than this, in seconds, belong to the same second.
pub(crate) const CLOSEST_S: f64 = 0.5;

/// The rows of the last `n` seconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    k: usize,
    /// The age in seconds at which a row leaves the window.
    span_s: f64,
    /// Times and probabilities, oldest first.
    rows: VecDeque<(f64, f64)>,
    /// The probabilities of `rows`, highest first.
    sorted: Vec<f64>,
}

impl Window {
    /// An empty window of `n` seconds.
    pub(crate) fn new(k: u32, n: u32) -> Self {
        Self {
            k: k as usize,
            // Half a second less than n, so that despite jitter the row from n seconds ago has left.
            span_s: f64::from(n) - CLOSEST_S,
            rows: VecDeque::new(),
            sorted: Vec::new(),
        }
    }

    /// Adds a row at least [`CLOSEST_S`] after the previous one, and returns the level.
    ///
    /// The level is minus infinity while there are fewer than `k` rows, as after a gap.
    pub(crate) fn push(&mut self, time_s: f64, probability: f64) -> f64 {
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

    /// Removes all rows.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.sorted.clear();
    }

    /// The number of probabilities above `p`.
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
        fn the_level_is_the_kth_highest_probability_of_the_window(
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
