//! A model's thresholds by feature, and rows encoded as positions among these thresholds.

use crate::tree::{Node, Tree};

/// Maximum number of thresholds per feature, so that a position fits in a byte.
const MOST: usize = 255;
/// The position of a missing value for splits that send it right; no threshold has this position.
const RIGHT_OF_ALL: u8 = 255;

/// All thresholds by feature.
///
/// A row has two bytes per value: the value's position for splits that send missing values right, and for those that
/// send them left. This way a traversal need not check for missing values.
#[derive(Debug)]
pub(super) struct Grid {
    columns: Vec<Thresholds>,
}

/// Ascending and distinct, padded with infinity so that a search always takes eight steps.
#[derive(Debug)]
struct Thresholds {
    padded: [f32; 256],
    count: usize,
}

impl Grid {
    /// The grid of all splits of `trees`; `None` if a feature has too many thresholds or a non-finite one.
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

    /// The test of a split in two bytes: the index of the byte to compare, and the largest byte that goes left.
    pub(super) fn test(&self, feature: u8, missing_left: bool, threshold: f32) -> u16 {
        let column = usize::from(feature);
        let slot = column + if missing_left { self.columns.len() } else { 0 };
        let position = self.columns[column].position(threshold);
        slot as u16 | u16::from(position) << 8
    }

    /// Fills in the bytes of a row; those beyond twice the number of features are left unchanged.
    pub(super) fn encode<const SLOTS: usize>(&self, row: &[f32], codes: &mut [u8; SLOTS]) {
        let (right, left) = codes.split_at_mut(self.columns.len());
        let slots = right.iter_mut().zip(left);
        for ((thresholds, &value), (right, left)) in self.columns.iter().zip(row).zip(slots) {
            // No threshold is below NaN, so its position is 0.
            let position = thresholds.position(value);
            *left = position;
            *right = if value.is_nan() {
                RIGHT_OF_ALL
            } else {
                position
            };
        }
    }

    /// The number of bytes per row.
    pub(super) fn slots(&self) -> usize {
        2 * self.columns.len()
    }
}

impl Thresholds {
    fn of(mut thresholds: Vec<f32>) -> Option<Self> {
        thresholds.sort_unstable_by(f32::total_cmp);
        // Zero and minus zero are equal.
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

    /// The number of thresholds below `value`: `value <= threshold` exactly when the value's position is at most that
    /// of the threshold.
    #[inline]
    fn position(&self, value: f32) -> u8 {
        // Branch-free on the value, so nothing is mispredicted.
        let mut below = 0_usize;
        for step in [128, 64, 32, 16, 8, 4, 2, 1] {
            below += step * usize::from(self.padded[below + step - 1] < value);
        }
        debug_assert!(below <= self.count);
        below as u8
    }
}

/// Rows evaluated on one tree before moving on to the next tree.
pub(super) const BLOCK: usize = 128;

/// Up to [`BLOCK`] encoded rows, row-major and column-major. Bytes beyond them are left over from earlier rows.
#[derive(Debug)]
pub(super) struct Block<const SLOTS: usize> {
    /// For traversals, which read the bytes of one row.
    pub(super) rows: [[u8; SLOTS]; BLOCK],
    /// For testing all rows at once: [`signed`] bytes.
    pub(super) columns: [[i8; BLOCK]; SLOTS],
}

impl<const SLOTS: usize> Block<SLOTS> {
    pub(super) fn new() -> Self {
        Self {
            rows: [[0; SLOTS]; BLOCK],
            columns: [[0; BLOCK]; SLOTS],
        }
    }

    /// Encodes `rows`, at most [`BLOCK`], in place of the previous ones.
    pub(super) fn take<'r>(&mut self, grid: &Grid, rows: impl Iterator<Item = &'r [f32]>) {
        let used = grid.slots();
        for (at, (row, codes)) in rows.zip(&mut self.rows).enumerate() {
            grid.encode(row, codes);
            for (column, code) in self.columns.iter_mut().zip(&codes[..used]) {
                column[at] = signed(*code);
            }
        }
    }
}

/// Maps a byte to a signed one, preserving order: SSE2 can compare sixteen signed bytes at once, but not unsigned ones.
#[inline]
pub(super) fn signed(code: u8) -> i8 {
    (code ^ 0x80).cast_signed()
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
    fn a_value_is_at_most_a_threshold_exactly_when_its_position_is() {
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
                let found = column.position(value) <= column.position(threshold);
                assert_eq!(found, expected, "{value:e} against {threshold:e}");
            }
        }
        assert_eq!(column.position(f32::NAN), 0);
    }

    #[test]
    fn at_most_255_finite_thresholds_are_accepted() {
        let trees: Vec<Tree> = (0..256_u16).map(|at| stump(f32::from(at))).collect();
        let full = Grid::of(&trees[..255], 1).unwrap();
        assert_eq!(full.columns[0].position(1e9), 255);
        assert_eq!(full.columns[0].position(254.0), 254);
        assert!(Grid::of(&trees, 1).is_none());
        assert!(Grid::of(&[stump(f32::NAN)], 1).is_none());
        assert!(Grid::of(&[stump(f32::INFINITY)], 1).is_none());
    }
}
