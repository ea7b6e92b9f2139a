//! What each column adds to an answer: Shapley values.
//!
//! An [`Explanation`] divides an answer among the columns: `base`, what the model says of nothing known, and one
//! contribution for each column sum to the answer. A column that the model does not use gets 0, and columns that it
//! treats alike get the same.
//!
//! Each [member](Explainer::members) is explained exactly, in the scale that it adds up in:
//!
//! - *Forest*, in probability, and *boosting*, in log-odds: path-dependent TreeSHAP, the Shapley values of the game in
//!   which the columns of a coalition are known and at a split by any other column both branches count by their share of
//!   the training weight (Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for
//!   trees", algorithm 1). The weight is what the fit counts in a node, its cover: of the forest's rows how often and by
//!   what weight they were drawn, of boosting's their hessians, as in XGBoost. How the values are found is told in
//!   `paths`.
//! - *Logistic regression*, in log-odds: linear SHAP, coefficient times distance from the training mean (Lundberg and
//!   Lee 2017, "A unified approach to interpreting model predictions", corollary 1). A missing value counts as the mean,
//!   so it adds nothing.
//!
//! The [vote](Explainer::row) is explained in probability, as the weighted sum of its members. Those in log-odds are
//! brought into probability by the rescale rule: every contribution is multiplied by the same quotient, the change of
//! the probability from the base to the answer over that of the log-odds (Shrikumar et al. 2017, "Learning important
//! features through propagating activation differences", section 3.5.1; for Shapley values: Chen, Lundberg and Lee 2022,
//! "Explaining a series of models by propagating Shapley values"). That keeps the sum, the signs, the zeros, the
//! equalities and the proportions of the exact values in log-odds. It does not make them Shapley values of the
//! probability: those would need the model asked on every coalition, and where the log-odds go far into the flat part
//! of the curve, the two differ. The member's base is then the probability at the mean log-odds, not the mean
//! probability.
//!
//! Contributions tell what the model does with a row, not what causes what. Columns that say the same share what they
//! say, and path-dependent values may credit a column for what it tells of another one.
//!
//! ```
//! # use std::{num::NonZeroUsize, ops::ControlFlow};
//! # use ensemble::artifact::{Artifact, FeatureRange, Member};
//! # use ensemble::{Algorithm, Matrix, Params, Run, Samples, explain::Explainer};
//! # fn main() -> Result<(), ensemble::Error> {
//! # let values = [0.1, 7.0, 0.4, 7.0, 0.6, 7.0, 0.9, 7.0];
//! # let x = Matrix::new(&values, 2)?;
//! # let train = Samples::new(x, &[0, 0, 1, 1])?;
//! # let mut progress = |_| ControlFlow::Continue(());
//! # let mut run = Run { seed: 1, threads: NonZeroUsize::MIN, progress: &mut progress };
//! let params = Params::defaults(Algorithm::RandomForest).check()?;
//! let member = Member::new("forest", params.fit(&train, None, &mut run)?, &params, 1);
//! let features = FeatureRange::of_columns(["heat", "constant"], &x);
//! let artifact = Artifact::new("s", features, vec![member]);
//! let explainer = Explainer::new(&artifact)?;
//! let explanation = explainer.row(&[0.8, 7.0]);
//! assert!((explanation.output() - artifact.predict_row(&[0.8, 7.0])).abs() < 1e-9);
//! assert!(explanation.contributions[0] > 0.0 && explanation.contributions[1] == 0.0);
//! assert_eq!(explanation.ranking(), [0, 1]);
//! # Ok(())
//! # }
//! ```

mod member;
mod paths;
mod quadrature;

use crate::artifact::Artifact;
use crate::error::Error;
use member::MemberExplainer;

/// An answer, divided among the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The unit of `base` and `contributions`.
    pub scale: Scale,
    /// The answer where nothing is known of the row.
    pub base: f64,
    /// What each column adds to that, in the order of the columns.
    pub contributions: Vec<f64>,
}

/// What an explanation's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Of class 1.
    Probability,
    /// The logarithm of the probability of class 1 over that of class 0.
    LogOdds,
}

/// An artifact, laid out to explain its answers.
#[derive(Debug)]
pub struct Explainer {
    columns: usize,
    /// With their weights.
    members: Vec<(f64, MemberExplainer)>,
}

impl Explanation {
    /// The answer: the base and all contributions. Equal to the model's own within rounding, in the explanation's scale.
    pub fn output(&self) -> f64 {
        self.contributions
            .iter()
            .fold(self.base, |sum, part| sum + part)
    }

    /// The columns by the size of their contributions, the largest first; equal ones in the order of the columns.
    pub fn ranking(&self) -> Vec<usize> {
        let size = |&column: &usize| self.contributions[column].abs();
        let mut columns: Vec<_> = (0..self.contributions.len()).collect();
        columns.sort_by(|a, b| size(b).total_cmp(&size(a)));
        columns
    }
}

impl Explainer {
    /// Lays out every member.
    ///
    /// A forest or boosting whose model file does not tell its nodes' covers, as those of format version 3, is
    /// refused with [`Error::NoCovers`], and an artifact that could not be loaded with [`Error::ArtifactBytes`].
    pub fn new(artifact: &Artifact) -> Result<Self, Error> {
        artifact.check()?;
        let members = artifact.members.iter().map(|member| {
            let laid_out = MemberExplainer::new(&member.model).ok_or_else(|| Error::NoCovers {
                member: member.name.clone(),
            })?;
            Ok((member.weight, laid_out))
        });
        Ok(Self {
            columns: artifact.features.len(),
            members: members.collect::<Result<_, Error>>()?,
        })
    }

    /// The vote on one row, in probability.
    ///
    /// # Panics
    /// May panic on a row with fewer values than there are columns.
    pub fn row(&self, row: &[f32]) -> Explanation {
        let mut vote = Explanation {
            scale: Scale::Probability,
            base: 0.0,
            contributions: vec![0.0; self.columns],
        };
        for (weight, member) in &self.members {
            let part = member.explain(row, self.columns).in_probability();
            vote.base += weight * part.base;
            for (sum, contribution) in vote.contributions.iter_mut().zip(part.contributions) {
                *sum += weight * contribution;
            }
        }
        vote
    }

    /// Each member's own answer to one row in its own scale, in the members' order.
    ///
    /// # Panics
    /// May panic on a row with fewer values than there are columns.
    pub fn members(&self, row: &[f32]) -> Vec<Explanation> {
        let members = self.members.iter();
        members
            .map(|(_, member)| member.explain(row, self.columns))
            .collect()
    }
}
