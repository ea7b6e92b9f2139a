//! One row of features per second from a thermal camera and a CO2 sensor.
//!
//! The sensors are a FLIR Lepton 3.5 and a Sensirion SCD41. Names, order and number of the features are defined only by
//! [`Feature`]. The [`fingerprint`] of these definitions is stored in every trained model, so a model never receives
//! features with a different meaning.
//!
//! Rows come from a generator or from a file, and downstream code treats both alike:
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
//! Labels are 1 (uncontrolled combustion) and 0.
//!
//! Randomness comes from a seed, with one counter-based stream per row: the same seed gives the same rows on any number
//! of threads. Only [`read_rows`], [`read_features`], [`read_files`], [`read_channel`], [`RowWriter`], [`write_rows`] and
//! [`recording`] open files, and nothing opens sockets.
//!
//! Reading and writing data files requires polars; the default Cargo feature `files` enables both.
//!
//! ```
//! use sensor_model::extract::{CheckedExtractorParams, RowStream};
//! use sensor_model::{Co2Reading, Feature};
//!
//! # fn main() -> Result<(), sensor_model::Error> {
//! // CO2 that rises by 2 ppm per second, read every 5 s, without a camera.
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
//! Learning, splitting and AWS are not part of this crate.

mod cells;
mod co2;
#[cfg(feature = "files")]
mod dataset;
pub mod episode;
mod error;
pub mod extract;
mod frame;
// Shared with the integration tests.
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

pub use cells::parse_cell;
pub use co2::Co2Reading;
#[cfg(feature = "files")]
pub use dataset::{
    ChannelRows, RowWriter, SkipReason, Skipped, group_of_episode, read_channel, read_features,
    read_files, read_rows, write_rows,
};
pub use error::Error;
pub use frame::{FRAME_HEIGHT, FRAME_PIXELS, FRAME_WIDTH, FrameProblem, ThermalFrame};
pub use probe::{Probe, probes};
pub use profile::Profile;
pub use row_metadata::RowMetadata;
pub use rows::{Rows, data_fingerprint};
pub use schema::{
    FEATURE_COUNT, Feature, LABEL, REQUIRED_COUNT, Sensor, features_markdown, fingerprint,
};

// Runs the example in the README as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
