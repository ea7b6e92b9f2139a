//! Properties that hold when any bytes are read as a `PureThermal` container, or as its uncompressed content.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use sensor_model::recording::FrameOptions;

use super::reading::reads;

/// True if the bytes are a valid container.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    // Compressed here, so that altered bytes pass the gzip checksum.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    if let Ok(compressed) = encoder.write_all(bytes).and_then(|()| encoder.finish()) {
        reads("inside.gz", &compressed, &FrameOptions::default());
    }
    reads("a.gz", bytes, &FrameOptions::default())
}
