//! The program that SageMaker runs inside the container; documented in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(fire_container::run(
        std::env::args_os(),
        &mut std::io::stdout(),
    ))
}
