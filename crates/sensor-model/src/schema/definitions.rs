//! The names, meanings and order of the features, which are defined nowhere else.
//!
//! Add new features at the end of both lists: requests and trained models depend on the order.

use super::Sensor;

/// A feature. The variants are in the order of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// Mean temperature of the frame.
    TMean,
    /// Standard deviation of the frame's temperatures.
    TStd,
    /// Temperature of the hottest pixel.
    TMax,
    /// 95th percentile of the frame's temperatures.
    TP95,
    /// Percentage of hot pixels.
    THotAreaPct,
    /// Percentage of pixels in the largest connected hot region.
    THotLargestBlobPct,
    /// Mean magnitude of the spatial gradient.
    TGradMean,
    /// Standard deviation of the spatial gradient's magnitude.
    TGradStd,
    /// Mean absolute change within one second.
    TDiffMean,
    /// Standard deviation of the change within one second.
    TDiffStd,
    /// Mean apparent motion.
    FlowMagMean,
    /// Standard deviation of the apparent motion.
    FlowMagStd,
    /// Smoothed hotspot temperature.
    TproxyVal,
    /// Change of the hotspot temperature over the last minute.
    TproxyDelta,
    /// Current slope of the hotspot temperature.
    TproxyVel,
    /// CO2 concentration.
    GasVal,
    /// Change of the CO2 concentration over the last minute.
    GasDelta,
    /// Current slope of the CO2 concentration.
    GasVel,
}

/// The definition of a feature, stored at the feature's index in [`DEFINITIONS`].
pub(super) struct Definition {
    pub(super) feature: Feature,
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) sensor: Sensor,
    pub(super) range: (f32, f32),
    pub(super) formula: &'static str,
}

/// Lowest and highest temperature that the Lepton reports in low-gain mode.
const SCENE: (f32, f32) = (-40.0, 400.0);
/// The largest possible difference between two temperatures.
const SPAN: f32 = SCENE.1 - SCENE.0;

