//! The program that runs for an image.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::machine::opt_ml::{OPT_ML, OptMlMount};

/// A program with its own arguments, its working directory, and its view of `/opt/ml`.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The program and its own arguments; never empty.
    words: Vec<String>,
    /// The working directory; by default the directory that takes the place of `/opt/ml`.
    directory: Option<PathBuf>,
    /// Gives the program the real path `/opt/ml`.
    mount: Option<OptMlMount>,
}

impl Program {
    /// A program without arguments of its own, which runs in the directory that takes the place of `/opt/ml`.
    pub(super) fn in_opt_ml(program: &Path) -> Self {
        Self {
            words: vec![program.to_string_lossy().into_owned()],
            directory: None,
            mount: None,
        }
    }

    /// A program with its own arguments that runs in `directory`.
    pub(super) fn new(words: Vec<String>, directory: &Path, mount: Option<OptMlMount>) -> Self {
        Self {
            words,
            directory: Some(directory.to_owned()),
            mount,
        }
    }

    /// The same image with another entry point, the program and its arguments.
    pub(crate) fn with_entry_point(mut self, words: Vec<String>) -> Self {
        self.words = words;
        self
    }

    /// The program and its own arguments, as an image's `Entrypoint`.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// The command with these arguments and environment variables, for the directory `opt_ml`. The variables
    /// that name this directory are set last, so that they cannot be overridden.
    pub(crate) fn command<N: AsRef<str>, V: AsRef<str>>(
        &self,
        arguments: &[String],
        environment: impl IntoIterator<Item = (N, V)>,
        opt_ml: &Path,
    ) -> Command {
        let mut words = match &self.mount {
            Some(mount) => mount.prefix(opt_ml),
            None => Vec::new(),
        };
        words.extend(self.words.iter().chain(arguments).map(OsString::from));
        let base = match &self.mount {
            Some(_) => Path::new(OPT_ML),
            None => opt_ml,
        };
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .current_dir(self.directory.as_deref().unwrap_or(opt_ml));
        for (name, value) in environment {
            command.env(name.as_ref(), value.as_ref());
        }
        command
            .env("FIRE_OPT_ML", opt_ml)
            // Read by sagemaker-training and sagemaker-inference, AWS's toolkits for Python containers.
            .env("SAGEMAKER_BASE_DIR", base);
        command
    }

    /// The files that the program consists of: itself and the files among its arguments.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let directory = self.directory.as_deref().unwrap_or(Path::new("/"));
        let paths = self.words.iter().map(|word| directory.join(word));
        paths.filter(|path| path.is_file()).collect()
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(" "))
    }
}
