//! The thresholds of a model's trees by column, and rows as their places among them.

use crate::tree::{Node, Tree};

/// Thresholds of a column at most, so that a place among them is a byte.
const MOST: usize = 255;
/// The place of a missing value where it goes right: no threshold has that number.
const RIGHT_OF_ALL: u8 = 255;

/// All thresholds, column by column.
///
/// A row has two bytes for each value: the value's place among the thresholds, once for the splits that send a missing
/// value to the right and once for those that send it to the left. So a walk need not ask whether a value is missing.
#[derive(Debug)]
pub(super) struct Grid {
    columns: Vec<Thresholds>,
}

/// Ascending and distinct, filled up with infinity so that the search takes eight steps whatever their number.
#[derive(Debug)]
struct Thresholds {
    padded: [f32; 256],
    count: usize,
}

impl Grid {
    /// The grid of all splits of `trees`; none where a column has too many thresholds or one that is no finite number.
    pub(super) fn of<'t>(
        trees: impl IntoIterator<Item = &'t Tree>,
        columns: usize,
    ) -> Option<Self> {
        let mut found = vec![Vec::new(); columns];
        for node in trees.into_iter().flat_map(|tree| &tree.nodes) {
            if let Node::Split {
                feature, threshold, ..
            } = *node
            {
                found.get_mut(usize::from(feature))?.push(threshold);
            }
        }
        let columns = found.into_iter().map(Thresholds::of);
        Some(Self {
            columns: columns.collect::<Option<_>>()?,
        })
    }

    /// The test of a split in two bytes: which byte of a row is looked at, and the largest one that goes left.
    pub(super) fn test(&self, feature: u8, missing_left: bool, threshold: f32) -> u16 {
        let column = usize::from(feature);
        let slot = column + if missing_left { self.columns.len() } else { 0 };
        let place = self.columns[column].place(threshold);
        slot as u16 | u16::from(place) << 8
    }

    /// The bytes of a row; those beyond twice the columns are left alone.
    pub(super) fn encode<const SLOTS: usize>(&self, row: &[f32], codes: &mut [u8; SLOTS]) {
        let (right, left) = codes.split_at_mut(self.columns.len());
        let slots = right.iter_mut().zip(left);
        for ((thresholds, &value), (right, left)) in self.columns.iter().zip(row).zip(slots) {
            // NaN is above no threshold, so its place is the leftmost.
            let place = thresholds.place(value);
            *left = place;
            *right = if value.is_nan() { RIGHT_OF_ALL } else { place };
        }
    }

    /// Bytes that a row has.
    pub(super) fn slots(&self) -> usize {
        2 * self.columns.len()
    }
}

impl Thresholds {
    fn of(mut thresholds: Vec<f32>) -> Option<Self> {
        thresholds.sort_unstable_by(f32::total_cmp);
        // Zero and minus zero are one threshold.
        thresholds.dedup();
        let finite = thresholds.iter().all(|threshold| threshold.is_finite());
        if thresholds.len() > MOST || !finite {
            return None;
        }
        let mut padded = [f32::INFINITY; 256];
        padded[..thresholds.len()].copy_from_slice(&thresholds);
        Some(Self {
            padded,
            count: thresholds.len(),
        })
    }

    /// How many thresholds are below `value`. So `value <= threshold` holds exactly when the place of the value is at
    /// most that of the threshold.
    #[inline]
    fn place(&self, value: f32) -> u8 {
        // No branch depends on the value, so the search never mispredicts.
        let mut below = 0_usize;
        for step in [128, 64, 32, 16, 8, 4, 2, 1] {
            below += step * usize::from(self.padded[below + step - 1] < value);
        }
        debug_assert!(below <= self.count);
        below as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stump(threshold: f32) -> Tree {
        Tree::from_preorder(vec![
            Node::split(0, false, threshold),
            Node::Leaf(0.0),
            Node::Leaf(1.0),
        ])
    }

    #[test]
    fn a_value_is_at_most_a_threshold_exactly_when_its_place_is() {
        let thresholds = [-0.0, 0.0, 1e-45, 1.0, f32::MIN, f32::MAX, -7.5];
        let trees = thresholds.map(stump);
        let column = &Grid::of(&trees, 1).unwrap().columns[0];
        assert_eq!(column.count, 6);
        let values = thresholds
            .into_iter()
            .flat_map(|threshold| [threshold, threshold.next_up(), threshold.next_down()])
            .chain([f32::INFINITY, f32::NEG_INFINITY]);
        for value in values {
            for threshold in thresholds {
                let expected = value <= threshold;
                let found = column.place(value) <= column.place(threshold);
                assert_eq!(found, expected, "{value:e} against {threshold:e}");
            }
        }
        assert_eq!(column.place(f32::NAN), 0);
    }

    #[test]
    fn as_many_thresholds_as_bytes_can_tell_apart_are_accepted() {
        let trees: Vec<Tree> = (0..256_u16).map(|at| stump(f32::from(at))).collect();
        let full = Grid::of(&trees[..255], 1).unwrap();
        assert_eq!(full.columns[0].place(1e9), 255);
        assert_eq!(full.columns[0].place(254.0), 254);
        assert!(Grid::of(&trees, 1).is_none());
        assert!(Grid::of(&[stump(f32::NAN)], 1).is_none());
        assert!(Grid::of(&[stump(f32::INFINITY)], 1).is_none());
    }
}
