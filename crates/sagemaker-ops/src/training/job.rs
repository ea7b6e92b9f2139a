//! A training job as described by the service; missing values stay `None`.

use std::collections::BTreeMap;

use aws_sdk_sagemaker::operation::describe_training_job::DescribeTrainingJobOutput;
use aws_sdk_sagemaker::types;
use serde::Serialize;

use super::{Channel, JobStatus};
use crate::endpoint::{seconds, shortest};
use crate::names::{InvalidName, JobName, S3Uri};
use crate::price::{self, Purpose};

/// A secondary status that the job has been in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Transition {
    /// Such as `Downloading`, `Training`, `Uploading`.
    pub status: String,
    /// Seconds since 1970.
    pub started: Option<f64>,
    /// Seconds since 1970; `None` until it ends.
    pub ended: Option<f64>,
    /// A message for users; the service may change its wording.
    pub message: Option<String>,
}

/// A training job. Times are seconds since 1970.
///
/// `None` means that something has not happened yet or that the service did not return it. A new job
/// has little more than a name, a status and a creation time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// Its name.
    pub name: JobName,
    /// Its status.
    pub status: JobStatus,
    /// The phase within that status, such as `Downloading`; empty if the service does not return it.
    pub secondary_status: String,
    /// The secondary statuses so far, oldest first.
    pub transitions: Vec<Transition>,
    /// The reason for its failure.
    pub failure_reason: Option<String>,
    /// Such as `ml.m5.4xlarge`.
    pub instance_type: Option<String>,
    /// Number of instances.
    pub instance_count: Option<u32>,
    /// Whether it runs on spot instances.
    pub spot: bool,
    /// The prefix of its checkpoints.
    pub checkpoints: Option<S3Uri>,
    /// The time on its instances after which the job is stopped.
    pub max_runtime_seconds: Option<u32>,
    /// When it was submitted.
    pub created: f64,
    /// When training started on its instances.
    pub started: Option<f64>,
    /// When training ended on its instances.
    pub ended: Option<f64>,
    /// Seconds on its instances; `None` before it ends.
    pub training_seconds: Option<f64>,
    /// Billed seconds per instance; `None` before it ends.
    pub billable_seconds: Option<f64>,
    /// The latest value of every metric extracted by its metric definitions.
    pub metrics: BTreeMap<String, f64>,
    /// Its `model.tar.gz`; `None` before it is uploaded.
    pub model_uri: Option<S3Uri>,
    /// Its `output.tar.gz`, in the same directory as the model.
    pub output_uri: Option<S3Uri>,
    /// Its hyperparameters.
    pub hyperparameters: BTreeMap<String, String>,
    /// Its input channels from S3.
    pub channels: Vec<Channel>,
}

