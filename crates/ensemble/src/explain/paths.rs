//! Shapley values of one tree, as sums over its leaves.
//!
//! In a tree's game, a leaf contributes its value times a product with one factor per feature on its path. The factor
//! of a known feature, o, is 1 if the row follows the path at all of that feature's splits, otherwise 0; the factor of
//! an unknown feature, z, is the product of the cover shares of the branches taken at its splits. If a feature is known
//! to the degree x, its factor is o x + z (1 - x). The Shapley value of a feature is the integral over x from 0 to 1,
//! with the same x for all features, of the derivative with respect to that feature's x (Owen 1972, "Multilinear
//! extensions of games"): (o - z) times the product of the other factors. The integrand is a polynomial in x of degree
//! below the number of features on the path, so Gauss-Legendre quadrature with half as many points is exact. All
//! factors are positive at its points, so unlike TreeSHAP's algorithm 2, which subtracts, this loses no precision on
//! deep trees.
//!
//! A tree with L leaves and depth D takes L D² / 2 multiplications.

use super::quadrature::Quadrature;
use crate::tree::{Node, Tree};

/// A tree with the share of the training weight in each branch.
#[derive(Debug)]
pub(super) struct PreparedTree {
    nodes: Vec<PreparedNode>,
    /// The expected prediction when no feature is known.
    pub(super) expected: f64,
    /// The number of splits on the longest path.
    pub(super) depth: usize,
}

/// A node of a [`PreparedTree`].
#[derive(Debug, Clone, Copy)]
enum PreparedNode {
    Split(Split),
    Leaf(f64),
}

/// A [`Node::Split`] with the share of the node's cover that goes left.
#[derive(Debug, Clone, Copy)]
struct Split {
    feature: u8,
    missing_left: bool,
    threshold: f32,
    right: u32,
    left_share: f64,
}

/// A branch on the path to the current node, combined with earlier splits on the same feature.
#[derive(Debug, Clone)]
struct Step<const N: usize> {
    split: Split,
    is_left: bool,
    /// Whether the row follows the path at all splits on this feature so far.
    goes: bool,
    /// The product of the cover shares of those branches.
    share: f64,
    /// The previous step on the same feature, which this one includes.
    earlier: Option<usize>,
    /// Whether no later step includes this one.
    counts: bool,
    /// 1 / (o x + z (1 - x)) at each point.
    inverse: [f64; N],
    /// The product of all features' factors so far, at each point.
    product: [f64; N],
}

/// The traversal of all leaves for one row, in trees whose paths have at most 2 N features.
#[derive(Debug)]
pub(super) struct Walk<'a, const N: usize> {
    quadrature: &'a Quadrature<N>,
    row: &'a [f32],
    steps: Vec<Step<N>>,
}

impl PreparedTree {
    pub(super) fn new(tree: &Tree) -> Self {
        let covers = tree.node_covers();
        let prepare = |(at, node): (usize, &Node)| match *node {
            Node::Leaf(value) => PreparedNode::Leaf(f64::from(value)),
            Node::Split {
                feature,
                missing_left,
                threshold,
                right,
            } => PreparedNode::Split(Split {
                feature,
                missing_left,
                threshold,
                right,
                left_share: covers[at + 1] / covers[at],
            }),
        };
        let leaves = tree
            .nodes
            .iter()
            .zip(&covers)
            .filter_map(|(node, cover)| match node {
                Node::Leaf(value) => Some(f64::from(*value) * (cover / covers[0])),
                Node::Split { .. } => None,
            });
        Self {
            expected: leaves.sum(),
            depth: depth(tree),
            nodes: tree.nodes.iter().enumerate().map(prepare).collect(),
        }
    }
}

/// The number of splits on the longest path.
fn depth(tree: &Tree) -> usize {
    let mut pending = Vec::new();
    let (mut at, mut deepest) = (0, 0);
    for node in &tree.nodes {
        deepest = deepest.max(at);
        match node {
            Node::Split { .. } => {
                at += 1;
                pending.push(at);
            }
            // In preorder, the next node is the right child of the innermost pending split.
            Node::Leaf(_) => at = pending.pop().unwrap_or(0),
        }
    }
    deepest
}

impl Split {
    fn goes_left(&self, row: &[f32]) -> bool {
        let value = row[usize::from(self.feature)];
        value <= self.threshold || (self.missing_left && value.is_nan())
    }
}

impl<'a, const N: usize> Walk<'a, N> {
    pub(super) fn new(quadrature: &'a Quadrature<N>, row: &'a [f32]) -> Self {
        let steps = Vec::new();
        Self {
            quadrature,
            row,
            steps,
        }
    }

