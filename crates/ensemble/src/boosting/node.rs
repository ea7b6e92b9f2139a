//! The parts of a tree that is being grown.

use crate::histogram::Bins;
use crate::tree::Node;

/// A node that may still be split.
#[derive(Debug)]
pub(super) struct Open<'r> {
    pub(super) place: Place<'r>,
    /// Of its rows, one entry per column of the tree.
    pub(super) histogram: Vec<Bins>,
    pub(super) total: u64,
    pub(super) depth: u32,
}

impl<'r> Open<'r> {
    /// A node at `depth` (the root's is 0) whose rows sum to `histogram` by bin and to `total` altogether.
    pub(super) fn new(place: Place<'r>, histogram: Vec<Bins>, total: u64, depth: u32) -> Self {
        Self {
            place,
            histogram,
            total,
            depth,
        }
    }
}

/// A node's share of what is kept per row. Nodes never share, so that threads need not know of each other.
#[derive(Debug)]
pub(super) struct Place<'r> {
    pub(super) rows: &'r mut [u32],
    /// To move rows in.
    pub(super) scratch: &'r mut [u32],
    /// What the tree adds to each of `rows`; set once its leaf is known.
    pub(super) steps: &'r mut [f32],
}

impl Place<'_> {
    /// The places of two children, of which the left one has `lefts` rows.
    pub(super) fn split_at(self, lefts: usize) -> (Self, Self) {
        let (rows, right_rows) = self.rows.split_at_mut(lefts);
        let (scratch, right_scratch) = self.scratch.split_at_mut(lefts);
        let (steps, right_steps) = self.steps.split_at_mut(lefts);
        let right = Self {
            rows: right_rows,
            scratch: right_scratch,
            steps: right_steps,
        };
        (
            Self {
                rows,
                scratch,
                steps,
            },
            right,
        )
    }
}

/// Nodes in preorder, with gaps where subtrees are still to be grown.
#[derive(Debug, Default)]
pub(super) struct Sketch<'r> {
    pub(super) nodes: Vec<Node>,
    /// Each with its place among `nodes`, ascending.
    pub(super) postponed: Vec<(usize, Open<'r>)>,
}

/// Puts the subtrees into the places where they belong.
pub(super) fn fill_gaps(
    nodes: &[Node],
    subtrees: impl Iterator<Item = (usize, Vec<Node>)>,
) -> Vec<Node> {
    let mut filled = Vec::new();
    let mut taken = 0;
    for (place, subtree) in subtrees {
        filled.extend_from_slice(&nodes[taken..place]);
        filled.extend(subtree);
        taken = place;
    }
    filled.extend_from_slice(&nodes[taken..]);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtrees_go_where_they_were_left_out() {
        let leaves = |values: &[f32]| {
            values
                .iter()
                .map(|&value| Node::Leaf(value))
                .collect::<Vec<_>>()
        };
        let filled = fill_gaps(
            &leaves(&[1.0, 4.0]),
            [(1, leaves(&[2.0, 3.0])), (2, leaves(&[5.0]))].into_iter(),
        );
        assert_eq!(filled, leaves(&[1.0, 2.0, 3.0, 4.0, 5.0]));
        assert_eq!(
            fill_gaps(&[], [(0, leaves(&[1.0]))].into_iter()),
            leaves(&[1.0])
        );
    }

    #[test]
    fn children_have_places_of_their_own() {
        let (mut rows, mut scratch, mut steps) = ([5, 6, 7], [0; 3], [0.0; 3]);
        let place = Place {
            rows: &mut rows,
            scratch: &mut scratch,
            steps: &mut steps,
        };
        let (left, right) = place.split_at(1);
        assert_eq!((&*left.rows, &*right.rows), (&[5][..], &[6, 7][..]));
        right.steps.fill(2.0);
        assert_eq!(steps, [0.0, 2.0, 2.0]);
    }
}
