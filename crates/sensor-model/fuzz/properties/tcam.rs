//! Properties that hold when any bytes are read as a tCam image or video.

use sensor_model::recording::FrameOptions;

use super::reading::reads;

/// True if the bytes are a valid image or video.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    reads("a.tjsn", bytes, &FrameOptions::default())
}
