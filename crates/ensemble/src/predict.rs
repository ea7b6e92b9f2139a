//! Fast prediction: a faster model layout, bit-identical to the reference path.
//!
//! The reference path ([`Model::predict_row`](crate::Model::predict_row), [`Artifact::predict_row`]) follows the nodes of
//! each tree. Here a row is encoded as bytes once, trees are padded to perfect trees, whose traversal has a fixed
//! length and no branches, and several rows (or several trees for a single row) are traversed in lockstep so that their
//! loads overlap. The first levels of a tree are evaluated for many rows at once. Leaf values are summed in tree order,
//! as in the reference path. Nothing is allocated per row.
//!
//! Models that do not fit (trees deeper than 12 or too large when padded, more than 255 thresholds per feature, more
//! than 128 features) use the reference path.

mod grid;
mod perfect;

use crate::artifact::Artifact;
use crate::decision_function::{DecisionFunction, Link, TreeSum};
use crate::error::Error;
use crate::matrix::Matrix;
use grid::{BLOCK, Block, Grid};
use perfect::PerfectTrees;

/// Bytes per row for models with at most half as many features.
const FEW: usize = 64;
/// Bytes per row for models with more features.
const MANY: usize = 256;
/// Minimum number of rows for which building the layout pays off within a single call.
const WORTHWHILE: usize = 256;

/// An artifact with its members in a fast layout.
#[derive(Debug)]
pub struct Prepared {
    artifact: Artifact,
    members: Members,
}

/// The layouts of an artifact's members, in the same order.
#[derive(Debug)]
struct Members {
    grids: Vec<Grid>,
    layouts: Vec<Layout>,
}

/// The layout of a member.
#[derive(Debug)]
enum Layout {
    /// Perfect trees on rows encoded by the grid at this index, with the model's start value and link.
    Perfect(PerfectTrees, usize, Ends),
    /// The reference path.
    Reference,
}

/// The start value of a sum of leaf values, and the link from the sum to a probability.
#[derive(Debug, Clone, Copy)]
struct Ends {
    start: f64,
    link: Link,
}

impl Prepared {
    /// Builds the layout of every member.
    pub fn new(artifact: Artifact) -> Self {
        let functions: Vec<_> = artifact
            .members
            .iter()
            .map(|member| member.model.decision_function())
            .collect();
        let members = Members::of(&functions, artifact.features.len());
        Self { artifact, members }
    }

    /// The artifact.
    pub fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// The ensemble's probability for one row, bit-identical to [`Artifact::predict_row`].
    ///
    /// # Panics
    /// May panic on a row with fewer values than there are features.
    pub fn predict_row(&self, row: &[f32]) -> f64 {
        if self.artifact.features.len() <= FEW / 2 {
            self.vote::<FEW>(row)
        } else {
            self.vote::<MANY>(row)
        }
    }

    /// Overwrites `probabilities` with the ensemble's probabilities for the rows of `x`, bit-identical to
    /// [`Artifact::predict_proba`].
    pub fn predict_into(&self, x: &Matrix, probabilities: &mut Vec<f64>) -> Result<(), Error> {
        x.expect_columns(self.artifact.features.len())?;
        probabilities.clear();
        probabilities.resize(x.rows(), 0.0);
        if x.columns() <= FEW / 2 {
            self.add_votes::<FEW>(x, probabilities);
        } else {
            self.add_votes::<MANY>(x, probabilities);
        }
        Ok(())
    }

    fn vote<const SLOTS: usize>(&self, row: &[f32]) -> f64 {
        let mut codes = [0; SLOTS];
        let mut encoded = None;
        let mut total = 0.0;
        for (member, layout) in self.artifact.members.iter().zip(&self.members.layouts) {
            let probability = match layout {
                Layout::Perfect(trees, grid, ends) => {
                    if encoded != Some(grid) {
                        self.members.grids[*grid].encode(row, &mut codes);
                        encoded = Some(grid);
                    }
                    ends.link.probability(trees.sum(&codes, ends.start))
                }
                Layout::Reference => member.model.predict_row(row),
            };
            total += member.weight * probability;
        }
        // The weights sum to 1 only up to rounding, which may push the mean above 1.
        total.min(1.0)
    }