/// A response without a required member.
#[derive(Debug, thiserror::Error)]
#[error("the response has no {0}")]
pub(super) struct Missing(&'static str);

impl Job {
    pub(super) fn from_description(
        name: &JobName,
        found: DescribeTrainingJobOutput,
    ) -> Result<Self, Missing> {
        // Optional, because the job may be of another kind: serverless jobs have no instances.
        let resources = found.resource_config.as_ref();
        let status = found
            .training_job_status
            .as_ref()
            .and_then(|status| given(status.as_str()));
        let secondary = found
            .secondary_status
            .as_ref()
            .and_then(|status| given(status.as_str()));
        let model_uri = found
            .model_artifacts
            .and_then(|model| model.s3_model_artifacts);
        let checkpoints = found.checkpoint_config.and_then(|config| config.s3_uri);
        let runtime = found
            .stopping_condition
            .and_then(|stop| stop.max_runtime_in_seconds);
        let model_uri: Option<S3Uri> = model_uri.and_then(|uri| uri.parse().ok());
        Ok(Self {
            name: name.clone(),
            status: JobStatus::from_word(status.ok_or(Missing("TrainingJobStatus"))?),
            secondary_status: secondary.unwrap_or_default().to_owned(),
            transitions: found
                .secondary_status_transitions
                .unwrap_or_default()
                .into_iter()
                .map(transition)
                .collect(),
            failure_reason: found.failure_reason.filter(|reason| !reason.is_empty()),
            instance_type: resources
                .and_then(|r| r.instance_type.as_ref())
                .map(|t| t.as_str().to_owned()),
            instance_count: resources
                .and_then(|r| r.instance_count)
                .and_then(|count| count.try_into().ok()),
            spot: found.enable_managed_spot_training.unwrap_or_default(),
            checkpoints: checkpoints.and_then(|uri| uri.parse().ok()),
            max_runtime_seconds: runtime.and_then(|seconds| seconds.try_into().ok()),
            // The SDK replaces a missing time by 0.
            created: seconds(found.creation_time)
                .filter(|time| *time > 0.0)
                .ok_or(Missing("CreationTime"))?,
            started: seconds(found.training_start_time),
            ended: seconds(found.training_end_time),
            training_seconds: found.training_time_in_seconds.map(f64::from),
            billable_seconds: found.billable_time_in_seconds.map(f64::from),
            metrics: found
                .final_metric_data_list
                .unwrap_or_default()
                .into_iter()
                .filter_map(metric)
                .collect(),
            output_uri: model_uri
                .as_ref()
                .map(|model| model.sibling("output.tar.gz")),
            model_uri,
            hyperparameters: found
                .hyper_parameters
                .unwrap_or_default()
                .into_iter()
                .collect(),
            channels: found
                .input_data_config
                .unwrap_or_default()
                .into_iter()
                .filter_map(channel)
                .collect(),
        })
    }

    /// Seconds from its creation to its end, or to `now` if it has not ended.
    pub fn elapsed_seconds(&self, now: f64) -> f64 {
        (self.ended.unwrap_or(now) - self.created).max(0.0)
    }

    /// The share of the on-demand price that spot instances saved, 0 to 1; `None` for an on-demand job,
    /// and before the billed time is known.
    pub fn spot_savings(&self) -> Option<f64> {
        let trained = self.training_seconds.filter(|seconds| *seconds > 0.0)?;
        let saved = 1.0 - self.billable_seconds? / trained;
        self.spot.then_some(saved.clamp(0.0, 1.0))
    }

    /// The cost of the job until `now`, by the dated price table; `None` before it has instances, or
    /// without a price.
    ///
    /// It is based on the billed seconds if the service returns them, otherwise on the time since the
    /// start.
    pub fn cost_usd(&self, now: f64) -> Option<f64> {
        let so_far = || {
            self.started
                .map(|started| (self.ended.unwrap_or(now) - started).max(0.0))
        };
        let seconds = self.billable_seconds.or_else(so_far)?;
        price::estimate_usd(
            Purpose::Training,
            self.instance_type.as_deref()?,
            self.instance_count?,
            seconds,
        )
    }
}

/// A job in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobSummary {
    /// Its name.
    pub name: JobName,
    /// Its status.
    pub status: JobStatus,
    /// When it was submitted, in seconds since 1970.
    pub created: Option<f64>,
    /// When it ended, in seconds since 1970.
    pub ended: Option<f64>,
}

impl JobSummary {
    pub(super) fn from_listed(listed: types::TrainingJobSummary) -> Result<Self, InvalidName> {
        Ok(Self {
            name: JobName::new(listed.training_job_name.unwrap_or_default())?,
            status: JobStatus::from_word(
                listed
                    .training_job_status
                    .as_ref()
                    .map_or("", types::TrainingJobStatus::as_str),
            ),
            created: seconds(listed.creation_time),
            ended: seconds(listed.training_end_time),
        })
    }
}

/// The value, unless it is the SDK's placeholder for a missing required member.
fn given(word: &str) -> Option<&str> {
    Some(word).filter(|word| *word != "no value was set")
}

fn transition(found: types::SecondaryStatusTransition) -> Transition {
    Transition {
        status: found
            .status
            .as_ref()
            .map_or("", types::SecondaryStatus::as_str)
            .to_owned(),
        started: seconds(found.start_time),
        ended: seconds(found.end_time),
        message: found.status_message,
    }
}

fn metric(found: types::MetricData) -> Option<(String, f64)> {
    let value = shortest(found.value?)?;
    Some((found.metric_name?, value))
}

