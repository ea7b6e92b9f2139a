//! The arguments, and what they mean to each step.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use ensemble::{Algorithm, Params};
use fire_cli::{CommonArgs, EXIT_CODES, ProjectArgs, SpendingArgs, shell_word, usage};
use fire_run::RunName;
use sensor_model::Profile;

use crate::job_args::JobArgs;
use crate::recipe::{Mixed, Recipe, Source, existing_files, existing_folder};
use crate::shard::Shard;
use crate::simulation::EpisodeArgs;

const EXAMPLES: &str = "\
Examples:
  train-100k                                  100,000 simulated rows, three jobs, local backend
  train-100k --samples 1000000 --seed 7       other episodes, ten times as many rows
  train-100k --severity 0.9 --scenario smouldering=5
                                              harder episodes, more of one kind
  train-100k --profile original               the independent draws of the Python scripts
  train-100k --set rf.max_depth=8 --set gb.learning_rate=0.05
  train-100k --data rows.parquet              train on rows of your own
  train-100k --data rows.parquet --mix 0.2    one training row in five simulated
  train-100k --out parts                      write the parts and stop
  train-100k --samples 100000000 --shard 3/8 --out parts
                                              an eighth of a large dataset, on one of eight machines
  train-100k --parts parts                    train on parts that --out wrote
  train-100k --backend aws --dry-run          what would be done and what it costs; nothing is created
  train-100k --backend aws --wait --spot --max-runtime 2400 --max-cost 2
                                              three real SageMaker jobs on spare machines; this costs money";

/// Generates or reads sensor rows, splits them 70/15/15 without leakage, uploads them
/// and creates three SageMaker training jobs: random forest, gradient boosting and
/// logistic regression.
#[derive(Debug, Clone, Parser)]
#[command(name = "train-100k", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Args {
    /// Backend and output.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Bucket, role and image.
    #[command(flatten)]
    pub project: ProjectArgs,

    /// Rows to generate
    #[arg(long, default_value = "100000", value_parser = clap::value_parser!(u64).range(20..=1_000_000_000))]
    pub samples: u64,

    /// What rows are drawn from: `episode` (simulated rooms, fires and sensors, seen through the extractor) or `original`
    /// (independent numbers, the laws of the Python scripts)
    #[arg(long, default_value = "episode")]
    pub profile: Profile,

    /// CSV or Parquet files to train on instead of generated rows; `s3://bucket/key`, or all below `s3://bucket/prefix/`
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["samples", "profile"])]
    pub data: Vec<PathBuf>,

    /// With --data: this share of the training rows is simulated and stands beside them
    #[arg(long, value_name = "SHARE", requires = "data")]
    pub mix: Option<f64>,

    /// A folder that --out wrote, in one go or in shards, to train on
    #[arg(long, value_name = "DIR", conflicts_with_all = ["samples", "profile", "data", "out"])]
    pub parts: Option<PathBuf>,

    /// Class balance, difficulty and mix of simulated episodes.
    #[command(flatten)]
    pub episodes: EpisodeArgs,

    /// Machines, limits and choice of the training jobs.
    #[command(flatten)]
    pub jobs: JobArgs,

    /// Limits and checks before anything is created.
    #[command(flatten)]
    pub spending: SpendingArgs,

    /// Seed of generation, split and training: same seed, same models
    #[arg(long, default_value = "42")]
    pub seed: u64,

    /// Hyperparameter of one learner, such as `rf.max_depth=8`; repeatable
    #[arg(long, value_name = "LEARNER.NAME=VALUE")]
    pub set: Vec<String>,

    /// Name of the run; naming an existing one resumes it [default: the time now]
    #[arg(long, value_name = "NAME")]
    pub run: Option<RunName>,

    /// Wait until all jobs have ended
    #[arg(long)]
    pub wait: bool,

    /// Write the parts and their manifest to this folder and stop
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// With --out: write only the I-th of N shards of simulated rows, counted from 1
    #[arg(long, value_name = "I/N", requires = "out", conflicts_with = "data")]
    pub shard: Option<Shard>,
}

impl Args {
    /// The settings of the three learners: the defaults, changed by `--set`.
    pub(crate) fn settings(&self) -> anyhow::Result<BTreeMap<Algorithm, Params>> {
        let mut settings: BTreeMap<_, _> = Algorithm::ALL
            .into_iter()
            .map(|algorithm| (algorithm, Params::defaults(algorithm)))
            .collect();
        for assignment in &self.set {
            apply(&mut settings, assignment)
                .with_context(|| format!("--set {assignment}"))
                .map_err(usage)?;
        }
        let learners = self.jobs.learners();
        settings.retain(|algorithm, _| learners.contains(algorithm));
        for (algorithm, params) in &settings {
            params
                .clone()
                .check()
                .with_context(|| format!("--set for {algorithm}"))
                .map_err(usage)?;
        }
        Ok(settings)
    }

    /// Which rows the dataset is made of.
    pub(crate) fn recipe(&self, run: &RunName) -> anyhow::Result<Recipe> {
        Ok(Recipe {
            run: run.clone(),
            source: self.source()?,
            seed: self.seed,
        })
    }

