//! `export`: a model as a file for other runtimes.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use ensemble::onnx;

use crate::serve::Predictor;
use crate::{complain, model_package};

/// What to export, and where to.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub(crate) struct Args {
    /// The model: model.tar.gz, model.bin, or a folder with it
    #[arg(long, value_name = "MODEL")]
    model: PathBuf,
    /// The ONNX file to write; one that is there is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Writes the file, says what it holds, and returns the exit code: 0, 1 if nothing can be written, 2 if the model cannot
/// be used or exported.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> u8 {
    let (predictor, bytes) = match export(&args.model) {
        Ok(exported) => exported,
        Err(error) => {
            complain(&format!("{error:#}"));
            return 2;
        }
    };
    let shown = args.out.display();
    if let Err(error) = write(&args.out, &bytes) {
        complain(&format!("cannot write {shown}: {error}"));
        return 1;
    }
    let artifact = predictor.artifact();
    let said = writeln!(
        out,
        "{shown}: {} members, {} features, threshold {}, {} bytes",
        artifact.members.len(),
        artifact.features.len(),
        artifact.threshold,
        bytes.len()
    );
    if let Err(error) = said.and_then(|()| out.flush()) {
        complain(&format!("cannot write to standard output: {error}"));
        return 1;
    }
    0
}

/// The model, which has answered its probes, and the file's bytes.
fn export(model: &Path) -> Result<(Predictor, Vec<u8>)> {
    let bytes = model_package::read(model)?;
    let unusable = || format!("cannot use the model {}", model.display());
    let predictor = Predictor::from_bytes(&bytes).with_context(unusable)?;
    let exported = onnx::export(predictor.artifact()).with_context(unusable)?;
    Ok((predictor, exported))
}

/// Writes beside the file and renames: nobody finds half a model.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let written = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // What went wrong has been said by then; a missing file is what is wanted.
        let _ = fs::remove_file(&partial);
    }
    written
}
