//! The whole program, run in the test's process, on recordings in files.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot continue should panic"
)]

// Invalid recordings, logs and labels.
mod bad_input;
// Alarms while frames arrive.
mod follow;
// A real recording, compared with values computed with numpy and scipy.
mod golden;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Parser;
use extract_rows::Args;
use fire_cli::{Console, Exit, exit_of};
use sensor_model::{FRAME_PIXELS, Feature, Rows, read_files, read_rows};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const RECORDING: &str = "lepton35_y16/thermal_20260512_151542.raw.y16.gz";
/// Unix time shortly before its first frame.
const START: f64 = 1_778_613_342.7;

/// A temporary directory for a test's files.
struct Bench(TempDir);

/// The result of running the program.
struct Ran {
    exit: Exit,
    out: String,
    err: String,
}

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Raw frames of uniform temperature, ten per second: 20 C at first, 0.01 C more in each further frame.
    fn raw(&self, name: &str, seconds: usize) -> PathBuf {
        let counts = (0..10 * seconds).flat_map(|frame| vec![29_315 + frame as u16; FRAME_PIXELS]);
        let bytes: Vec<u8> = counts.flat_map(u16::to_le_bytes).collect();
        self.file(name, bytes)
    }

    /// The command line with JSON output; `{}` in a flag is replaced with the directory.
    fn words(&self, flags: &[&str]) -> Vec<String> {
        let dir = self.0.path().display().to_string();
        let flags = flags.iter().map(|flag| flag.replace("{}", &dir));
        let words = std::iter::once("extract-rows".to_owned()).chain(flags);
        words.chain(["--output".into(), "json".into()]).collect()
    }

    /// Runs the program.
    fn run(&self, flags: &[&str]) -> Ran {
        let mut out = Vec::new();
        let ran = call(&self.words(flags), &mut out);
        Ran {
            out: String::from_utf8(out).unwrap(),
            ..ran
        }
    }

    #[track_caller]
    fn check_rejected(&self, flags: &[&str], exit: Exit, expected: &str) {
        let ran = self.run(flags);
        assert_eq!(ran.exit, exit, "{}", ran.err);
        assert!(ran.err.contains(expected), "{}", ran.err);
        let left: Vec<_> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(
            !left
                .iter()
                .any(|path| path.to_string_lossy().contains("rows.")),
            "{left:?}"
        );
    }
}

