//! Histograms to use again: clearing one is far cheaper than fresh pages from the system.

use std::sync::{Mutex, PoisonError};

use crate::histogram::Bins;

/// Histograms that no node holds at the moment.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Vec<Bins>>>);

impl Pool {
    /// A histogram of `columns` columns with all sums 0.
    pub(super) fn take(&self, columns: usize) -> Vec<Bins> {
        // A panic elsewhere cannot have left a histogram half changed: they are moved in and out whole.
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut histogram = used.unwrap_or_default();
        histogram.clear();
        histogram.resize(columns, [0; 256]);
        histogram
    }

    /// Keeps `histogram` for the next [`take`](Self::take).
    pub(super) fn give_back(&self, histogram: Vec<Bins>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(histogram);
    }
}
