//! The training jobs of a run: one per learner, created at most once.

use std::collections::BTreeMap;

use anyhow::anyhow;
use ensemble::{Algorithm, Params};
use fire_cli::{Project, usage};
use fire_run::metrics::Definition;
use fire_run::records::JobRecord;
use fire_run::{Channel, DataManifest, layout};
use sagemaker_ops::training::{
    self, Channel as InputChannel, MetricDefinition, Spot, Submission, TrainingRequest,
};
use sagemaker_ops::{Clients, JobName};

use crate::plan::Plan;
use crate::session::Session;

/// Creates the jobs that do not exist yet.
///
/// # Errors
/// Exit code 2 for an existing job with other hyperparameters, 3 for a backend that fails.
pub(crate) async fn submit(
    plan: &Plan,
    manifest: &DataManifest,
    session: &Session<'_, '_>,
) -> anyhow::Result<Vec<JobRecord>> {
    let channels: Vec<Channel> = manifest.parts.keys().copied().collect();
    let requests = requests(plan, &channels, &session.project)?;
    let mut jobs = Vec::new();
    for (&algorithm, request) in plan.learners.keys().zip(&requests) {
        let submission = training::submit(&session.clients, request).await?;
        let created = matches!(submission, Submission::Created);
        // An existing job is kept only if it does the same work.
        if !created {
            check_same_hyperparameters(&session.clients, request).await?;
        }
        let model = layout::model(request.job.as_str());
        jobs.push(JobRecord {
            name: request.job.to_string(),
            algorithm,
            model_uri: session.project.uri(&model).to_string(),
            created,
        });
    }
    Ok(jobs)
}

/// The request for each job, in the order of the plan's learners.
pub(crate) fn requests(
    plan: &Plan,
    channels: &[Channel],
    project: &Project,
) -> anyhow::Result<Vec<TrainingRequest>> {
    let channels: Vec<InputChannel> = channels
        .iter()
        .map(|&channel| InputChannel {
            name: channel.to_string(),
            uri: project.uri(&layout::channel(&plan.run, channel)),
            content_type: Some("application/x-parquet".to_owned()),
        })
        .collect();
    let mut tags = plan.tags.clone();
    // Lets cost reports group the jobs of a run.
    tags.insert("run".to_owned(), plan.run.to_string());
    let machine = &plan.machine;
    let request = |(&algorithm, params): (&Algorithm, &Params)| -> anyhow::Result<TrainingRequest> {
        let job: JobName = layout::job(&plan.run, algorithm).parse()?;
        Ok(TrainingRequest {
            image: project.image.clone(),
            role: project.role.clone(),
            instance_type: machine.instance_type.clone(),
            instance_count: 1,
            volume_gb: machine.volume_gb,
            max_runtime_seconds: machine.max_runtime_seconds,
            spot: machine.spot_wait_seconds.map(|max_wait_seconds| Spot {
                max_wait_seconds,
                checkpoints: Some(project.uri(&layout::checkpoints(job.as_str()))),
            }),
            hyperparameters: hyperparameters(algorithm, params, plan.seed),
            channels: channels.clone(),
            output: project.uri(&layout::models()),
            metrics: metric_definitions(),
            environment: BTreeMap::new(),
            tags: tags.clone(),
            job,
        })
    };
    plan.learners.iter().map(request).collect()
}

fn hyperparameters(algorithm: Algorithm, params: &Params, seed: u64) -> BTreeMap<String, String> {
    let mut hyperparameters: BTreeMap<_, _> = params.entries().into_iter().collect();
    hyperparameters.insert("algorithm".to_owned(), algorithm.to_string());
    hyperparameters.insert("seed".to_owned(), seed.to_string());
    hyperparameters
}

fn metric_definitions() -> Vec<MetricDefinition> {
    let definitions = fire_run::metrics::definitions().into_iter();
    definitions
        .map(|Definition { name, regex }| MetricDefinition { name, regex })
        .collect()
}

async fn check_same_hyperparameters(
    clients: &Clients,
    request: &TrainingRequest,
) -> anyhow::Result<()> {
    let job = training::describe(clients, &request.job).await?;
    let expected = &request.hyperparameters;
    let differs = |name: &&String| job.hyperparameters.get(*name) != expected.get(*name);
    match expected
        .keys()
        .chain(job.hyperparameters.keys())
        .find(differs)
    {
        None => Ok(()),
        Some(name) => Err(usage(anyhow!(
            "job {} exists with {name} = {}, not {}; a job cannot be changed, so pass another --run",
            request.job,
            job.hyperparameters
                .get(name)
                .map_or("nothing", String::as_str),
            expected.get(name).map_or("nothing", String::as_str),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use sagemaker_ops::storage::BucketOrigin;

    use super::*;
    use crate::Args;

    #[test]
    fn each_learner_becomes_one_request_with_the_runs_names() {
        let flags = "train-100k --only rf,lr --set rf.max_depth=8 --seed 7 --spot --tag team=fire";
        let args = Args::parse_from(flags.split(' '));
        let plan = Plan::new(&"a".parse().unwrap(), &args.recipe).unwrap();
        let project = Project {
            bucket: "a-bucket".parse().unwrap(),
            origin: BucketOrigin::Named,
            role: "arn:aws:iam::123456789012:role/r".parse().unwrap(),
            image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/fire-container:1"
                .parse()
                .unwrap(),
        };
        let requests = requests(&plan, &[Channel::Train], &project).unwrap();
        let names: Vec<&str> = requests
            .iter()
            .map(|request| request.job.as_str())
            .collect();
        assert_eq!(names, ["flir-scd41-rf-100k-a", "flir-scd41-lr-100k-a"]);
        let forest = &requests[0];
        let of_forest =
            ["algorithm", "max_depth", "seed"].map(|name| &forest.hyperparameters[name][..]);
        assert_eq!(of_forest, ["random_forest", "8", "7"]);
        assert_eq!(
            (&forest.tags["run"][..], &forest.tags["team"][..]),
            ("a", "fire")
        );
        assert_eq!(
            forest.channels[0].uri.to_string(),
            "s3://a-bucket/flir_scd41_training/data/a/train/"
        );
        assert_eq!(forest.spot.as_ref().unwrap().max_wait_seconds, 28_800);
    }
}
