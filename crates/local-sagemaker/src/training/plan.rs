//! The plan of a job: what is left of its request once everything in it has been checked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;

use super::check::DEFAULT_MAX_RUNTIME;
use super::request::{ChannelRequest, MetricRequest, TrainingRequest};
use crate::names::S3Uri;
use crate::wire::ApiError;

/// What a job needs to run, all of it valid.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The job's name.
    pub(crate) name: String,
    /// The program that stands for the container image.
    pub(crate) program: PathBuf,
    /// Hyperparameters, all strings.
    pub(crate) hyperparameters: BTreeMap<String, String>,
    /// Input channels, in the order of the request.
    pub(crate) channels: Vec<Channel>,
    /// The prefix that the artifacts go below.
    pub(crate) output: S3Uri,
    /// Additional environment of the program.
    pub(crate) environment: BTreeMap<String, String>,
    /// The metrics to look for in the job's output.
    pub(crate) metrics: Vec<Metric>,
    /// The instance type that the program is told about.
    pub(crate) instance_type: String,
    /// The time after which training is stopped.
    pub(crate) max_runtime: Duration,
    /// Where checkpoints are restored from and saved to.
    pub(crate) checkpoints: Option<S3Uri>,
    /// Whether its instance may be taken away.
    pub(crate) spot: bool,
    /// How long a spot job may wait and run, from its creation.
    pub(crate) max_wait: Option<Duration>,
}

/// One input channel: the objects below a prefix.
#[derive(Debug)]
pub(crate) struct Channel {
    /// The folder's name below `/opt/ml/input/data`.
    pub(crate) name: String,
    /// The prefix of its objects.
    pub(crate) source: S3Uri,
    /// What the client says the objects are.
    pub(crate) content_type: Option<String>,
}

/// A metric and how it is found.
#[derive(Debug)]
pub(crate) struct Metric {
    /// The name that it is listed by.
    pub(crate) name: String,
    /// Its first group is the value.
    pub(crate) regex: Regex,
}

impl TrainingRequest {
    /// `None` when a required member is missing, which the checks have ruled out; an error when
    /// a metric's expression is none.
    pub(super) fn plan(self, program: PathBuf) -> Option<Result<Plan, ApiError>> {
        let algorithm = self.algorithm_specification?;
        let stop = self.stopping_condition?;
        let metrics = match algorithm
            .metric_definitions
            .into_iter()
            .map(MetricRequest::compile)
            .collect()
        {
            Ok(metrics) => metrics,
            Err(refusal) => return Some(Err(refusal)),
        };
        Some(Ok(Plan {
            name: self.training_job_name?,
            program,
            hyperparameters: self.hyper_parameters,
            channels: self
                .input_data_config
                .into_iter()
                .map(ChannelRequest::channel)
                .collect::<Option<_>>()?,
            output: S3Uri::parse(&self.output_data_config?.s3_output_path?)?,
            environment: self.environment,
            metrics,
            instance_type: self.resource_config?.instance_type?,
            max_runtime: Duration::from_secs(
                stop.max_runtime_in_seconds.unwrap_or(DEFAULT_MAX_RUNTIME) as u64,
            ),
            spot: self.enable_managed_spot_training,
            max_wait: stop
                .max_wait_time_in_seconds
                .filter(|_| self.enable_managed_spot_training)
                .map(|seconds| Duration::from_secs(seconds as u64)),
            checkpoints: self
                .checkpoint_config
                .and_then(|config| S3Uri::parse(&config.s3_uri?)),
        }))
    }
}

impl MetricRequest {
    /// The definition with its expression compiled. AWS's expressions are Java's; those with
    /// look-around are refused here by name.
    fn compile(self) -> Result<Metric, ApiError> {
        let (name, pattern) = (
            self.name.unwrap_or_default(),
            self.regex.unwrap_or_default(),
        );
        let regex = Regex::new(&pattern).map_err(|error| {
            ApiError::validation(format!(
                "Invalid metric regex '{pattern}' of metric {name}: {error}"
            ))
        })?;
        Ok(Metric { name, regex })
    }
}

impl ChannelRequest {
    /// The channel; `None` when a required member is missing.
    fn channel(self) -> Option<Channel> {
        let source = self.data_source?.s3_data_source?.uri?;
        Some(Channel {
            name: self.channel_name?,
            source: S3Uri::parse(&source)?,
            content_type: self.content_type,
        })
    }
}
