//! `train-100k`: see the library for what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    fire_cli::main(|args: &train_100k::Args| &args.common, train_100k::run)
}
