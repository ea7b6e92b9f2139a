//! The features: what they are called, what they mean and in which order they stand is in `definitions` alone.
//!
//! The order is that of the documented request (`text/csv`, 18 numbers); later features stand behind those.
//! Temperatures are in degrees Celsius, concentrations in ppm, times in seconds.

mod definitions;

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use definitions::{DEFINITIONS, Definition};

pub use definitions::Feature;

/// Number of features of a row.
pub const FEATURE_COUNT: usize = DEFINITIONS.len();

/// Number of features of the documented request: those that a request must give. Later ones may be left out of a
/// request, so that it is answered for ever, and are missing then.
pub const REQUIRED_COUNT: usize = 18;

/// Name of the label column: 1 while uncontrolled combustion is present, else 0.
pub const LABEL: &str = "fire_detected";

/// The instrument that a feature comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sensor {
    /// FLIR Lepton 3.5, 160 x 120 radiometric pixels at about 9 Hz.
    Flir,
    /// Sensirion SCD41, CO2 every 5 s.
    Scd41,
}

impl Sensor {
    /// The sensor's name as written in documents.
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

    /// The feature of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.name() == name)
    }

    /// Position in a row, from 0.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Name as in column headers and JSON objects.
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// Unit of the value.
    pub fn unit(self) -> &'static str {
        self.definition().unit
    }

    /// The instrument that it comes from.
    pub fn sensor(self) -> Sensor {
        self.definition().sensor
    }

    /// Lowest and highest value that working sensors can give.
    pub fn range(self) -> RangeInclusive<f32> {
        let (low, high) = self.definition().range;
        low..=high
    }

    /// How the value is computed from frames and readings.
    pub fn formula(self) -> &'static str {
        self.definition().formula
    }

    /// The feature's row in the table.
    fn definition(self) -> &'static Definition {
        &DEFINITIONS[self.index()]
    }
}

/// Identity of the schema: hex SHA-256 over the lines `name|unit|formula` in order.
///
/// A trained model carries it, and loading refuses another one, so a changed meaning of a
/// column can never be mistaken for the old one.
pub fn fingerprint() -> &'static str {
    static FINGERPRINT: LazyLock<String> = LazyLock::new(|| {
        let lines = DEFINITIONS
            .iter()
            .map(|d| format!("{}|{}|{}\n", d.name, d.unit, d.formula));
        hex(&Sha256::digest(lines.collect::<String>()))
    });
    &FINGERPRINT
}

/// Lower-case hexadecimal form of a digest.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_stands_at_its_own_index() {
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
