//! `export`: a model as an ONNX file for other runtimes.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ensemble::onnx;

use crate::Failed;
use crate::serve::Predictor;

/// Arguments of `export`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct Args {
    /// The model: model.tar.gz, model.bin, or a directory that contains model.bin
    #[arg(long, value_name = "MODEL")]
    model: PathBuf,
    /// The ONNX file to write; an existing file is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Writes the file and prints a summary; exit code 1 if either cannot be written, 2 if the model cannot be used or
/// exported.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<(), Failed> {
    let (predictor, bytes) = export(&args.model).map_err(Failed::usage)?;
    let shown = args.out.display();
    write(&args.out, &bytes)
        .with_context(|| format!("cannot write {shown}"))
        .map_err(Failed::work)?;
    let artifact = predictor.artifact();
    let printed = writeln!(
        out,
        "{shown}: {} member{}, {} features, threshold {}, {} bytes",
        artifact.members.len(),
        if artifact.members.len() == 1 { "" } else { "s" },
        artifact.features.len(),
        artifact.threshold,
        bytes.len()
    );
    printed
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
        .map_err(Failed::work)
}

/// Loads the model, which checks its probes, and returns it with the bytes of the ONNX file.
fn export(model: &Path) -> Result<(Predictor, Vec<u8>)> {
    let unusable = || format!("cannot use the model {}", model.display());
    let bytes = fire_run::read_model(model).with_context(unusable)?;
    let predictor = Predictor::from_bytes(&bytes).with_context(unusable)?;
    let exported = onnx::export(predictor.artifact()).with_context(unusable)?;
    Ok((predictor, exported))
}

/// Writes to a temporary file and renames it: `path` never contains a partial model.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let written = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // The caller reports the first error; the temporary file may not exist.
        let _ = fs::remove_file(&partial);
    }
    written
}
