//! Properties that hold when any bytes are read as raw Y16.

use sensor_model::recording::{FrameOptions, FrameRate, Scale, TelemetryLines};

use super::reading::reads;

/// True if the bytes are valid raw Y16 at 0.01 K per count, with or without telemetry.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    let variants = [
        (TelemetryLines::None, FrameRate::new(8.7).ok()),
        (TelemetryLines::Header, None),
        (TelemetryLines::Footer, None),
    ];
    // All variants are tried, even after one that succeeds.
    let read = variants.map(|(telemetry, rate)| {
        let scale = Some(Scale::HundredthKelvin);
        reads(
            "a.y16",
            bytes,
            &FrameOptions {
                scale,
                rate,
                telemetry,
            },
        )
    });
    read.contains(&true)
}
