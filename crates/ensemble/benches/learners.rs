//! Fits a learner on data sets of raw numbers and prints a line of JSON for each. This is this crate's side of
//! `cargo xtask bench --learners`, which also writes the data sets and runs the peers (`xtask/bench/peers.py`).
//!
//! `learners DATA THREADS LEARNER SET...`, where LEARNER is an algorithm, an algorithm with an engine as in
//! `random_forest:smartcore`, or `all` for the three fits in one process. A set is a directory of `train.x`, `train.y`,
//! `test.x`, `test.y`: row-major little-endian `f32` values, and labels as bytes 0 or 1. Only the fit is timed,
//! including binning. Memory use is read from `/proc`, so this runs on Linux only.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use ensemble::{Algorithm, Matrix, Model, Params, Run, Samples, metrics};
use serde_json::json;

/// Rows of the warm-up fit before the measured one; peers do the same.
const WARM_UP: usize = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    // Added by Cargo.
    let arguments: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let [data, threads, learner, sets @ ..] = arguments.as_slice() else {
        // `cargo test --benches` passes no arguments; there is nothing to measure.
        return Ok(());
    };
    let all_params = parse(learner)?;
    let mut out = std::io::stdout();
    for set in sets {
        let dir = Path::new(data).join(set);
        let measured = measure(&dir, &all_params, threads.parse()?)?;
        writeln!(out, "{measured}")?;
    }
    Ok(())
}

/// The learners to fit, with defaults; without validation rows there is no early stopping, as with the peers.
fn parse(learner: &str) -> Result<Vec<Params>, Box<dyn Error>> {
    if learner == "all" {
        return Algorithm::ALL
            .map(|algorithm| parse(algorithm.name()))
            .into_iter()
            .try_fold(Vec::new(), |all, params| Ok([all, params?].concat()));
    }
    let (algorithm, engine) = learner
        .split_once(':')
        .map_or((learner, None), |(name, engine)| (name, Some(engine)));
    let mut params = Params::defaults(algorithm.parse()?);
    if let Some(engine) = engine {
        params.set("engine", engine)?;
    }
    Ok(vec![params])
}

fn measure(
    dir: &Path,
    all_params: &[Params],
    threads: NonZeroUsize,
) -> Result<serde_json::Value, Box<dyn Error>> {
    let train = Part::read(dir, "train")?;
    let test = Part::read(dir, "test")?;
    for params in all_params {
        fit(params, &train.samples(WARM_UP)?, threads)?;
    }
    let samples = train.samples(usize::MAX)?;
    // Reset the peak.
    fs::write("/proc/self/clear_refs", "5")?;
    let before = memory("VmRSS")?;
    let started = Instant::now();
    let models = all_params
        .iter()
        .map(|params| fit(params, &samples, threads))
        .collect::<Result<Vec<_>, _>>()?;
    let seconds = started.elapsed().as_secs_f64();
    let peak = memory("VmHWM")?.saturating_sub(before);
    let test = test.samples(usize::MAX)?;
    // With several models, there is no single AUC.
    let auc = match models.as_slice() {
        [model] => metrics::roc_auc(test.y(), &model.predict_proba(&test.x())?).ok(),
        _ => None,
    };
    Ok(json!({
        "set": dir.file_name().map(|name| name.to_string_lossy()),
        "rows": samples.y().len(),
        "seconds": seconds,
        "peak_bytes": peak,
        "auc": auc,
    }))
}

fn fit(params: &Params, train: &Samples, threads: NonZeroUsize) -> Result<Model, ensemble::Error> {
    let mut run = Run::new(42).threads(threads);
    params.clone().check()?.fit(train, None, &mut run)
}

/// Rows in memory.
struct Part {
    values: Vec<f32>,
    labels: Vec<u8>,
}

impl Part {
    fn read(dir: &Path, name: &str) -> std::io::Result<Self> {
        let bytes = fs::read(dir.join(name).with_extension("x"))?;
        let (values, _) = bytes.as_chunks();
        Ok(Self {
            values: values
                .iter()
                .map(|&value| f32::from_le_bytes(value))
                .collect(),
            labels: fs::read(dir.join(name).with_extension("y"))?,
        })
    }

    /// The first `rows` rows.
    fn samples(&self, rows: usize) -> Result<Samples<'_>, ensemble::Error> {
        let columns = self.values.len() / self.labels.len().max(1);
        let rows = rows.min(self.labels.len());
        Samples::new(
            Matrix::new(&self.values[..rows * columns], columns)?,
            &self.labels[..rows],
        )
    }
}

/// A memory field of this process's Linux status, in bytes.
fn memory(field: &str) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kilobytes.ok_or("no such field")?.parse::<u64>()? * 1024)
}
