//! What each column adds to a prediction: Shapley values.
//!
//! An [`Explanation`] divides a prediction among the columns: `base`, the prediction for an unknown row, and one
//! contribution per column sum to the prediction. A column that the model does not use gets 0, and columns that it treats
//! alike get equal contributions.
//!
//! Each [member](Explainer::members) is explained exactly, on the scale on which it is additive:
//!
//! - *Forest*, in probability, and *boosting*, in log-odds: path-dependent TreeSHAP, the Shapley values of the game in
//!   which the columns of a coalition are known, and at a split by any other column both branches count by their share of
//!   the training weight (Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for
//!   trees", algorithm 1). The weight is the node's cover in the fit: for the forest the weights of the rows drawn, for
//!   boosting their hessians, as in XGBoost. The algorithm is in `paths`.
//! - *Logistic regression*, in log-odds: linear SHAP, coefficient times distance from the training mean (Lundberg and
//!   Lee 2017, "A unified approach to interpreting model predictions", corollary 1). A missing value counts as the mean,
//!   so it adds nothing.
//!
//! The [ensemble](Explainer::row) is explained in probability, as the weighted sum of its members. Members in log-odds are
//! converted to probability by the rescale rule: every contribution is multiplied by the same quotient, the change of the
//! probability from the base to the prediction over that of the log-odds (Shrikumar et al. 2017, "Learning important
//! features through propagating activation differences", section 3.5.1; for Shapley values: Chen, Lundberg and Lee 2022,
//! "Explaining a series of models by propagating Shapley values"). This preserves the sum, the signs, the zeros, the
//! equalities and the proportions of the exact values in log-odds. It does not give the Shapley values of the probability:
//! those would need a prediction for every coalition, and they differ where the log-odds reach far into the flat part of
//! the curve. The member's base is then the probability at the mean log-odds, not the mean probability.
//!
//! Contributions describe what the model does with a row, not causes. Correlated columns share their contribution, and
//! path-dependent values may credit a column for what it tells about another one.
//!
//! ```
//! # use ensemble::artifact::{Artifact, FeatureRange, Member};
//! # use ensemble::{Algorithm, Matrix, Params, Run, Samples, explain::Explainer};
//! # fn main() -> Result<(), ensemble::Error> {
//! # let values = [0.1, 7.0, 0.4, 7.0, 0.6, 7.0, 0.9, 7.0];
//! # let x = Matrix::new(&values, 2)?;
//! # let train = Samples::new(x, &[0, 0, 1, 1])?;
//! let params = Params::defaults(Algorithm::RandomForest).check()?;
//! let member = Member::new("forest", params.fit(&train, None, &mut Run::new(1))?, &params, 1);
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

/// A prediction, divided among the columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The unit of `base` and `contributions`.
    pub scale: Scale,
    /// The prediction for an unknown row.
    pub base: f64,
    /// What each column adds to the base, in the order of the columns.
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

/// An artifact prepared for explaining its predictions.
#[derive(Debug)]
pub struct Explainer {
    columns: usize,
    /// The members with their weights.
    members: Vec<(f64, MemberExplainer)>,
}

impl Explanation {
    /// The sum of the base and all contributions: the model's prediction within rounding, on the explanation's scale.
    pub fn output(&self) -> f64 {
        self.contributions
            .iter()
            .fold(self.base, |sum, part| sum + part)
    }

    /// The columns by descending size of their contributions, up or down; ties in the order of the columns.
    pub fn ranking(&self) -> Vec<usize> {
        let size = |&column: &usize| self.contributions[column].abs();
        let mut columns: Vec<_> = (0..self.contributions.len()).collect();
        columns.sort_by(|a, b| size(b).total_cmp(&size(a)));
        columns
    }
}

impl Explainer {
    /// Prepares every member.
    ///
    /// Fails with [`Error::ArtifactBytes`] on an artifact that could not be loaded from a file.
    pub fn new(artifact: &Artifact) -> Result<Self, Error> {
        artifact.check()?;
        let members = artifact.members.iter();
        let members = members.map(|member| (member.weight, MemberExplainer::new(&member.model)));
        Ok(Self {
            columns: artifact.features.len(),
            members: members.collect(),
        })
    }

    /// The explanation of the ensemble's prediction for one row, in probability.
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

    /// The explanation of each member's prediction for one row, on the member's own scale, in the order of the members.
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
