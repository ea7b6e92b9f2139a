//! Prediction paths compared: `cargo bench -p ensemble --bench predict`.
//!
//! The models have 200 trees of default depth, fitted on 20,000 rows so that the trees are full; other rows are
//! predicted. `nodes` follows the nodes of each tree (the reference path), `laid out` is [`Prepared`].

#[path = "../tests/it/synthetic.rs"]
mod synthetic;

use std::fmt;
use std::sync::OnceLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use ensemble::artifact::{Artifact, FeatureRange, Member};
use ensemble::{Algorithm, Error, Matrix, Model, Params, Prepared, Run, Samples};

/// Rows per batch.
const BATCH: usize = 10_000;

fn main() {
    divan::main();
}

/// The model and the prediction path.
#[derive(Clone, Copy)]
struct Case {
    who: Who,
    prepared: bool,
}

#[derive(Clone, Copy)]
enum Who {
    One(Algorithm),
    Ensemble,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.who {
            Who::One(algorithm) => algorithm.fmt(f)?,
            Who::Ensemble => f.write_str("ensemble")?,
        }
        f.write_str(if self.prepared {
            ", laid out"
        } else {
            ", nodes"
        })
    }
}

fn cases() -> impl Iterator<Item = Case> {
    let one = Algorithm::ALL.into_iter().map(Who::One);
    one.chain([Who::Ensemble])
        .flat_map(|who| [false, true].map(|prepared| Case { who, prepared }))
}

/// One row per call, a different one each time.
#[divan::bench(args = cases())]
fn row(bencher: Bencher, case: Case) {
    let Some(artifact) = artifact(case.who) else {
        return;
    };
    let prepared = Prepared::new(artifact.clone());
    let table = synthetic::table(1_000, 2);
    let mut rows = table.values.chunks_exact(synthetic::COLUMNS).cycle();
    bencher
        .with_inputs(|| rows.next().unwrap_or_default())
        .bench_local_values(|row| {
            if case.prepared {
                prepared.predict_row(row)
            } else {
                artifact.predict_row(row)
            }
        });
}

/// A batch of 10,000 rows.
#[divan::bench(args = cases(), max_time = 3)]
fn batch(bencher: Bencher, case: Case) {
    let Some(artifact) = artifact(case.who) else {
        return;
    };
    let prepared = Prepared::new(artifact.clone());
    let table = synthetic::table(BATCH, 2);
    let mut votes = Vec::new();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        let x = Matrix::new(&table.values, synthetic::COLUMNS)?;
        if case.prepared {
            prepared.predict_into(&x, &mut votes)?;
        } else {
            votes.clear();
            let rows = table.values.chunks_exact(synthetic::COLUMNS);
            votes.extend(rows.map(|row| artifact.predict_row(row)));
        }
        Ok::<_, Error>(votes.last().copied())
    });
}

/// The one-time cost of preparing a model.
#[divan::bench]
fn lay_out(bencher: Bencher) {
    let Some(artifact) = artifact(Who::Ensemble) else {
        return;
    };
    bencher
        .with_inputs(|| artifact.clone())
        .bench_values(Prepared::new);
}

fn artifact(who: Who) -> Option<Artifact> {
    let members = match who {
        Who::One(algorithm) => vec![member(algorithm, 1.0)?],
        Who::Ensemble => vec![
            member(Algorithm::RandomForest, 0.375)?,
            member(Algorithm::GradientBoosting, 0.5)?,
            member(Algorithm::LogisticRegression, 0.125)?,
        ],
    };
    let table = synthetic::table(100, 1);
    let x = Matrix::new(&table.values, synthetic::COLUMNS).ok()?;
    let features = FeatureRange::of_columns([""; synthetic::COLUMNS], &x);
    Some(Artifact::new("", features, members))
}

fn member(algorithm: Algorithm, weight: f64) -> Option<Member> {
    let params = Params::defaults(algorithm).check().ok()?;
    Some(Member {
        weight,
        ..Member::new("", model(algorithm)?, &params, 42)
    })
}

/// Fits each model once.
fn model(algorithm: Algorithm) -> Option<Model> {
    static MODELS: [OnceLock<Option<Model>>; Algorithm::ALL.len()] =
        [const { OnceLock::new() }; Algorithm::ALL.len()];
    let fit = || {
        let measuring = std::env::args().any(|argument| argument == "--bench");
        let table = synthetic::table(if measuring { 20_000 } else { 1_000 }, 1);
        let x = Matrix::new(&table.values, synthetic::COLUMNS).ok()?;
        let mut run = Run::new(42);
        let params = Params::defaults(algorithm).check().ok()?;
        let train = Samples::new(x, &table.labels).ok()?;
        params.fit(&train, None, &mut run).ok()
    };
    MODELS[algorithm as usize].get_or_init(fit).clone()
}
