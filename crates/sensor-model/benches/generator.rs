//! Generates or extracts rows once and prints a line of JSON: this crate's side of `cargo xtask bench --generator`,
//! which also runs numpy on the same draws (`xtask/bench/draws.py`).
//!
//! - `generator original ROWS THREADS`: rows of profile `original` with their labels and E[p|x];
//! - `generator episode ROWS THREADS`: rows of profile `episode`, generated in chunks as in `train-100k`;
//! - `generator alarms HOURS THREADS`: whole episodes with a row for every second;
//! - `generator extract FILE ROUNDS`: the frames of a recording, repeated, with a row for every second.
//!
//! Each mode runs as a separate process, so that the process's peak memory is that of the measured work. Peak memory is
//! read from `/proc`, which requires Linux.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use sensor_model::episode::{EpisodeParams, EpisodeSource, Purpose};
use sensor_model::extract::{CheckedExtractorParams, RowStream};
use sensor_model::recording::{FrameOptions, open_frames};
use sensor_model::{Rows, ThermalFrame, data_fingerprint, original};
use serde_json::json;

const SEED: u64 = 42;
/// Number of episodes rendered at a time.
const CHUNK: usize = 64;

/// The measurements of one process.
#[derive(Default)]
struct Measured {
    time: Duration,
    rows: usize,
    frames: u64,
    /// Fingerprint of the rows, to check that two versions of this program generate the same rows.
    fingerprint: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo itself adds `--bench`.
    let arguments: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let [mode, first, second] = arguments.as_slice() else {
        // `cargo test --benches` passes no arguments; there is nothing to measure then.
        return Ok(());
    };
    let measured = match mode.as_str() {
        "original" => original(first.parse()?, second.parse()?),
        "episode" => {
            let source = source(EpisodeParams::default(), Purpose::Training)?;
            let rows: usize = first.parse()?;
            episodes(&source, source.holding_rows(rows), second.parse()?)?
        }
        "alarms" => {
            let source = source(EpisodeParams::for_alarms(), Purpose::AlarmValidation)?;
            let hours: f64 = first.parse()?;
            episodes(&source, source.lasting_hours(hours), second.parse()?)?
        }
        "extract" => extract(Path::new(first), second.parse()?)?,
        other => {
            return Err(format!(
                "unknown mode `{other}`; expected original, episode, alarms or extract"
            )
            .into());
        }
    };
    let line = json!({
        "seconds": measured.time.as_secs_f64(),
        "rows": measured.rows,
        "frames": measured.frames,
        "fingerprint": measured.fingerprint,
        "peak_bytes": peak_bytes()?,
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

fn original(rows: u64, threads: NonZeroUsize) -> Measured {
    let started = Instant::now();
    let generated = original::generate(SEED, 0..rows, threads);
    Measured {
        time: started.elapsed(),
        rows: generated.rows.len(),
        frames: 0,
        fingerprint: Some(data_fingerprint(&generated.rows)),
    }
}

fn source(params: EpisodeParams, purpose: Purpose) -> Result<EpisodeSource, sensor_model::Error> {
    Ok(EpisodeSource::new(params.check()?, SEED, purpose))
}

fn episodes(
    source: &EpisodeSource,
    all: Range<u64>,
    threads: NonZeroUsize,
) -> Result<Measured, sensor_model::Error> {
    let started = Instant::now();
    let (mut rows, mut frames) = (Rows::default(), 0);
    for first in all.clone().step_by(CHUNK) {
        let chunk = source.generate(first..all.end.min(first + CHUNK as u64), threads)?;
        let rendered = chunk.episodes.iter().map(|one| u64::from(one.frames));
        frames += rendered.sum::<u64>();
        rows.extend(chunk.into());
    }
    Ok(Measured {
        time: started.elapsed(),
        rows: rows.len(),
        frames,
        fingerprint: Some(data_fingerprint(&rows)),
    })
}

/// Times only the extractor; images are prepared before the clock starts.
fn extract(recording: &Path, rounds: u32) -> Result<Measured, Box<dyn Error>> {
    let frames: Vec<_> =
        open_frames(recording, &FrameOptions::default())?.collect::<Result<_, _>>()?;
    let length_s = frames.last().map_or(0.0, ThermalFrame::time_s) + 0.115;
    let mut stream = RowStream::new(CheckedExtractorParams::default());
    let mut measured = Measured::default();
    for round in 0..rounds {
        let later_s = f64::from(round) * length_s;
        let repeated = frames
            .iter()
            .map(|frame| ThermalFrame::new(frame.time_s() + later_s, frame.celsius().to_vec()));
        let repeated: Vec<_> = repeated.collect::<Result<_, _>>()?;
        measured.frames += repeated.len() as u64;
        let started = Instant::now();
        for frame in repeated {
            stream.push_frame(frame)?;
            measured.rows += stream.take_rows().len();
        }
        measured.time += started.elapsed();
    }
    Ok(measured)
}

/// Peak memory of this process in bytes, as reported by Linux.
fn peak_bytes() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.ok_or("no VmHWM")?.parse::<u64>()? * 1024)
}
