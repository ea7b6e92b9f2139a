//! What the sensors see, as a row of numbers every second.
//!
//! A FLIR Lepton 3.5 thermal camera gives 15 of them and a Sensirion SCD41 CO2 sensor three.
//! [`Feature`] is the one place that names, orders and counts them; its [`fingerprint`] travels
//! with every trained model, so that a model never meets columns of another meaning.
//!
//! Rows come from a generator or from a file, and nothing downstream can tell which:
//!
//! ```text
//! Profile::Original ── original::generate ─┐
//!                                          ├─ Rows ── write_rows / RowWriter ── .parquet, .csv
//! .parquet, .csv ── read_rows, read_files ─┘
//!                   read_channel
//!                   read_features (no labels needed)
//! ```
//!
//! Temperatures are in degrees Celsius, CO2 in ppm, times in seconds, image distances in pixels.
//! A missing value is NaN in memory, null in Parquet, an empty cell in CSV, and never 0.
//! Labels are 1 (uncontrolled combustion present) and 0.
//!
//! Randomness enters as a seed, through one counter-based stream per row: the same seed gives the
//! same rows on any number of threads. Files are opened in [`read_rows`], [`read_features`],
//! [`read_files`], [`read_channel`], [`RowWriter`], [`write_rows`] and [`recording`] only, and sockets nowhere.
//!
//! The data files need polars; without the default feature `files` the crate does without both.
//!
//! ```
//! use sensor_model::extract::{CheckedExtractorParams, RowStream};
//! use sensor_model::{Co2Reading, Feature};
//!
//! # fn main() -> Result<(), sensor_model::Error> {
//! // CO2 that rises by 2 ppm a second, read every 5 s, and no camera at all.
//! let mut stream = RowStream::new(CheckedExtractorParams::default());
//! for time_s in (0..=90).step_by(5).map(f64::from) {
//!     stream.push_co2(Co2Reading { time_s, ppm: 420.0 + 2.0 * time_s as f32 })?;
//! }
//! let rows = stream.finish();
//! let last = rows[90].features;
//! assert_eq!(last[Feature::GasDelta.index()], 120.0);
//! assert_eq!(last[Feature::GasVel.index()], 2.0);
//! assert!(last[Feature::TMax.index()].is_nan());
//! # Ok(())
//! # }
//! ```
//!
//! What is not here: learning, splitting, and anything of AWS.

mod cell;
mod co2;
mod csv_line;
#[cfg(feature = "files")]
mod dataset;
pub mod episode;
mod error;
pub mod extract;
mod frame;
mod markdown;
// What the tests from outside use as well.
#[cfg(test)]
#[path = "../tests/it/model_card.rs"]
mod model_card;
pub mod original;
mod probe;
pub mod problem;
mod profile;
#[cfg(test)]
#[path = "../tests/it/real_data.rs"]
mod real_data;
pub mod recording;
mod row_metadata;
mod rows;
mod schema;

pub use cell::parse_cell;
pub use co2::Co2Reading;
#[cfg(feature = "files")]
pub use dataset::{
    RowWriter, group_of_episode, read_channel, read_features, read_files, read_rows, write_rows,
};
pub use error::Error;
pub use frame::{FRAME_HEIGHT, FRAME_PIXELS, FRAME_WIDTH, FrameProblem, ThermalFrame};
pub use markdown::features_markdown;
pub use probe::{Probe, probes};
pub use profile::Profile;
pub use row_metadata::RowMetadata;
pub use rows::{Rows, data_fingerprint};
pub use schema::{FEATURE_COUNT, Feature, LABEL, REQUIRED_COUNT, Sensor, fingerprint};

// The README's excerpt is run like the examples above.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
