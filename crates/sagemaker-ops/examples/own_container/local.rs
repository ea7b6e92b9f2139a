//! The local server in a process of its own, with this program as its container.
//!
//! If the server is to run its usual container, you need only a [`ServerProgram`], and [`Clients::connect`] starts the
//! server.
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

/// A running server. Dropping it ends the server and deletes its state.
pub(crate) struct Server {
    program: PathBuf,
    folder: TempDir,
    process: Child,
}

impl Server {
    /// The same as `FIRE_BIN_DIR=FOLDER local-sagemaker --state-dir FOLDER` in a shell, where the folder has a program
    /// named `fire-container`.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let own = std::env::current_exe()?;
        // cargo puts examples into a folder next to the programs.
        let above = || own.ancestors().nth(2).map(Path::to_owned);
        let programs = std::env::var_os("FIRE_BIN_DIR").map(PathBuf::from);
        let programs = programs
            .or_else(above)
            .ok_or("this program is in no folder of cargo's")?;
        let program = programs.join("local-sagemaker");
        let folder = tempfile::tempdir()?;
        symlink(&own, folder.path().join("fire-container"))?;
        let started = command(&program, folder.path())
            .env("FIRE_BIN_DIR", folder.path())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = started.map_err(|error| {
            let remedy = "build it with `cargo build -p local-sagemaker`";
            format!("{}: {error}; {remedy}", program.display())
        })?;
        // It prints its address once it listens.
        let said = process.stdout.take().ok_or("the server says nothing")?;
        BufReader::new(said).read_line(&mut String::new())?;
        Ok(Self {
            program,
            folder,
            process,
        })
    }

    /// The backend of this server.
    pub(crate) fn backend(&self) -> Result<LocalBackend, sagemaker_ops::Error> {
        LocalBackend::at(self.folder.path())
    }
}

impl Drop for Server {
    /// Stops the server by its own command, so that its containers end as well.
    fn drop(&mut self) {
        let _ = command(&self.program, self.folder.path())
            .arg("--stop")
            .status();
        let _ = self.process.wait();
    }
}

fn command(program: &Path, state_dir: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg("--state-dir")
        .arg(state_dir)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}
