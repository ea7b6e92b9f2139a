//! The flags of the training jobs: machines, money, which learners.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::anyhow;
use clap::Args;
use ensemble::Algorithm;
use fire_cli::{shell_word, usage};

/// Machines, limits and choice of the training jobs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Training jobs")]
pub struct JobArgs {
    /// Instance type of the training jobs
    #[arg(long, default_value = "ml.m5.4xlarge", value_parser = training_instance_type)]
    pub instance_type: String,

    /// Disk of each instance, in GB
    #[arg(long, value_name = "GB", default_value = "30", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    pub volume_gb: u32,

    /// Seconds after which a job is stopped
    #[arg(long, default_value = "14400", value_parser = clap::value_parser!(u32).range(1..=2_419_200))]
    pub max_runtime: u32,

    /// Train on spare machines, which cost less and may be taken away; the job then starts anew on the next
    #[arg(long)]
    pub spot: bool,

    /// With --spot: seconds that waiting and training may take together [default: twice --max-runtime]
    #[arg(long, value_name = "SECONDS", requires = "spot")]
    pub max_wait: Option<u32>,

    /// Tag of the jobs; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub tag: Vec<String>,

    /// Train these learners only, such as `rf,gb`
    #[arg(long, value_name = "LEARNERS", value_delimiter = ',', value_parser = learner)]
    pub only: Vec<Algorithm>,
}

/// The machine that each job runs on.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) instance_type: String,
    pub(crate) volume_gb: u32,
    pub(crate) max_runtime_seconds: u32,
    /// Seconds of waiting and training together on spare machines; none for machines of one's own.
    pub(crate) spot_wait_seconds: Option<u32>,
}

impl JobArgs {
    /// The machine that each job runs on.
    pub(crate) fn machine(&self) -> anyhow::Result<Machine> {
        let wait = self.max_wait.unwrap_or(self.max_runtime.saturating_mul(2));
        if wait < self.max_runtime {
            return Err(usage(anyhow!(
                "--max-wait {wait} is less than --max-runtime {}; it counts waiting and training together",
                self.max_runtime
            )));
        }
        Ok(Machine {
            instance_type: self.instance_type.clone(),
            volume_gb: self.volume_gb,
            max_runtime_seconds: self.max_runtime,
            spot_wait_seconds: self.spot.then_some(wait),
        })
    }

    /// The tags by key.
    pub(crate) fn tags(&self) -> anyhow::Result<BTreeMap<String, String>> {
        fire_cli::parse_tags(&self.tag)
    }

    /// The learners to train; all where none was named.
    pub(crate) fn learners(&self) -> BTreeSet<Algorithm> {
        if self.only.is_empty() {
            return Algorithm::ALL.into();
        }
        self.only.iter().copied().collect()
    }

    /// The same flags as words of a command.
    pub(crate) fn flags(&self) -> Vec<String> {
        let mut words = vec![format!(
            "--instance-type {} --volume-gb {} --max-runtime {}",
            self.instance_type, self.volume_gb, self.max_runtime
        )];
        if self.spot {
            words.push("--spot".to_owned());
        }
        words.extend(self.max_wait.map(|wait| format!("--max-wait {wait}")));
        words.extend(
            self.tag
                .iter()
                .map(|tag| format!("--tag {}", shell_word(tag))),
        );
        if !self.only.is_empty() {
            let short: Vec<&str> = self.only.iter().map(|learner| learner.short()).collect();
            words.push(format!("--only {}", short.join(",")));
        }
        words
    }
}

/// A learner by its name or its two letters.
pub(crate) fn learner(text: &str) -> Result<Algorithm, String> {
    Algorithm::ALL
        .into_iter()
        .find(|algorithm| text == algorithm.short() || text == algorithm.to_string())
        .ok_or_else(|| {
            let known = Algorithm::ALL.map(Algorithm::short).join(", ");
            format!("`{text}` is no learner; the learners are {known}")
        })
}

/// SageMaker trains on no T2 instance; saying so here spares an upload in vain.
fn training_instance_type(text: &str) -> Result<String, String> {
    if text.starts_with("ml.t2.") {
        return Err(
            "ml.t2 instances serve but do not train; take for example ml.m5.large".to_owned(),
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
    fn instance_types_that_cannot_train_are_refused() {
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
    fn spot_waits_twice_as_long_as_it_trains_unless_told_otherwise() {
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
    fn tags_and_learners_are_read_and_said_again() {
        let flags = ["--tag", "team=fire", "--only", "rf,logistic_regression"];
        let args = parse(&flags).unwrap();
        assert_eq!(
            args.tags().unwrap(),
            BTreeMap::from([("team".into(), "fire".into())])
        );
        let learners = BTreeSet::from([Algorithm::RandomForest, Algorithm::LogisticRegression]);
        assert_eq!(args.learners(), learners);
        let again = args.flags().join(" ");
        let again = parse(&again.split(' ').collect::<Vec<_>>()).unwrap();
        assert_eq!(
            (again.tags().unwrap(), again.learners()),
            (args.tags().unwrap(), learners)
        );
        assert_eq!(parse(&[]).unwrap().learners(), Algorithm::ALL.into());
        assert!(parse(&["--only", "svm"]).is_err());
    }
}
