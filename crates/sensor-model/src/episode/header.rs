//! What is known about an episode before it is rendered.

use super::draw::{Draw, Part};
use super::params::{CheckedEpisodeParams, WARM_UP_S};
use super::scenario::Scenario;
use super::{EpisodeId, Purpose};

/// Each purpose numbers its sites from a different multiple of this, so no site number occurs in two sets.
const SITES_PER_PURPOSE: u64 = 1_000_000;

/// Where an episode takes place, what happens, how long it lasts, and which seconds become rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The episode.
    pub episode: EpisodeId,
    /// The site's number.
    pub site: u64,
    /// The main event.
    pub scenario: Scenario,
    /// Length in seconds.
    pub duration_s: u32,
    /// When uncontrolled combustion begins, in seconds from the episode's start; `None` if it never does.
    pub ignition_s: Option<f64>,
    /// The seconds that become rows, in order.
    pub row_seconds: Vec<u32>,
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
        // Early enough that most fires grow within the episode, late enough for a calm period before.
        let share = draw.uniform(0.05, 0.7);
        let remaining_s = f64::from(duration_s - WARM_UP_S);
        let ignition_s = scenario
            .is_fire()
            .then(|| f64::from(WARM_UP_S) + share * remaining_s);
        let row_seconds = draw_row_seconds(params.keep_one_in, duration_s, &mut draw);
        Self {
            episode: EpisodeId::new(purpose, episode),
            site,
            scenario,
            duration_s,
            ignition_s,
            row_seconds,
        }
    }

    /// The label at a time: 1 from ignition on, whether the fire is visible or not.
    pub fn label_at(&self, time_s: f64) -> u8 {
        u8::from(self.ignition_s.is_some_and(|ignition| time_s >= ignition))
    }

    /// The labels of the rows.
    pub fn labels(&self) -> impl Iterator<Item = u8> + '_ {
        self.row_seconds
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

/// One random second from each block of `keep_one_in`.
fn draw_row_seconds(keep_one_in: u32, duration_s: u32, draw: &mut Draw) -> Vec<u32> {
    let blocks = (WARM_UP_S..duration_s).step_by(keep_one_in as usize);
    blocks
        .map(|first| first + draw.below(keep_one_in.into()) as u32)
        .filter(|&second| second < duration_s)
        .collect()
}
