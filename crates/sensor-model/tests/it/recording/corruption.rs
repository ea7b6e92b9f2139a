//! Real files, truncated or with altered bytes: errors are acceptable, panics and endless loops are not.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::LazyLock;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use sensor_model::recording::{Co2Columns, Co2Log, FireIntervals, FrameOptions};

use super::{PURETHERMAL, bytes_of, container, gzip, read, scene, shared, y16_options};

/// The uncompressed first five frames of the real recording, or of a synthetic one if that is missing.
static CONTAINER: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let Some(path) = shared(PURETHERMAL) else {
        let frames: Vec<_> = (0..5).map(|i| (i as f64, scene(i))).collect();
        return container(|header| header, &frames);
    };
    let mut start = vec![0; 12 + 410 + 5 * (24 + 38_400)];
    let mut file = GzDecoder::new(fs::File::open(path).unwrap());
    file.read_exact(&mut start).unwrap();
    start
});

static TIFF: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let real = shared("flirpy_radiometric/example_radiometric.tiff");
    real.map_or_else(
        || b"II*\0\x08\0\0\0".to_vec(),
        |path| fs::read(path).unwrap(),
    )
});

static LOG: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let real = shared("airscout_scd40/data/session_A_20250914_150134.csv");
    real.map_or_else(
        || b"Timestamp,Gas1\n1,400\n".to_vec(),
        |path| fs::read(path).unwrap(),
    )
});

/// Truncates the bytes and overwrites some of them.
fn corrupted(
    bytes: &[u8],
    (cut, flips): &(prop::sample::Index, Vec<(prop::sample::Index, u8)>),
) -> Vec<u8> {
    let mut bytes = bytes[..cut.index(bytes.len() + 1)].to_vec();
    if !bytes.is_empty() {
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
    }
    bytes
}

fn corruption() -> impl Strategy<Value = (prop::sample::Index, Vec<(prop::sample::Index, u8)>)> {
    let flip = (any::<prop::sample::Index>(), any::<u8>());
    (
        any::<prop::sample::Index>(),
        prop::collection::vec(flip, 0..8),
    )
}

/// Overwrites bytes near the start, where the header of a file is.
fn early(bytes: &[u8], at: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = bytes.len().min(400);
    for (at, value) in at {
        bytes[at.index(length)] = *value;
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_truncated_recording_gives_whole_frames_and_then_an_error(cut in 0..=3 * 38_400_usize) {
        let bytes = bytes_of(&[scene(0), scene(1), scene(2)].concat());
        let (frames, failed) = read("a.y16", &bytes[..cut], &y16_options());
        if cut >= 38_400 {
            prop_assert_eq!(frames.len(), cut / 38_400);
        }
        prop_assert_eq!(failed.is_none(), cut > 0 && cut % 38_400 == 0);
    }

    #[test]
    fn corrupted_raw_frames_are_read_or_rejected(corruption in corruption()) {
        let bytes = bytes_of(&[scene(0), scene(1), scene(2)].concat());
        let (frames, _) = read("a.y16", &corrupted(&bytes, &corruption), &y16_options());
        prop_assert!(frames.len() <= 3);
    }

    #[test]
    fn a_corrupted_container_is_read_or_rejected(corruption in corruption()) {
        let bytes = gzip(&CONTAINER);
        let bytes = corrupted(&bytes, &corruption);
        let (frames, failed) = read("a.gz", &bytes, &FrameOptions::default());
        prop_assert!(frames.len() <= 5);
        // gzip has a checksum at the end, so a truncated file must give an error.
        prop_assert!(failed.is_some() || bytes == gzip(&CONTAINER), "{} frames", frames.len());
    }

    #[test]
    fn corruption_before_compression_is_read_or_rejected(corruption in corruption()) {
        let (frames, _) = read("a.gz", &gzip(&corrupted(&CONTAINER, &corruption)), &FrameOptions::default());
        prop_assert!(frames.len() <= 5);
    }

    #[test]
    fn a_corrupted_tiff_is_rejected(corruption in corruption(), flips in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..6)) {
        for bytes in [corrupted(&TIFF, &corruption), early(&TIFF, &flips)] {
            let (_, failed) = read("a.bin", &bytes, &y16_options());
            prop_assert!(failed.is_some());
        }
    }

    #[test]
    fn a_corrupted_log_is_read_or_rejected(corruption in corruption()) {
        let bytes = corrupted(&LOG, &corruption);
        if let Ok(log) = Co2Log::new(bytes.as_slice(), Path::new("co2.csv"), &Co2Columns::airscout()) {
            prop_assert!(log.count() <= LOG.len());
        }
    }

    #[test]
    fn corrupted_labels_are_read_or_rejected(corruption in corruption()) {
        let bytes = corrupted(b"start_s,end_s\n10,20\n30,40.5\n50,60\n", &corruption);
        if let Ok(fire) = FireIntervals::read(bytes.as_slice(), Path::new("fire.csv")) {
            prop_assert!(fire.len() <= 3 + 8);
        }
    }

    #[test]
    fn random_bytes_are_rejected(bytes in prop::collection::vec(any::<u8>(), 0..2_000), magic in 0..4_usize) {
        let magic: &[u8] = [b"\x1f\x8b\x08\0".as_slice(), b"II*\0", b"MM\0+", b"{"][magic];
        let (frames, failed) = read("a.bin", &[magic, &bytes].concat(), &y16_options());
        prop_assert!(frames.is_empty() && failed.is_some());
    }
}
