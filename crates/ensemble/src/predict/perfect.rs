//! Trees padded to perfect trees of equal depth, whose traversal has a fixed number of steps and no branches.
//!
//! Nodes are in heap order, the root at 1 and the children of i at 2 i and 2 i + 1, so a step is
//! `i = 2 i + (byte > threshold)`. A leaf above the last level is copied to all leaf slots below it.

use super::grid::{BLOCK, Block, Grid, signed};
use crate::tree::{Node, Tree};

/// Maximum depth; each further level doubles the size.
const DEEPEST: usize = 12;
/// Maximum size of all trees in bytes, well beyond the CPU caches.
const LARGEST: usize = 32 << 20;
/// Rows (or trees, for a single row) that are traversed in lockstep.
const ABREAST: usize = 8;
/// Number of top levels whose tests are all applied to all rows of a block; 4 and 6 are slower.
const TOP: usize = 5;
/// Minimum number of rows in a block for which this pays off: its cost does not depend on that number.
const TOGETHER: usize = BLOCK / 2;
/// A test that sends every byte to the left.
const ALWAYS_LEFT: u16 = 255 << 8;

/// The trees of one model.
#[derive(Debug)]
pub(super) struct PerfectTrees {
    depth: usize,
    /// 2^depth tests (see [`Grid::test`]) per tree; the first is unused.
    tests: Vec<u16>,
    /// 2^depth values per tree.
    leaves: Vec<f32>,
}

/// Calls a method with the depth as a constant, so that the compiler unrolls the steps and removes bounds checks.
macro_rules! for_depth {
    ($depth:expr, $this:ident.$function:ident($($argument:expr),*)) => {
        match $depth {
            0 => $this.$function::<0, SLOTS>($($argument),*),
            1 => $this.$function::<1, SLOTS>($($argument),*),
            2 => $this.$function::<2, SLOTS>($($argument),*),
            3 => $this.$function::<3, SLOTS>($($argument),*),
            4 => $this.$function::<4, SLOTS>($($argument),*),
            5 => $this.$function::<5, SLOTS>($($argument),*),
            6 => $this.$function::<6, SLOTS>($($argument),*),
            7 => $this.$function::<7, SLOTS>($($argument),*),
            8 => $this.$function::<8, SLOTS>($($argument),*),
            9 => $this.$function::<9, SLOTS>($($argument),*),
            10 => $this.$function::<10, SLOTS>($($argument),*),
            11 => $this.$function::<11, SLOTS>($($argument),*),
            _ => $this.$function::<12, SLOTS>($($argument),*),
        }
    };
}

impl PerfectTrees {
    /// Pads `trees`, whose thresholds are all on `grid`; `None` if they are too deep or too many.
    pub(super) fn of(trees: &[Tree], grid: &Grid) -> Option<Self> {
        let depth = trees.iter().map(depth).max().unwrap_or(0);
        if depth > DEEPEST || trees.len() << depth > LARGEST / size_of::<(u16, f32)>() {
            return None;
        }
        let mut perfect = Self {
            depth,
            tests: vec![ALWAYS_LEFT; trees.len() << depth],
            leaves: vec![0.0; trees.len() << depth],
        };
        for (at, tree) in trees.iter().enumerate() {
            perfect.fill(at, tree, grid);
        }
        Some(perfect)
    }

    fn fill(&mut self, at: usize, tree: &Tree, grid: &Grid) {
        let (depth, first) = (self.depth, at << self.depth);
        walk(tree, |node, position, level| match *node {
            Node::Split {
                feature,
                missing_left,
                threshold,
                ..
            } => self.tests[first + position] = grid.test(feature, missing_left, threshold),
            Node::Leaf(value) => {
                let below = depth - level;
                let leftmost = (position << below) - (1 << depth);
                self.leaves[first + leftmost..][..1 << below].fill(value);
            }
        });
    }

