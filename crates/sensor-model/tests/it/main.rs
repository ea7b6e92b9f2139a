//! Tests of the crate through its public API.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot continue should panic"
)]
#![expect(
    clippy::float_cmp,
    reason = "stored and generated values must be reproduced bit for bit"
)]

// Data files: round trips, directory trees, and every kind of invalid file.
#[cfg(feature = "files")]
mod channel_input;
#[cfg(feature = "files")]
mod csv_input;
#[cfg(feature = "files")]
mod dataset;
#[cfg(feature = "files")]
mod parquet_input;
// The original generator, compared with its documented distributions.
mod original;
// Simulated scenes: properties of every row, and comparisons with real sensors.
mod episode;
// Extraction of rows from frames and readings.
mod extract;
// docs/FEATURES.md matches the schema.
mod features_doc;
// docs/MODEL_CARD.md contains the comparisons with real sensors.
mod model_card;
// Properties of every row.
mod possible;
// Access to real recordings.
mod real_data;
// Readers for recordings of real sensors.
mod recording;
