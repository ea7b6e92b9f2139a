//! A rule from its choice to its judgement.

use serde::{Deserialize, Serialize};

use super::choice::{AlarmChoice, choose};
use super::poisson::poisson_interval;
use super::recordings::Recordings;
use super::report::AlarmReport;
use crate::error::Error;
use crate::predictions::Predictions;

/// False alarms per day of event-free time that a rule is allowed unless something else is asked for.
///
/// One a day is what can be checked: four days without an event show that a rule keeps to it, see [`hours_to_show`].
/// An installation of many sensors should ask for less and judge the rule on more time.
pub const BUDGET_PER_DAY: f64 = 1.0;

/// A rule that was chosen on one part, and how it does on another that had no say in the choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlarmTrial {
    /// The rule, and what it does on the part it was chosen on.
    pub choice: AlarmChoice,
    /// What it does on the other part; nothing until it is judged.
    pub test: Option<AlarmReport>,
}

impl AlarmTrial {
    /// Chooses a rule on the recordings of the validation part; nothing if the predictions have no times.
    ///
    /// Fails with [`Error::Data`] where the recordings give no ground for a choice, as [`choose`] does, and with
    /// [`Error::Recording`] where they are none.
    pub fn choose(validation: &Predictions, budget_per_day: f64) -> Result<Option<Self>, Error> {
        let Some(recordings) = Recordings::of(validation) else {
            return Ok(None);
        };
        let choice = choose(&recordings.all()?, budget_per_day)?;
        Ok(Some(Self { choice, test: None }))
    }

    /// Judges the chosen rule on the recordings of the test part; without times there is nothing to judge.
    pub fn judge(&mut self, test: &Predictions) -> Result<(), Error> {
        if let Some(recordings) = Recordings::of(test) {
            self.test = Some(AlarmReport::new(&self.choice.rule, &recordings.all()?)?);
        }
        Ok(())
    }
}

/// How many hours without an event and without a single false alarm it takes to show, by the 95 % interval, that a
/// rule gives at most `budget_per_day`: 88.5 for one a day, in inverse proportion for others.
pub fn hours_to_show(budget_per_day: f64) -> f64 {
    24.0 * poisson_interval(0)[1] / budget_per_day
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::DataError;
    use crate::predictions::Timeline;

    /// A minute each without and with an event at 30 s, which the probability follows.
    fn predictions(is_event: bool) -> Predictions {
        let label = |row: u64| u8::from(is_event && row >= 90);
        Predictions {
            ids: (0..120).collect(),
            groups: (0..120).map(|row| row / 60).collect(),
            labels: (0..120).map(label).collect(),
            probabilities: (0..120)
                .map(|row| 0.1 + 0.8 * f64::from(label(row)))
                .collect(),
            timeline: Some(Timeline {
                times_s: (0..120).map(|row| f64::from(row % 60)).collect(),
                kinds: vec!["k".into(); 120],
            }),
        }
    }

    #[test]
    fn a_rule_is_judged_where_it_was_not_chosen() {
        let mut trial = AlarmTrial::choose(&predictions(true), 1.0)
            .unwrap()
            .unwrap();
        assert!(trial.choice.within_budget && trial.test.is_none());
        trial.judge(&predictions(false)).unwrap();
        let test = trial.test.unwrap();
        assert_eq!(test.rule, trial.choice.rule);
        assert_eq!((test.all.recordings, test.all.detection), (2, None));
    }

    #[test]
    fn no_ground_for_a_choice_is_told_from_no_times() {
        let calm = AlarmTrial::choose(&predictions(false), 1.0);
        assert!(matches!(calm, Err(Error::Data(DataError::NoEvents))));
        let mut untimed = predictions(true);
        untimed.timeline = None;
        assert_eq!(AlarmTrial::choose(&untimed, 1.0).unwrap(), None);
        let mut trial = AlarmTrial::choose(&predictions(true), 1.0)
            .unwrap()
            .unwrap();
        trial.judge(&untimed).unwrap();
        assert_eq!(trial.test, None);
    }

    #[test]
    fn the_rule_of_three_is_a_little_more_than_three_and_a_half_days() {
        assert!((hours_to_show(1.0) - 88.533).abs() < 1e-3);
        assert!((hours_to_show(0.1) - 885.33).abs() < 1e-2);
    }
}
