//! A rule from its choice to its evaluation.

use serde::{Deserialize, Serialize};

use crate::choice::{AlarmChoice, choose};
use crate::error::Error;
use crate::poisson::poisson_interval;
use crate::recordings::Recordings;
use crate::report::AlarmReport;

/// The default budget: false alarms per day of event-free time.
///
/// One a day is a rate that can be verified: four days without an event show that a rule stays within it, see
/// [`hours_to_show`]. An installation with many sensors should ask for less and evaluate the rule on more time.
pub const BUDGET_PER_DAY: f64 = 1.0;

/// A rule chosen on one part of the data, and its metrics on another that did not influence the choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmTrial {
    /// The rule, and its metrics on the part it was chosen on.
    pub choice: AlarmChoice,
    /// Its metrics on the other part; `None` until [`evaluate`](Self::evaluate).
    pub test: Option<AlarmReport>,
}

impl AlarmTrial {
    /// Chooses a rule on the recordings of the validation part.
    ///
    /// Fails as [`choose`] and [`Recordings::all`] do.
    pub fn choose(validation: &Recordings, budget_per_day: f64) -> Result<Self, Error> {
        let choice = choose(&validation.all()?, budget_per_day)?;
        Ok(Self { choice, test: None })
    }

    /// Evaluates the chosen rule on the recordings of the test part. Fails as [`Recordings::all`] does.
    pub fn evaluate(&mut self, test: &Recordings) -> Result<(), Error> {
        self.test = Some(AlarmReport::new(&self.choice.rule, &test.all()?)?);
        Ok(())
    }
}

/// The hours of event-free time without a single false alarm that show, by the 95 % interval, that a rule gives at most
/// `budget_per_day` false alarms a day: 88.5 for one a day, in inverse proportion for others.
pub fn hours_to_show(budget_per_day: f64) -> f64 {
    24.0 * poisson_interval(0)[1] / budget_per_day
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::NoChoice;
    use crate::recordings::Rows;

    /// Two minutes; the second has an event at 30 s if `is_event`, which the probability follows.
    fn recordings(is_event: bool) -> Recordings {
        let labels: Vec<u8> = (0..120)
            .map(|row| u8::from(is_event && row >= 90))
            .collect();
        let probabilities: Vec<f64> = labels
            .iter()
            .map(|&label| 0.1 + 0.8 * f64::from(label))
            .collect();
        let rows = Rows {
            groups: &(0..120).map(|row| row / 60).collect::<Vec<_>>(),
            times_s: &(0..120).map(|row| f64::from(row % 60)).collect::<Vec<_>>(),
            labels: &labels,
            probabilities: &probabilities,
            kinds: &vec!["k".into(); 120],
        };
        Recordings::new(&rows).unwrap()
    }

    #[test]
    fn a_rule_is_evaluated_where_it_was_not_chosen() {
        let mut trial = AlarmTrial::choose(&recordings(true), 1.0).unwrap();
        assert!(trial.choice.within_budget && trial.test.is_none());
        trial.evaluate(&recordings(false)).unwrap();
        let test = trial.test.unwrap();
        assert_eq!(test.rule, trial.choice.rule);
        assert_eq!((test.all.recordings, test.all.detection), (2, None));
    }

    #[test]
    fn recordings_without_an_event_allow_no_choice() {
        let calm = AlarmTrial::choose(&recordings(false), 1.0);
        assert_eq!(calm, Err(Error::NoChoice(NoChoice::NoEvents)));
    }

    #[test]
    fn one_a_day_takes_a_little_more_than_three_and_a_half_days_to_show() {
        assert!((hours_to_show(1.0) - 88.533).abs() < 1e-3);
        assert!((hours_to_show(0.1) - 885.33).abs() < 1e-2);
    }
}