    fn source(&self) -> anyhow::Result<Source> {
        if let Some(folder) = &self.parts {
            return Ok(Source::Parts(existing_folder(folder)?));
        }
        let simulation = self.episodes.simulation()?;
        if !self.data.is_empty() {
            let mixed = self.mix.map(|share| Mixed::new(share, simulation));
            return Ok(Source::Files {
                files: existing_files(&self.data)?,
                mixed: mixed.transpose()?,
            });
        }
        let samples = self.samples;
        Ok(match self.profile {
            Profile::Original => Source::Original { samples },
            Profile::Episode => Source::Episodes {
                samples,
                simulation: Box::new(simulation),
            },
        })
    }

    /// The command that goes on with this run after it was interrupted.
    pub(crate) fn resume_command(&self, run: &RunName) -> anyhow::Result<String> {
        let mut words = vec![format!(
            "{} --run {run}",
            fire_cli::sibling_program("train-100k")
        )];
        words.extend(self.source_flags());
        words.push(format!("--seed {}", self.seed));
        words.extend(
            self.set
                .iter()
                .map(|set| format!("--set {}", shell_word(set))),
        );
        words.extend(self.jobs.flags());
        words.extend(self.spending.flags());
        words.extend(self.project.flags());
        words.push(self.common.backend_flags()?);
        Ok(words.join(" "))
    }

    /// The flags that choose the rows.
    fn source_flags(&self) -> Vec<String> {
        let path = |path: &PathBuf| shell_word(&path.display().to_string());
        if let Some(folder) = &self.parts {
            return vec![format!("--parts {}", path(folder))];
        }
        let mut words: Vec<String> = if self.data.is_empty() {
            vec![format!(
                "--samples {} --profile {}",
                self.samples, self.profile
            )]
        } else {
            self.data
                .iter()
                .map(|file| format!("--data {}", path(file)))
                .collect()
        };
        words.extend(self.mix.map(|share| format!("--mix {share}")));
        words.extend(self.episodes.flags());
        words
    }
}

fn apply(settings: &mut BTreeMap<Algorithm, Params>, assignment: &str) -> anyhow::Result<()> {
    let form = "write LEARNER.NAME=VALUE, for example rf.max_depth=8";
    let (place, value) = assignment.split_once('=').context(form)?;
    let (learner, name) = place.split_once('.').context(form)?;
    let algorithm = crate::job_args::learner(learner).map_err(anyhow::Error::msg)?;
    let params = settings
        .get_mut(&algorithm)
        .context("every algorithm has settings")?;
    Ok(params.set(name, value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(set: &[&str]) -> anyhow::Result<BTreeMap<Algorithm, Params>> {
        let flags = set.iter().flat_map(|assignment| ["--set", assignment]);
        Args::parse_from(std::iter::once("train-100k").chain(flags)).settings()
    }

    #[test]
    fn set_reaches_the_named_learner_only() {
        let settings =
            settings(&["rf.max_depth=8", "gradient_boosting.learning_rate=0.05"]).unwrap();
        let value = |algorithm, name: &str| {
            let entries: BTreeMap<_, _> = settings[&algorithm].entries().into_iter().collect();
            entries[name].clone()
        };
        assert_eq!(value(Algorithm::RandomForest, "max_depth"), "8");
        assert_eq!(value(Algorithm::GradientBoosting, "max_depth"), "6");
        assert_eq!(value(Algorithm::GradientBoosting, "learning_rate"), "0.05");
    }

    #[test]
    fn the_resume_command_means_the_same_run() {
        let words = [
            "train-100k",
            "--samples",
            "500",
            "--seed",
            "7",
            "--severity",
            "0.75",
            "--set",
            "rf.max_depth=8",
            "--bucket",
            "a-bucket",
            "--state-dir",
            "/tmp/state",
        ];
        let args = Args::parse_from(words);
        let command = args.resume_command(&"a".parse().unwrap()).unwrap();
        let again = Args::parse_from(command.split(' '));
        assert_eq!(again.run, Some("a".parse().unwrap()));
        assert_eq!((again.samples, again.seed), (500, 7));
        assert_eq!(again.set, args.set);
        assert_eq!(again.source().unwrap(), args.source().unwrap());
        assert_eq!(again.project.bucket, args.project.bucket);
        assert_eq!(again.common.state_dir, args.common.state_dir);
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused() {
        for flags in [
            &["--mix", "0.2"][..],
            &["--shard", "1/2"],
            &["--parts", "x", "--data", "y"],
            &["--parts", "x", "--samples", "100"],
            &["--out", "x", "--shard", "3/2"],
        ] {
            let parsed = Args::try_parse_from(std::iter::once(&"train-100k").chain(flags));
            assert_eq!(parsed.unwrap_err().exit_code(), 2, "{flags:?}");
        }
    }

    #[test]
    fn a_wrong_set_names_itself_and_the_remedy() {
        let cases = [
            ("rf.max_depth", "LEARNER.NAME=VALUE"),
            ("max_depth=8", "LEARNER.NAME=VALUE"),
            ("svm.c=1", "the learners are rf, gb, lr"),
            ("rf.depth=8", "max_depth"),
            ("rf.max_depth=deep", "deep"),
            ("gb.learning_rate=-1", "learning_rate"),
        ];
        for (set, expected) in cases {
            let error = format!("{:#}", settings(&[set]).unwrap_err());
            assert!(error.contains(set) || error.contains("--set"), "{error}");
            assert!(error.contains(expected), "{set}: {error}");
        }
    }
}
