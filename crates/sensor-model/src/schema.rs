//! The 18 features: the only place that names, orders or counts them.
//!
//! The order is that of the documented request (`text/csv`, 18 numbers).
//! Temperatures are in degrees Celsius, concentrations in ppm, times in seconds.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

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

/// What is known about one feature; the row of [`DEFINITIONS`] at its index.
struct Definition {
    feature: Feature,
    name: &'static str,
    unit: &'static str,
    sensor: Sensor,
    range: (f32, f32),
    formula: &'static str,
}

const fn flir(
    feature: Feature,
    name: &'static str,
    unit: &'static str,
    range: (f32, f32),
    formula: &'static str,
) -> Definition {
    let sensor = Sensor::Flir;
    Definition {
        feature,
        name,
        unit,
        sensor,
        range,
        formula,
    }
}

const fn scd41(
    feature: Feature,
    name: &'static str,
    unit: &'static str,
    range: (f32, f32),
    formula: &'static str,
) -> Definition {
    let sensor = Sensor::Scd41;
    Definition {
        feature,
        name,
        unit,
        sensor,
        range,
        formula,
    }
}

/// Lowest and highest temperature that the low-gain mode of the Lepton reports.
const SCENE: (f32, f32) = (-40.0, 400.0);
/// Two temperatures of the scene differ by at most this much.
const SPAN: f32 = SCENE.1 - SCENE.0;

/// The ranges are what the formula can yield for readings within the sensors' own output ranges
/// (-40 to 400 C, 0 to 40,000 ppm): a value outside is a wrong unit, not a hot fire.
const DEFINITIONS: [Definition; FEATURE_COUNT] = [
    flir(
        Feature::TMean,
        "t_mean",
        "C",
        SCENE,
        "mean over the pixels of the frame, bad pixels replaced by their local median",
    ),
    flir(
        Feature::TStd,
        "t_std",
        "C",
        (0.0, SPAN / 2.0),
        "population standard deviation over the pixels",
    ),
    flir(
        Feature::TMax,
        "t_max",
        "C",
        SCENE,
        "maximum over the pixels",
    ),
    flir(
        Feature::TP95,
        "t_p95",
        "C",
        SCENE,
        "95th percentile over the pixels, linear interpolation at (N - 1) * 0.95",
    ),
    flir(
        Feature::THotAreaPct,
        "t_hot_area_pct",
        "%",
        (0.0, 100.0),
        "share of the pixels strictly above 50 C",
    ),
    flir(
        Feature::THotLargestBlobPct,
        "t_hot_largest_blob_pct",
        "%",
        (0.0, 100.0),
        "share of the pixels in the largest 4-connected region above 50 C",
    ),
    flir(
        Feature::TGradMean,
        "t_grad_mean",
        "C/px",
        (0.0, 312.0),
        "mean magnitude of the Sobel gradient divided by 8, border reflected",
    ),
    flir(
        Feature::TGradStd,
        "t_grad_std",
        "C/px",
        (0.0, 312.0),
        "population standard deviation of the same magnitude",
    ),
    flir(
        Feature::TDiffMean,
        "t_diff_mean",
        "C",
        (0.0, SPAN),
        "mean absolute difference from the frame nearest to 1 s earlier (0.5 s tolerance)",
    ),
    flir(
        Feature::TDiffStd,
        "t_diff_std",
        "C",
        (0.0, SPAN),
        "population standard deviation of the signed difference from that frame",
    ),
    flir(
        Feature::FlowMagMean,
        "flow_mag_mean",
        "px/s",
        (0.0, 20.0),
        "mean magnitude of dense Lucas-Kanade flow over consecutive frames, capped at 20",
    ),
    flir(
        Feature::FlowMagStd,
        "flow_mag_std",
        "px/s",
        (0.0, 20.0),
        "population standard deviation of the same magnitude",
    ),
    flir(
        Feature::TproxyVal,
        "tproxy_val",
        "C",
        SCENE,
        "mean of the pixels at or above the 90th percentile, smoothed with a time constant of 2 s",
    ),
    flir(
        Feature::TproxyDelta,
        "tproxy_delta",
        "C",
        (-SPAN, SPAN),
        "tproxy_val minus tproxy_val 60 s earlier (at least 30 s of history)",
    ),
    flir(
        Feature::TproxyVel,
        "tproxy_vel",
        "C/s",
        (-66.0, 66.0),
        "least-squares slope of tproxy_val over the last 10 s",
    ),
    scd41(
        Feature::GasVal,
        "gas_val",
        "ppm",
        (0.0, 40_000.0),
        "last valid CO2 reading, held for at most 15 s",
    ),
    scd41(
        Feature::GasDelta,
        "gas_delta",
        "ppm",
        (-40_000.0, 40_000.0),
        "CO2 minus CO2 60 s earlier",
    ),
    scd41(
        Feature::GasVel,
        "gas_vel",
        "ppm/s",
        (-2_000.0, 2_000.0),
        "least-squares slope of CO2 over the last 30 s",
    ),
];

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
