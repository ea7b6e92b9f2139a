//! The command line.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};

use crate::paths::OptMl;
use crate::{export, predict, serve, train};

/// Parses the arguments, does the work, and returns the exit code.
///
/// `out` gets what is meant for standard output; complaints go to standard error.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> u8 {
    match Cli::read(args) {
        Err(usage) => {
            // Nothing can be done about a closed terminal.
            let _ = usage.print();
            if usage.use_stderr() { 2 } else { 0 }
        }
        Ok(Cli { command, opt_ml }) => {
            let paths = OptMl::new(opt_ml);
            match command {
                Command::Train => train::run(&paths, out),
                Command::Serve => serve::run(&paths, out),
                Command::Predict(args) => predict::run(&args, out),
                Command::Export(args) => export::run(&args, out),
            }
        }
    }
}

/// The command line, for the test that reads the documents' commands against it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Train or serve the fire-detection model by the SageMaker container contract, score a file with it, or export it.
#[derive(Debug, Parser)]
#[command(
    name = "fire-container",
    version,
    after_help = "Examples:\n  \
        fire-container train --opt-ml ./job     # ./job/input/... in, ./job/model out\n  \
        fire-container serve --opt-ml ./job     # answers on port 8080\n  \
        SAGEMAKER_BIND_TO_PORT=9000 FIRE_BIND_ADDRESS=127.0.0.1 fire-container serve\n  \
        fire-container predict rows.parquet --model model.tar.gz\n  \
        fire-container predict rows.csv --model model.tar.gz --output csv | paste -d, rows.csv -\n  \
        fire-container export --model model.tar.gz --out model.onnx\n\n\
        Installed under the names `train` and `serve` it needs no command."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Folder in the place of /opt/ml.
    #[arg(
        long,
        value_name = "DIR",
        env = "FIRE_OPT_ML",
        default_value = "/opt/ml",
        global = true
    )]
    pub(crate) opt_ml: PathBuf,
}

/// The two things that SageMaker asks of a container, and two that people do.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub(crate) enum Command {
    /// Fit a model to the channels below input/data.
    Train,
    /// Answer GET /ping and POST /invocations with the model in model/.
    Serve,
    /// Print a model's answers to the rows of a file.
    Predict(predict::Args),
    /// Write a model as an ONNX file, for runtimes that know nothing of this program.
    Export(export::Args),
}

impl Cli {
    /// Reads arguments; a program that is called `train` or `serve` takes its command from that.
    pub(crate) fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut args: Vec<OsString> = args.into_iter().collect();
        let name = args
            .first()
            .and_then(|path| Path::new(path).file_name()?.to_str());
        if let Some(command @ ("train" | "serve")) = name {
            let command = OsString::from(command);
            // SageMaker passes the command as an argument too.
            if args.get(1) != Some(&command) {
                args.insert(1, command);
            }
        }
        Self::try_parse_from(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Cli, clap::Error> {
        Cli::read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_command_comes_from_the_argument_or_from_the_name() {
        for (line, command, folder) in [
            ("fire-container train", Command::Train, "/opt/ml"),
            ("fire-container serve --opt-ml x", Command::Serve, "x"),
            ("fire-container --opt-ml x serve", Command::Serve, "x"),
            ("/usr/local/bin/train", Command::Train, "/opt/ml"),
            ("/usr/local/bin/serve serve", Command::Serve, "/opt/ml"),
            ("train --opt-ml x", Command::Train, "x"),
        ] {
            let cli = read(line).unwrap();
            assert_eq!(
                (cli.command, cli.opt_ml),
                (command, PathBuf::from(folder)),
                "{line}"
            );
        }
    }

    #[test]
    fn anything_else_is_wrong_usage() {
        for line in [
            "fire-container",
            "fire-container trian",
            "fire-container predict rows.csv",
            "fire-container predict --model m",
            "fire-container predict rows.csv --model m --output xml",
            "fire-container export --model m",
            "fire-container export --out m.onnx",
            "train serve",
            "serve --port 1",
        ] {
            assert!(read(line).unwrap_err().use_stderr(), "{line}");
        }
    }
}
