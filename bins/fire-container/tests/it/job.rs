//! A training job in a temporary directory.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ensemble::Params;
use fire_container::OptMl;
use sensor_model::{Rows, original, write_rows};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A temporary `/opt/ml`.
pub(crate) struct Job {
    dir: TempDir,
    pub(crate) paths: OptMl,
}

/// The exit code and standard output of a job.
pub(crate) struct Ended {
    pub(crate) code: u8,
    pub(crate) stdout: String,
}

pub(crate) fn rows(range: Range<u64>) -> Rows {
    original::generate(3, range, NonZeroUsize::MIN).rows
}

/// The settings of a job: the learner's name, and those of `settings` that the learner accepts.
pub(crate) fn settings(algorithm: &str, settings: &[(&str, &str)]) -> Value {
    let entries = Params::defaults(algorithm.parse().unwrap()).entries();
    let mut found = json!({ "algorithm": algorithm });
    for (name, value) in settings {
        if *name == "seed" || entries.iter().any(|(entry, _)| entry == name) {
            found[name] = json!(value);
        }
    }
    found
}

impl Job {
    /// A job with settings but no channels.
    pub(crate) fn new(hyperparameters: &Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = OptMl::new(dir.path());
        let job = Self { dir, paths };
        job.put(
            "input/config/hyperparameters.json",
            hyperparameters.to_string().as_bytes(),
        );
        job
    }

    /// A job with settings and the two required channels.
    pub(crate) fn with_channels(hyperparameters: &Value) -> Self {
        let job = Self::new(hyperparameters);
        job.channel("train", "part-00000.parquet", &rows(0..600));
        job.channel("validation", "part-00000.csv", &rows(600..800));
        job
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn channel(&self, channel: &str, file: &str, rows: &Rows) {
        let dir = self.paths.root().join("input/data").join(channel);
        fs::create_dir_all(&dir).unwrap();
        write_rows(&dir.join(file), rows).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Runs `fire-container train` in this process.
    pub(crate) fn train(&self) -> Ended {
        let root = self.root().to_str().unwrap();
        let mut out = Vec::new();
        let args = ["fire-container", "train", "--opt-ml", root].map(Into::into);
        let code = fire_container::run(args, &mut out);
        Ended {
            code,
            stdout: String::from_utf8(out).unwrap(),
        }
    }
}