    /// `start` plus the leaf values of a row, added in tree order.
    pub(super) fn sum<const SLOTS: usize>(&self, codes: &[u8; SLOTS], start: f64) -> f64 {
        for_depth!(self.depth, self.sum_of_depth(codes, start))
    }

    /// Adds the leaf values of each of the first `count` rows to its sum, in tree order. The other sums are
    /// unspecified.
    pub(super) fn add_all<const SLOTS: usize>(
        &self,
        (block, count): (&Block<SLOTS>, usize),
        sums: &mut [f64; BLOCK],
    ) {
        for_depth!(self.depth, self.add_of_depth((block, count), sums));
    }

    fn sum_of_depth<const DEPTH: usize, const SLOTS: usize>(
        &self,
        codes: &[u8; SLOTS],
        start: f64,
    ) -> f64 {
        let together = ABREAST << DEPTH;
        let mut sum = start;
        let tests = self.tests.chunks_exact(together);
        let leaves = self.leaves.chunks_exact(together);
        let (tests_left, leaves_left) = (tests.remainder(), leaves.remainder());
        for (tests, leaves) in tests.zip(leaves) {
            let mut positions = [1; ABREAST];
            for _ in 0..DEPTH {
                for (tree, position) in positions.iter_mut().enumerate() {
                    let test = tests[(tree << DEPTH) + within::<DEPTH>(*position)];
                    *position = step(test, codes, *position);
                }
            }
            for (tree, position) in positions.into_iter().enumerate() {
                sum += f64::from(leaves[(tree << DEPTH) + within::<DEPTH>(position)]);
            }
        }
        let tests = tests_left.chunks_exact(1 << DEPTH);
        for (tests, leaves) in tests.zip(leaves_left.chunks_exact(1 << DEPTH)) {
            sum += f64::from(leaf::<DEPTH, SLOTS>((tests, leaves), codes));
        }
        sum
    }

    fn add_of_depth<const DEPTH: usize, const SLOTS: usize>(
        &self,
        (block, count): (&Block<SLOTS>, usize),
        sums: &mut [f64; BLOCK],
    ) {
        let trees = self.tests.chunks_exact(1 << DEPTH);
        for (tests, leaves) in trees.zip(self.leaves.chunks_exact(1 << DEPTH)) {
            let tree = (tests, leaves);
            if count < TOGETHER {
                let root = [1; BLOCK];
                add_below::<0, DEPTH, SLOTS>(tree, &root, (block, count), sums);
            } else {
                let tops = top::<DEPTH, SLOTS>(tests, block);
                add_below::<TOP, DEPTH, SLOTS>(tree, &tops, (block, count), sums);
            }
        }
    }
}

/// The positions of all rows of a block after the first [`TOP`] levels of a tree.
///
/// There are few enough tests to apply each to all rows, sixteen at a time, masking out the rows that are not at its
/// node. This is faster than looking up each row's own test.
fn top<const DEPTH: usize, const SLOTS: usize>(tests: &[u16], block: &Block<SLOTS>) -> [i8; BLOCK] {
    let mut positions = [1_i8; BLOCK];
    for level in 0..TOP.min(DEPTH) {
        // 0, or -1 for a row that goes right.
        let mut right = [0_i8; BLOCK];
        for node in 1_usize << level..2 << level {
            let test = tests[within::<DEPTH>(node)];
            let codes = &block.columns[usize::from(test) % SLOTS];
            let most = signed((test >> 8) as u8);
            // The compiler vectorises this form.
            right = std::array::from_fn(|at| {
                let is_here = -i8::from(positions[at] == node as i8);
                right[at] | is_here & -i8::from(codes[at] > most)
            });
        }
        positions = std::array::from_fn(|at| {
            let doubled = positions[at].wrapping_add(positions[at]);
            doubled.wrapping_sub(right[at])
        });
    }
    positions
}

