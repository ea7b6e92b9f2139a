//! `monitor-100k`: see the library for what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    fire_cli::main(|args: &monitor_100k::Args| &args.common, monitor_100k::run)
}
