//! Properties that hold for any recording of frames.

use std::io::Cursor;
use std::path::Path;

use sensor_model::recording::{FrameOptions, FrameReader};

/// True if the bytes are a recording that can be read to the end. Asserts that times never decrease and that
/// temperatures are in the sensor's range.
pub(crate) fn reads(name: &str, bytes: &[u8], options: &FrameOptions) -> bool {
    let input = Cursor::new(bytes.to_vec());
    let Ok(frames) = FrameReader::new(input, Path::new(name), options) else {
        return false;
    };
    let mut last_s = 0.0;
    for frame in frames {
        let Ok(frame) = frame else {
            return false;
        };
        assert!(
            frame.time_s() >= last_s,
            "{} s after {last_s} s",
            frame.time_s()
        );
        last_s = frame.time_s();
        for celsius in frame.celsius() {
            assert!((-40.0..=450.0).contains(celsius), "{celsius}");
        }
    }
    true
}
