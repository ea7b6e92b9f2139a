//! The parts of a tree that is being grown.

use crate::histogram::Bins;
use crate::packed::Entry;
use crate::split::Split;
use crate::tree::Node;

/// A node that may still be split.
#[derive(Debug)]
pub(super) struct Open<'r> {
    /// The node's rows, ascending.
    pub(super) entries: &'r mut [Entry],
    /// As long as `entries`, to move them in. Nodes never share, so that threads need not know of each other.
    pub(super) scratch: &'r mut [Entry],
    /// The sums of its rows, one entry per column of the tree.
    pub(super) histogram: Vec<Bins>,
    /// The sum of its rows.
    pub(super) total: u64,
    /// 0 at the root.
    pub(super) depth: u32,
}

/// What has been grown below one node.
#[derive(Debug, Default)]
pub(super) struct Sketch<'r> {
    /// In preorder.
    pub(super) nodes: Vec<Node>,
    /// The hessians of the leaves' rows, summed, in the units of the packed sums; 1 at least.
    pub(super) covers: Vec<u32>,
    /// Where the node's rows are, each of them in one place.
    pub(super) fallen: Vec<Fallen<'r>>,
    /// The splits in preorder, each with the column and the gain.
    pub(super) gains: Vec<(u8, f64)>,
}

impl Sketch<'_> {
    /// Appends what has been grown apart.
    pub(super) fn append(&mut self, mut other: Self) {
        self.nodes.append(&mut other.nodes);
        self.covers.append(&mut other.covers);
        self.fallen.append(&mut other.fallen);
        self.gains.append(&mut other.gains);
    }
}

/// Rows that have come to their leaf, or to the last split above it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fallen<'r> {
    /// Ascending.
    pub(super) entries: &'r [Entry],
    /// Which of the two leaves a row is in; none if there is only one.
    pub(super) split: Option<Split>,
    /// The values of the left and the right leaf.
    pub(super) values: [f32; 2],
}

impl<'r> Fallen<'r> {
    /// The part with rows below `row`, and the part with the others.
    pub(super) fn split_at_row(self, row: u32) -> (Self, Self) {
        let below = self.entries.partition_point(|entry| entry.row < row);
        let (low, high) = self.entries.split_at(below);
        let part = |entries: &'r [Entry]| Self { entries, ..self };
        (part(low), part(high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fallen_rows_are_divided_by_their_numbers() {
        let entries: Vec<Entry> = [3, 5, 9]
            .into_iter()
            .map(|row| Entry { row, word: 0 })
            .collect();
        let fallen = Fallen {
            entries: &entries,
            split: None,
            values: [1.0; 2],
        };
        let check = |row, expected| {
            let (low, high) = fallen.split_at_row(row);
            assert_eq!(
                (low.entries.len(), high.entries.len()),
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