/// Runs the program in this process and writes its output to `out`.
fn call(words: &[String], out: &mut (dyn Write + Send)) -> Ran {
    let args = match Args::try_parse_from(words) {
        Ok(args) => args,
        Err(error) => {
            return Ran {
                exit: Exit::Usage,
                out: String::new(),
                err: error.to_string(),
            };
        }
    };
    let mut err = Vec::new();
    let mut console = Console::new(out, &mut err, args.common.style(false));
    let ended = runtime().block_on(extract_rows::run(args, &mut console));
    let (exit, message) = match ended {
        Ok(exit) => (exit, String::new()),
        Err(error) => (exit_of(&error), format!("{error:#}")),
    };
    Ran {
        exit,
        out: String::new(),
        err: String::from_utf8(err).unwrap() + &message,
    }
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

impl Ran {
    #[track_caller]
    fn json(self) -> Value {
        assert_eq!(self.exit, Exit::Done, "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }
}

/// A file of real data, from the directory `FIRE_DATA_DIR` or from `shared/data` next to the repository; required in CI.
fn shared(name: &str) -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let dir = std::env::var_os("FIRE_DATA_DIR").map_or_else(default, PathBuf::from);
    let path = dir.join(name);
    if path.is_file() {
        return Some(path);
    }
    assert!(
        std::env::var_os("FIRE_CI").is_none_or(|value| value != "1"),
        "{} is missing (FIRE_DATA_DIR); with FIRE_CI=1 no check may be skipped",
        path.display()
    );
    // Not with `eprintln!`, whose output is hidden for tests that pass.
    let _ = writeln!(
        std::io::stderr(),
        "not checked: extract-rows on {name}, because {} is missing (FIRE_DATA_DIR)",
        path.display()
    );
    None
}

fn column(rows: &Rows, feature: Feature) -> Vec<f32> {
    (0..rows.len())
        .map(|i| rows.row(i)[feature.index()])
        .collect()
}

#[test]
fn a_real_recording_with_gas_and_labels_becomes_rows() {
    let Some(recording) = shared(RECORDING) else {
        return;
    };
    let bench = Bench::new();
    let log = (-60..20)
        .step_by(5)
        .map(|second| format!("{},{}", START + f64::from(second), 500 + second));
    let log: Vec<_> = std::iter::once("when,co2".to_owned()).chain(log).collect();
    bench.file("co2.csv", log.join("\n"));
    bench.file("fire.csv", "start_s,end_s\n3,6\n");
    let recording = recording.display().to_string();
    let flags = [
        "--frames",
        &recording,
        "--co2",
        "{}/co2.csv",
        "--co2-columns",
        "when:unix-s:co2",
        "--labels",
        "{}/fire.csv",
        "--out",
        "{}/rows.parquet",
    ];
    let summary = bench.run(&flags).json();
    for (key, expected) in [
        ("rows", 10),
        ("fire_rows", 3),
        ("frames", 82),
        ("frozen_frames", 0),
        ("co2_readings", 14),
        ("invalid_readings", 0),
    ] {
        assert_eq!(summary[key], expected, "{key}");
    }
    let rows = read_rows(&bench.path("rows.parquet")).unwrap();
    assert_eq!(rows.labels, [0, 0, 0, 1, 1, 1, 0, 0, 0, 0]);
    assert!(rows.groups.iter().all(|&group| group == rows.groups[0]));
    // The scene's mean temperature drifts from 22.76 C in the first frame to 22.21 C in the last.
    let means = column(&rows, Feature::TMean);
    assert!(
        (means[0] - 22.76).abs() < 0.02 && (means[9] - 22.235).abs() < 0.02,
        "{means:?}"
    );
    assert!(
        column(&rows, Feature::TMax)
            .iter()
            .all(|&hottest| hottest > 28.0 && hottest < 31.0)
    );
    assert_eq!(
        column(&rows, Feature::GasVal),
        [
            500.0, 500.0, 500.0, 500.0, 500.0, 505.0, 505.0, 505.0, 505.0, 505.0
        ]
    );
}

#[test]
fn rows_of_raw_frames_have_no_history_before_the_first() {
    let bench = Bench::new();
    bench.raw("a.y16", 4);
    let flags = [
        "--frames",
        "{}/a.y16",
        "--scale",
        "0.01K",
        "--fps",
        "10",
        "--out",
        "{}/rows.csv",
    ];
    let ran = bench.run(&flags);
    for note in [
        "no --co2: gas_val, gas_delta and gas_vel are missing",
        "no --labels: every row is labelled",
    ] {
        assert!(ran.err.contains(note), "{}", ran.err);
    }
    assert_eq!(ran.json()["rows"], 4);
    let rows = read_rows(&bench.path("rows.csv")).unwrap();
    assert!(
        column(&rows, Feature::GasVal)
            .iter()
            .all(|value| value.is_nan())
    );
    let differences = column(&rows, Feature::TDiffMean);
    assert!(differences[0].is_nan());
    assert!(
        differences[1..]
            .iter()
            .all(|difference| (difference - 0.1).abs() < 1e-3),
        "{differences:?}"
    );
}

#[test]
fn files_of_one_recording_continue_in_time() {
    let bench = Bench::new();
    bench.raw("a.y16", 3);
    bench.raw("b.y16", 3);
    let flags = |frames: &[&'static str], out: &'static str| {
        let options = ["--scale", "0.01K", "--fps", "10", "--out", out];
        [&["--frames"], frames, &options[..]].concat()
    };
    let both = bench
        .run(&flags(&["{}/a.y16", "{}/b.y16"], "{}/ab.csv"))
        .json();
    assert_eq!(
        (both["rows"].as_u64(), both["frames"].as_u64()),
        (Some(6), Some(60))
    );
    bench.run(&flags(&["{}/b.y16"], "{}/b.csv")).json();
    let paths = ["ab.csv", "b.csv"].map(|name| bench.path(name));
    let rows = read_files(&paths).unwrap();
    let mut ids = rows.ids.clone();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 9, "two recordings share a row id");
    assert_ne!(rows.groups[0], rows.groups[8]);
}

#[test]
fn invalid_input_is_rejected_and_leaves_no_file() {
    let bench = Bench::new();
    bench.raw("a.y16", 2);
    bench.raw("short.y16", 0);
    bench.file("co2.csv", "time_s,co2_ppm\n100,500\n");
    bench.file("dated.csv", "date,CO2\n2015-02-04 17:51:00,500\n");
    bench.file("broken.csv", "time_s,co2_ppm\n0,much\n");
    bench.file("fire.csv", "start_s,end_s\n5,9\n1,6\n");
    let base = [
        "--frames",
        "{}/a.y16",
        "--scale",
        "0.01K",
        "--fps",
        "10",
        "--out",
        "{}/rows.csv",
    ];
    let reject = |more: &[&str], expected: &str| {
        bench.check_rejected(&[&base[..], more].concat(), Exit::Usage, expected);
    };
    reject(
        &["--co2", "{}/co2.csv"],
        "has no reading at the time of the frames",
    );
    reject(&["--co2", "{}/none.csv"], "cannot read");
    reject(
        &["--co2", "{}/broken.csv"],
        "line 2, column co2_ppm: `much` is not a number",
    );
    reject(
        &["--co2", "{}/dated.csv", "--co2-columns", "uci"],
        "has dates, but the frames have none; give the time of the first frame with --start-unix",
    );
    reject(
        &["--labels", "{}/fire.csv"],
        "line 3: its interval overlaps with line 2",
    );
    reject(&["--co2-columns", "uci"], "--co2");
    for (flag, value, expected) in [
        ("--scale", "1K", "unknown scale `1K`"),
        ("--scale", "0.1K", "specify the scale 0.01 K"),
        ("--fps", "0", "is not a frame rate"),
        ("--telemetry", "above", "none, header or footer"),
        ("--frames", "{}/short.y16", "the file has no frame"),
        ("--frames", "{}/none.y16", "cannot read"),
        ("--out", "{}/rows.txt", "is neither .parquet nor .csv"),
    ] {
        let flags = base.map(|word| word);
        let at = flags.iter().position(|word| *word == flag);
        let mut flags = flags.to_vec();
        match at {
            Some(at) => flags[at + 1] = value,
            None => flags.extend([flag, value]),
        }
        bench.check_rejected(&flags, Exit::Usage, expected);
    }
    let mut nowhere = base.to_vec();
    nowhere[7] = "{}/none/rows.csv";
    bench.check_rejected(&nowhere, Exit::WorkFailed, "cannot write");
}

#[test]
fn a_log_with_dates_is_aligned_with_frames_by_a_declared_start() {
    let bench = Bench::new();
    bench.raw("a.y16", 3);
    bench.file(
        "dated.csv",
        "date,CO2\n2015-02-04 17:51:00,500\n2015-02-04 17:51:02,510\n",
    );
    let flags = [
        "--frames",
        "{}/a.y16",
        "--scale",
        "0.01K",
        "--fps",
        "10",
        "--co2",
        "{}/dated.csv",
        "--co2-columns",
        "uci",
        "--start-unix",
        "1423072260",
        "--out",
        "{}/rows.csv",
    ];
    assert_eq!(bench.run(&flags).json()["co2_readings"], 2);
    let rows = read_rows(&bench.path("rows.csv")).unwrap();
    assert_eq!(column(&rows, Feature::GasVal), [500.0, 500.0, 510.0]);
}
