//! Any bytes as raw Y16.

use sensor_model::recording::{FrameOptions, FrameRate, Scale, TelemetryLines};

use super::reading::reads;

/// Whether the bytes are raw Y16 at 0.01 K, with or without telemetry.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    let ways = [
        (TelemetryLines::None, FrameRate::new(8.7).ok()),
        (TelemetryLines::Header, None),
        (TelemetryLines::Footer, None),
    ];
    // All options are tried, even after one that succeeds.
    let read = ways.map(|(telemetry, rate)| {
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
