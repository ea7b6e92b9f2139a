//! The parts of a growing tree, and the memory they reuse.

use std::sync::{Mutex, PoisonError};

use crate::best_split::Split;
use crate::histogram::Bins;
use crate::packed::PackedRow;
use crate::tree::Node;

/// A frontier node: one that may still be split.
#[derive(Debug)]
pub(super) struct FrontierNode<'r> {
    /// The node's rows, ascending.
    pub(super) packed_rows: &'r mut [PackedRow],
    /// Scratch space of the same length as `packed_rows`, disjoint between nodes, so threads need no synchronisation.
    pub(super) scratch: &'r mut [PackedRow],
    /// The sums of its rows by bin, for each column the tree may split on.
    pub(super) histogram: Vec<Bins>,
    /// The sum over all its rows.
    pub(super) total: u64,
    /// 0 at the root.
    pub(super) depth: u32,
}

/// A finished subtree with the rows in its leaves.
#[derive(Debug, Default)]
pub(super) struct PartialTree<'r> {
    /// In preorder.
    pub(super) nodes: Vec<Node>,
    /// The sum of hessians in each leaf, in the units of the packed sums; at least 1.
    pub(super) covers: Vec<u32>,
    /// The rows by leaf.
    pub(super) leaves: Vec<LeafRows<'r>>,
    /// The splits in preorder, each with the column and the gain.
    pub(super) gains: Vec<(u8, f64)>,
}

impl PartialTree<'_> {
    /// Appends a subtree that was grown separately.
    pub(super) fn append(&mut self, mut other: Self) {
        self.nodes.append(&mut other.nodes);
        self.covers.append(&mut other.covers);
        self.leaves.append(&mut other.leaves);
        self.gains.append(&mut other.gains);
    }
}

/// The rows of a leaf, or of the two leaves below one split.
#[derive(Debug, Clone, Copy)]
pub(super) struct LeafRows<'r> {
    /// Ascending.
    pub(super) packed_rows: &'r [PackedRow],
    /// Decides which of the two leaves a row is in; `None` if there is only one leaf.
    pub(super) split: Option<Split>,
    /// The values of the left and the right leaf.
    pub(super) values: [f32; 2],
}

impl<'r> LeafRows<'r> {
    /// The rows with numbers below `row`, and the rest.
    pub(super) fn split_at_row(self, row: u32) -> (Self, Self) {
        let below = self.packed_rows.partition_point(|packed| packed.row < row);
        let (low, high) = self.packed_rows.split_at(below);
        let part = |packed_rows: &'r [PackedRow]| Self {
            packed_rows,
            ..self
        };
        (part(low), part(high))
    }
}

/// Recycled histograms: clearing one is far cheaper than faulting in new pages.
#[derive(Debug, Default)]
pub(super) struct HistogramPool(Mutex<Vec<Vec<Bins>>>);

impl HistogramPool {
    /// A zeroed histogram for `columns` columns.
    pub(super) fn take(&self, columns: usize) -> Vec<Bins> {
        // Poisoning is harmless: histograms are moved in and out whole, so a panic cannot leave one half-updated.
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut histogram = used.unwrap_or_default();
        histogram.clear();
        histogram.resize(columns, [0; 256]);
        histogram
    }

    /// Keeps `histogram` for the next [`take`](Self::take).
    pub(super) fn put_back(&self, histogram: Vec<Bins>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(histogram);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaf_rows_are_split_by_their_numbers() {
        let packed_rows: Vec<PackedRow> = [3, 5, 9]
            .into_iter()
            .map(|row| PackedRow { row, word: 0 })
            .collect();
        let leaf = LeafRows {
            packed_rows: &packed_rows,
            split: None,
            values: [1.0; 2],
        };
        let check = |row, expected| {
            let (low, high) = leaf.split_at_row(row);
            assert_eq!(
                (low.packed_rows.len(), high.packed_rows.len()),
                expected,
                "at row {row}"
            );
        };
        check(0, (0, 3));
        check(5, (1, 2));
        check(6, (2, 1));
        check(10, (3, 0));
    }
}