    fn add_votes<const SLOTS: usize>(&self, x: &Matrix, totals: &mut [f64]) {
        let mut block = Block::<SLOTS>::new();
        let mut sums = [0.0; BLOCK];
        for (number, totals) in totals.chunks_mut(BLOCK).enumerate() {
            let count = totals.len();
            let rows = || x.iter_rows().skip(number * BLOCK).take(count);
            let mut encoded = None;
            for (member, layout) in self.artifact.members.iter().zip(&self.members.layouts) {
                match layout {
                    Layout::Perfect(trees, grid, ends) => {
                        if encoded != Some(grid) {
                            block.take(&self.members.grids[*grid], rows());
                            encoded = Some(grid);
                        }
                        sums.fill(ends.start);
                        trees.add_all((&block, count), &mut sums);
                        for sum in &mut sums[..count] {
                            *sum = ends.link.probability(*sum);
                        }
                    }
                    Layout::Reference => {
                        let function = member.model.decision_function();
                        for (sum, row) in sums.iter_mut().zip(rows()) {
                            *sum = function.probability(row);
                        }
                    }
                }
                for (total, &probability) in totals.iter_mut().zip(&sums) {
                    *total += member.weight * probability;
                }
            }
            for total in totals {
                *total = total.min(1.0);
            }
        }
    }
}

/// One model's probabilities for all rows of `x`, if it has a fast layout and there are enough rows.
pub(crate) fn probabilities(function: DecisionFunction, x: &Matrix) -> Option<Vec<f64>> {
    if x.rows() < WORTHWHILE {
        return None;
    }
    let Members { grids, layouts } = Members::of(&[function], x.columns());
    let ([grid], [Layout::Perfect(trees, _, ends)]) = (grids.as_slice(), layouts.as_slice()) else {
        return None;
    };
    let mut sums = vec![ends.start; x.rows()];
    if x.columns() <= FEW / 2 {
        sum_all::<FEW>((grid, trees), x, &mut sums);
    } else {
        sum_all::<MANY>((grid, trees), x, &mut sums);
    }
    for sum in &mut sums {
        *sum = ends.link.probability(*sum);
    }
    Some(sums)
}

fn sum_all<const SLOTS: usize>(
    (grid, trees): (&Grid, &PerfectTrees),
    x: &Matrix,
    sums: &mut [f64],
) {
    let mut block = Block::<SLOTS>::new();
    for (number, sums) in sums.chunks_mut(BLOCK).enumerate() {
        let count = sums.len();
        block.take(grid, x.iter_rows().skip(number * BLOCK).take(count));
        let mut all = [0.0; BLOCK];
        all[..count].copy_from_slice(sums);
        trees.add_all((&block, count), &mut all);
        sums.copy_from_slice(&all[..count]);
    }
}

