//! The 18 features: the only place that names, orders or counts them.
//!
//! The order is that of the documented request (`text/csv`, 18 numbers).
//! Temperatures are in degrees Celsius, concentrations in ppm, times in seconds.

mod definitions;

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use definitions::{DEFINITIONS, Definition};

/// Number of features of a row.
pub const FEATURE_COUNT: usize = 18;

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

/// One of the 18 features, in the order of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// Mean temperature of the frame.
    TMean,
    /// Spread of the temperatures of the frame.
    TStd,
    /// Hottest pixel.
    TMax,
    /// 95th percentile of the temperatures.
    TP95,
    /// Share of hot pixels.
    THotAreaPct,
    /// Share of the largest connected hot region.
    THotLargestBlobPct,
    /// Mean spatial gradient.
    TGradMean,
    /// Spread of the spatial gradient.
    TGradStd,
    /// Mean absolute change within one second.
    TDiffMean,
    /// Spread of the change within one second.
    TDiffStd,
    /// Mean apparent motion.
    FlowMagMean,
    /// Spread of the apparent motion.
    FlowMagStd,
    /// Smoothed hotspot temperature.
    TproxyVal,
    /// Change of the hotspot temperature within a minute.
    TproxyDelta,
    /// Present slope of the hotspot temperature.
    TproxyVel,
    /// CO2 concentration.
    GasVal,
    /// Change of the CO2 concentration within a minute.
    GasDelta,
    /// Present slope of the CO2 concentration.
    GasVel,
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

    /// Position in a row, 0 to 17.
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
    fn the_order_is_that_of_the_documented_request() {
        let names: Vec<_> = Feature::ALL.iter().map(|f| f.name()).collect();
        assert_eq!(
            names.join(","),
            "t_mean,t_std,t_max,t_p95,t_hot_area_pct,t_hot_largest_blob_pct,t_grad_mean,t_grad_std,\
             t_diff_mean,t_diff_std,flow_mag_mean,flow_mag_std,tproxy_val,tproxy_delta,tproxy_vel,\
             gas_val,gas_delta,gas_vel"
        );
    }

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
        let gas = Feature::ALL
            .into_iter()
            .filter(|f| f.sensor() == Sensor::Scd41);
        assert_eq!(
            gas.map(Feature::name).collect::<Vec<_>>(),
            ["gas_val", "gas_delta", "gas_vel"]
        );
    }

    #[test]
    fn the_fingerprint_changes_only_when_a_meaning_does() {
        // Stored models name this value: another one makes every one of them unreadable.
        assert_eq!(
            fingerprint(),
            "c351af7c3b4404e016b9742ceb734c4e23de72480e04c9d3fc7d2cc4379561de"
        );
    }
}
