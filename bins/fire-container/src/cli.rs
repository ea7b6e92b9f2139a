//! The command line.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};

use crate::paths::OptMl;
use crate::{USAGE, exit_code, export, predict, serve, train};

/// Parses the arguments, does the work, and returns the exit code.
///
/// Output goes to `out` instead of standard output; errors go to standard error.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> u8 {
    match Cli::read(args) {
        Err(usage) => {
            // If the terminal is closed, there is nowhere left to report to.
            let _ = usage.print();
            if usage.use_stderr() { USAGE } else { 0 }
        }
        Ok(Cli { command, opt_ml }) => {
            let paths = OptMl::new(opt_ml);
            match command {
                Command::Train => train::run(&paths, out),
                Command::Serve => serve::run(&paths, out),
                Command::Predict(args) => exit_code(predict::run(&args, out)),
                Command::Export(args) => exit_code(export::run(&args, out)),
            }
        }
    }
}

/// The command line, for the test that checks the commands in the documentation.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Train or serve a fire-detection model for SageMaker, make predictions for a file, or export the model.
#[derive(Debug, Parser)]
#[command(
    name = "fire-container",
    version,
    after_help = "Examples:\n  \
        fire-container train --opt-ml ./job     # reads ./job/input/..., writes ./job/model\n  \
        fire-container serve --opt-ml ./job     # listens on port 8080\n  \
        SAGEMAKER_BIND_TO_PORT=9000 FIRE_BIND_ADDRESS=127.0.0.1 fire-container serve\n  \
        fire-container predict rows.parquet --model model.tar.gz\n  \
        fire-container predict rows.csv --model model.tar.gz --output csv | paste -d, rows.csv -\n  \
        fire-container export --model model.tar.gz --out model.onnx\n\n\
        If it is installed as `train` or `serve`, the command can be omitted."
)]
pub(crate) struct Cli {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Directory to use instead of /opt/ml.
    #[arg(
        long,
        value_name = "DIR",
        env = "FIRE_OPT_ML",
        default_value = "/opt/ml",
        global = true
    )]
    pub(crate) opt_ml: PathBuf,
}

/// Two commands for SageMaker and two for interactive use.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub(crate) enum Command {
    /// Train a model on the channels in input/data.
    Train,
    /// Serve the model in model/ at GET /ping and POST /invocations.
    Serve,
    /// Print a model's predictions for the rows of a file.
    Predict(predict::Args),
    /// Write a model as an ONNX file, for use without this program.
    Export(export::Args),
}

impl Cli {
    /// Parses arguments. A program installed as `train` or `serve` takes its command from its name.
    pub(crate) fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut args: Vec<OsString> = args.into_iter().collect();
        let name = args
            .first()
            .and_then(|path| Path::new(path).file_name()?.to_str());
        if let Some(command @ ("train" | "serve")) = name {
            let command = OsString::from(command);
            // SageMaker also passes the command as an argument.
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
    fn the_command_comes_from_the_argument_or_the_program_name() {
        for (line, command, dir) in [
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
                (command, PathBuf::from(dir)),
                "{line}"
            );
        }
    }

    #[test]
    fn other_arguments_are_invalid_usage() {
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
