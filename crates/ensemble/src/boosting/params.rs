//! Hyperparameters of gradient boosting.

use crate::error::Error;
use crate::hyperparameters::Range::{OffOr, Penalty, Share, Whole};
use crate::hyperparameters::{Engine, hyperparameters, require};
use crate::sample_weights::ClassWeight;

hyperparameters! {
    /// Of gradient boosting; the names are XGBoost's and scikit-learn's.
    BoostingParams {
        n_estimators: u32 = 200, Whole(1, 10_000), "The most trees";
        max_depth: u32 = 6, Whole(1, 32), "The most splits between the root and a leaf";
        learning_rate: f64 = 0.1, Share, "The factor by which each leaf's fitted value is scaled";
        l2: f64 = 1.0, Penalty, "L2 penalty on leaf values, XGBoost's lambda";
        gamma: f64 = 0.0, Penalty, "The loss that a split must save, summed over its rows";
        min_child_weight: f64 = 1.0, Penalty, "The smallest sum of hessians in a leaf; a row's hessian is p (1 - p) times its weight";
        subsample: f64 = 1.0, Share, "The share of the rows that each tree is grown on";
        colsample: f64 = 1.0, Share, "The share of the columns that each tree may use, rounded up";
        max_bins: u32 = 255, Whole(2, 255), "Quantile bins per feature";
        early_stopping_rounds: u32 = 10, OffOr(10_000), "The fit stops after this many rounds without a better log-loss on the validation part";
        class_weight: ClassWeight = ClassWeight::None, ClassWeight::RANGE, "Whether both classes count the same in sum";
        engine: Engine = Engine::Own, Engine::RANGE, "Which implementation grows the trees";
    }
}

impl BoostingParams {
    /// Rejects values that others rule out.
    pub(crate) fn check_combination(&self) -> Result<(), Error> {
        if self.engine == Engine::Smartcore {
            require("gamma", &self.gamma, &0.0, "0 with engine=smartcore")?;
            let expected = "none with engine=smartcore";
            require(
                "class_weight",
                &self.class_weight,
                &ClassWeight::None,
                expected,
            )?;
            require(
                "subsample",
                &self.subsample,
                &1.0,
                "1 with engine=smartcore",
            )?;
            require(
                "colsample",
                &self.colsample,
                &1.0,
                "1 with engine=smartcore",
            )?;
        }
        Ok(())
    }
}
