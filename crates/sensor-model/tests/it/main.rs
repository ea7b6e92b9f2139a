//! Tests of the crate from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
#![expect(
    clippy::float_cmp,
    reason = "what is stored or drawn must come back bit for bit"
)]

// Data files: round trips, and every way in which they can be wrong.
#[cfg(feature = "files")]
mod csv_input;
#[cfg(feature = "files")]
mod dataset;
#[cfg(feature = "files")]
mod parquet_input;
// The generator against the laws that it claims to follow.
mod original;
// Simulated scenes: what must hold of every row, and what real sensors saw.
mod episode;
// From frames and readings to rows.
mod extract;
// docs/FEATURES.md is what the schema says.
mod features_doc;
// What the checks against reality found is on docs/MODEL_CARD.md.
mod model_card;
// What must hold of every row.
mod possible;
// Where the real recordings lie.
mod real_data;
// Recordings of real sensors.
mod recording;
