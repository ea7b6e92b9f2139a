//! Any bytes as a `PureThermal` container, compressed or as they are within.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use sensor_model::recording::FrameOptions;

use super::reading::reads;

/// Whether the bytes are a container.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    // Compressed anew, altered bytes get past the sum with which gzip ends.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    if let Ok(compressed) = encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        reads("inside.gz", &compressed, &FrameOptions::default());
    }
    reads("a.gz", bytes, &FrameOptions::default())
}
