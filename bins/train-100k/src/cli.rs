//! The command line.

use std::path::PathBuf;

use clap::Parser;
use fire_cli::{CommonArgs, EXIT_CODES, SpendingArgs};
use fire_run::RunName;

use crate::recipe::Recipe;
use crate::shard::Shard;

const EXAMPLES: &str = "\
Examples:
  train-100k                                  100,000 simulated rows, three jobs, local backend
  train-100k --run 20260101-120000            resume this run with the flags it was started with
  train-100k --samples 1000000 --seed 7       other episodes, ten times as many rows
  train-100k --severity 0.9 --scenario smouldering=5
                                              harder episodes, more of one kind
  train-100k --profile original               independent draws, as in the Python scripts
  train-100k --set rf.max_depth=8 --set gb.learning_rate=0.05
  train-100k --data rows.parquet              train on your own rows
  train-100k --data rows.parquet --mix 0.2    and simulate one training row in five
  train-100k --out parts                      write the dataset to a directory and stop
  train-100k --samples 100000000 --shard 3/8 --out parts
                                              an eighth of a large dataset, on one of eight machines
  train-100k --parts parts                    train on a dataset that --out wrote
  train-100k --backend aws --dry-run          show what would be done and its cost; creates nothing
  train-100k --backend aws --wait --spot --max-runtime 2400 --max-cost 2
                                              three real SageMaker jobs on spot instances; this costs money";

/// Generates or reads sensor rows, splits them 70/15/15 without leakage, uploads them
/// and creates three SageMaker training jobs: random forest, gradient boosting and
/// logistic regression.
#[derive(Debug, Clone, Parser)]
#[command(name = "train-100k", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Args {
    /// Backend and output.
    #[command(flatten)]
    pub common: CommonArgs,

    /// Flags that determine the run.
    #[command(flatten)]
    pub(crate) recipe: Recipe,

    /// Limits and checks before anything is created.
    #[command(flatten)]
    pub(crate) spending: SpendingArgs,

    /// Name of the run; naming an existing one resumes it with the flags it was started with
    /// [default: current time]
    #[arg(long, value_name = "NAME")]
    pub(crate) run: Option<RunName>,

    /// Wait until all jobs have ended
    #[arg(long)]
    pub(crate) wait: bool,

    /// Write the dataset and its manifest to this directory and stop
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// With --out: write only shard I of N of the simulated rows, counted from 1
    #[arg(long, value_name = "I/N", requires = "out", conflicts_with = "data")]
    pub(crate) shard: Option<Shard>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::plan::Plan;

    #[test]
    fn contradictory_flags_are_rejected() {
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
    fn the_defaults_in_the_help_are_those_of_the_plan() {
        let run: RunName = "a".parse().unwrap();
        let plan = |words: &[&str]| Plan::new(&run, &Args::parse_from(words).recipe).unwrap();
        let mut checked = Vec::new();
        for arg in Args::command().get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let stated = help
                .split_once("[default: ")
                .map(|(_, rest)| rest.trim_end_matches(']'));
            let (Some(name), Some(default)) = (arg.get_long(), stated) else {
                continue;
            };
            // Other defaults are described in words: they depend on the account or the time.
            if default.contains(' ') {
                continue;
            }
            let flag = format!("--{name}={default}");
            assert_eq!(
                plan(&["train-100k", &flag]),
                plan(&["train-100k"]),
                "{flag}"
            );
            checked.push(name.to_owned());
        }
        checked.sort();
        let expected = [
            "alarm-hours",
            "fire-share",
            "instance-type",
            "keep-one-in",
            "max-runtime",
            "profile",
            "samples",
            "seed",
            "severity",
            "sites",
            "volume-gb",
        ];
        assert_eq!(checked, expected);
    }
}
