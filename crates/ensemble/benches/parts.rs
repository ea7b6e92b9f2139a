//! The parts of the learners on 1,000 to 1,000,000 rows of 18 features: `cargo bench -p ensemble --bench parts`.
//!
//! Single-threaded, with fixed seeds; data generation is not timed. Each benchmark takes at most five seconds unless a
//! single round takes longer. Under `cargo test` each runs once on the fewest rows.

#[path = "../tests/it/synthetic.rs"]
mod synthetic;

use std::fmt;

use divan::Bencher;
use divan::counter::ItemsCount;
use ensemble::{Algorithm, Error, Matrix, Model, Params, Run, Samples, metrics};

/// Numbers of rows; only the first is used when nothing is measured.
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

fn main() {
    divan::main();
}

/// Binning and a single split: the fixed cost of a fit.
#[divan::bench(args = sizes(), max_time = 5)]
fn bin_and_split_once(bencher: Bencher, rows: usize) {
    let settings = [("n_estimators", "1"), ("max_depth", "1")];
    fit_repeatedly(bencher, rows, Algorithm::GradientBoosting, &settings);
}

/// Ten trees of depth 10.
#[divan::bench(args = sizes(), max_time = 5)]
fn forest(bencher: Bencher, rows: usize) {
    let settings = [("n_estimators", "10")];
    fit_repeatedly(bencher, rows, Algorithm::RandomForest, &settings);
}

/// Ten rounds of depth 6.
#[divan::bench(args = sizes(), max_time = 5)]
fn boosting(bencher: Bencher, rows: usize) {
    let settings = [("n_estimators", "10")];
    fit_repeatedly(bencher, rows, Algorithm::GradientBoosting, &settings);
}

/// Standardising and solving.
#[divan::bench(args = sizes(), max_time = 5)]
fn logistic(bencher: Bencher, rows: usize) {
    fit_repeatedly(bencher, rows, Algorithm::LogisticRegression, &[]);
}

/// All rows at once, 200 trees.
#[divan::bench(args = cases(), max_time = 5)]
fn predict(bencher: Bencher, case: &Case) {
    let model = model(case.algorithm);
    let table = synthetic::table(case.rows, 2);
    let x = Matrix::new(&table.values, synthetic::COLUMNS);
    bencher.counter(ItemsCount::new(case.rows)).bench(|| {
        let x = x.as_ref().ok()?;
        model.as_ref().ok()?.predict_proba(x).ok()
    });
}

/// One row, 200 trees.
#[divan::bench(args = Algorithm::ALL)]
fn predict_row(bencher: Bencher, algorithm: Algorithm) {
    let model = model(algorithm);
    let table = synthetic::table(1_000, 2);
    let mut rows = table.values.chunks_exact(synthetic::COLUMNS).cycle();
    bencher
        .with_inputs(|| rows.next().unwrap_or_default())
        .bench_local_values(|row| model.as_ref().ok().map(|model| model.predict_row(row)));
}

/// Dominated by sorting.
#[divan::bench(args = sizes(), max_time = 5)]
fn roc_auc(bencher: Bencher, rows: usize) {
    let table = synthetic::table(rows, 1);
    let columns = table.values.chunks_exact(synthetic::COLUMNS);
    let scores: Vec<f64> = columns.map(|row| f64::from(row[2])).collect();
    bencher
        .counter(ItemsCount::new(rows))
        .bench(|| metrics::roc_auc(&table.labels, &scores));
}

fn sizes() -> &'static [usize] {
    let measuring = std::env::args().any(|argument| argument == "--bench");
    if measuring { &SIZES } else { &SIZES[..1] }
}

fn fit_repeatedly(bencher: Bencher, rows: usize, algorithm: Algorithm, settings: &[(&str, &str)]) {
    let table = synthetic::table(rows, 1);
    bencher
        .counter(ItemsCount::new(rows))
        .bench(|| fit(&table, algorithm, settings));
}

/// A learner and a number of rows to predict.
struct Case {
    algorithm: Algorithm,
    rows: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm, self.rows)
    }
}

fn cases() -> impl Iterator<Item = Case> {
    Algorithm::ALL
        .into_iter()
        .flat_map(|algorithm| sizes().iter().map(move |&rows| Case { algorithm, rows }))
}

/// Fitted on few rows, because prediction time depends only on the number and depth of trees.
fn model(algorithm: Algorithm) -> Result<Model, Error> {
    fit(&synthetic::table(5_000, 1), algorithm, &[])
}

fn fit(
    table: &synthetic::Table,
    algorithm: Algorithm,
    settings: &[(&str, &str)],
) -> Result<Model, Error> {
    let mut params = Params::defaults(algorithm);
    for (name, value) in settings {
        params.set(name, value)?;
    }
    let x = Matrix::new(&table.values, synthetic::COLUMNS)?;
    let mut run = Run::new(42);
    params
        .check()?
        .fit(&Samples::new(x, &table.labels)?, None, &mut run)
}
