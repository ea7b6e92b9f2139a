//! Any bytes as an image or a video of tCam.

use sensor_model::recording::FrameOptions;

use super::reading::reads;

/// Whether the bytes are an image or a video.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    reads("a.tjsn", bytes, &FrameOptions::default())
}
