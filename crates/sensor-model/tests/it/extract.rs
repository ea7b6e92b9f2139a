//! The extractor: on a real recording, on anything at all, and on what it must refuse.

// Golden values of a real Lepton 3.5.
mod golden;
// What holds for any scene.
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

/// Those of the documented features that have a value.
fn known(row: &SensorRow) -> Vec<Feature> {
    let known = |feature: &Feature| !value(row, *feature).is_nan();
    let documented = Feature::ALL[..REQUIRED_COUNT].iter().copied();
    documented.filter(known).collect()
}
