//! `cargo xtask`: see the library for its commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::main()
}