/// The ranges contain everything that the formulas can yield from the sensors' output ranges (-40 to 400 C, 0 to
/// 40,000 ppm). A value outside its range is therefore not a very hot fire, but has the wrong unit.
pub(super) const DEFINITIONS: &[Definition] = &[
    Definition {
        feature: Feature::TMean,
        name: "t_mean",
        unit: "C",
        sensor: Sensor::Flir,
        range: SCENE,
        formula: "mean over the pixels of the frame, bad pixels replaced by their local median",
    },
    Definition {
        feature: Feature::TStd,
        name: "t_std",
        unit: "C",
        sensor: Sensor::Flir,
        range: (0.0, SPAN / 2.0),
        formula: "population standard deviation over the pixels",
    },
    Definition {
        feature: Feature::TMax,
        name: "t_max",
        unit: "C",
        sensor: Sensor::Flir,
        range: SCENE,
        formula: "maximum over the pixels",
    },
    Definition {
        feature: Feature::TP95,
        name: "t_p95",
        unit: "C",
        sensor: Sensor::Flir,
        range: SCENE,
        formula: "95th percentile over the pixels, linear interpolation at (N - 1) * 0.95",
    },
    Definition {
        feature: Feature::THotAreaPct,
        name: "t_hot_area_pct",
        unit: "%",
        sensor: Sensor::Flir,
        range: (0.0, 100.0),
        formula: "share of the pixels strictly above 50 C",
    },
    Definition {
        feature: Feature::THotLargestBlobPct,
        name: "t_hot_largest_blob_pct",
        unit: "%",
        sensor: Sensor::Flir,
        range: (0.0, 100.0),
        formula: "share of the pixels in the largest 4-connected region above 50 C",
    },
    Definition {
        feature: Feature::TGradMean,
        name: "t_grad_mean",
        unit: "C/px",
        sensor: Sensor::Flir,
        range: (0.0, 312.0),
        formula: "mean magnitude of the Sobel gradient divided by 8, border reflected",
    },
    Definition {
        feature: Feature::TGradStd,
        name: "t_grad_std",
        unit: "C/px",
        sensor: Sensor::Flir,
        range: (0.0, 312.0),
        formula: "population standard deviation of the same magnitude",
    },
    Definition {
        feature: Feature::TDiffMean,
        name: "t_diff_mean",
        unit: "C",
        sensor: Sensor::Flir,
        range: (0.0, SPAN),
        formula: "mean absolute difference from the frame nearest to 1 s earlier (0.5 s tolerance)",
    },
    Definition {
        feature: Feature::TDiffStd,
        name: "t_diff_std",
        unit: "C",
        sensor: Sensor::Flir,
        range: (0.0, SPAN),
        formula: "population standard deviation of the signed difference from that frame",
    },
    Definition {
        feature: Feature::FlowMagMean,
        name: "flow_mag_mean",
        unit: "px/s",
        sensor: Sensor::Flir,
        range: (0.0, 20.0),
        formula: "mean magnitude of dense Lucas-Kanade flow over consecutive frames, capped at 20",
    },
    Definition {
        feature: Feature::FlowMagStd,
        name: "flow_mag_std",
        unit: "px/s",
        sensor: Sensor::Flir,
        range: (0.0, 20.0),
        formula: "population standard deviation of the same magnitude",
    },
    Definition {
        feature: Feature::TproxyVal,
        name: "tproxy_val",
        unit: "C",
        sensor: Sensor::Flir,
        range: SCENE,
        formula: "mean of the pixels at or above the 90th percentile, smoothed with a time constant of 2 s",
    },
    Definition {
        feature: Feature::TproxyDelta,
        name: "tproxy_delta",
        unit: "C",
        sensor: Sensor::Flir,
        range: (-SPAN, SPAN),
        formula: "tproxy_val minus tproxy_val 60 s earlier (at least 30 s of history)",
    },
    Definition {
        feature: Feature::TproxyVel,
        name: "tproxy_vel",
        unit: "C/s",
        sensor: Sensor::Flir,
        range: (-66.0, 66.0),
        formula: "least-squares slope of tproxy_val over the last 10 s",
    },
    Definition {
        feature: Feature::GasVal,
        name: "gas_val",
        unit: "ppm",
        sensor: Sensor::Scd41,
        range: (0.0, 40_000.0),
        formula: "last valid CO2 reading, held for at most 15 s",
    },
    Definition {
        feature: Feature::GasDelta,
        name: "gas_delta",
        unit: "ppm",
        sensor: Sensor::Scd41,
        range: (-40_000.0, 40_000.0),
        formula: "CO2 minus CO2 60 s earlier",
    },
    Definition {
        feature: Feature::GasVel,
        name: "gas_vel",
        unit: "ppm/s",
        sensor: Sensor::Scd41,
        range: (-2_000.0, 2_000.0),
        formula: "least-squares slope of CO2 over the last 30 s",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{REQUIRED_COUNT, fingerprint};

    #[test]
    fn features_of_the_documented_request_come_first_in_its_order() {
        let names: Vec<_> = Feature::ALL[..REQUIRED_COUNT]
            .iter()
            .map(|f| f.name())
            .collect();
        assert_eq!(
            names.join(","),
            "t_mean,t_std,t_max,t_p95,t_hot_area_pct,t_hot_largest_blob_pct,t_grad_mean,t_grad_std,\
             t_diff_mean,t_diff_std,flow_mag_mean,flow_mag_std,tproxy_val,tproxy_delta,tproxy_vel,\
             gas_val,gas_delta,gas_vel"
        );
    }

    #[test]
    fn the_fingerprint_is_that_of_stored_models() {
        // If it changes, all stored models become unusable.
        assert_eq!(
            fingerprint(),
            "c351af7c3b4404e016b9742ceb734c4e23de72480e04c9d3fc7d2cc4379561de"
        );
    }
}