impl Members {
    /// One grid for all members if their thresholds fit, as is usual for models trained on the same rows; otherwise
    /// each member has its own grid, or none.
    fn of(functions: &[DecisionFunction], columns: usize) -> Self {
        if columns > MANY / 2 {
            let layouts = functions.iter().map(|_| Layout::Reference).collect();
            let grids = Vec::new();
            return Self { grids, layouts };
        }
        let all = functions.iter().flat_map(|function| function.trees());
        let mut grids: Vec<_> = Grid::of(all, columns).into_iter().collect();
        let shared = !grids.is_empty();
        let mut layout = |&TreeSum { trees, start, link }: &TreeSum| {
            if !shared {
                grids.push(Grid::of(trees, columns)?);
            }
            let grid = grids.len() - 1;
            Some(Layout::Perfect(
                PerfectTrees::of(trees, &grids[grid])?,
                grid,
                Ends { start, link },
            ))
        };
        let layouts = functions
            .iter()
            .map(|function| match function {
                DecisionFunction::Trees(sum) => layout(sum).unwrap_or(Layout::Reference),
                DecisionFunction::Linear(_) => Layout::Reference,
            })
            .collect();
        Self { grids, layouts }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::artifact::{FeatureRange, Member};
    use crate::boosting::Boosting;
    use crate::forest::Forest;
    use crate::learners::{Algorithm, Model, Params};
    use crate::linear::Term;
    use crate::logistic::Logistic;
    use crate::tree::{Node, Tree};

    /// The thresholds and values to draw from: extremes, neighbours and both zeros.
    const NUMBERS: [f32; 12] = [
        f32::MIN,
        -1.0,
        -1e-45,
        -0.0,
        0.0,
        1e-45,
        f32::MIN_POSITIVE,
        1.0,
        1.0 + f32::EPSILON,
        450.0,
        1e30,
        f32::MAX,
    ];

    fn draw(rng: &mut impl Rng, below: usize) -> usize {
        rng.next_u32() as usize % below
    }

    /// A tree whose branches end randomly, at the latest at `depth`.
    fn tree(rng: &mut ChaCha8Rng, columns: usize, depth: usize) -> Tree {
        fn grow(rng: &mut ChaCha8Rng, columns: usize, depth: usize, nodes: &mut Vec<Node>) {
            if depth == 0 || draw(rng, 5) == 0 {
                nodes.push(Node::Leaf(rng.next_u32() as f32 / 4_294_967_296.0));
                return;
            }
            let threshold = NUMBERS[draw(rng, NUMBERS.len())];
            let missing_left = draw(rng, 2) == 0;
            nodes.push(Node::split(
                draw(rng, columns) as u8,
                missing_left,
                threshold,
            ));
            grow(rng, columns, depth - 1, nodes);
            grow(rng, columns, depth - 1, nodes);
        }
        let mut nodes = Vec::new();
        grow(rng, columns, depth, &mut nodes);
        Tree::from_preorder(nodes)
    }

    fn artifact(rng: &mut ChaCha8Rng, columns: usize, depths: [usize; 2]) -> Artifact {
        let importances = vec![0.0; columns];
        let mut trees = |depth, count| {
            let count = 1 + draw(rng, count);
            (0..count).map(|_| tree(rng, columns, depth)).collect()
        };
        let term = Term {
            mean: 0.5,
            deviation: 3.0,
            coefficient: -0.25,
        };
        let models = [
            Model::Forest(Forest {
                columns,
                trees: trees(depths[0], 20),
                importances: importances.clone(),
                out_of_bag: None,
            }),
            Model::Logistic(Logistic {
                terms: vec![term; columns],
                intercept: 0.1,
            }),
            Model::Boosting(Boosting {
                columns,
                base: -0.3,
                trees: trees(depths[1], 40),
                importances,
            }),
        ];
        let params = Params::defaults(Algorithm::RandomForest).check().unwrap();
        let member = |(model, weight): (Model, f64)| Member {
            weight,
            ..Member::new("m", model, &params, 0)
        };
        let range = |_| FeatureRange {
            name: "f".to_owned(),
            min: 0.0,
            max: 1.0,
            missing: true,
        };
        let members = models.into_iter().zip([0.5, 0.125, 0.375]).map(member);
        Artifact::new("s", (0..columns).map(range).collect(), members.collect())
    }

    fn values(rng: &mut impl Rng, count: usize) -> Vec<f32> {
        let value = |_| match draw(rng, 16) {
            0..=2 => f32::NAN,
            3 => f32::from_bits(rng.next_u32()),
            _ => NUMBERS[draw(rng, NUMBERS.len())],
        };
        let values = (0..count).map(value);
        // A matrix rejects infinite values.
        values
            .map(|value| if value.is_infinite() { 7.0 } else { value })
            .collect()
    }

    /// Compares all paths with the reference path and returns which members have a fast layout.
    fn check(artifact: Artifact, values: &[f32]) -> Vec<bool> {
        let x = Matrix::new(values, artifact.features.len()).unwrap();
        let bits = |predicted: &[f64]| predicted.iter().map(|p| p.to_bits()).collect::<Vec<_>>();
        let rows: Vec<f64> = x.iter_rows().map(|row| artifact.predict_row(row)).collect();
        for member in &artifact.members {
            let model = &member.model;
            let alone: Vec<f64> = x.iter_rows().map(|row| model.predict_row(row)).collect();
            assert_eq!(bits(&model.predict_proba(&x).unwrap()), bits(&alone));
        }
        assert_eq!(bits(&artifact.predict_proba(&x).unwrap()), bits(&rows));
        let prepared = Prepared::new(artifact);
        let one_by_one: Vec<f64> = x.iter_rows().map(|row| prepared.predict_row(row)).collect();
        assert_eq!(bits(&one_by_one), bits(&rows));
        let mut together = vec![9.0; 3];
        prepared.predict_into(&x, &mut together).unwrap();
        assert_eq!(bits(&together), bits(&rows));
        let layouts = prepared.members.layouts.iter();
        layouts
            .map(|layout| matches!(layout, Layout::Perfect(..)))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn every_path_matches_the_reference_path(
            seed in any::<u64>(),
            columns in 1_usize..40,
            forest in 0_usize..=12,
            boosting in 0_usize..=8,
            rows in 0_usize..400,
        ) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let artifact = artifact(&mut rng, columns, [forest, boosting]);
            let values = values(&mut rng, rows * columns);
            prop_assert_eq!(check(artifact, &values), [true, false, true]);
        }
    }