    /// Adds the tree's contributions times `factor`.
    ///
    /// Not recursive, because a model file may contain trees of any depth.
    pub(super) fn add(&mut self, tree: &PreparedTree, (factor, contributions): (f64, &mut [f64])) {
        let mut at = 0;
        loop {
            match tree.nodes[at] {
                PreparedNode::Split(split) => {
                    self.enter(split, true);
                    at += 1;
                }
                PreparedNode::Leaf(value) => {
                    self.credit(value * factor, contributions);
                    let Some(right) = self.turn() else { return };
                    at = right;
                }
            }
        }
    }

    /// Descends into a branch of `split`.
    fn enter(&mut self, split: Split, is_left: bool) {
        let same = |step: &Step<N>| step.counts && step.split.feature == split.feature;
        let earlier = self.steps.iter().rposition(same);
        let mut product = self.steps.last().map_or([1.0; N], |step| step.product);
        let mut goes = split.goes_left(self.row) == is_left;
        let mut share = if is_left {
            split.left_share
        } else {
            1.0 - split.left_share
        };
        if let Some(earlier) = earlier.map(|at| &mut self.steps[at]) {
            earlier.counts = false;
            goes &= earlier.goes;
            share *= earlier.share;
            for (product, inverse) in product.iter_mut().zip(&earlier.inverse) {
                *product *= inverse;
            }
        }
        let known = f64::from(u8::from(goes));
        let mut inverse = [0.0; N];
        for at in 0..N {
            let x = self.quadrature.points[at];
            let factor = known * x + share * (1.0 - x);
            inverse[at] = 1.0 / factor;
            product[at] *= factor;
        }
        self.steps.push(Step {
            split,
            is_left,
            goes,
            share,
            earlier,
            counts: true,
            inverse,
            product,
        });
    }

    /// Backtracks to the innermost split whose right branch is still unvisited, enters that branch and returns its
    /// child; `None` when all leaves have been visited.
    fn turn(&mut self) -> Option<usize> {
        loop {
            let step = self.steps.pop()?;
            if let Some(earlier) = step.earlier {
                self.steps[earlier].counts = true;
            }
            if step.is_left {
                self.enter(step.split, false);
                return Some(step.split.right as usize);
            }
        }
    }

    /// Adds the current leaf's contributions to the features on its path.
    fn credit(&self, value: f64, contributions: &mut [f64]) {
        let Some(last) = self.steps.last() else {
            return;
        };
        let mut integrand = last.product;
        for (product, weight) in integrand.iter_mut().zip(&self.quadrature.weights) {
            *product *= weight * value;
        }
        for step in self.steps.iter().filter(|step| step.counts) {
            let integral: f64 = integrand
                .iter()
                .zip(&step.inverse)
                .map(|(a, b)| a * b)
                .sum();
            let known = f64::from(u8::from(step.goes));
            contributions[usize::from(step.split.feature)] += (known - step.share) * integral;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn draw(rng: &mut impl Rng, below: usize) -> usize {
        rng.next_u32() as usize % below
    }

    /// A tree with few thresholds, so that features repeat on a path, and with covers that differ up to a thousandfold.
    fn tree(rng: &mut ChaCha8Rng, columns: usize, depth: usize) -> Tree {
        fn grow(rng: &mut ChaCha8Rng, columns: usize, depth: usize, nodes: &mut Vec<Node>) {
            if depth == 0 || draw(rng, 6) == 0 {
                nodes.push(Node::Leaf(draw(rng, 1_000) as f32 / 100.0 - 5.0));
                return;
            }
            let (column, threshold) = (draw(rng, columns) as u8, draw(rng, 4) as f32);
            nodes.push(Node::split(column, draw(rng, 2) == 0, threshold));
            grow(rng, columns, depth - 1, nodes);
            grow(rng, columns, depth - 1, nodes);
        }
        let mut nodes = Vec::new();
        grow(rng, columns, depth, &mut nodes);
        let tree = Tree::from_preorder(nodes);
        let covers = (0..tree.covers.len()).map(|_| 1 + draw(rng, 1_000) as u32);
        let covers = covers.collect();
        tree.with_covers(covers)
    }

    fn row(rng: &mut ChaCha8Rng, columns: usize) -> Vec<f32> {
        let value = |_| match draw(rng, 6) {
            0 => f32::NAN,
            value => value as f32 - 1.0,
        };
        (0..columns).map(value).collect()
    }

    fn explain<const N: usize>(tree: &Tree, row: &[f32]) -> Vec<f64> {
        let mut contributions = vec![0.0; row.len()];
        let prepared = PreparedTree::new(tree);
        Walk::<N>::new(&Quadrature::new(), row).add(&prepared, (1.0, &mut contributions));
        contributions
    }

    /// The tree's prediction when only the features in `known` (one bit each) are known.
    fn value(tree: &Tree, at: usize, row: &[f32], known: usize) -> f64 {
        match tree.nodes[at] {
            Node::Leaf(value) => f64::from(value),
            Node::Split {
                feature,
                missing_left,
                threshold,
                right,
            } => {
                let right = right as usize;
                let below = |child| value(tree, child, row, known);
                if known >> feature & 1 == 1 {
                    let found = row[usize::from(feature)];
                    let left = found <= threshold || missing_left && found.is_nan();
                    return below(if left { at + 1 } else { right });
                }
                let covers = tree.node_covers();
                let both = covers[at + 1] * below(at + 1) + covers[right] * below(right);
                both / covers[at]
            }
        }
    }

    /// Shapley values by definition, over all coalitions.
    fn by_definition(tree: &Tree, row: &[f32]) -> Vec<f64> {
        let players = row.len();
        let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
        let values: Vec<_> = (0..1_usize << players)
            .map(|known| value(tree, 0, row, known))
            .collect();
        let of = |column: usize| {
            let without = (0..1_usize << players).filter(|known| known >> column & 1 == 0);
            let gains = without.map(|known| {
                let size = known.count_ones() as usize;
                let weight = factorial(size) * factorial(players - size - 1) / factorial(players);
                weight * (values[known | 1 << column] - values[known])
            });
            gains.sum()
        };
        (0..players).map(of).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-12, "{found:?} {expected:?}");
        }
    }

