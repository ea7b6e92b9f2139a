//! Properties that hold when any bytes are read as a TIFF.

use sensor_model::recording::{FrameOptions, FrameRate, Scale, TelemetryLines};

use super::reading::reads;

/// True if the bytes are a valid TIFF of frames at 0.01 K per count.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    let options = FrameOptions {
        scale: Some(Scale::HundredthKelvin),
        rate: FrameRate::new(8.7).ok(),
        telemetry: TelemetryLines::None,
    };
    reads("a.tiff", bytes, &options)
}
