//! `deploy-100k`: see the library for what it does.

use std::process::ExitCode;

fn main() -> ExitCode {
    fire_cli::main(|args: &deploy_100k::Args| &args.common, deploy_100k::run)
}
