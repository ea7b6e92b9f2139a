//! What is known of an episode before anything is rendered.

use super::draw::{Draw, Part};
use super::params::{CheckedEpisodeParams, WARM_UP_S};
use super::scenario::Scenario;
use super::{EpisodeId, Purpose};

/// Sites of the alarm sets are numbered from here on, so that no site number occurs in two sets.
const SITES_PER_PURPOSE: u64 = 1_000_000;

/// An episode's frame: where, what, how long, and the labels of its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The episode.
    pub episode: EpisodeId,
    /// Number of the site.
    pub site: u64,
    /// The main event.
    pub scenario: Scenario,
    /// Length in seconds.
    pub duration_s: u32,
    /// When uncontrolled combustion begins, in seconds from the episode's start; `None` if it never does.
    pub ignition_s: Option<f64>,
    /// The seconds that become rows, in order.
    pub kept_s: Vec<u32>,
}

impl Header {
    pub(super) fn draw(
        params: &CheckedEpisodeParams,
        seed: u64,
        purpose: Purpose,
        episode: u64,
    ) -> Self {
        let mut draw = Draw::new(seed, purpose, Part::Header, episode);
        let scenario = draw_scenario(params, &mut draw);
        let site = draw.below(params.sites) + purpose as u64 * SITES_PER_PURPOSE;
        let lengths = u64::from(params.max_duration_s - params.min_duration_s) + 1;
        let duration_s = params.min_duration_s + draw.below(lengths) as u32;
        // Early enough that most fires grow within the episode, late enough for a calm time before.
        let share = draw.uniform(0.05, 0.7);
        let watched = f64::from(duration_s - WARM_UP_S);
        let ignition_s = scenario
            .is_fire()
            .then(|| f64::from(WARM_UP_S) + share * watched);
        let kept_s = draw_kept(params.keep_one_in, duration_s, &mut draw);
        Self {
            episode: EpisodeId::new(purpose, episode),
            site,
            scenario,
            duration_s,
            ignition_s,
            kept_s,
        }
    }

    /// The label of a second: 1 from the ignition on, visible or not.
    pub fn label_at(&self, time_s: f64) -> u8 {
        u8::from(self.ignition_s.is_some_and(|ignition| time_s >= ignition))
    }

    /// Labels of the kept seconds.
    pub fn labels(&self) -> impl Iterator<Item = u8> + '_ {
        self.kept_s
            .iter()
            .map(|&second| self.label_at(f64::from(second)))
    }
}

fn draw_scenario(params: &CheckedEpisodeParams, draw: &mut Draw) -> Scenario {
    let fire = draw.chance(params.fire_share);
    let weights = Scenario::ALL.map(|scenario| {
        let wanted = scenario.is_fire() == fire;
        if wanted {
            params.scenario_weights[scenario.index()]
        } else {
            0.0
        }
    });
    Scenario::ALL[draw.weighted(&weights)]
}

/// One second of every `keep_one_in`, each block's by its own draw.
fn draw_kept(keep_one_in: u32, duration_s: u32, draw: &mut Draw) -> Vec<u32> {
    let blocks = (WARM_UP_S..duration_s).step_by(keep_one_in as usize);
    blocks
        .map(|first| first + draw.below(keep_one_in.into()) as u32)
        .filter(|&second| second < duration_s)
        .collect()
}
