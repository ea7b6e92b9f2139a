//! `export`: a model as an ONNX file for other runtimes.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ensemble::onnx;

use crate::serve::Predictor;
use crate::{USAGE, WORK_FAILED, complain};

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

/// Writes the file, prints a summary, and returns the exit code: 0, 1 if the file or the summary cannot be written, 2 if
/// the model cannot be used or exported.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> u8 {
    let (predictor, bytes) = match export(&args.model) {
        Ok(exported) => exported,
        Err(error) => {
            complain(&format!("{error:#}"));
            return USAGE;
        }
    };
    let shown = args.out.display();
    if let Err(error) = write(&args.out, &bytes) {
        complain(&format!("cannot write {shown}: {error}"));
        return WORK_FAILED;
    }
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
    if let Err(error) = printed.and_then(|()| out.flush()) {
        complain(&format!("cannot write to standard output: {error}"));
        return WORK_FAILED;
    }
    0
}

/// Loads the model, which checks its probes, and returns it with the bytes of the ONNX file.
fn export(model: &Path) -> Result<(Predictor, Vec<u8>)> {
    let unusable = || format!("cannot use the model {}", model.display());
    let bytes = fire_run::read_model(model).with_context(unusable)?;
    let predictor = Predictor::from_bytes(&bytes).with_context(unusable)?;
    let exported = onnx::export(predictor.artifact()).with_context(unusable)?;
    Ok((predictor, exported))
}

/// Writes to a temporary file and renames it, so that `path` never holds a partial model.
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