    #[test]
    fn models_without_a_fast_layout_use_the_reference_path() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut deep = artifact(&mut rng, 3, [4, 4]);
        if let Model::Forest(forest) = &mut deep.members[0].model {
            let mut nodes = vec![Node::split(2, true, 0.5); 64];
            nodes.extend([Node::Leaf(0.75); 65]);
            forest.trees.push(Tree::from_preorder(nodes));
        }
        let rows = values(&mut rng, 3 * 300);
        assert_eq!(check(deep, &rows), [false, false, true]);

        let wide = artifact(&mut rng, 129, [3, 3]);
        let rows = values(&mut rng, 129 * 300);
        assert_eq!(check(wide, &rows), [false; 3]);
        let narrow_enough = artifact(&mut rng, 128, [3, 3]);
        let rows = values(&mut rng, 128 * 300);
        assert_eq!(check(narrow_enough, &rows), [true, false, true]);
    }

    #[test]
    fn members_with_too_many_joint_thresholds_have_separate_grids() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let stumps = |first: u16, count: u16| -> Vec<Tree> {
            let stump = |at| {
                let split = Node::split(0, at % 2 == 0, f32::from(at));
                Tree::from_preorder(vec![split, Node::Leaf(0.25), Node::Leaf(0.5)])
            };
            (first..first + count).map(stump).collect()
        };
        let mut many = artifact(&mut rng, 1, [1, 1]);
        let mut set = |forest_trees, boosting_trees| {
            for member in &mut many.members {
                if let Model::Forest(forest) = &mut member.model {
                    forest.trees = stumps(0, forest_trees);
                }
                if let Model::Boosting(boosting) = &mut member.model {
                    boosting.trees = stumps(1_000, boosting_trees);
                }
            }
            many.clone()
        };
        let rows: Vec<f32> = (0..1_300_u16).map(f32::from).chain([f32::NAN]).collect();
        assert_eq!(check(set(255, 10), &rows), [true, false, true]);
        assert_eq!(check(set(300, 10), &rows), [false, false, true]);
        assert_eq!(check(set(10, 300), &rows), [true, false, false]);
    }

    #[test]
    fn infinite_values_compare_as_usual() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let artifact = artifact(&mut rng, 2, [5, 5]);
        let trees_only = Artifact {
            members: artifact.members[..1].to_vec(),
            ..artifact
        };
        let prepared = Prepared::new(trees_only.clone());
        for row in [
            [f32::INFINITY, f32::NEG_INFINITY],
            [f32::NEG_INFINITY, f32::NAN],
        ] {
            assert_eq!(prepared.predict_row(&row), trees_only.predict_row(&row));
        }
    }
}
