//! The reference table of the features, written from the schema.

use std::fmt::Write as _;

use crate::schema::{FEATURE_COUNT, Feature, LABEL, fingerprint};

/// The text of `docs/FEATURES.md`.
pub fn features_markdown() -> String {
    let mut text = format!(
        "# Features\n\n\
         Written from the schema in `crates/sensor-model/src/schema/definitions.rs`; a test fails when this \
         page is stale.\n\
         To write it again: `UPDATE=1 cargo test --workspace the_page_is_what_the_schema_says`.\n\n\
         A row has {FEATURE_COUNT} values in this order, and in data files the label `{LABEL}` (1 fire, 0 none).\n\
         A missing value is an empty cell, NaN or null, never 0.\n\
         The range is what working sensors can give; a value outside points to a wrong unit.\n\
         tproxy is the temperature of the hottest tenth of the image, flow the apparent motion in it.\n\n\
         Fingerprint: `{}`\n\n\
         | # | name | unit | sensor | range | definition |\n\
         |---|---|---|---|---|---|\n",
        fingerprint()
    );
    for feature in Feature::ALL {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{}", line(feature));
    }
    text
}

/// One row of the table.
fn line(feature: Feature) -> String {
    let (name, unit, sensor) = (feature.name(), feature.unit(), feature.sensor().name());
    let (range, formula) = (feature.range(), feature.formula());
    let (number, low, high) = (feature.index() + 1, range.start(), range.end());
    format!("| {number} | `{name}` | {unit} | {sensor} | {low} to {high} | {formula} |")
}
