//! Properties that hold when any bytes are read as a CO2 log.

use std::path::Path;

use sensor_model::recording::{Co2Columns, Co2Log, TimeFormat};

/// True if the bytes are a valid log with times in seconds. Asserts for each time format that times never decrease.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    for format in [
        TimeFormat::UnixSeconds,
        TimeFormat::UnixMillis,
        TimeFormat::Iso,
    ] {
        reads(bytes, format);
    }
    reads(bytes, TimeFormat::Seconds)
}

fn reads(bytes: &[u8], format: TimeFormat) -> bool {
    let columns = Co2Columns::new("time_s", format, "co2_ppm");
    let Ok(log) = Co2Log::new(bytes, Path::new("co2.csv"), &columns) else {
        return false;
    };
    let mut last_s = f64::NEG_INFINITY;
    for reading in log {
        let Ok(reading) = reading else {
            return false;
        };
        assert!(
            reading.time_s.is_finite() && reading.time_s >= last_s,
            "{reading:?}"
        );
        assert!(!reading.ppm.is_infinite(), "{reading:?}");
        last_s = reading.time_s;
    }
    true
}
