//! Credit risk: the complete path from a table to an ensemble, with an explanation and an export.
//!
//! `cargo run -p ensemble --features onnx --example credit [MODEL.onnx]` generates a table of loans, fits the three
//! learners, computes ensemble weights on validation rows, prints metrics on test rows, explains one prediction, and
//! exports the ensemble to an ONNX file if a name is given.

use std::error::Error;
use std::io::Write;

use ensemble::artifact::{Artifact, FeatureRange, Member};
use ensemble::explain::Explainer;
use ensemble::metrics::{Scores, evaluate};
use ensemble::{Algorithm, Matrix, Params, Run, Samples, onnx, voting};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const COLUMNS: [&str; 5] = ["income", "amount", "months", "age", "late_payments"];
const SEED: u64 = 42;

/// Row-major loans, and whether each one defaulted.
struct Loans {
    values: Vec<f32>,
    defaulted: Vec<u8>,
}

impl Loans {
    /// Large instalments relative to income and past late payments make a default likely. One income in ten is missing.
    fn draw(count: usize, rng: &mut ChaCha8Rng) -> Self {
        let mut loans = Self {
            values: Vec::new(),
            defaulted: Vec::new(),
        };
        for _ in 0..count {
            let mut between = |low: f32, high: f32| {
                low + (high - low) * (rng.next_u32() >> 8) as f32 / 16_777_216.0
            };
            let income = between(1_000.0, 6_000.0);
            let amount = between(500.0, 30_000.0);
            let months = between(6.0, 60.0).round();
            let age = between(18.0, 75.0).round();
            let late = (between(0.0, 1.0).powi(4) * 8.0).floor();
            let burden = amount / months / income;
            let odds = 6.0 * burden + 0.7 * late - 2.5 + if age < 25.0 { 0.5 } else { 0.0 };
            let defaulted = between(0.0, 1.0) < 1.0 / (1.0 + (-odds).exp());
            let known = if between(0.0, 1.0) < 0.1 {
                f32::NAN
            } else {
                income
            };
            loans.values.extend([known, amount, months, age, late]);
            loans.defaulted.push(u8::from(defaulted));
        }
        loans
    }

    fn samples(&self) -> Result<Samples<'_>, ensemble::Error> {
        Samples::new(Matrix::new(&self.values, COLUMNS.len())?, &self.defaulted)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let [train, validation, test] = [6_000, 2_000, 2_000].map(|count| Loans::draw(count, &mut rng));
    let (train, validation, test) = (train.samples()?, validation.samples()?, test.samples()?);
    let mut out = std::io::stdout();

    let (mut parts, mut predictions) = (Vec::new(), Vec::new());
    for algorithm in Algorithm::ALL {
        let part = fitted(algorithm, &train, &validation)?;
        predictions.push(part.predict_proba(&validation.x())?);
        parts.push(part);
    }
    let members: Vec<&[f64]> = predictions.iter().map(Vec::as_slice).collect();
    let shares = voting::stacked(validation.y(), &members)?;
    for (part, share) in parts.iter().zip(&shares) {
        let scores = scores(part, &test)?;
        let name = &part.members[0].name;
        writeln!(
            out,
            "{name:<20} weight {share:.3}  AUC {:.4}  log-loss {:.4}",
            scores.auc, scores.logloss
        )?;
    }
    let ensemble = Artifact::combine(parts, &shares)?;
    let combined = scores(&ensemble, &test)?;
    writeln!(
        out,
        "{:<20} {:12}  AUC {:.4}  log-loss {:.4}",
        "ensemble", "", combined.auc, combined.logloss
    )?;

    let applicant = [1_800.0, 14_000.0, 24.0, 23.0, 2.0];
    let explanation = Explainer::new(&ensemble)?.row(&applicant);
    writeln!(
        out,
        "\na loan of 14,000 to a person with an income of 1,800 defaults with probability {:.3}:",
        explanation.output()
    )?;
    writeln!(out, "{:>15}  {:+.3}", "base", explanation.base)?;
    for column in explanation.ranking() {
        let (name, part) = (COLUMNS[column], explanation.contributions[column]);
        writeln!(out, "{name:>15}  {part:+.3}")?;
    }

    if let Some(file) = std::env::args().nth(1) {
        std::fs::write(&file, onnx::export(&ensemble)?)?;
        writeln!(out, "\nthe ensemble was written to {file}")?;
    }
    Ok(())
}

/// Fits a learner with default hyperparameters and returns an artifact.
fn fitted(
    algorithm: Algorithm,
    train: &Samples,
    validation: &Samples,
) -> Result<Artifact, ensemble::Error> {
    let params = Params::defaults(algorithm).check()?;
    let mut run = Run::new(SEED);
    let model = params.fit(train, Some(validation), &mut run)?;
    let member = Member::new(algorithm.name(), model, &params, SEED);
    let features = FeatureRange::of_columns(COLUMNS, &train.x());
    Ok(Artifact::new("loans-1", features, vec![member]))
}

fn scores(artifact: &Artifact, part: &Samples) -> Result<Scores, ensemble::Error> {
    evaluate(part.y(), &artifact.predict_proba(&part.x())?, None)
}
