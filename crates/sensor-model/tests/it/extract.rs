//! The extractor: on a real recording, on arbitrary scenes, and on input that it must reject.

// Golden values of a real Lepton 3.5.
mod golden;
// Properties that hold for any scene.
mod properties;
// Gaps, closed shutters and impossible input.
mod faults;

use sensor_model::extract::{CheckedExtractorParams, Extractor, SensorRow};
use sensor_model::{FRAME_PIXELS, FRAME_WIDTH, Feature, REQUIRED_COUNT, ThermalFrame};

/// An extractor with the documented defaults.
fn extractor() -> Extractor {
    Extractor::new(CheckedExtractorParams::default())
}

/// A frame from a temperature for each `(x, y)`.
fn frame(time_s: f64, celsius: impl Fn(usize, usize) -> f32) -> ThermalFrame {
    let pixels = (0..FRAME_PIXELS).map(|at| celsius(at % FRAME_WIDTH, at / FRAME_WIDTH));
    ThermalFrame::new(time_s, pixels.collect()).unwrap()
}

/// One feature of a row.
fn value(row: &SensorRow, feature: Feature) -> f32 {
    row.features[feature.index()]
}

/// The documented features that are not missing.
fn known(row: &SensorRow) -> Vec<Feature> {
    let known = |feature: &Feature| !value(row, *feature).is_nan();
    let documented = Feature::ALL[..REQUIRED_COUNT].iter().copied();
    documented.filter(known).collect()
}
