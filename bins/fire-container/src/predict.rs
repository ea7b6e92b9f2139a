//! `predict`: a model's predictions for the rows of a file, without a server.
//!
//! `--output json` and `--output csv` print exactly the bytes that the endpoint would send for the same rows. Like
//! training data, a file has a header; labels are optional.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, ensure};
use ensemble::Matrix;
use sensor_model::{FEATURE_COUNT, read_features};

use crate::Failed;
use crate::serve::{Detail, Media, Predictor};

/// Output format of the predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// A table with one line per row and a summary.
    Text,
    /// The endpoint's JSON document.
    Json,
    /// One probability per line, as the endpoint sends it.
    Csv,
}

/// Arguments of `predict`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct Args {
    /// CSV file (with a header) or Parquet file with the features by name; labels are optional
    pub(crate) file: PathBuf,
    /// The model: model.tar.gz, model.bin, or a directory that contains model.bin
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: PathBuf,
    /// `text` is human-readable; `json` and `csv` are exactly what the endpoint would send
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) output: Output,
    /// Add each feature's contribution to the probability; needs `--output json`
    #[arg(long)]
    pub(crate) explain: bool,
}

/// Prints the predictions; exit code 1 if they cannot be written, 2 if the file or the model cannot be used.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<(), Failed> {
    let predictions = score(args).map_err(Failed::usage)?;
    out.write_all(&predictions)
        .and_then(|()| out.flush())
        .context("cannot write the predictions")
        .map_err(Failed::work)
}

fn score(args: &Args) -> Result<Vec<u8>> {
    ensure!(
        !args.explain || args.output == Output::Json,
        "--explain needs --output json"
    );
    let unusable = || format!("cannot use the model {}", args.model.display());
    let model = fire_run::read_model(&args.model).with_context(unusable)?;
    let predictor = Predictor::from_bytes(&model).with_context(unusable)?;
    let values = read_features(&args.file)?;
    let write = |media| {
        let detail = Detail {
            explanation: args.explain,
            ..Detail::default()
        };
        let predictions = predictor.write(&values, media, detail);
        predictions.map_err(|rejection| anyhow!("{}", rejection.message()))
    };
    match args.output {
        Output::Json => write(Media::Json),
        Output::Csv => write(Media::Csv),
        Output::Text => text(&predictor, &values),
    }
}

/// Formats a human-readable table, with warnings where the model extrapolates.
fn text(predictor: &Predictor, values: &[f32]) -> Result<Vec<u8>> {
    let artifact = predictor.artifact();
    let mut probabilities = Vec::new();
    let x = Matrix::new(values, FEATURE_COUNT)?;
    predictor.prepared().predict_into(&x, &mut probabilities)?;
    let mut out = Vec::new();
    let (mut fires, mut unseen) = (0_usize, 0_usize);
    writeln!(out, "{:>8}  {:>11}  fire", "row", "probability")?;
    for (at, (row, &probability)) in values
        .chunks_exact(FEATURE_COUNT)
        .zip(&probabilities)
        .enumerate()
    {
        let fire = probability >= artifact.threshold;
        let warnings = artifact.warnings(row);
        fires += usize::from(fire);
        unseen += usize::from(!warnings.is_empty());
        let word = if fire { "yes" } else { "no" };
        writeln!(
            out,
            "{:>8}  {probability:>11.6}  {word:<4}{}",
            at + 1,
            in_brackets(&warnings)
        )?;
    }
    writeln!(
        out,
        "{} row{}, {fires} at or above the threshold {:.6}, {unseen} outside the range seen in training",
        probabilities.len(),
        if probabilities.len() == 1 { "" } else { "s" },
        artifact.threshold
    )?;
    Ok(out)
}

fn in_brackets(warnings: &[String]) -> String {
    if warnings.is_empty() {
        String::new()
    } else {
        format!("  ({})", warnings.join("; "))
    }
}
