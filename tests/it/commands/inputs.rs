//! What commands read, judging by their flags: runs, endpoints and files. The functions at the end
//! create the files.

use std::io::Write;
use std::num::NonZero;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use sensor_model::original;

use super::session::Maker;

/// Separates the learner from the run in a job's name.
const OF_JOB: &str = "-100k-";

/// The values after a flag, up to the next flag.
pub(super) fn values<'a>(arguments: &[&'a str], flag: &str) -> Vec<&'a str> {
    let behind = arguments.iter().skip_while(|word| **word != flag).skip(1);
    behind
        .take_while(|word| !word.starts_with("--"))
        .copied()
        .collect()
}

/// The runs that a command reads; they must be finished.
pub(super) fn runs<'a>(program: &str, arguments: &[&'a str]) -> Vec<&'a str> {
    let mut runs: Vec<&str> = arguments
        .iter()
        .filter_map(|word| word.split_once(OF_JOB))
        .filter_map(|(_, behind)| behind.split(['/', ':']).next())
        .collect();
    if program == "report-100k" {
        runs.extend(values(arguments, "--run"));
        runs.extend(values(arguments, "--compare"));
    }
    runs
}

/// The endpoint that a command calls or deletes.
pub(super) fn endpoint<'a>(program: &str, arguments: &[&'a str]) -> Option<&'a str> {
    let flag = match program {
        "monitor-100k" | "extract-rows" => "--endpoint",
        "deploy-100k" if arguments.contains(&"--delete") => "--endpoint-name",
        _ => return None,
    };
    values(arguments, flag).first().copied()
}

/// The model files that a command reads.
pub(super) fn models<'a>(program: &str, arguments: &[&'a str]) -> Vec<&'a str> {
    if ["fire-container", "extract-rows"].contains(&program) {
        return values(arguments, "--model");
    }
    Vec::new()
}

/// The other files that a command reads, with the functions that create them.
pub(super) fn files<'a>(program: &str, arguments: &[&'a str]) -> Vec<(&'a str, Maker)> {
    let flags: &[(&str, Maker)] = match program {
        "extract-rows" => &[("--frames", frames), ("--co2", gas), ("--labels", fires)],
        "train-100k" => &[("--data", rows)],
        "fire-container" => &[("predict", rows)],
        _ => &[],
    };
    let files = flags.iter().flat_map(|&(flag, make)| {
        let files = values(arguments, flag).into_iter();
        files.map(move |file| (file, make))
    });
    files
        .filter(|(file, _)| !file.starts_with("s3://"))
        .collect()
}

/// 2,000 rows with labels; each file name gives different rows.
fn rows(path: &Path) {
    let name = path.file_stem().unwrap().as_encoded_bytes();
    let seed = name.iter().map(|byte| u64::from(*byte)).sum();
    let generated = original::generate(seed, 0..2000, NonZero::new(2).unwrap());
    sensor_model::write_rows(path, &generated.rows).unwrap();
}

/// Half a minute of a room at 20 °C where something warm passes, in the `PureThermal` container.
pub(crate) fn frames(path: &Path) {
    let header =
        br#"{"version":1,"width":160,"height":120,"fps":9.0,"dtype":"uint16","endianness":"little",
        "raw_unit":"kelvin_x100_if_radiometric_tlinear"}"#;
    let mut bytes = b"PTY16V1\n".to_vec();
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend(header);
    for frame in 0..300_u16 {
        let unix_s = 1_700_000_000.0 + f64::from(frame) / 10.0;
        bytes.extend(u64::from(frame).to_le_bytes());
        bytes.extend(unix_s.to_le_bytes());
        bytes.extend(((unix_s * 1000.0) as i64).to_le_bytes());
        let warm = usize::from(frame) * 60;
        for pixel in 0..160 * 120_usize {
            let is_warm = (warm..warm + 40).contains(&pixel);
            let count: u16 = if is_warm { 31_315 } else { 29_315 };
            bytes.extend(count.to_le_bytes());
        }
    }
    let mut encoder = GzEncoder::new(std::fs::File::create(path).unwrap(), Compression::fast());
    encoder.write_all(&bytes).unwrap();
    encoder.finish().unwrap();
}

/// A CO2 log with a reading every five seconds.
fn gas(path: &Path) {
    let readings = (0..7).map(|reading| format!("{},{}\n", reading * 5, 600 + reading));
    let log = std::iter::once("time_s,co2_ppm\n".to_owned()).chain(readings);
    std::fs::write(path, log.collect::<String>()).unwrap();
}

/// Fire in the second half of the recording.
fn fires(path: &Path) {
    std::fs::write(path, "start_s,end_s\n15,30\n").unwrap();
}
