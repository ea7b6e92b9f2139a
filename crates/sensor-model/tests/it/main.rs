//! Tests of the crate through its public API.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![expect(
    clippy::float_cmp,
    reason = "what is stored or drawn must come back bit for bit"
)]

// Data files: round trips, and every kind of invalid file.
#[cfg(feature = "files")]
mod csv_input;
#[cfg(feature = "files")]
mod dataset;
#[cfg(feature = "files")]
mod parquet_input;
// The generator compared with its documented distributions.
mod original;
// Simulated scenes: what must hold for every row, and comparisons with real sensors.
mod episode;
// From frames and readings to rows.
mod extract;
// docs/FEATURES.md matches the schema.
mod features_doc;
// The comparisons with reality are in docs/MODEL_CARD.md.
mod model_card;
// What must hold for every row.
mod possible;
// Where the real recordings are.
mod real_data;
// Recordings of real sensors.
mod recording;
