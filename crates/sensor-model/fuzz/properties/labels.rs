//! Any bytes as the times of fires.

use std::path::Path;

use sensor_model::recording::FireIntervals;

/// Whether the bytes are intervals, which are all finite.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    let Ok(fire) = FireIntervals::read(bytes, Path::new("fire.csv")) else {
        return false;
    };
    assert!(!fire.contains(f64::NEG_INFINITY) && !fire.contains(f64::INFINITY));
    true
}
