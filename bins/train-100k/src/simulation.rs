//! The flags for simulated episodes, and the generator parameters derived from them.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use clap::Args;
use fire_cli::usage;
use fire_run::Channel;
use sensor_model::episode::{
    CheckedEpisodeParams, EpisodeParams, EpisodeSource, Purpose, Scenario,
};
use serde::{Deserialize, Serialize};

/// Hours in each alarm set.
const ALARM_HOURS: f64 = 24.0;
/// Upper limit for the hours in each alarm set: a year.
const MAX_ALARM_HOURS: f64 = 8_760.0;

/// Class balance, difficulty and scenarios of the profile `episode`.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Simulated episodes")]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct EpisodeArgs {
    /// Share of training episodes with a fire, 0 to 1 [default: 0.53]
    #[arg(long, value_name = "SHARE")]
    fire_share: Option<f64>,

    /// Difficulty, 0 to 1: smaller fires, more fire-like disturbances, more sensor faults
    /// [default: 0.5]
    #[arg(long, value_name = "0..1")]
    severity: Option<f64>,

    /// Relative frequency of a scenario among the others of its kind, such as `smouldering=3`;
    /// repeatable
    #[arg(long, value_name = "NAME=WEIGHT")]
    scenario: Vec<String>,

    /// Keep one second in N as a training row [default: 5]
    #[arg(long, value_name = "N")]
    keep_one_in: Option<u32>,

    /// Number of sites [default: 400]
    #[arg(long, value_name = "N")]
    sites: Option<u64>,

    /// Hours of simulated data, from separate sites, in each of the two held-out sets used to choose
    /// and evaluate the alarm rule; 0 for none [default: 24]
    #[arg(long, value_name = "HOURS")]
    alarm_hours: Option<f64>,
}

impl EpisodeArgs {
    /// The checked parameters of the episodes to train on and of those for the alarm rule.
    ///
    /// # Errors
    /// Exit code 2 for a value out of range or an unknown scenario.
    pub(crate) fn simulation(&self) -> anyhow::Result<Simulation> {
        let alarm_hours = self.alarm_hours.unwrap_or(ALARM_HOURS);
        if !(0.0..=MAX_ALARM_HOURS).contains(&alarm_hours) {
            return Err(usage(anyhow!(
                "--alarm-hours {alarm_hours}: give hours from 0 to {MAX_ALARM_HOURS}"
            )));
        }
        let defaults = EpisodeParams::default();
        let mut training = EpisodeParams {
            fire_share: self.fire_share.unwrap_or(defaults.fire_share),
            severity: self.severity.unwrap_or(defaults.severity),
            keep_one_in: self.keep_one_in.unwrap_or(defaults.keep_one_in),
            sites: self.sites.unwrap_or(defaults.sites),
            ..defaults
        };
        for assignment in &self.scenario {
            set_weight(&mut training, assignment)
                .with_context(|| format!("--scenario {assignment}"))
                .map_err(usage)?;
        }
        let for_alarms = EpisodeParams::for_alarms();
        let alarm = EpisodeParams {
            severity: training.severity,
            scenario_weights: training.scenario_weights,
            // Without fires, or with fires only, no alarm rule can be chosen; the alarm sets then
            // use the same share.
            fire_share: match training.fire_share {
                mixed if mixed > 0.0 && mixed < 1.0 => for_alarms.fire_share,
                pure => pure,
            },
            ..for_alarms
        };
        Ok(Simulation {
            training: training.check().map_err(usage)?,
            alarm: alarm.check().map_err(usage)?,
            alarm_hours,
        })
    }
}

fn set_weight(params: &mut EpisodeParams, assignment: &str) -> anyhow::Result<()> {
    let (name, weight) = assignment
        .split_once('=')
        .context("expected NAME=WEIGHT, such as smouldering=3")?;
    let scenario: Scenario = name.parse()?;
    let weight = weight
        .parse()
        .with_context(|| format!("`{weight}` is not a number"))?;
    params.scenario_weights[scenario.index()] = weight;
    Ok(())
}

/// Checked parameters of the episodes to train on and of those for the alarm rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Simulation {
    training: CheckedEpisodeParams,
    alarm: CheckedEpisodeParams,
    alarm_hours: f64,
}

