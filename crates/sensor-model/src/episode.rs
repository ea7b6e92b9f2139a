//! Generator profile `episode`: rows from simulated rooms, fires and sensors.
//!
//! An episode has a hidden state: a site, a main event, possibly a fire, other warm things, and faults. The frames of a
//! thermal camera and the readings of a CO2 sensor are simulated from it, and the same extractor that reads real
//! recordings turns them into rows. So the values of a row are consistent with each other, unlike independent draws.
//!
//! ```text
//! EpisodeParams ── EpisodeSource ── Header (site, scenario, ignition, row seconds; no rendering)
//!                        │
//!                        └─ hidden state ─┬─ scene ── camera ── frames ─┐
//!                                         └─ air ─── SCD41 ─ readings ──┴─ Extractor ── Episodes { rows, .. }
//! ```
//!
//! The label of a row is 1 from ignition on, whether the fire is visible or not: as in reality, some positive rows show
//! nothing yet. Most cases are hard: small, distant, hidden and smouldering fires next to cookers, heaters and sunlight,
//! recorded by sensors that drift and fail.
//!
//! Not modelled: smoke (largely transparent at 8 to 14 micrometres), flames that spread from object to object, rooms that
//! open into each other, a camera behind a window. Each constant either has a source or is marked as an assumption.
//! Nothing here has been compared with a Lepton's recording of a real fire, because none is public.

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

use std::sync::Arc;

pub use header::Header;
pub use params::{CheckedEpisodeParams, EpisodeParams};
pub use scenario::Scenario;
pub use scenes::{SCENE_FRAMES, Scene, scenes};
pub use source::EpisodeSource;

use hidden::Setting;

use crate::row_metadata::RowMetadata;
use crate::rows::Rows;

/// What episodes are used for. Each purpose has its own sites and random streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Rows for training and testing.
    Training,
    /// Whole episodes for choosing an alarm rule.
    AlarmValidation,
    /// Whole episodes for the final alarm metrics.
    AlarmTest,
}

/// ID of an episode, the same in rows, headers and reports, and unique across all purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpisodeId(pub u64);

impl EpisodeId {
    /// The lower bits are the episode's number, those above are its purpose.
    const NUMBER_BITS: u32 = 48;
    /// Enough for the 3600 seconds of the longest episode.
    const SECOND_BITS: u32 = 12;

    fn new(purpose: Purpose, number: u64) -> Self {
        Self((purpose as u64) << Self::NUMBER_BITS | number)
    }

    /// The episode's number in its source.
    pub fn index(self) -> u64 {
        self.0 & ((1 << Self::NUMBER_BITS) - 1)
    }

    /// ID of the row of a second.
    fn row_id(self, second: u32) -> u64 {
        self.0 << Self::SECOND_BITS | u64::from(second)
    }
}

/// An episode whose rows have been generated.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeSummary {
    /// Its site, scenario, duration and ignition.
    pub header: Header,
    /// The first whole second at which the fire changes a pixel by 0.5 C, in seconds from the episode's start.
    pub first_visible_s: Option<f64>,
    /// Number of images that were rendered for its rows.
    pub frames: u32,
}

/// Rows of consecutive episodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Episodes {
    /// The rows, episode by episode in chronological order; the group is the episode.
    pub rows: Rows,
    /// The time of each row, in seconds from its episode's start.
    pub time_s: Vec<u32>,
    /// The episodes, in order.
    pub episodes: Vec<EpisodeSummary>,
}

impl From<Episodes> for Rows {
    /// The rows of simulated episodes with their times, scenarios and sites.
    fn from(episodes: Episodes) -> Self {
        let mut metadata = RowMetadata {
            times_s: episodes.time_s.into_iter().map(f64::from).collect(),
            ..RowMetadata::default()
        };
        for summary in &episodes.episodes {
            let (header, rows) = (&summary.header, summary.header.row_seconds.len());
            let scenario: Arc<str> = header.scenario.to_string().into();
            metadata
                .scenarios
                .extend(std::iter::repeat_n(scenario, rows));
            metadata
                .sites
                .extend(std::iter::repeat_n(header.site, rows));
        }
        Self {
            metadata: Some(metadata),
            ..episodes.rows
        }
    }
}
