//! Times each learner on 70,000 rows of 18 features, with default hyperparameters and without early stopping.
//!
//! `cargo run --release -p ensemble --example fit_time [ROWS] [THREADS] [ALGORITHM]` prints the median and minimum of 5
//! fits, and the mean CPU time per fit, which other programs disturb less. Rows are in memory; binning is included.

#[path = "../tests/it/synthetic.rs"]
mod synthetic;

use std::io::Write;
use std::num::NonZeroUsize;
use std::time::Instant;

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
    let selected = args.next();
    for algorithm in Algorithm::ALL {
        if selected
            .as_deref()
            .is_some_and(|name| name != algorithm.name())
        {
            continue;
        }
        let before = processor_seconds();
        let mut times = Vec::new();
        let mut fitted = None;
        for _ in 0..REPEATS {
            let started = Instant::now();
            fitted = Some(fit(algorithm, &train, threads)?);
            times.push(started.elapsed());
        }
        let processor = (processor_seconds() - before) / REPEATS as f64;
        times.sort_unstable();
        if let Some(model) = fitted {
            write!(
                out,
                "{algorithm:20} median {:.3} s, minimum {:.3} s, CPU {processor:.3} s",
                times[REPEATS / 2].as_secs_f64(),
                times[0].as_secs_f64()
            )?;
            report(&mut out, &model, &test)?;
        }
    }
    Ok(())
}

fn fit(algorithm: Algorithm, train: &Samples, threads: NonZeroUsize) -> Result<Model, Error> {
    let mut run = Run::new(42).threads(threads);
    Params::defaults(algorithm)
        .check()?
        .fit(train, None, &mut run)
}

/// CPU time of all threads of this process, at Linux's resolution of 1/100 s; 0 on other systems.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // User and system time are fields 14 and 15; field 2 ends in a parenthesis.
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
    let ticks = fields
        .skip(12)
        .take(2)
        .filter_map(|text| text.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn report(
    out: &mut impl Write,
    model: &Model,
    test: &Samples,
) -> Result<(), Box<dyn std::error::Error>> {
    let started = Instant::now();
    let probabilities = model.predict_proba(&test.x())?;
    let per_row = started.elapsed() / test.x().rows() as u32;
    let auc = metrics::roc_auc(test.y(), &probabilities).unwrap_or(f64::NAN);
    writeln!(out, "; AUC {auc:.4}; prediction {per_row:?} per row")?;
    Ok(())
}
