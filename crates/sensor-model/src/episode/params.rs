//! The parameters of the episode generator.

use crate::error::Error;

use super::scenario::Scenario;

/// Seconds before the first row: the features look back 60 s, and a CO2 reading may be 5 s old.
///
/// Without this warm-up, a missing value would reveal that the episode has just begun, so that nothing burns yet.
pub(super) const WARM_UP_S: u32 = 70;

/// Unchecked parameters of the episode generator; see [`check`](Self::check).
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeParams {
    /// Share of the episodes with a fire, 0 to 1 (default 0.53). About 0.62 of the rows of such an episode come after
    /// ignition, so a third of all rows are positive.
    pub fire_share: f64,
    /// The relative frequency of each scenario, in the order of [`Scenario::ALL`], among the fires and among the others.
    /// By default, large visible flames are the exception.
    pub scenario_weights: [f64; Scenario::COUNT],
    /// How hard the episodes are, 0 to 1 (default 0.5): smaller fires, more nuisances, more sensor faults.
    pub severity: f64,
    /// Shortest episode in seconds, of which the first 70 are warm-up without rows, 90 to 3600 (default 120).
    pub min_duration_s: u32,
    /// Longest episode in seconds, the shortest to 3600 (default 330).
    pub max_duration_s: u32,
    /// One second out of this many becomes a row, 1 to 60 (default 5): neighbouring seconds are nearly identical.
    pub keep_one_in: u32,
    /// Number of sites, 1 to 1,000,000 (default 400).
    pub sites: u64,
}

impl Default for EpisodeParams {
    fn default() -> Self {
        Self {
            fire_share: 0.53,
            scenario_weights: [
                1.0, 1.6, 1.3, 1.6, 0.6, // fires
                1.0, 1.3, 1.0, 1.2, 1.5, 0.8, 0.8, 1.2, 0.8, 0.9,
            ],
            severity: 0.5,
            min_duration_s: 120,
            max_duration_s: 330,
            keep_one_in: 5,
            sites: 400,
        }
    }
}

impl EpisodeParams {
    /// The defaults, but with this scenario in every episode.
    pub fn only(scenario: Scenario) -> Self {
        let mut scenario_weights = [0.0; Scenario::COUNT];
        scenario_weights[scenario.index()] = 1.0;
        Self {
            fire_share: if scenario.is_fire() { 1.0 } else { 0.0 },
            scenario_weights,
            ..Self::default()
        }
    }

    /// The defaults for alarm metrics: mostly time without fire (a share of 0.2 of the episodes has one), and every second
    /// is a row.
    pub fn for_alarms() -> Self {
        Self {
            fire_share: 0.2,
            keep_one_in: 1,
            ..Self::default()
        }
    }

    /// Rejects values outside their documented ranges.
    pub fn check(self) -> Result<CheckedEpisodeParams, Error> {
        share("fire_share", self.fire_share)?;
        share("severity", self.severity)?;
        self.check_weights()?;
        let (min, max) = (self.min_duration_s, self.max_duration_s);
        whole(
            "min_duration_s",
            min.into(),
            (90, 3_600),
            "a whole number from 90 to 3600",
        )?;
        let expected = "a whole number from min_duration_s to 3600";
        whole("max_duration_s", max.into(), (min.into(), 3_600), expected)?;
        whole(
            "keep_one_in",
            self.keep_one_in.into(),
            (1, 60),
            "a whole number from 1 to 60",
        )?;
        whole(
            "sites",
            self.sites,
            (1, 1_000_000),
            "a whole number from 1 to 1000000",
        )?;
        Ok(CheckedEpisodeParams(self))
    }

    fn check_weights(&self) -> Result<(), Error> {
        for weight in self.scenario_weights {
            if !(0.0..=1e6).contains(&weight) {
                return Err(rejection(
                    "scenario_weights",
                    &weight,
                    "numbers from 0 to 1e6",
                ));
            }
        }
        let occurs = |fire| {
            Scenario::ALL
                .iter()
                .any(|s| s.is_fire() == fire && self.scenario_weights[s.index()] > 0.0)
        };
        let expected = "above 0 for one fire if fire_share is above 0, and for one other scenario if it is below 1";
        if (self.fire_share > 0.0 && !occurs(true)) || (self.fire_share < 1.0 && !occurs(false)) {
            return Err(rejection("scenario_weights", &"0", expected));
        }
        Ok(())
    }
}

/// Parameters within their ranges.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedEpisodeParams(EpisodeParams);

impl std::ops::Deref for CheckedEpisodeParams {
    type Target = EpisodeParams;

    fn deref(&self) -> &EpisodeParams {
        &self.0
    }
}

fn share(name: &'static str, value: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(rejection(name, &value, "a number from 0 to 1"))
    }
}

fn whole(
    name: &'static str,
    value: u64,
    (low, high): (u64, u64),
    expected: &'static str,
) -> Result<(), Error> {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(rejection(name, &value, expected))
    }
}

fn rejection(name: &'static str, value: &impl ToString, expected: &'static str) -> Error {
    Error::EpisodeParameter {
        name,
        value: value.to_string(),
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_their_range_are_rejected_by_name() {
        type Edit = fn(&mut EpisodeParams);
        let cases: [(&str, Edit); 11] = [
            ("fire_share", |p| p.fire_share = 1.1),
            ("fire_share", |p| p.fire_share = f64::NAN),
            ("severity", |p| p.severity = -0.1),
            ("scenario_weights", |p| p.scenario_weights[3] = -1.0),
            ("scenario_weights", |p| {
                p.scenario_weights = [0.0; Scenario::COUNT];
            }),
            ("scenario_weights", |p| p.scenario_weights[..5].fill(0.0)),
            ("scenario_weights", |p| p.scenario_weights[5..].fill(0.0)),
            ("min_duration_s", |p| p.min_duration_s = 10),
            ("max_duration_s", |p| p.max_duration_s = 80),
            ("keep_one_in", |p| p.keep_one_in = 0),
            ("sites", |p| p.sites = 0),
        ];
        for (name, edit) in cases {
            let mut params = EpisodeParams::default();
            edit(&mut params);
            let message = params.check().unwrap_err().to_string();
            assert!(message.contains(name), "{name}: {message}");
        }
    }

    #[test]
    fn the_predefined_parameters_are_valid() {
        assert!(EpisodeParams::default().check().is_ok());
        assert!(EpisodeParams::for_alarms().check().is_ok());
        for scenario in Scenario::ALL {
            assert!(EpisodeParams::only(scenario).check().is_ok(), "{scenario}");
        }
    }
}
