//! Feature contributions to predictions: Shapley values.
//!
//! An [`Explanation`] attributes a prediction to the features. The prediction is the sum of `base`, the expected
//! prediction when no feature is known, and one contribution per feature. Features that the model does not use get 0,
//! and features that it treats alike get equal contributions.
//!
//! Each [member](Explainer::members) is explained exactly, on the scale on which it is additive:
//!
//! - *Forest*, in probability, and *boosting*, in log-odds: path-dependent TreeSHAP, the Shapley values of the game in
//!   which the features of a coalition are known, and a split on any other feature averages both branches, weighted by
//!   their cover (Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for
//!   trees", algorithm 1). Cover is the node's total weight during training: the sum of bootstrap sample weights for a
//!   forest, the sum of hessians for boosting, as in XGBoost. The algorithm is in `paths`.
//! - *Logistic regression*, in log-odds: linear SHAP, the coefficient times the distance from the training mean
//!   (Lundberg and Lee 2017, "A unified approach to interpreting model predictions", corollary 1). A missing value is
//!   replaced by the mean, so it contributes 0.
//!
//! The [ensemble](Explainer::row) is explained in probability, as the weighted sum of its members. Members in log-odds are
//! converted to probability by the rescale rule: every contribution is scaled by Δprobability / Δlog-odds, both taken
//! from the base to the prediction (Shrikumar et al. 2017, "Learning important features through propagating activation
//! differences", section 3.5.1; for Shapley values: Chen, Lundberg and Lee 2022, "Explaining a series of models by
//! propagating Shapley values"). This preserves additivity, signs, zeros, ties and ratios. The results are not the
//! Shapley values of the probability, which would need a prediction for every coalition and differ where the sigmoid
//! saturates. The member's base becomes the probability at the mean log-odds, not the mean probability.
//!
//! Contributions describe the model's behaviour, not causes. Correlated features share credit, and path-dependent
//! values may credit a feature for information it carries about another.
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

/// A prediction, attributed to the features.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The unit of `base` and `contributions`.
    pub scale: Scale,
    /// Base value: the expected prediction when no feature is known.
    pub base: f64,
    /// The contribution of each feature, in feature order.
    pub contributions: Vec<f64>,
}

/// The unit of an explanation's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Probability of class 1.
    Probability,
    /// Log-odds of class 1 (natural logarithm).
    LogOdds,
}

/// Explains the predictions of an artifact.
#[derive(Debug)]
pub struct Explainer {
    features: usize,
    /// The members with their weights.
    members: Vec<(f64, MemberExplainer)>,
}

impl Explanation {
    /// The base plus all contributions: the model's prediction on this scale, up to rounding.
    pub fn output(&self) -> f64 {
        self.contributions
            .iter()
            .fold(self.base, |sum, part| sum + part)
    }

    /// Feature indices by descending absolute contribution; ties keep feature order.
    pub fn ranking(&self) -> Vec<usize> {
        let size = |&feature: &usize| self.contributions[feature].abs();
        let mut features: Vec<_> = (0..self.contributions.len()).collect();
        features.sort_by(|a, b| size(b).total_cmp(&size(a)));
        features
    }
}

impl Explainer {
    /// Prepares every member for explanation.
    ///
    /// Fails with [`Error::ArtifactBytes`] on an artifact that would be rejected when loaded from a file.
    pub fn new(artifact: &Artifact) -> Result<Self, Error> {
        artifact.check()?;
        let members = artifact.members.iter();
        let members = members.map(|member| (member.weight, MemberExplainer::new(&member.model)));
        Ok(Self {
            features: artifact.features.len(),
            members: members.collect(),
        })
    }

    /// Explains the ensemble's prediction for one row, in probability.
    ///
    /// # Panics
    /// May panic on a row with fewer values than there are features.
    pub fn row(&self, row: &[f32]) -> Explanation {
        let mut total = Explanation {
            scale: Scale::Probability,
            base: 0.0,
            contributions: vec![0.0; self.features],
        };
        for (weight, member) in &self.members {
            let part = member.explain(row, self.features).in_probability();
            total.base += weight * part.base;
            for (sum, contribution) in total.contributions.iter_mut().zip(part.contributions) {
                *sum += weight * contribution;
            }
        }
        total
    }

    /// Explains each member's prediction for one row on the member's own scale, in member order.
    ///
    /// # Panics
    /// May panic on a row with fewer values than there are features.
    pub fn members(&self, row: &[f32]) -> Vec<Explanation> {
        let members = self.members.iter();
        members
            .map(|(_, member)| member.explain(row, self.features))
            .collect()
    }
}