/// `None` for a channel that does not read from S3; this crate creates none of those.
fn channel(found: types::Channel) -> Option<Channel> {
    let uri = found.data_source?.s3_data_source?.s3_uri?.parse().ok()?;
    Some(Channel {
        name: found.channel_name?,
        uri,
        content_type: found.content_type,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scripted::{Scripted, ok};

    async fn described(reply: serde_json::Value) -> Job {
        let server = Scripted::start([ok(&reply.to_string())]).await;
        super::super::describe(&server.clients(), &"job-1".parse().unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_completed_job_has_times_metrics_and_both_artifacts() {
        let job = described(json!({
            "TrainingJobName": "job-1",
            "TrainingJobStatus": "Completed",
            "SecondaryStatus": "Completed",
            "ModelArtifacts": {"S3ModelArtifacts": "s3://bucket/m/job-1/output/model.tar.gz"},
            "ResourceConfig": {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 2},
            "EnableManagedSpotTraining": true,
            "CheckpointConfig": {"S3Uri": "s3://bucket/c/"},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 900},
            "CreationTime": 1000.5,
            "TrainingStartTime": 1010.0,
            "TrainingEndTime": 1370.0,
            "TrainingTimeInSeconds": 360,
            "BillableTimeInSeconds": 180,
            "FinalMetricDataList": [
                {"MetricName": "validation:auc", "Value": 0.76, "Timestamp": 1300.0},
                {"MetricName": "no value"},
            ],
            "SecondaryStatusTransitions": [
                {"Status": "Training", "StartTime": 1010.0, "EndTime": 1360.0},
                {"Status": "Uploading", "StartTime": 1360.0},
            ],
            "HyperParameters": {"algorithm": "random_forest"},
            "InputDataConfig": [
                {"ChannelName": "train",
                 "DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/d/"}}},
                {"ChannelName": "files", "DataSource": {"FileSystemDataSource": {}}},
            ],
        }))
        .await;
        assert_eq!(job.status, JobStatus::Completed);
        assert_eq!((job.spot, job.spot_savings()), (true, Some(0.5)));
        assert_eq!(job.max_runtime_seconds, Some(600));
        assert_eq!(job.checkpoints.as_ref().unwrap().key(), "c/");
        let on_demand = Job {
            spot: false,
            ..job.clone()
        };
        assert_eq!(on_demand.spot_savings(), None);
        let unfinished = Job {
            billable_seconds: None,
            ..job.clone()
        };
        assert_eq!(unfinished.spot_savings(), None);
        assert_eq!((job.created, job.elapsed_seconds(9999.0)), (1000.5, 369.5));
        assert_eq!(
            job.metrics,
            BTreeMap::from([("validation:auc".to_owned(), 0.76)])
        );
        assert_eq!(
            job.output_uri.unwrap().to_string(),
            "s3://bucket/m/job-1/output/output.tar.gz"
        );
        assert_eq!(job.transitions.len(), 2);
        assert_eq!(job.transitions[1].ended, None);
        assert_eq!(job.channels.len(), 1);
        assert_eq!(job.channels[0].uri.to_string(), "s3://bucket/d/");
    }

    #[tokio::test]
    async fn a_new_job_without_optional_members_is_described() {
        let job = described(json!({
            "TrainingJobStatus": "InProgress", "CreationTime": 1000.0, "FailureReason": "",
        }))
        .await;
        assert!(!job.status.is_final());
        assert_eq!(
            (job.started, job.training_seconds, job.cost_usd(2000.0)),
            (None, None, None)
        );
        assert_eq!((job.model_uri, job.failure_reason), (None, None));
        assert_eq!(job.secondary_status, "");
        let unknown = json!({"TrainingJobStatus": "Dreaming", "CreationTime": 1000.0});
        assert_eq!(
            described(unknown).await.status,
            JobStatus::Other("Dreaming".to_owned())
        );
    }

    #[tokio::test]
    async fn the_cost_is_based_on_the_billed_time_or_else_on_the_time_so_far() {
        let check = async |times: serde_json::Value, now: f64, expected: Option<f64>| {
            let mut reply = json!({
                "TrainingJobStatus": "InProgress",
                "CreationTime": 1.0,
                "ResourceConfig": {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 2},
            });
            reply
                .as_object_mut()
                .unwrap()
                .extend(times.as_object().unwrap().clone());
            let cost = described(reply).await.cost_usd(now);
            let same = cost
                .zip(expected)
                .map_or(cost == expected, |(a, b)| (a - b).abs() < 1e-9);
            assert!(same, "{times}: {cost:?}, expected {expected:?}");
        };
        check(json!({}), 3600.0, None).await;
        check(json!({"TrainingStartTime": 1800.0}), 3600.0, Some(0.922)).await;
        check(json!({"TrainingStartTime": 1800.0}), 0.0, Some(0.0)).await;
        check(
            json!({"TrainingStartTime": 0.0, "TrainingEndTime": 1800.0}),
            9e9,
            Some(0.922),
        )
        .await;
        check(
            json!({"TrainingStartTime": 0.0, "BillableTimeInSeconds": 900}),
            9e9,
            Some(0.461),
        )
        .await;
    }
}