    #[test]
    fn values_match_the_definition_over_all_coalitions() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for _ in 0..150 {
            let columns = 1 + draw(&mut rng, 5);
            let depth = draw(&mut rng, 6);
            let tree = tree(&mut rng, columns, depth);
            let row = row(&mut rng, columns);
            let expected = by_definition(&tree, &row);
            assert_close(&explain::<4>(&tree, &row), &expected);
            assert_close(&explain::<8>(&tree, &row), &expected);
            assert_close(&explain::<128>(&tree, &row), &expected);
            let base = PreparedTree::new(&tree).expected;
            assert!((base - value(&tree, 0, &row, 0)).abs() < 1e-12);
        }
    }

    #[test]
    fn equivalent_features_get_equal_values_and_unused_ones_get_zero() {
        let both = [
            Node::split(0, false, 0.0),
            Node::Leaf(0.0),
            Node::split(2, false, 0.0),
            Node::Leaf(0.0),
            Node::Leaf(1.0),
        ];
        // One row in four has both.
        let tree = Tree::from_preorder(both.to_vec()).with_covers(vec![2, 1, 1]);
        assert_close(&explain::<4>(&tree, &[1.0, 9.0, 1.0]), &[0.375, 0.0, 0.375]);
        assert_close(
            &explain::<4>(&tree, &[0.0, 9.0, 0.0]),
            &[-0.125, 0.0, -0.125],
        );
        assert_eq!(explain::<4>(&tree, &[1.0, 9.0, 0.0])[1], 0.0);
        let leaf = Tree::from_preorder(vec![Node::Leaf(0.5)]).with_covers(vec![3]);
        assert_eq!(explain::<4>(&leaf, &[1.0]), [0.0]);
    }

    /// A chain of 255 splits on different features, where recursions that subtract lose all precision.
    #[test]
    fn deep_trees_lose_no_precision() {
        let columns = 255;
        let mut nodes = Vec::new();
        for column in 0..columns {
            nodes.push(Node::split(column, true, 0.0));
        }
        nodes.extend([Node::Leaf(1.0); 256]);
        for (at, node) in nodes[255..].iter_mut().enumerate() {
            *node = Node::Leaf((at % 7) as f32);
        }
        let covers = (0..256).map(|at| 1 + at * at % 11).collect();
        let tree = Tree::from_preorder(nodes).with_covers(covers);
        let row: Vec<f32> = (0..255)
            .map(|column| f32::from(u8::from(column % 5 == 4)))
            .collect();
        let contributions = explain::<128>(&tree, &row);
        let prepared = PreparedTree::new(&tree);
        assert_eq!(prepared.depth, 255);
        let output = prepared.expected + contributions.iter().sum::<f64>();
        let expected = f64::from(tree.leaf(&row));
        assert!((output - expected).abs() < 1e-11, "{output} {expected}");
    }
}
