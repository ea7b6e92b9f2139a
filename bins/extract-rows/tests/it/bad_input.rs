//! Invalid recordings, logs and labels: the error names the file, and no output file is written. Impossible values from
//! a sensor are ignored and counted.

use std::io::Write;

use fire_cli::Exit;
use flate2::Compression;
use flate2::write::GzEncoder;
use sensor_model::{FRAME_PIXELS, Feature, read_rows};

use crate::{Bench, column, shared};

/// A `PureThermal` container with frames of 20 C at these Unix times; `edit` modifies its header.
pub(super) fn container(times_s: &[f64], edit: impl Fn(&str) -> String) -> Vec<u8> {
    let frames = times_s
        .iter()
        .map(|&time_s| (time_s, vec![29_315; FRAME_PIXELS]));
    container_of(&frames.collect::<Vec<_>>(), edit)
}

/// A container with these Unix times and counts.
pub(super) fn container_of(frames: &[(f64, Vec<u16>)], edit: impl Fn(&str) -> String) -> Vec<u8> {
    let header = edit(
        r#"{"version":1,"width":160,"height":120,"fps":9.0,"dtype":"uint16","endianness":"little",
            "raw_unit":"kelvin_x100_if_radiometric_tlinear"}"#,
    );
    let mut bytes = b"PTY16V1\n".to_vec();
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend(header.as_bytes());
    for (index, (unix_s, counts)) in frames.iter().enumerate() {
        bytes.extend((index as u64).to_le_bytes());
        bytes.extend(unix_s.to_le_bytes());
        bytes.extend(((unix_s * 1000.0) as i64).to_le_bytes());
        bytes.extend(counts.iter().flat_map(|count| count.to_le_bytes()));
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&bytes).unwrap();
    encoder.finish().unwrap()
}

/// Asserts that `--frames` rejects this file.
#[track_caller]
fn check_frames(bytes: &[u8], name: &str, more: &[&str], expected: &str) {
    let bench = Bench::new();
    bench.file(name, bytes);
    let frames = format!("{{}}/{name}");
    let flags = ["--frames", &frames, "--out", "{}/rows.parquet"];
    bench.check_rejected(&[&flags[..], more].concat(), Exit::Usage, expected);
}

#[test]
fn frames_of_another_size_are_rejected() {
    let raw = ["--scale", "0.01K", "--fps", "10"];
    let small = container(&[100.0], |header| header.replace("160", "80"));
    check_frames(
        &small,
        "small.y16.gz",
        &[],
        "the image has 80 x 120 pixels, but a Lepton 3.5 gives 160 x 120",
    );
    // Two frames of 80 x 60, and a frame with telemetry lines that no option mentions.
    for bytes in [2 * 80 * 60 * 2, 160 * 122 * 2] {
        let frames = 29_315_u16.to_le_bytes().repeat(bytes / 2);
        check_frames(&frames, "other.y16", &raw, "of the frame's 38400 bytes");
    }
}

#[test]
fn frames_whose_times_go_backwards_are_rejected() {
    let bytes = container(&[100.0, 100.1, 99.0], str::to_owned);
    check_frames(
        &bytes,
        "back.y16.gz",
        &[],
        "frame 3: its time, 99 s, is earlier than the previous one",
    );
}

#[test]
fn an_empty_recording_is_rejected() {
    let raw = ["--scale", "0.01K", "--fps", "10"];
    let none = container(&[], str::to_owned);
    check_frames(&none, "none.y16.gz", &[], "the file has no frame");
    check_frames(&[], "none.y16", &raw, "the file has no frame");
    check_frames(&[], "none.y16.gz", &[], "none.y16.gz");
}

