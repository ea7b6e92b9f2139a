//! `pipeline-100k`: see the library for what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    fire_cli::main(
        |args: &pipeline_100k::Args| &args.common,
        pipeline_100k::run,
    )
}
