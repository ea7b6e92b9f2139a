//! The local server in a process of its own, with this program as the container behind it.
//!
//! Where the image of the local server is `fire-container` itself, none of this is needed: [`Clients::connect`] starts
//! the server that does not run.
//!
//! [`Clients::connect`]: sagemaker_ops::Clients::connect

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sagemaker_ops::LocalBackend;
use tempfile::TempDir;

/// Ends with this value, and everything that it kept with it.
pub(crate) struct Server {
    program: PathBuf,
    folder: TempDir,
    process: Child,
}

impl Server {
    /// As by hand: `FIRE_BIN_DIR=FOLDER local-sagemaker --state-dir FOLDER`, where the folder has a program named
    /// `fire-container`.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let own = std::env::current_exe()?;
        // cargo puts examples into a folder beside the programs.
        let above = || own.ancestors().nth(2).map(Path::to_owned);
        let programs = std::env::var_os("FIRE_BIN_DIR").map(PathBuf::from);
        let programs = programs.or_else(above).ok_or("where are the programs?")?;
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
        // It says where it listens once it does.
        let said = process.stdout.take().ok_or("the server says nothing")?;
        BufReader::new(said).read_line(&mut String::new())?;
        Ok(Self {
            program,
            folder,
            process,
        })
    }

    /// The backend that attaches to it.
    pub(crate) fn backend(&self) -> Result<LocalBackend, sagemaker_ops::Error> {
        LocalBackend::at(self.folder.path())
    }
}

impl Drop for Server {
    /// In order, so that the containers end as well.
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
