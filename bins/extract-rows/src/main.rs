//! `extract-rows`: see the library for what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    fire_cli::main(|args: &extract_rows::Args| &args.common, extract_rows::run)
}
