//! Generator profile `episode`: rows from simulated rooms, fires and sensors.
//!
//! An episode has a hidden state: a site, a main event, a fire or none, other warm things, faults. From it a thermal
//! camera's frames and a CO2 sensor's readings are simulated, and the very extractor that reads real recordings turns them
//! into rows. So the values of a row belong together, which independent draws never do.
//!
//! ```text
//! EpisodeParams ── EpisodeSource ── Header (site, scenario, ignition, kept seconds; no rendering)
//!                        │
//!                        └─ hidden state ─┬─ scene ── camera ── frames ─┐
//!                                         └─ air ─── SCD41 ─ readings ──┴─ Extractor ── Episodes { rows, .. }
//! ```
//!
//! The label of a row is 1 from the ignition on, visible or not: some positive rows show nothing yet, as in reality.
//! Hard cases are the rule: small, far, hidden and smouldering fires beside cookers, heaters and sunlight, watched by
//! sensors that drift and fail.
//!
//! What is not modelled: smoke (largely transparent at 8 to 14 micrometres), flames that spread from object to object,
//! rooms that open into each other, a camera behind a window. Every constant has its source or is called an assumption
//! where it stands; nothing here has been compared with a real fire before a Lepton, because no such recording is public.

mod activity;
mod background;
mod camera;
mod canvas;
mod co2_sensor;
pub mod colours;
mod combustion;
mod draw;
mod electronics;
mod faults;
mod fire;
mod header;
mod hidden;
mod nuisance;
mod params;
mod radiometry;
mod recorder;
mod room;
mod scenario;
mod scenes;
mod site;
mod source;

pub use header::Header;
pub use params::{CheckedEpisodeParams, EpisodeParams};
pub use scenario::Scenario;
pub use scenes::{SCENE_FRAMES, Scene, scenes};
pub use source::EpisodeSource;

use hidden::Setting;

use crate::rows::Rows;

/// What episodes are for. Each purpose has sites and random streams of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Rows to train and test on.
    Training,
    /// Whole episodes on which an alarm rule is chosen.
    AlarmValidation,
    /// Whole episodes for the final alarm figures.
    AlarmTest,
}

/// Identity of an episode, the same in rows, headers and reports, and unique over all purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpisodeId(pub u64);

impl EpisodeId {
    /// Above the episode's number stands the purpose.
    const NUMBER_BITS: u32 = 48;
    /// An episode has at most 3600 seconds.
    const SECOND_BITS: u32 = 12;

    fn new(purpose: Purpose, number: u64) -> Self {
        Self((purpose as u64) << Self::NUMBER_BITS | number)
    }

    /// The episode's number in its source.
    pub fn index(self) -> u64 {
        self.0 & ((1 << Self::NUMBER_BITS) - 1)
    }

    /// Identity of the row of a second.
    fn row_id(self, second: u32) -> u64 {
        self.0 << Self::SECOND_BITS | u64::from(second)
    }
}

/// An episode of which the rows are at hand.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeSummary {
    /// Site, scenario, duration, ignition.
    pub header: Header,
    /// The first whole second at which the fire changes a pixel by 0.5 C, in seconds from the episode's start.
    pub first_visible_s: Option<f64>,
    /// How many images were rendered for its rows.
    pub frames: u32,
}

/// Rows of consecutive episodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Episodes {
    /// The rows, episode by episode in the order of time; the group is the episode.
    pub rows: Rows,
    /// When each row is, in seconds from its episode's start.
    pub time_s: Vec<u32>,
    /// The episodes, in order.
    pub episodes: Vec<EpisodeSummary>,
}
