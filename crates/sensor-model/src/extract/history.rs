//! The recent values of a signal, in bounded memory.

use std::collections::VecDeque;

/// Items closer together than this are thinned out, so that a burst or a fast sender cannot fill the memory.
///
/// The fastest Lepton stream has 27 images per second. Anything faster is a host that delivers buffered images, whose
/// times are those of arrival, not of exposure.
pub(super) const MIN_SPACING_S: f64 = 0.03;

/// Tolerance for rounded times; times of 64 bits are still this precise after a century.
const ROUNDING_S: f64 = 1e-6;

/// Values with their times, oldest first, none older than `span_s` before the newest.
#[derive(Clone, Debug)]
pub(super) struct History<T> {
    span_s: f64,
    items: VecDeque<(f64, T)>,
}

impl<T> History<T> {
    pub(super) fn new(span_s: f64) -> Self {
        Self {
            span_s,
            items: VecDeque::new(),
        }
    }

    /// Adds the newest item; `time_s` is not before that of the last one.
    ///
    /// The newest item is always kept. The one before it is removed if it is too close to its own predecessor.
    pub(super) fn push(&mut self, time_s: f64, value: T) {
        let newest = self.items.len();
        if newest >= 2 && self.items[newest - 1].0 - self.items[newest - 2].0 < MIN_SPACING_S {
            self.items.pop_back();
        }
        while self
            .items
            .front()
            .is_some_and(|(at, _)| *at < time_s - self.span_s - ROUNDING_S)
        {
            self.items.pop_front();
        }
        self.items.push_back((time_s, value));
    }

    /// The newest item at or before `time_s`, unless it is more than `hold_s` older.
    pub(super) fn held(&self, time_s: f64, hold_s: f64) -> Option<(f64, &T)> {
        let (at, value) = self.until(time_s).next_back()?;
        (time_s - at <= hold_s + ROUNDING_S).then_some((at, value))
    }

    /// The items from `from_s` to `to_s`, both included, oldest first.
    pub(super) fn between(
        &self,
        from_s: f64,
        to_s: f64,
    ) -> impl DoubleEndedIterator<Item = (f64, &T)> + Clone {
        let first = self
            .items
            .partition_point(|(at, _)| *at < from_s - ROUNDING_S);
        let end = self
            .items
            .partition_point(|(at, _)| *at <= to_s + ROUNDING_S);
        self.items
            .range(first.min(end)..end)
            .map(|(at, value)| (*at, value))
    }

    fn until(&self, time_s: f64) -> impl DoubleEndedIterator<Item = (f64, &T)> {
        self.between(f64::NEG_INFINITY, time_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(times: &[f64]) -> History<usize> {
        let mut history = History::new(10.0);
        for (number, &time_s) in times.iter().enumerate() {
            history.push(time_s, number);
        }
        history
    }

    fn kept(history: &History<usize>) -> Vec<usize> {
        history
            .between(f64::NEG_INFINITY, f64::INFINITY)
            .map(|(_, &number)| number)
            .collect()
    }

    #[test]
    fn items_older_than_the_span_are_removed() {
        assert_eq!(
            kept(&history(&[0.0, 4.0, 10.0, 10.5, 14.0])),
            [1, 2, 3, 4],
            "4.0 is exactly 10 s old and stays"
        );
    }

    #[test]
    fn a_burst_is_thinned_but_its_newest_item_is_kept() {
        assert_eq!(kept(&history(&[0.0, 0.01, 0.02, 0.025])), [0, 3]);
        assert_eq!(kept(&history(&[0.0, 0.1, 0.11, 0.25])), [0, 1, 3]);
        let fast: Vec<_> = (0..100_000).map(|k| f64::from(k) * 1e-3).collect();
        let bound = (10.0 / MIN_SPACING_S) as usize + 2;
        assert!(kept(&history(&fast)).len() <= bound);
    }

    #[test]
    fn a_value_is_held_for_the_given_time() {
        let history = history(&[1.0, 3.0]);
        let held = |time_s| history.held(time_s, 2.0).map(|(_, &number)| number);
        assert_eq!(held(0.5), None);
        assert_eq!(held(1.0), Some(0));
        assert_eq!(held(2.9), Some(0));
        assert_eq!(held(5.0), Some(1));
        assert_eq!(held(5.1), None);
    }
}
