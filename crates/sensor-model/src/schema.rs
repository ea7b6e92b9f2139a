//! The features. Their names, meanings and order are defined only in `definitions`.
//!
//! The features of the documented request (`text/csv`, 18 numbers) come first, followed by newer ones.
//! Temperatures are in degrees Celsius, concentrations in ppm, times in seconds.

mod definitions;

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use definitions::{DEFINITIONS, Definition};

pub use definitions::Feature;

/// Number of features in a row.
pub const FEATURE_COUNT: usize = DEFINITIONS.len();

/// Number of features in the documented request, which are required. Newer features may be omitted and are then missing
/// values, so the documented request always stays valid.
pub const REQUIRED_COUNT: usize = 18;

/// Name of the label column: 1 during uncontrolled combustion, otherwise 0.
pub const LABEL: &str = "fire_detected";

/// The sensor that a feature comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sensor {
    /// FLIR Lepton 3.5, 160 x 120 radiometric pixels at about 9 Hz.
    Flir,
    /// Sensirion SCD41, CO2 every 5 s.
    Scd41,
}

impl Sensor {
    /// The sensor's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flir => "FLIR Lepton 3.5",
            Self::Scd41 => "SCD41",
        }
    }
}

impl Feature {
    /// All features, in the order of a row.
    pub const ALL: [Self; FEATURE_COUNT] = {
        let mut all = [Self::TMean; FEATURE_COUNT];
        let mut i = 0;
        while i < FEATURE_COUNT {
            all[i] = DEFINITIONS[i].feature;
            i += 1;
        }
        all
    };

    /// The feature with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.name() == name)
    }

    /// Index in a row, from 0.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Name in column headers and JSON objects.
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// Unit of the value.
    pub fn unit(self) -> &'static str {
        self.definition().unit
    }

    /// The sensor that the feature comes from.
    pub fn sensor(self) -> Sensor {
        self.definition().sensor
    }

    /// Lowest and highest value that working sensors can produce.
    pub fn range(self) -> RangeInclusive<f32> {
        let (low, high) = self.definition().range;
        low..=high
    }

    /// Definition of the value in terms of frames and CO2 readings.
    pub fn formula(self) -> &'static str {
        self.definition().formula
    }

    fn definition(self) -> &'static Definition {
        &DEFINITIONS[self.index()]
    }
}

/// Identity of the schema: hex SHA-256 over the lines `name|unit|formula` in order.
///
/// It is stored in every trained model, and models with a different fingerprint are rejected. A feature whose meaning
/// has changed is therefore never mistaken for the old one.
pub fn fingerprint() -> &'static str {
    static FINGERPRINT: LazyLock<String> = LazyLock::new(|| {
        let lines = DEFINITIONS
            .iter()
            .map(|d| format!("{}|{}|{}\n", d.name, d.unit, d.formula));
        hex::encode(Sha256::digest(lines.collect::<String>()))
    });
    &FINGERPRINT
}

/// The text of `docs/FEATURES.md`, the table of features.
pub fn features_markdown() -> String {
    let mut text = format!(
        "# Features\n\n\
         Generated from the schema in `crates/sensor-model/src/schema/definitions.rs`; a test fails when this page is \
         out of date.\n\
         To update it: `UPDATE=1 cargo test --workspace the_page_matches_the_schema`.\n\n\
         A row has {FEATURE_COUNT} values in this order; data files also have the label `{LABEL}` (1 fire, 0 no fire).\n\
         A missing value is an empty cell, NaN or null, never 0.\n\
         Working sensors cannot produce values outside the range; such a value has the wrong unit.\n\
         tproxy is the mean temperature of the hottest tenth of the image; flow is the apparent motion in the image.\n\n\
         Fingerprint: `{}`\n\n\
         | # | name | unit | sensor | range | definition |\n\
         |---|---|---|---|---|---|\n",
        fingerprint()
    );
    for feature in Feature::ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", markdown_line(feature));
    }
    text
}

/// A feature's row in the Markdown table.
fn markdown_line(feature: Feature) -> String {
    let (name, unit, sensor) = (feature.name(), feature.unit(), feature.sensor().name());
    let (range, formula) = (feature.range(), feature.formula());
    let (number, low, high) = (feature.index() + 1, range.start(), range.end());
    format!("| {number} | `{name}` | {unit} | {sensor} | {low} to {high} | {formula} |")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_is_at_its_own_index() {
        for (index, feature) in Feature::ALL.into_iter().enumerate() {
            assert_eq!(feature.index(), index, "{feature:?}");
            assert_eq!(Feature::from_name(feature.name()), Some(feature));
            assert!(
                feature.range().start() < feature.range().end(),
                "{feature:?}"
            );
            assert!(!feature.formula().is_empty() && !feature.unit().is_empty());
        }
        assert_eq!(Feature::from_name(LABEL), None);
    }

    #[test]
    fn three_features_come_from_the_gas_sensor() {
        let gas = Feature::ALL[..REQUIRED_COUNT].iter().copied();
        let gas = gas.filter(|feature| feature.sensor() == Sensor::Scd41);
        assert_eq!(
            gas.map(Feature::name).collect::<Vec<_>>(),
            ["gas_val", "gas_delta", "gas_vel"]
        );
    }
}
