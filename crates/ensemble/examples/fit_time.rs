//! How long each learner takes on 70,000 rows of 18 features, with its defaults and without early stopping.
//!
//! `cargo run --release -p ensemble --example fit_time [ROWS] [THREADS]` prints medians of 5 fits. Rows are in memory; binning
//! is part of the fit.

#[path = "../tests/it/synthetic.rs"]
mod synthetic;

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use ensemble::{Algorithm, Error, Matrix, Model, Params, Run, Samples, metrics};

const REPEATS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let rows = args.next().map_or(Ok(70_000), |text| text.parse())?;
    let threads = args
        .next()
        .map_or(Ok(NonZeroUsize::new(2)), |text| text.parse().map(Some))?;
    let threads = threads.unwrap_or(NonZeroUsize::MIN);
    let (train, test) = (synthetic::table(rows, 1), synthetic::table(30_000, 2));
    let train = Samples::new(
        Matrix::new(&train.values, synthetic::COLUMNS)?,
        &train.labels,
    )?;
    let test = Samples::new(Matrix::new(&test.values, synthetic::COLUMNS)?, &test.labels)?;
    let mut out = std::io::stdout();
    writeln!(out, "{rows} rows, {threads} threads")?;
    for algorithm in Algorithm::ALL {
        let mut times = Vec::new();
        let mut fitted = None;
        for _ in 0..REPEATS {
            let started = Instant::now();
            fitted = Some(fit(algorithm, &train, threads)?);
            times.push(started.elapsed());
        }
        times.sort_unstable();
        if let Some(model) = fitted {
            report(&mut out, &model, times[REPEATS / 2], &test)?;
        }
    }
    Ok(())
}

fn fit(algorithm: Algorithm, train: &Samples, threads: NonZeroUsize) -> Result<Model, Error> {
    let mut run = Run {
        seed: 42,
        threads,
        progress: &mut |_| ControlFlow::Continue(()),
    };
    Params::defaults(algorithm)
        .check()?
        .fit(train, None, &mut run)
}

fn report(
    out: &mut impl Write,
    model: &Model,
    median: Duration,
    test: &Samples,
) -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    let probabilities = model.predict_proba(&test.x())?;
    let a_row = started.elapsed() / test.x().rows() as u32;
    let auc = metrics::roc_auc(test.y(), &probabilities).unwrap_or(f64::NAN);
    let name = model.algorithm();
    writeln!(
        out,
        "{name:20} {:7.3} s  AUC {auc:.4}  prediction {a_row:?} a row",
        median.as_secs_f64()
    )?;
    Ok(())
}
