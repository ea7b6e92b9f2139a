//! Hyperparameters of gradient boosting.

use crate::error::Error;
use crate::hyperparameters::Range::{Fraction, Integer, NonNegative, ZeroOrInteger};
use crate::hyperparameters::{Engine, hyperparameters, require_for_smartcore};
use crate::sample_weights::ClassWeight;

hyperparameters! {
    /// Hyperparameters of gradient boosting, named as in XGBoost and scikit-learn.
    BoostingParams {
        n_estimators: u32 = 200, Integer(1, 10_000), "Maximum number of trees";
        max_depth: u32 = 6, Integer(1, 32), "Maximum number of splits between the root and a leaf";
        learning_rate: f64 = 0.1, Fraction, "Factor that scales each leaf's fitted value";
        l2: f64 = 1.0, NonNegative, "L2 penalty on leaf values, XGBoost's lambda";
        gamma: f64 = 0.0, NonNegative, "Minimum loss reduction of a split, summed over its rows";
        min_child_weight: f64 = 1.0, NonNegative, "Minimum sum of hessians in a leaf; a row's hessian is p (1 - p) times its weight";
        subsample: f64 = 1.0, Fraction, "Fraction of the rows that each tree is grown on";
        colsample: f64 = 1.0, Fraction, "Fraction of the features that each tree may use, rounded up";
        max_bins: u32 = 255, Integer(2, 255), "Quantile bins per feature";
        early_stopping_rounds: u32 = 10, ZeroOrInteger(10_000), "Stop after this many rounds without a better validation log-loss";
        class_weight: ClassWeight = ClassWeight::None, ClassWeight::RANGE, "Whether to give both classes the same total weight";
        engine: Engine = Engine::Histogram, Engine::RANGE, "The implementation that grows the trees";
    }
}

impl BoostingParams {
    /// Rejects combinations that are not supported.
    pub(crate) fn check_combination(&self) -> Result<(), Error> {
        if self.engine == Engine::Smartcore {
            require_for_smartcore("gamma", &self.gamma, &0.0)?;
            require_for_smartcore("class_weight", &self.class_weight, &ClassWeight::None)?;
            require_for_smartcore("subsample", &self.subsample, &1.0)?;
            require_for_smartcore("colsample", &self.colsample, &1.0)?;
        }
        Ok(())
    }
}
