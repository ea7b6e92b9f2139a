//! Readers for real recordings: valid and invalid input, and the absence of panics for any bytes.

// Thermal frames, format by format.
mod frames;
// CO2 logs and fire intervals.
mod tables;
// Truncated files and flipped bytes.
mod corruption;
// The fuzzer's corpus.
mod corpus;

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sensor_model::recording::{FrameOptions, FrameRate, FrameReader, Scale};
use sensor_model::{Error, FRAME_PIXELS, ThermalFrame};

use crate::real_data::real_data;

const PURETHERMAL: &str = "lepton35_y16/thermal_20260512_151542.raw.y16.gz";

/// A file of real data, if it is available.
fn shared(name: &str) -> Option<PathBuf> {
    real_data(name, &format!("the reader on {name}"))
}

/// Raw Y16 at 0.01 K, ten frames per second.
fn y16_options() -> FrameOptions {
    FrameOptions {
        scale: Some(Scale::HundredthKelvin),
        rate: Some(FrameRate::new(10.0).unwrap()),
        ..FrameOptions::default()
    }
}

/// A room at 20 to 25 C, different in each frame, as counts of 0.01 K.
fn scene(frame: usize) -> Vec<u16> {
    (0..FRAME_PIXELS)
        .map(|i| 29_315 + (i * 7 + frame * 13) as u16 % 500)
        .collect()
}

fn bytes_of(counts: &[u16]) -> Vec<u8> {
    counts
        .iter()
        .flat_map(|count| count.to_le_bytes())
        .collect()
}

/// All frames up to the end or an error, and the error with its causes.
fn read(name: &str, bytes: &[u8], options: &FrameOptions) -> (Vec<ThermalFrame>, Option<String>) {
    let path = Path::new(name);
    let reader = match FrameReader::new(Cursor::new(bytes.to_vec()), path, options) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(message(&error))),
    };
    let (mut frames, mut failed) = (Vec::new(), None);
    for frame in reader {
        match frame {
            Ok(frame) => frames.push(frame),
            Err(error) => failed = Some(message(&error)),
        }
    }
    (frames, failed)
}

fn message(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[track_caller]
fn accepted(name: &str, bytes: &[u8], options: &FrameOptions) -> Vec<ThermalFrame> {
    let (frames, failed) = read(name, bytes, options);
    assert_eq!(failed, None);
    frames
}

#[track_caller]
fn check_rejected(name: &str, bytes: &[u8], options: &FrameOptions, expected: &str) {
    let (_, failed) = read(name, bytes, options);
    let failed = failed.unwrap();
    assert!(
        failed.starts_with(name) && failed.contains(expected),
        "{failed}"
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The uncompressed bytes of a `PureThermal` container with an edited header.
fn container(edit: impl Fn(String) -> String, records: &[(f64, Vec<u16>)]) -> Vec<u8> {
    let header = edit(
        r#"{"version":1,"width":160,"height":120,"fps":9.0,"dtype":"uint16","endianness":"little",
            "raw_unit":"kelvin_x100_if_radiometric_tlinear"}"#
            .to_owned(),
    );
    let mut bytes = b"PTY16V1\n".to_vec();
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend(header.as_bytes());
    for (index, (unix_s, counts)) in records.iter().enumerate() {
        bytes.extend((index as u64).to_le_bytes());
        bytes.extend(unix_s.to_le_bytes());
        bytes.extend(((unix_s * 1000.0) as i64).to_le_bytes());
        bytes.extend(bytes_of(counts));
    }
    bytes
}

fn file(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap()
}