impl Simulation {
    /// The episodes to train on.
    pub(crate) fn training(&self, seed: u64) -> EpisodeSource {
        EpisodeSource::new(self.training.clone(), seed, Purpose::Training)
    }

    /// The two sets of whole episodes, by channel; empty with 0 hours.
    pub(crate) fn alarm_sets(&self, seed: u64) -> Vec<(Channel, EpisodeSource)> {
        if self.alarm_hours <= 0.0 {
            return Vec::new();
        }
        // Each purpose has its own sites, so the sets share none with each other or with training.
        let source = |purpose| EpisodeSource::new(self.alarm.clone(), seed, purpose);
        vec![
            (Channel::AlarmValidation, source(Purpose::AlarmValidation)),
            (Channel::AlarmTest, source(Purpose::AlarmTest)),
        ]
    }

    /// Hours in each alarm set.
    pub(crate) fn alarm_hours(&self) -> f64 {
        self.alarm_hours
    }

    /// All settings that determine the rows, by name, as stored in the manifest.
    pub(crate) fn settings(&self) -> BTreeMap<String, String> {
        let training = &self.training;
        let weight = |scenario: Scenario| training.scenario_weights[scenario.index()];
        let weights = Scenario::ALL.map(|scenario| format!("{scenario}={}", weight(scenario)));
        [
            ("fire_share", training.fire_share.to_string()),
            ("severity", training.severity.to_string()),
            ("scenario_weights", weights.join(",")),
            ("keep_one_in", training.keep_one_in.to_string()),
            ("sites", training.sites.to_string()),
            ("alarm_hours", self.alarm_hours.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        episodes: EpisodeArgs,
    }

    fn simulation(flags: &[&str]) -> anyhow::Result<Simulation> {
        let words = std::iter::once("x").chain(flags.iter().copied());
        Words::try_parse_from(words)?.episodes.simulation()
    }

    #[test]
    fn flags_reach_the_generator_and_the_manifest() {
        let flags = [
            "--fire-share",
            "0.3",
            "--severity",
            "1",
            "--scenario",
            "smouldering=9",
            "--keep-one-in",
            "2",
            "--sites",
            "50",
            "--alarm-hours",
            "0.5",
        ];
        let simulation = simulation(&flags).unwrap();
        let severities = [simulation.training.severity, simulation.alarm.severity];
        assert_eq!(severities.map(|severity| severity.to_string()), ["1", "1"]);
        for params in [&simulation.training, &simulation.alarm] {
            let smouldering = params.scenario_weights[Scenario::Smouldering.index()];
            assert_eq!(smouldering.to_string(), "9");
        }
        let settings = simulation.settings();
        assert_eq!(
            (
                settings["alarm_hours"].as_str(),
                settings["fire_share"].as_str()
            ),
            ("0.5", "0.3")
        );
        assert!(settings["scenario_weights"].contains("smouldering=9,"));
    }

    #[test]
    fn invalid_values_are_rejected_with_a_remedy() {
        for (flags, expected) in [
            (["--alarm-hours", "-1"], "0 to 8760"),
            (["--alarm-hours", "NaN"], "0 to 8760"),
            (["--scenario", "barbecue=1"], "flaming-near"),
            (["--scenario", "people"], "NAME=WEIGHT"),
            (["--scenario", "people=many"], "`many` is not a number"),
            (["--scenario", "people=-1"], "scenario_weights"),
            (["--severity", "2"], "severity"),
            (["--keep-one-in", "0"], "keep_one_in"),
        ] {
            let flags = flags.map(str::to_owned);
            let words = [&[format!("{}={}", flags[0], flags[1])][..]].concat();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let error = format!("{:#}", simulation(&words).unwrap_err());
            assert!(error.contains(expected), "{flags:?}: {error}");
        }
    }

    #[test]
    fn zero_hours_mean_no_alarm_sets() {
        assert!(
            simulation(&["--alarm-hours", "0"])
                .unwrap()
                .alarm_sets(1)
                .is_empty()
        );
        let sets = simulation(&[]).unwrap().alarm_sets(1);
        assert_eq!(
            sets.iter().map(|set| set.0).collect::<Vec<_>>(),
            Channel::ALARM
        );
    }
}