/// Continues the traversal from `positions`, after `LEVEL` levels, and adds the values of the leaves reached.
fn add_below<const LEVEL: usize, const DEPTH: usize, const SLOTS: usize>(
    (tests, leaves): (&[u16], &[f32]),
    positions: &[i8; BLOCK],
    (block, count): (&Block<SLOTS>, usize),
    sums: &mut [f64; BLOCK],
) {
    let (rows, _) = block.rows.as_chunks::<ABREAST>();
    let (sums, _) = sums.as_chunks_mut::<ABREAST>();
    let (positions, _) = positions.as_chunks::<ABREAST>();
    let groups = rows.iter().zip(sums).zip(positions);
    for ((rows, sums), positions) in groups.take(count.div_ceil(ABREAST)) {
        let mut positions = positions.map(|position| usize::from(position.cast_unsigned()));
        for _ in LEVEL..DEPTH {
            for (position, codes) in positions.iter_mut().zip(rows) {
                *position = step(tests[within::<DEPTH>(*position)], codes, *position);
            }
        }
        for (sum, position) in sums.iter_mut().zip(positions) {
            *sum += f64::from(leaves[within::<DEPTH>(position)]);
        }
    }
}

/// The value of the leaf that a row falls into.
fn leaf<const DEPTH: usize, const SLOTS: usize>(
    (tests, leaves): (&[u16], &[f32]),
    codes: &[u8; SLOTS],
) -> f32 {
    let position = (0..DEPTH).fold(1, |position, _| {
        step(tests[within::<DEPTH>(position)], codes, position)
    });
    leaves[within::<DEPTH>(position)]
}

/// The index of an inner node or leaf within its tree.
#[inline]
fn within<const DEPTH: usize>(position: usize) -> usize {
    position & ((1 << DEPTH) - 1)
}

/// Moves from a node to its child.
#[inline]
fn step<const SLOTS: usize>(test: u16, codes: &[u8; SLOTS], position: usize) -> usize {
    // The number of slots is a power of two, so the modulus is a mask of the lower byte.
    let code = codes[usize::from(test) % SLOTS];
    let right = code > (test >> 8) as u8;
    position
        .wrapping_add(position)
        .wrapping_add(usize::from(right))
}

/// The number of splits between the root and the deepest leaf.
fn depth(tree: &Tree) -> usize {
    // Does not use heap positions: trees from a file may have any depth, and positions double at each level.
    let mut deepest = 0;
    let mut open = vec![(0, 0)];
    while let Some((at, level)) = open.pop() {
        deepest = deepest.max(level);
        if let Node::Split { right, .. } = tree.nodes[at] {
            open.push((at + 1, level + 1));
            open.push((right as usize, level + 1));
        }
    }
    deepest
}

/// Visits every node with its heap position and its level.
fn walk(tree: &Tree, mut visit: impl FnMut(&Node, usize, usize)) {
    let mut open = vec![(0, 1, 0)];
    while let Some((at, position, level)) = open.pop() {
        let node = &tree.nodes[at];
        visit(node, position, level);
        if let Node::Split { right, .. } = *node {
            open.push((at + 1, 2 * position, level + 1));
            open.push((right as usize, 2 * position + 1, level + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(depth: usize) -> Tree {
        let mut nodes = vec![Node::split(0, false, 0.5); depth];
        nodes.extend((0..=depth).map(|at| Node::Leaf(at as f32)));
        Tree::from_preorder(nodes)
    }

    #[test]
    fn trees_that_would_be_too_large_are_not_padded() {
        let padded = |trees: &[Tree]| {
            let grid = Grid::of(trees, 1).unwrap();
            PerfectTrees::of(trees, &grid).map(|perfect| perfect.depth)
        };
        assert_eq!(padded(&[]), Some(0));
        assert_eq!(padded(&[chain(0)]), Some(0));
        assert_eq!(padded(&[chain(0), chain(12)]), Some(12));
        assert_eq!(padded(&[chain(13)]), None);
        assert_eq!(padded(&[chain(100_000)]), None);
        assert_eq!(padded(&vec![chain(12); 2_000]), None);
    }
}
