//! Runs the local server in a process of its own, with this program as its container.
//!
//! For the server's usual container, a [`ServerProgram`] is enough: [`Clients::connect`] starts the server.
//!
//! [`Clients::connect`]: sagemaker_ops::Clients::connect
//! [`ServerProgram`]: sagemaker_ops::ServerProgram

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sagemaker_ops::LocalBackend;
use tempfile::TempDir;

/// A running server. Dropping it stops the server and deletes its state.
pub(crate) struct Server {
    dir: TempDir,
    process: Child,
}

impl Server {
    /// The same as `FIRE_BIN_DIR=DIR FIRE_STATE_DIR=DIR local-sagemaker` in a shell, where the directory contains
    /// a program named `fire-container`.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let own = std::env::current_exe()?;
        // Cargo builds examples into a subdirectory of the directory of its programs.
        let above = || own.ancestors().nth(2).map(Path::to_owned);
        let programs = std::env::var_os("FIRE_BIN_DIR").map(PathBuf::from);
        let programs = programs
            .or_else(above)
            .ok_or("this program is not in one of Cargo's target directories")?;
        let program = programs.join("local-sagemaker");
        let dir = tempfile::tempdir()?;
        symlink(&own, dir.path().join("fire-container"))?;
        let started = Command::new(&program)
            .env("FIRE_BIN_DIR", dir.path())
            .env("FIRE_STATE_DIR", dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = started.map_err(|error| {
            let remedy = "build it with `cargo build -p local-sagemaker`";
            format!("{}: {error}; {remedy}", program.display())
        })?;
        // It prints its address once it listens.
        let output = process.stdout.take().ok_or("the server has no output")?;
        BufReader::new(output).read_line(&mut String::new())?;
        Ok(Self { dir, process })
    }

    /// The backend of this server.
    pub(crate) fn backend(&self) -> Result<LocalBackend, sagemaker_ops::Error> {
        LocalBackend::at(self.dir.path())
    }
}

impl Drop for Server {
    /// Sends SIGTERM, which lets the server stop its containers first.
    fn drop(&mut self) {
        let kill = format!("kill {}", self.process.id());
        let _ = Command::new("sh").args(["-c", &kill]).status();
        let _ = self.process.wait();
    }
}