#[test]
fn values_that_are_not_temperatures_are_rejected() {
    // Counts are integers, so there is no NaN; values that are not temperatures are far too low.
    let frame = |count| vec![count; FRAME_PIXELS];
    for (count, expected) in [
        (0, "frame 2: all values fit into 8 bits"),
        (2_900, "frame 2: x 0, y 0 reads"),
    ] {
        let bytes = container_of(
            &[(100.0, frame(29_315)), (100.1, frame(count))],
            str::to_owned,
        );
        check_frames(&bytes, "cold.y16.gz", &[], expected);
    }
}

#[test]
fn a_co2_log_that_goes_backwards_is_rejected_and_impossible_readings_are_skipped() {
    let bench = Bench::new();
    bench.raw("a.y16", 30);
    bench.file("back.csv", "time_s,co2_ppm\n0,500\n10,510\n5,505\n");
    bench.file(
        "gas.csv",
        "time_s,co2_ppm\n0,500\n5,0\n10,40001\n15,\n20,520\n25,nan\n",
    );
    let run = |log: &'static str| {
        [
            "--frames",
            "{}/a.y16",
            "--scale",
            "0.01K",
            "--fps",
            "10",
            "--co2",
            log,
            "--out",
            "{}/rows.csv",
        ]
    };
    bench.check_rejected(
        &run("{}/back.csv"),
        Exit::Usage,
        "line 4: its time, 5 s, is earlier than the previous one, 10 s",
    );
    let summary = bench.run(&run("{}/gas.csv")).json();
    assert_eq!(
        (
            summary["co2_readings"].as_u64(),
            summary["invalid_readings"].as_u64()
        ),
        (Some(6), Some(4))
    );
    let rows = read_rows(&bench.path("rows.csv")).unwrap();
    let gas = column(&rows, Feature::GasVal);
    // The valid reading is held for 15 s despite invalid readings in between; after that the value is missing.
    assert_eq!(
        (gas[0], gas[15], gas[20], gas[29]),
        (500.0, 500.0, 520.0, 520.0)
    );
    assert!(gas[16..20].iter().all(|ppm| ppm.is_nan()), "{gas:?}");
}

#[test]
fn overlapping_labels_are_rejected_with_both_lines() {
    let bench = Bench::new();
    bench.raw("a.y16", 3);
    for (labels, expected) in [
        ("0,2\n1,3\n", "line 3: its interval overlaps with line 2"),
        ("1,3\n0,2\n", "line 3: its interval overlaps with line 2"),
        ("0,2\n0,2\n", "line 3: its interval overlaps with line 2"),
        ("2,1\n", "line 2"),
        ("0,nan\n", "line 2"),
    ] {
        bench.file("fire.csv", format!("start_s,end_s\n{labels}"));
        let flags = [
            "--frames",
            "{}/a.y16",
            "--scale",
            "0.01K",
            "--fps",
            "10",
            "--labels",
            "{}/fire.csv",
            "--out",
            "{}/rows.csv",
        ];
        bench.check_rejected(&flags, Exit::Usage, expected);
    }
}

#[test]
fn real_recordings_without_temperatures_are_rejected_with_the_reason() {
    for (name, more, expected) in [
        ("cptv_lepton/v1.cptv", &[][..], "CPTV"),
        (
            "flirpy_radiometric/example_radiometric.tiff",
            &["--scale", "0.01K", "--fps", "9"],
            "640 x 512 pixels, but a Lepton 3.5 gives 160 x 120",
        ),
    ] {
        let Some(path) = shared(name) else { continue };
        let bench = Bench::new();
        let path = path.display().to_string();
        let flags = ["--frames", &path, "--out", "{}/rows.parquet"];
        bench.check_rejected(&[&flags[..], more].concat(), Exit::Usage, expected);
    }
}

#[test]
fn alarm_flags_are_rejected_without_follow() {
    for flags in [
        ["--model", "model.tar.gz"],
        ["--endpoint", "e"],
        ["--alarm-rule", "0.8:2:3"],
    ] {
        let expected = format!("{} requires --follow", flags[0]);
        check_frames(b"", "a.y16", &flags, &expected);
    }
}
