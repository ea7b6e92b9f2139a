//! The program `local-sagemaker`; see the library for its documentation.

use std::process::ExitCode;

use clap::Parser;
use local_sagemaker::cli::{Args, run};

#[tokio::main]
async fn main() -> ExitCode {
    run(Args::parse()).await
}
