//! `report-100k`: see the library for what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    fire_cli::main(|args: &report_100k::Args| &args.common, report_100k::run)
}
