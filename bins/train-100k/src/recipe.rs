//! The flags that determine a run, from the command line or the run's `recipe.json`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use fire_cli::{ProjectArgs, usage};
use sensor_model::Profile;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::machine::JobArgs;
use crate::simulation::EpisodeArgs;
use crate::source::is_remote;

/// The flags that determine a run, as given; defaults are applied only in its plan.
///
/// Every field is optional, to distinguish an omitted flag from one that repeats the default.
/// Backend, bucket, output, limits and `--wait` are not part of the recipe, because they may differ
/// between calls.
#[derive(Debug, Clone, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Recipe {
    /// Role and image. The bucket is not stored: it must be known before the recipe can be read.
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) project: ProjectArgs,

    /// Rows to generate [default: 100000]
    #[arg(long, value_parser = clap::value_parser!(u64).range(20..=1_000_000_000))]
    pub(crate) samples: Option<u64>,

    /// Generator of the rows: `episode` (simulated rooms, fires and sensors, processed by the
    /// feature extractor) or `original` (independent draws by the rules of the Python scripts)
    /// [default: episode]
    #[arg(long)]
    pub(crate) profile: Option<Profile>,

    /// CSV or Parquet files to train on instead of generated rows; also `s3://bucket/key`, or all
    /// files below `s3://bucket/prefix/`
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["samples", "profile"])]
    pub(crate) data: Vec<PathBuf>,

    /// With --data: simulate this share of the training rows
    #[arg(long, value_name = "SHARE", requires = "data")]
    pub(crate) mix: Option<f64>,

    /// Train on a directory written by --out, whole or in shards
    #[arg(long, value_name = "DIR", conflicts_with_all = ["samples", "profile", "data", "out"])]
    pub(crate) parts: Option<PathBuf>,

    /// Class balance, difficulty and scenarios of simulated episodes.
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) episodes: EpisodeArgs,

    /// Machines, limits and learners of the training jobs.
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) jobs: JobArgs,

    /// Random seed for data generation, splitting and training: the same seed gives the same models [default: 42]
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    /// Set a hyperparameter of one learner, such as `rf.max_depth=8`; repeatable
    #[arg(long, value_name = "LEARNER.NAME=VALUE")]
    pub(crate) set: Vec<String>,
}

impl Recipe {
    /// The same recipe with absolute paths: the run can then be resumed from any directory.
    ///
    /// # Errors
    /// Exit code 2 for a local file or directory that does not exist.
    pub(crate) fn with_absolute_paths(mut self) -> anyhow::Result<Self> {
        for file in self.data.iter_mut().filter(|file| !is_remote(file)) {
            let problem = match (file.is_file(), file.is_dir()) {
                (true, _) => "",
                (_, true) => "this is a directory; name the files in it",
                _ => "there is no such file",
            };
            if !problem.is_empty() {
                return Err(usage(anyhow!("--data {}: {problem}", file.display())));
            }
            *file = absolute("--data", file)?;
        }
        if let Some(dir) = &mut self.parts {
            *dir = absolute("--parts", dir)?;
        }
        Ok(self)
    }

    /// Whether the rows come from the files or directory given on the command line.
    pub(crate) fn names_files(&self) -> bool {
        !self.data.is_empty() || self.parts.is_some()
    }

    /// The flags that were given, by their names without `--`.
    pub(crate) fn to_flags(&self) -> serde_json::Result<Map<String, Value>> {
        let mut flags: Map<String, Value> = serde_json::from_value(serde_json::to_value(self)?)?;
        flags.retain(|_, value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::Array(values) => !values.is_empty(),
            _ => true,
        });
        Ok(flags)
    }

    /// The recipe with these flags.
    ///
    /// # Errors
    /// A value of the wrong type, or a flag unknown to this version, which cannot be ignored because
    /// it may change the run.
    pub(crate) fn from_flags(flags: &Map<String, Value>) -> anyhow::Result<Self> {
        let recipe: Self = serde_json::from_value(Value::Object(flags.clone()))?;
        let known = recipe.to_flags()?;
        match flags.keys().find(|name| !known.contains_key(*name)) {
            None => Ok(recipe),
            Some(name) => Err(anyhow!("this version has no flag --{name}")),
        }
    }
}

fn absolute(flag: &str, path: &Path) -> anyhow::Result<PathBuf> {
    fs::canonicalize(path)
        .with_context(|| format!("{flag} {}", path.display()))
        .map_err(usage)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Args;

    fn recipe(flags: &str) -> Recipe {
        let words = std::iter::once("train-100k").chain(flags.split_whitespace());
        Args::parse_from(words).recipe
    }

    #[test]
    fn a_recipe_keeps_every_flag_and_nothing_else() {
        let flags = "--samples 500 --profile episode --seed 7 --severity 0.75 --scenario people=2 \
                     --alarm-hours 0.5 --set rf.max_depth=8 --set gb.max_depth=3 --only rf,gb \
                     --spot --max-wait 20000 --tag team=fire --role-arn arn:aws:iam::123456789012:role/r";
        let given = recipe(&format!("{flags} --bucket a-bucket --wait --max-cost 3"));
        let stored = given.to_flags().unwrap();
        let names: Vec<&str> = stored.keys().map(String::as_str).collect();
        let expected = [
            "alarm-hours",
            "max-wait",
            "only",
            "profile",
            "role-arn",
            "samples",
            "scenario",
            "seed",
            "set",
            "severity",
            "spot",
            "tag",
        ];
        assert_eq!(names, expected);
        // The bucket is not part of the recipe.
        assert_eq!(Recipe::from_flags(&stored).unwrap(), recipe(flags));
        assert!(recipe("").to_flags().unwrap().is_empty());
    }

    #[test]
    fn an_unknown_flag_is_rejected_by_name() {
        for (flags, expected) in [
            (r#"{"samples": 500, "depth": 3}"#, "no flag --depth"),
            (r#"{"samples": "many"}"#, "many"),
        ] {
            let flags = serde_json::from_str(flags).unwrap();
            let error = Recipe::from_flags(&flags).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn local_paths_become_absolute_and_s3_uris_stay_unchanged() {
        let given = recipe("--data Cargo.toml s3://bucket/rows/");
        let given = given.with_absolute_paths().unwrap();
        assert!(given.data[0].is_absolute() && given.data[0].ends_with("Cargo.toml"));
        assert_eq!(given.data[1], Path::new("s3://bucket/rows/"));
        for (flags, expected) in [
            ("--data /nowhere.csv", "--data /nowhere.csv"),
            ("--data src", "name the files in it"),
            ("--parts /nowhere", "--parts /nowhere"),
        ] {
            let error = recipe(flags).with_absolute_paths().unwrap_err();
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        }
    }
}
