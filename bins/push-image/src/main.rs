//! Builds and pushes the container image; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(push_image::run(std::env::args_os(), &mut std::io::stdout()))
}
