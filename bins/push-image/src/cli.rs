//! The command line.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Error, Result, ensure};
use clap::{CommandFactory, Parser};
use serde_json::json;

use crate::credentials::Credentials;
use crate::image::Image;
use crate::reference::Reference;
use crate::registry::Registry;
use crate::{export, push};

/// Build the container image of fire-container and push it, without a container daemon.
#[derive(Debug, Parser)]
#[command(
    name = "push-image",
    version,
    after_help = "Examples:\n  \
        push-image target/x86_64-unknown-linux-gnu/image/fire-container --folder image/\n  \
        push-image fire-container --archive image.tar && docker load -i image.tar\n  \
        push-image fire-container --push 691595239825.dkr.ecr.eu-west-1.amazonaws.com/fire-container:0.1.0\n  \
        push-image fire-container --push ghcr.io/me/fire-container:1 --username me --password-stdin <token.txt\n\n\
        `cargo xtask image` builds the static program and then runs this command.\n\n\
        Exit codes: 0 done, 1 the image could not be built or written, 2 invalid usage or input, 3 the registry \
        could not be reached or rejected the image."
)]
struct Cli {
    /// The statically linked program (x86-64 Linux)
    program: PathBuf,
    /// Push the image to a registry; the password for ECR comes from the aws CLI
    #[arg(long, value_name = "REGISTRY/REPOSITORY:TAG")]
    push: Option<Reference>,
    /// User name for the registry [default: AWS]
    #[arg(long, requires = "password_stdin")]
    username: Option<String>,
    /// Read the password from standard input
    #[arg(long, requires = "push")]
    password_stdin: bool,
    /// Use HTTP without TLS; always on for a registry on this machine
    #[arg(long, requires = "push")]
    plain_http: bool,
    /// Write the image to a directory that skopeo reads as `dir:DIR`
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Write the image to a file for `docker load` and `podman load`
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
    /// Output format: `text`, or `json` with stable keys
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    output: String,
}

/// The image could not be built or written.
const WORK_FAILED: u8 = 1;
/// The arguments or the program to package are invalid.
const USAGE: u8 = 2;
/// The registry could not be reached or rejected the image.
const BACKEND: u8 = 3;

/// An error and its exit code.
struct Failed {
    code: u8,
    error: Error,
}

/// Parses the arguments, builds the image, exports and pushes it as requested, and returns the exit code.
///
/// `out` replaces standard output; errors go to standard error.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(usage) => {
            // If the terminal is closed, the failure cannot be reported anywhere.
            let _ = usage.print();
            return if usage.use_stderr() { USAGE } else { 0 };
        }
    };
    match work(&cli, out) {
        Ok(()) => 0,
        Err(Failed { code, error }) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            code
        }
    }
}

/// The command line, for the test that checks the commands in the documentation.
pub fn command() -> clap::Command {
    Cli::command()
}

fn work(cli: &Cli, out: &mut dyn Write) -> Result<(), Failed> {
    let with = |code| move |error| Failed { code, error };
    let program = read_program(&cli.program).map_err(with(USAGE))?;
    let image = Image::build(&program).context("cannot build the image");
    let image = image.map_err(with(WORK_FAILED))?;
    export_all(cli, &image).map_err(with(WORK_FAILED))?;
    let sent = match &cli.push {
        Some(to) => Some(push_to(cli, &image, to).map_err(with(BACKEND))?),
        None => None,
    };
    print_result(cli, &image, program.len(), sent, out).map_err(with(WORK_FAILED))
}

/// Reads the program and checks that it can run in an image that contains nothing else.
fn read_program(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let program = fs::read(path).with_context(|| format!("cannot read the program {shown}"))?;
    ensure!(
        program.starts_with(b"\x7fELF\x02\x01") && program.get(18..20) == Some(&[0x3e, 0]),
        "{shown} is not an x86-64 Linux executable"
    );
    ensure!(
        !names_interpreter(&program),
        "{shown} needs a dynamic linker, which the image does not have; build it with `cargo xtask image`"
    );
    Ok(program)
}

/// True if an ELF file has a `PT_INTERP` program header, which names a dynamic linker.
fn names_interpreter(elf: &[u8]) -> bool {
    let number = |at: usize, size: usize| {
        let end = at.checked_add(size);
        let bytes = end.and_then(|end| elf.get(at..end)).unwrap_or_default();
        // Little-endian, as on every x86-64 machine.
        let digits = bytes.iter().rev();
        digits.fold(0_usize, |number, &byte| number << 8 | usize::from(byte))
    };
    // `e_phoff`, `e_phentsize` and `e_phnum` of the ELF header; each program header starts with its type.
    let (table, size, count) = (number(0x20, 8), number(0x36, 2), number(0x38, 2));
    (0..count).any(|at| number(table.saturating_add(at * size), 4) == 3)
}

fn export_all(cli: &Cli, image: &Image) -> Result<()> {
    if let Some(dir) = &cli.folder {
        export::directory(image, dir)?;
    }
    if let Some(archive) = &cli.archive {
        let own = format!("fire-container:{}", env!("CARGO_PKG_VERSION"));
        let tag = cli.push.as_ref().map_or(own, Reference::to_string);
        export::archive(image, archive, &tag)?;
    }
    Ok(())
}

/// Pushes the image and returns the number of bytes sent.
fn push_to(cli: &Cli, image: &Image, to: &Reference) -> Result<usize> {
    let credentials = if cli.password_stdin {
        Some(Credentials::read(cli.username.as_deref(), io::stdin())?)
    } else {
        Credentials::for_registry(to)?
    };
    let scheme = if cli.plain_http || to.is_local() {
        "http"
    } else {
        "https"
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let base = format!("{scheme}://{}", to.registry);
        let mut registry = Registry::new(base, credentials)?;
        push::push(image, to, &mut registry).await
    })
}

fn print_result(
    cli: &Cli,
    image: &Image,
    program_bytes: usize,
    sent: Option<usize>,
    out: &mut dyn Write,
) -> Result<()> {
    let pushed = cli.push.as_ref().map(Reference::to_string);
    if cli.output == "json" {
        let document = json!({
            "digest": image.digest, "program_bytes": program_bytes,
            "layer_bytes": image.layer.gzipped.len(), "unpacked_bytes": image.layer.uncompressed_size,
            "pushed": pushed, "sent_bytes": sent,
        });
        writeln!(out, "{document:#}")?;
        return Ok(());
    }
    let megabytes = |bytes: usize| bytes as f64 / 1e6;
    writeln!(out, "image {}", image.digest)?;
    writeln!(
        out,
        "{:.1} MB compressed, {:.1} MB uncompressed",
        megabytes(image.layer.gzipped.len()),
        megabytes(image.layer.uncompressed_size)
    )?;
    if let (Some(pushed), Some(sent)) = (pushed, sent) {
        writeln!(out, "pushed to {pushed}, {:.1} MB sent", megabytes(sent))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_need_a_dynamic_linker_are_recognised() {
        let elf = |kinds: &[u32]| {
            let mut elf = vec![0; 64];
            elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
            (elf[18], elf[0x20], elf[0x36], elf[0x38]) = (0x3e, 64, 56, kinds.len() as u8);
            for kind in kinds {
                elf.extend(kind.to_le_bytes());
                elf.extend([0; 52]);
            }
            elf
        };
        assert!(!names_interpreter(&elf(&[1, 2, 6])));
        assert!(names_interpreter(&elf(&[6, 3, 1])));
        // The test binary itself is linked dynamically.
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(names_interpreter(&own));
        for cut in 0..64 {
            names_interpreter(&elf(&[3])[..cut]);
        }
    }
}
