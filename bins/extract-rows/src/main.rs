//! The program `extract-rows`; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    fire_cli::main(|args: &extract_rows::Args| &args.common, extract_rows::run)
}
