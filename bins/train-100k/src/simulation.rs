//! What the simulated episodes are like: the flags, and what they mean to the generator.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, anyhow};
use clap::Args;
use fire_cli::usage;
use fire_run::Channel;
use sensor_model::episode::{
    CheckedEpisodeParams, EpisodeParams, EpisodeSource, Purpose, Scenario,
};

/// The class balance, difficulty and mix of profile `episode`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Simulated episodes")]
pub struct EpisodeArgs {
    /// Share of the training episodes with a fire, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = EpisodeParams::default().fire_share)]
    pub fire_share: f64,

    /// How hard the episodes are, 0 to 1: smaller fires, more nuisances beside them, more faults
    #[arg(long, value_name = "0..1", default_value_t = EpisodeParams::default().severity)]
    pub severity: f64,

    /// How often a scenario occurs beside the others of its kind, such as `smouldering=3`; repeatable
    #[arg(long, value_name = "NAME=WEIGHT")]
    pub scenario: Vec<String>,

    /// One second in so many becomes a training row
    #[arg(long, value_name = "N", default_value_t = EpisodeParams::default().keep_one_in)]
    pub keep_one_in: u32,

    /// Number of sites
    #[arg(long, value_name = "N", default_value_t = EpisodeParams::default().sites)]
    pub sites: u64,

    /// Hours in each of the two sets of whole episodes on sites of their own, on one of which the alarm rule is chosen
    /// and on the other judged; 0 for none
    #[arg(long, value_name = "HOURS", default_value_t = 24.0)]
    pub alarm_hours: f64,
}

/// Longest alarm sets: a year each.
const MOST_HOURS: f64 = 8_760.0;

impl EpisodeArgs {
    /// The checked parameters of both kinds of episodes.
    pub(crate) fn simulation(&self) -> anyhow::Result<Simulation> {
        let alarm_hours = self.alarm_hours;
        if !(0.0..=MOST_HOURS).contains(&alarm_hours) {
            return Err(usage(anyhow!(
                "--alarm-hours {alarm_hours}: give hours from 0 to {MOST_HOURS}"
            )));
        }
        let mut training = EpisodeParams {
            fire_share: self.fire_share,
            severity: self.severity,
            keep_one_in: self.keep_one_in,
            sites: self.sites,
            ..EpisodeParams::default()
        };
        for assignment in &self.scenario {
            weigh(&mut training, assignment)
                .with_context(|| format!("--scenario {assignment}"))
                .map_err(usage)?;
        }
        let of_its_own = EpisodeParams::for_alarms().fire_share;
        let alarm = EpisodeParams {
            severity: self.severity,
            scenario_weights: training.scenario_weights,
            // A mix without fires, or of fires only, gives no alarm rule; then the alarm sets are of that mix, too.
            fire_share: match self.fire_share {
                mixed if mixed > 0.0 && mixed < 1.0 => of_its_own,
                pure => pure,
            },
            ..EpisodeParams::for_alarms()
        };
        Ok(Simulation {
            training: training.check().map_err(usage)?,
            alarm: alarm.check().map_err(usage)?,
            alarm_hours,
        })
    }

    /// The flags that differ from their defaults, as words of a command.
    pub(crate) fn flags(&self) -> Vec<String> {
        let defaults = EpisodeParams::default();
        let mut flags = Vec::new();
        let mut flag = |name: &str, value: String, default: String| {
            if value != default {
                flags.push(format!("--{name} {value}"));
            }
        };
        let text = |value: f64| value.to_string();
        flag(
            "fire-share",
            text(self.fire_share),
            text(defaults.fire_share),
        );
        flag("severity", text(self.severity), text(defaults.severity));
        flag(
            "keep-one-in",
            self.keep_one_in.to_string(),
            defaults.keep_one_in.to_string(),
        );
        flag("sites", self.sites.to_string(), defaults.sites.to_string());
        flag("alarm-hours", text(self.alarm_hours), text(24.0));
        flags.extend(self.scenario.iter().map(|one| format!("--scenario {one}")));
        flags
    }
}

fn weigh(params: &mut EpisodeParams, assignment: &str) -> anyhow::Result<()> {
    let (name, weight) = assignment
        .split_once('=')
        .context("write NAME=WEIGHT, for example smouldering=3")?;
    let scenario: Scenario = name.parse()?;
    let weight = weight
        .parse()
        .with_context(|| format!("`{weight}` is no number"))?;
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

    /// The two sets of whole episodes by the names of their channels; none where none were asked for.
    pub(crate) fn alarm_sets(&self, seed: u64) -> Vec<(Channel, EpisodeSource)> {
        let purposes = [
            (Channel::AlarmValidation, Purpose::AlarmValidation),
            (Channel::AlarmTest, Purpose::AlarmTest),
        ];
        let wanted = if self.alarm_hours > 0.0 {
            &purposes[..]
        } else {
            &[]
        };
        let source = |purpose| EpisodeSource::new(self.alarm.clone(), seed, purpose);
        wanted
            .iter()
            .map(|&(name, purpose)| (name, source(purpose)))
            .collect()
    }

    /// Hours in each alarm set.
    pub(crate) fn alarm_hours(&self) -> f64 {
        self.alarm_hours
    }

    /// Everything that decides which rows come out, by name; it stands in the manifest.
    pub(crate) fn settings(&self) -> BTreeMap<String, String> {
        let mut weights = String::new();
        for scenario in Scenario::ALL {
            let weight = self.training.scenario_weights[scenario.index()];
            let gap = if weights.is_empty() { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(weights, "{gap}{scenario}={weight}");
        }
        [
            ("fire_share", self.training.fire_share.to_string()),
            ("severity", self.training.severity.to_string()),
            ("scenario_weights", weights),
            ("keep_one_in", self.training.keep_one_in.to_string()),
            ("sites", self.training.sites.to_string()),
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
    fn only_what_differs_from_the_defaults_is_said_again() {
        let parsed = |flags: &[&str]| {
            let words = std::iter::once("x").chain(flags.iter().copied());
            Words::parse_from(words).episodes
        };
        assert!(parsed(&[]).flags().is_empty());
        let flags = ["--severity", "0.9", "--scenario", "people=2"];
        assert_eq!(parsed(&flags).flags().join(" "), flags.join(" "));
    }

    #[test]
    fn wrong_flags_name_themselves_and_the_remedy() {
        for (flags, expected) in [
            (["--alarm-hours", "-1"], "0 to 8760"),
            (["--alarm-hours", "NaN"], "0 to 8760"),
            (["--scenario", "barbecue=1"], "flaming-near"),
            (["--scenario", "people"], "NAME=WEIGHT"),
            (["--scenario", "people=many"], "`many` is no number"),
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
    fn no_hours_no_alarm_sets() {
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
