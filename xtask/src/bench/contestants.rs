//! The contestants: our learners, and the peers of `xtask/bench/peers.py`.

/// What a contestant fits; contestants are compared within a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// 200 trees of depth 10.
    Forest,
    /// 200 trees of depth 6.
    Boosting,
    /// L2, C = 1.
    Logistic,
    /// All three, one after another in one process.
    Together,
}

impl Task {
    pub(crate) const ALL: [Self; 4] =
        [Self::Forest, Self::Boosting, Self::Logistic, Self::Together];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Forest => "Random forest, 200 trees of depth 10",
            Self::Boosting => "Gradient boosting, 200 trees of depth 6",
            Self::Logistic => "Logistic regression",
            Self::Together => "The three fits in one process",
        }
    }
}

/// How often a contestant runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// In every round.
    Always,
    /// Three times, because it takes ten seconds or more; above [`LARGE`] rows like [`Pace::Asked`].
    Few,
    /// Once, and only with `--slow`, because it takes minutes.
    Asked,
}

/// Above this many rows, contestants that are slow at 70,000 rows take minutes too.
const LARGE: u64 = 200_000;

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contestant {
    pub(crate) task: Task,
    pub(crate) name: &'static str,
    /// Its name in its program.
    pub(crate) learner: &'static str,
    pub(crate) program: Program,
    pace: Pace,
}

/// The program that fits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// `crates/ensemble/benches/learners.rs`.
    Ours,
    /// `xtask/bench/peers.py`.
    Peers,
}

impl Contestant {
    const fn ours(task: Task, learner: &'static str) -> Self {
        Self {
            task,
            name: OURS,
            learner,
            program: Program::Ours,
            pace: Pace::Always,
        }
    }

    const fn reference(task: Task, learner: &'static str) -> Self {
        Self {
            name: "ensemble, engine=smartcore",
            pace: Pace::Asked,
            ..Self::ours(task, learner)
        }
    }

    const fn peer(task: Task, name: &'static str, learner: &'static str) -> Self {
        Self {
            task,
            name,
            learner,
            program: Program::Peers,
            pace: Pace::Always,
        }
    }

    const fn paced(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// Whether the others of the task are compared with this one.
    pub(crate) fn is_ours(&self) -> bool {
        self.name == OURS
    }

    /// How often it runs if `runs` rounds are requested; 0 if it is left out.
    pub(crate) fn runs(&self, runs: u32, rows: u64, slow: bool) -> u32 {
        match self.pace {
            Pace::Always => runs,
            Pace::Few if rows <= LARGE => runs.min(3),
            Pace::Few | Pace::Asked => u32::from(slow),
        }
    }

    /// Whether it fits the small public sets too.
    pub(crate) fn takes_public_sets(&self, slow: bool) -> bool {
        self.task != Task::Together && (slow || self.pace != Pace::Asked)
    }
}

const OURS: &str = "ensemble";

/// All, in the order of the table.
pub(crate) const CONTESTANTS: [Contestant; 15] = {
    use Contestant as C;
    use Task::{Boosting, Forest, Logistic, Together};
    [
        C::ours(Forest, "random_forest"),
        C::reference(Forest, "random_forest:smartcore"),
        C::peer(Forest, "scikit-learn RandomForest", "sklearn_forest").paced(Pace::Few),
        C::peer(Forest, "LightGBM rf", "lightgbm_forest"),
        C::peer(Forest, "XGBoost rf", "xgboost_forest"),
        C::ours(Boosting, "gradient_boosting"),
        C::reference(Boosting, "gradient_boosting:smartcore"),
        C::peer(
            Boosting,
            "scikit-learn GradientBoosting",
            "sklearn_boosting",
        )
        .paced(Pace::Asked),
        C::peer(
            Boosting,
            "scikit-learn HistGradientBoosting",
            "sklearn_hist_boosting",
        ),
        C::peer(Boosting, "LightGBM", "lightgbm_boosting"),
        C::peer(
            Boosting,
            "LightGBM, quantised gradients",
            "lightgbm_boosting_quantised",
        ),
        C::peer(Boosting, "XGBoost hist", "xgboost_boosting"),
        C::ours(Logistic, "logistic_regression"),
        C::peer(
            Logistic,
            "scikit-learn LogisticRegression",
            "sklearn_logistic",
        ),
        C::ours(Together, "all"),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_contestant_comes_first_in_every_task() {
        for task in Task::ALL {
            let mut of_task = CONTESTANTS.iter().filter(|one| one.task == task);
            assert!(of_task.next().is_some_and(Contestant::is_ours), "{task:?}");
            assert!(!of_task.any(Contestant::is_ours), "{task:?}");
        }
    }

    #[test]
    fn slow_contestants_run_less_often() {
        let check = |learner: &str, rows, slow, expected| {
            let one = CONTESTANTS.iter().find(|one| one.learner == learner);
            assert_eq!(
                one.map(|one| one.runs(7, rows, slow)),
                Some(expected),
                "{learner}"
            );
        };
        check("random_forest", 70_000, false, 7);
        check("random_forest:smartcore", 70_000, false, 0);
        check("random_forest:smartcore", 70_000, true, 1);
        check("sklearn_forest", 70_000, false, 3);
        check("sklearn_forest", 700_000, false, 0);
        check("sklearn_boosting", 70_000, true, 1);
    }
}
