//! The names, meanings and order of the features, which are defined nowhere else.
//!
//! Add new features at the end of the table: requests and trained models depend on the order.

use super::Sensor;

/// The definition of a feature; `feature` is also its index in [`DEFINITIONS`].
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

/// Turns the table into the enum [`Feature`] and its [`DEFINITIONS`]. A line has the variant, then name, unit, sensor,
/// range and formula.
macro_rules! features {
    ($(
        $(#[$doc:meta])*
        $feature:ident: $name:literal, $unit:literal, $sensor:ident, $range:expr, $formula:literal;
    )*) => {
        /// A feature. The variants are in the order of a row.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Feature {
            $($(#[$doc])* $feature,)*
        }

        /// The definition of each feature, in the order of a row.
        pub(super) const DEFINITIONS: &[Definition] = &[$(Definition {
            feature: Feature::$feature,
            name: $name,
            unit: $unit,
            sensor: Sensor::$sensor,
            range: $range,
            formula: $formula,
        }),*];
    };
}

// The ranges contain everything that the formulas can yield from the sensors' output ranges (-40 to 400 C, 0 to
// 40,000 ppm). A value outside its range is therefore not a very hot fire, but has the wrong unit.
features! {
    /// Mean temperature of the frame.
    TMean: "t_mean", "C", Flir, SCENE,
        "mean over the pixels of the frame, bad pixels replaced by their local median";
    /// Standard deviation of the frame's temperatures.
    TStd: "t_std", "C", Flir, (0.0, SPAN / 2.0),
        "population standard deviation over the pixels";
    /// Temperature of the hottest pixel.
    TMax: "t_max", "C", Flir, SCENE,
        "maximum over the pixels";
    /// 95th percentile of the frame's temperatures.
    TP95: "t_p95", "C", Flir, SCENE,
        "95th percentile over the pixels, linear interpolation at (N - 1) * 0.95";
    /// Percentage of hot pixels.
    THotAreaPct: "t_hot_area_pct", "%", Flir, (0.0, 100.0),
        "share of the pixels strictly above 50 C";
    /// Percentage of pixels in the largest connected hot region.
    THotLargestBlobPct: "t_hot_largest_blob_pct", "%", Flir, (0.0, 100.0),
        "share of the pixels in the largest 4-connected region above 50 C";
    /// Mean magnitude of the spatial gradient.
    TGradMean: "t_grad_mean", "C/px", Flir, (0.0, 312.0),
        "mean magnitude of the Sobel gradient divided by 8, border reflected";
    /// Standard deviation of the spatial gradient's magnitude.
    TGradStd: "t_grad_std", "C/px", Flir, (0.0, 312.0),
        "population standard deviation of the same magnitude";
    /// Mean absolute change within one second.
    TDiffMean: "t_diff_mean", "C", Flir, (0.0, SPAN),
        "mean absolute difference from the frame nearest to 1 s earlier (0.5 s tolerance)";
    /// Standard deviation of the change within one second.
    TDiffStd: "t_diff_std", "C", Flir, (0.0, SPAN),
        "population standard deviation of the signed difference from that frame";
    /// Mean apparent motion.
    FlowMagMean: "flow_mag_mean", "px/s", Flir, (0.0, 20.0),
        "mean magnitude of dense Lucas-Kanade flow over consecutive frames, capped at 20";
    /// Standard deviation of the apparent motion.
    FlowMagStd: "flow_mag_std", "px/s", Flir, (0.0, 20.0),
        "population standard deviation of the same magnitude";
    /// Smoothed hotspot temperature.
    TproxyVal: "tproxy_val", "C", Flir, SCENE,
        "mean of the pixels at or above the 90th percentile, smoothed with a time constant of 2 s";
    /// Change of the hotspot temperature over the last minute.
    TproxyDelta: "tproxy_delta", "C", Flir, (-SPAN, SPAN),
        "tproxy_val minus tproxy_val 60 s earlier (at least 30 s of history)";
    /// Current slope of the hotspot temperature.
    TproxyVel: "tproxy_vel", "C/s", Flir, (-66.0, 66.0),
        "least-squares slope of tproxy_val over the last 10 s";
    /// CO2 concentration.
    GasVal: "gas_val", "ppm", Scd41, (0.0, 40_000.0),
        "last valid CO2 reading, held for at most 15 s";
    /// Change of the CO2 concentration over the last minute.
    GasDelta: "gas_delta", "ppm", Scd41, (-40_000.0, 40_000.0),
        "CO2 minus CO2 60 s earlier";
    /// Current slope of the CO2 concentration.
    GasVel: "gas_vel", "ppm/s", Scd41, (-2_000.0, 2_000.0),
        "least-squares slope of CO2 over the last 30 s";
}

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
