//! Properties that hold when any bytes are read as fire intervals.

use std::path::Path;

use sensor_model::recording::FireIntervals;

/// True if the bytes are valid intervals. Asserts that they are finite.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    let Ok(fire) = FireIntervals::read(bytes, Path::new("fire.csv")) else {
        return false;
    };
    assert!(!fire.contains(f64::NEG_INFINITY) && !fire.contains(f64::INFINITY));
    true
}
