//! The flags of the training jobs: machines, limits, tags and learners.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use clap::Args;
use ensemble::Algorithm;
use fire_cli::usage;
use serde::{Deserialize, Serialize};

const INSTANCE_TYPE: &str = "ml.m5.4xlarge";
const VOLUME_GB: u32 = 30;
const MAX_RUNTIME_SECONDS: u32 = 14_400;

/// Machines, limits and learners of the training jobs.
#[derive(Debug, Clone, Default, PartialEq, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Training jobs")]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct JobArgs {
    /// Instance type of the training jobs [default: ml.m5.4xlarge]
    #[arg(long, value_parser = training_instance_type)]
    instance_type: Option<String>,

    /// Disk of each instance, in GB [default: 30]
    #[arg(long, value_name = "GB", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    volume_gb: Option<u32>,

    /// Seconds after which a job is stopped [default: 14400]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=2_419_200))]
    max_runtime: Option<u32>,

    /// Train on spot instances, which cost less but may be interrupted; the job then restarts on
    /// another one
    #[arg(long)]
    spot: bool,

    /// With --spot: limit in seconds for waiting and training together [default: twice --max-runtime]
    #[arg(long, value_name = "SECONDS", requires = "spot")]
    max_wait: Option<u32>,

    /// Tag of the jobs; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    tag: Vec<String>,

    /// Train only these learners, such as `rf,gb`
    #[arg(long, value_name = "LEARNERS", value_delimiter = ',', value_parser = learner)]
    only: Vec<Algorithm>,
}

/// The machine that each job runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) instance_type: String,
    pub(crate) volume_gb: u32,
    pub(crate) max_runtime_seconds: u32,
    /// The limit for waiting and training together on spot instances; `None` for on-demand ones.
    pub(crate) spot_wait_seconds: Option<u32>,
}

impl JobArgs {
    /// The machine that each job runs on.
    pub(crate) fn machine(&self) -> anyhow::Result<Machine> {
        let runtime = self.max_runtime.unwrap_or(MAX_RUNTIME_SECONDS);
        let wait = self.max_wait.unwrap_or(runtime.saturating_mul(2));
        if wait < runtime {
            return Err(usage(anyhow!(
                "--max-wait {wait} is less than --max-runtime {runtime}; it includes both waiting and training"
            )));
        }
        Ok(Machine {
            instance_type: self
                .instance_type
                .clone()
                .unwrap_or_else(|| INSTANCE_TYPE.to_owned()),
            volume_gb: self.volume_gb.unwrap_or(VOLUME_GB),
            max_runtime_seconds: runtime,
            spot_wait_seconds: self.spot.then_some(wait),
        })
    }

    /// The tags, by key.
    pub(crate) fn tags(&self) -> anyhow::Result<BTreeMap<String, String>> {
        fire_cli::parse_tags(&self.tag)
    }

    /// The learners to train; all of them if none is named.
    pub(crate) fn learners(&self) -> BTreeSet<Algorithm> {
        if self.only.is_empty() {
            return Algorithm::ALL.into();
        }
        self.only.iter().copied().collect()
    }
}

/// A learner by its name or its two letters.
pub(crate) fn learner(text: &str) -> Result<Algorithm, String> {
    Algorithm::ALL
        .into_iter()
        .find(|algorithm| text == algorithm.short() || text == algorithm.to_string())
        .ok_or_else(|| {
            let known = Algorithm::ALL.map(Algorithm::short).join(", ");
            format!("unknown algorithm `{text}`; expected one of {known}")
        })
}

/// SageMaker cannot train on T2 instances; rejecting them here saves an upload.
fn training_instance_type(text: &str) -> Result<String, String> {
    if text.starts_with("ml.t2.") {
        return Err(
            "ml.t2 instances can serve but not train; use for example ml.m5.large".to_owned(),
        );
    }
    fire_cli::instance_type(text)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Words {
        #[command(flatten)]
        jobs: JobArgs,
    }

    fn parse(flags: &[&str]) -> Result<JobArgs, clap::Error> {
        let words = std::iter::once("x").chain(flags.iter().copied());
        Words::try_parse_from(words).map(|words| words.jobs)
    }

    #[test]
    fn instance_types_that_cannot_train_are_rejected() {
        assert!(parse(&["--instance-type", "ml.m5.large"]).is_ok());
        for kind in ["ml.t2.medium", "m5.large", "nope"] {
            assert_eq!(
                parse(&["--instance-type", kind]).unwrap_err().exit_code(),
                2,
                "{kind}"
            );
        }
    }

    #[test]
    fn max_wait_of_spot_is_twice_max_runtime_by_default() {
        let wait = |flags: &[&str]| {
            let machine = parse(flags).unwrap().machine();
            machine.map(|machine| machine.spot_wait_seconds)
        };
        assert_eq!(wait(&[]).unwrap(), None);
        assert_eq!(
            wait(&["--spot", "--max-runtime", "600"]).unwrap(),
            Some(1_200)
        );
        assert_eq!(
            wait(&["--spot", "--max-wait", "20000"]).unwrap(),
            Some(20_000)
        );
        let error = wait(&["--spot", "--max-wait", "60"])
            .unwrap_err()
            .to_string();
        assert!(error.contains("--max-runtime 14400"), "{error}");
        assert!(parse(&["--max-wait", "60"]).is_err());
    }

    #[test]
    fn tags_and_learners_are_parsed() {
        let args = parse(&["--tag", "team=fire", "--only", "rf,logistic_regression"]).unwrap();
        assert_eq!(
            args.tags().unwrap(),
            BTreeMap::from([("team".into(), "fire".into())])
        );
        let learners = BTreeSet::from([Algorithm::RandomForest, Algorithm::LogisticRegression]);
        assert_eq!(args.learners(), learners);
        assert_eq!(parse(&[]).unwrap().learners(), Algorithm::ALL.into());
        assert!(parse(&["--only", "svm"]).is_err());
    }
}
