//! Choosing a rule on one set of recordings and evaluating it on another.

use serde::{Deserialize, Serialize};

use crate::choice::{AlarmChoice, choose};
use crate::error::Error;
use crate::poisson::poisson_interval;
use crate::recordings::Recordings;
use crate::report::AlarmReport;

/// The default budget: false alarms per day of event-free time.
///
/// One per day can be verified: four event-free days without a false alarm demonstrate it (see [`hours_to_show`]). An
/// installation with many sensors should set a lower budget and evaluate the rule on more time.
pub const BUDGET_PER_DAY: f64 = 1.0;

/// A rule chosen on one set of recordings, and its metrics on another that did not influence the choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmTrial {
    /// The rule, and its metrics on the recordings it was chosen on.
    pub choice: AlarmChoice,
    /// Its metrics on the other recordings; `None` until [`evaluate`](Self::evaluate).
    pub test: Option<AlarmReport>,
}

impl AlarmTrial {
    /// Chooses a rule on the recordings of the validation set.
    ///
    /// Fails like [`choose`] and [`Recordings::all`].
    pub fn choose(validation: &Recordings, budget_per_day: f64) -> Result<Self, Error> {
        let choice = choose(&validation.all()?, budget_per_day)?;
        Ok(Self { choice, test: None })
    }

    /// Evaluates the chosen rule on the recordings of the test set. Fails like [`Recordings::all`].
    pub fn evaluate(&mut self, test: &Recordings) -> Result<(), Error> {
        self.test = Some(AlarmReport::new(&self.choice.rule, &test.all()?)?);
        Ok(())
    }
}

/// The hours of event-free time without a false alarm needed to show, by the 95 % interval, that a rule raises at most
/// `budget_per_day` false alarms per day: 88.5 hours for one per day, in inverse proportion for other budgets.
pub fn hours_to_show(budget_per_day: f64) -> f64 {
    24.0 * poisson_interval(0)[1] / budget_per_day
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::NoChoice;
    use crate::recordings::Rows;

    /// Two recordings of one minute; if `is_event`, the second has an event at 30 s, which the probabilities follow.
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
    fn a_rule_is_evaluated_on_other_recordings() {
        let mut trial = AlarmTrial::choose(&recordings(true), 1.0).unwrap();
        assert!(trial.choice.within_budget && trial.test.is_none());
        trial.evaluate(&recordings(false)).unwrap();
        let test = trial.test.unwrap();
        assert_eq!(test.rule, trial.choice.rule);
        assert_eq!((test.all.recordings, test.all.detection), (2, None));
    }

    #[test]
    fn recordings_without_an_event_are_rejected() {
        let calm = AlarmTrial::choose(&recordings(false), 1.0);
        assert_eq!(calm, Err(Error::NoChoice(NoChoice::NoEvents)));
    }

    #[test]
    fn hours_to_show_are_inversely_proportional_to_the_budget() {
        assert!((hours_to_show(1.0) - 88.533).abs() < 1e-3);
        assert!((hours_to_show(0.1) - 885.33).abs() < 1e-2);
    }
}
