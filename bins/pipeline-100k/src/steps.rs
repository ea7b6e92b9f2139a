//! The command line of each step.

use std::path::{Path, PathBuf};

use fire_cli::{CommonArgs, DEFAULT_MODEL_NAME, shell_word};
use fire_run::RunName;
use fire_run::records::{self, JobRecord};

use crate::Args;

/// A program of this workspace and its arguments.
#[derive(Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) program: &'static str,
    pub(crate) arguments: Vec<String>,
}

/// Builds the steps of a run from what they have in common.
pub(crate) struct Steps {
    run: String,
    dir: PathBuf,
    /// Flags for backend and output.
    common: Vec<String>,
}

impl Steps {
    pub(crate) fn new(args: &Args, run: &RunName) -> anyhow::Result<Self> {
        let state_dir = args.common.state_dir()?;
        Ok(Self {
            run: run.to_string(),
            dir: records::directory(&state_dir, run),
            common: common_flags(&args.common, &state_dir),
        })
    }

    /// The directory of the run's records.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn train(&self, args: &Args) -> Step {
        let mut arguments = vec!["--run".to_owned(), self.run.clone()];
        arguments.extend(dataset_flags(args));
        self.step("train-100k", arguments)
    }

    pub(crate) fn monitor(&self, jobs: &[JobRecord]) -> Step {
        self.step("monitor-100k", monitor_arguments(jobs))
    }

    pub(crate) fn deploy(&self, jobs: &[JobRecord]) -> Step {
        let models = jobs.iter().map(|job| job.model_uri.as_str());
        self.step("deploy-100k", deploy_arguments(models))
    }

    pub(crate) fn report(&self, commit: Option<&str>) -> Step {
        let mut arguments = vec!["--run".to_owned(), self.run.clone()];
        if let Some(commit) = commit {
            arguments.extend(["--commit", commit].map(str::to_owned));
        }
        self.step("report-100k", arguments)
    }

    fn step(&self, program: &'static str, arguments: Vec<String>) -> Step {
        Step {
            program,
            arguments: [self.common.clone(), arguments].concat(),
        }
    }
}

/// A command that can be copied into a shell; `program` must be quoted already.
pub(crate) fn command_line(program: &str, arguments: &[String]) -> String {
    let words = arguments.iter().map(|word| shell_word(word));
    words.fold(program.to_owned(), |line, word| line + " " + &word)
}

/// Flags that give a step the same backend and output format as this program.
fn common_flags(common: &CommonArgs, state_dir: &Path) -> Vec<String> {
    let mut flags = vec![
        "--backend".to_owned(),
        common.backend.to_string(),
        "--state-dir".to_owned(),
        state_dir.display().to_string(),
    ];
    if let Some(region) = &common.region {
        flags.extend(["--region".to_owned(), region.clone()]);
    }
    if common.output == fire_cli::Format::Json {
        flags.extend(["--output".to_owned(), "json".to_owned()]);
    }
    flags.extend((0..common.verbose).map(|_| "--verbose".to_owned()));
    flags.extend(common.quiet.then(|| "--quiet".to_owned()));
    flags
}

/// The dataset flags that were given; `train-100k` has its own defaults for the others.
pub(crate) fn dataset_flags(args: &Args) -> Vec<String> {
    let given = [
        ("--samples", args.samples.map(|rows| rows.to_string())),
        ("--seed", args.seed.map(|seed| seed.to_string())),
        ("--profile", args.profile.clone()),
        (
            "--alarm-hours",
            args.alarm_hours.map(|hours| hours.to_string()),
        ),
    ];
    given
        .into_iter()
        .filter_map(|(flag, value)| Some([flag.to_owned(), value?]))
        .flatten()
        .collect()
}

/// Arguments of `monitor-100k` to watch these jobs until they have ended.
pub(crate) fn monitor_arguments(jobs: &[JobRecord]) -> Vec<String> {
    let names = jobs.iter().map(|job| job.name.clone());
    names
        .chain(["--wait", "--metrics"].map(str::to_owned))
        .collect()
}

/// Arguments of `deploy-100k` to deploy these models, combined if there are several, to the
/// documented endpoint.
pub(crate) fn deploy_arguments<'a>(model_uris: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    model_uris
        .into_iter()
        .flat_map(|uri| ["--model-uri", uri])
        .chain(["--model-name", DEFAULT_MODEL_NAME, "--wait", "--test"])
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use fire_run::layout;

    use super::*;

    fn parsed(line: &str) -> Args {
        Args::try_parse_from(line.split(' ')).unwrap()
    }

    fn jobs(run: &RunName) -> Vec<JobRecord> {
        ["random_forest", "gradient_boosting"]
            .map(|algorithm| {
                let algorithm = algorithm.parse().unwrap();
                let name = layout::job(run, algorithm);
                JobRecord {
                    model_uri: format!("s3://bucket/{}", layout::model(&name)),
                    name,
                    algorithm,
                    created: true,
                }
            })
            .into()
    }

    /// A flag that its program would reject must fail here, not after an hour of training.
    #[test]
    fn every_steps_command_line_is_accepted_by_its_program() {
        let run: RunName = "monday".parse().unwrap();
        for line in [
            "pipeline-100k",
            "pipeline-100k --backend aws --region eu-central-1 --output json --commit abc -q",
            "pipeline-100k --samples 5000 --seed 7 --profile original --alarm-hours 0.5 -vv",
        ] {
            let args = parsed(line);
            let steps = Steps::new(&args, &run).unwrap();
            let jobs = jobs(&run);
            for step in [
                steps.train(&args),
                steps.monitor(&jobs),
                steps.deploy(&jobs),
                steps.report(args.commit.as_deref()),
            ] {
                let words = std::iter::once(step.program.to_owned()).chain(step.arguments);
                let problem = match step.program {
                    "train-100k" => train_100k::Args::try_parse_from(words).err(),
                    "monitor-100k" => monitor_100k::Args::try_parse_from(words).err(),
                    "deploy-100k" => deploy_100k::Args::try_parse_from(words).err(),
                    _ => report_100k::Args::try_parse_from(words).err(),
                };
                assert!(problem.is_none(), "{line}: {problem:?}");
            }
        }
    }

    #[test]
    fn training_gets_only_the_flags_that_were_given() {
        let run: RunName = "monday".parse().unwrap();
        for (line, expected) in [
            ("pipeline-100k --state-dir /s", "--run monday"),
            (
                "pipeline-100k --state-dir /s --seed 7 --alarm-hours 0.5",
                "--run monday --seed 7 --alarm-hours 0.5",
            ),
        ] {
            let args = parsed(line);
            let step = Steps::new(&args, &run).unwrap().train(&args);
            let expected = format!("--backend local --state-dir /s {expected}");
            assert_eq!(step.arguments.join(" "), expected);
        }
    }

    #[test]
    fn all_models_are_deployed_together() {
        let run: RunName = "monday".parse().unwrap();
        let steps = Steps::new(&parsed("pipeline-100k --state-dir /s"), &run).unwrap();
        assert_eq!(
            steps.deploy(&jobs(&run)).arguments[4..].join(" "),
            "--model-uri s3://bucket/flir_scd41_training/models/flir-scd41-rf-100k-monday/output/model.tar.gz \
             --model-uri s3://bucket/flir_scd41_training/models/flir-scd41-gb-100k-monday/output/model.tar.gz \
             --model-name flir-scd41-best-model --wait --test"
        );
    }
}
