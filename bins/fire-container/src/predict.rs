//! `predict`: a model's answers to the rows of a file, without a server.
//!
//! The answers are the endpoint's: `--output json` and `--output csv` print byte for byte what it would send for the
//! same rows. A file has a header, as training data has, but need not have labels.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};
use ensemble::Matrix;
use sensor_model::{FEATURE_COUNT, read_features};

use crate::serve::{Detail, Media, Predictor};
use crate::{complain, model_package};

/// How the answers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// A line for each row, and a sum.
    Text,
    /// The endpoint's document.
    Json,
    /// The endpoint's probability a line.
    Csv,
}

/// What to score and by what.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct Args {
    /// CSV (with a header) or Parquet file with the features by name; labels may be there or not
    pub(crate) file: PathBuf,
    /// The model: model.tar.gz, model.bin, or a folder with it
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// `text`; `json` or `csv` for exactly what the endpoint would answer
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) output: Output,
    /// Add what each feature adds to the probability; with `--output json`
    #[arg(long)]
    pub(crate) explain: bool,
}

/// Prints the answers and returns the exit code: 0, 1 if they cannot be written, 2 if the file or the model cannot be used.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> u8 {
    let answers = match score(args) {
        Ok(answers) => answers,
        Err(error) => {
            complain(&format!("{error:#}"));
            return 2;
        }
    };
    if let Err(error) = out.write_all(&answers).and_then(|()| out.flush()) {
        complain(&format!("cannot write the answers: {error}"));
        return 1;
    }
    0
}

fn score(args: &Args) -> Result<Vec<u8>> {
    ensure!(
        !args.explain || args.output == Output::Json,
        "explanations are printed as JSON only; give --output json beside --explain"
    );
    let model = model_package::read(&args.model)?;
    let predictor = Predictor::from_bytes(&model);
    let shown = args.model.display();
    let predictor = predictor.with_context(|| format!("cannot use the model {shown}"))?;
    let values = read_features(&args.file)?;
    let write = |media| {
        let detail = Detail {
            explanation: args.explain,
            ..Detail::default()
        };
        let answers = predictor.write(&values, media, detail);
        answers.map_err(|refusal| anyhow!("{}", refusal.message()))
    };
    match args.output {
        Output::Json => write(Media::Json),
        Output::Csv => write(Media::Csv),
        Output::Text => text(&predictor, &values),
    }
}

/// For people: what the answers mean, and where the model guesses.
fn text(predictor: &Predictor, values: &[f32]) -> Result<Vec<u8>> {
    let artifact = predictor.artifact();
    let mut votes = Vec::new();
    let x = Matrix::new(values, FEATURE_COUNT)?;
    predictor.prepared().predict_into(&x, &mut votes)?;
    let mut out = Vec::new();
    let (mut fires, mut guesses) = (0_usize, 0_usize);
    writeln!(out, "{:>8}  {:>11}  fire", "row", "probability")?;
    for (at, (row, &vote)) in values.chunks_exact(FEATURE_COUNT).zip(&votes).enumerate() {
        let fire = vote >= artifact.threshold;
        let warnings = artifact.warnings(row);
        fires += usize::from(fire);
        guesses += usize::from(!warnings.is_empty());
        let said = if fire { "yes" } else { "no" };
        writeln!(
            out,
            "{:>8}  {vote:>11.6}  {said:<4}{}",
            at + 1,
            beside(&warnings)
        )?;
    }
    writeln!(
        out,
        "{} rows, {fires} at or above the threshold {:.6}, {guesses} outside what the model has seen",
        votes.len(),
        artifact.threshold
    )?;
    Ok(out)
}

fn beside(warnings: &[String]) -> String {
    if warnings.is_empty() {
        String::new()
    } else {
        format!("  ({})", warnings.join("; "))
    }
}
