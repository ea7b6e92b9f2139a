//! The services, and their periodic work.

pub(crate) mod ecr;
pub(crate) mod identity;
pub(crate) mod images;
pub(crate) mod logs;
pub(crate) mod members;
pub(crate) mod metrics;
pub(crate) mod s3;
pub(crate) mod sagemaker;
pub(crate) mod scaling;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval};

use crate::protocol::{ApiError, Call};
use ecr::Registry;
use logs::Logs;
use metrics::{Metrics, UsageSampler};
use s3::Storage;
use sagemaker::endpoint::Endpoints;
use sagemaker::model::Models;
use sagemaker::tags::{self, Tag};
use sagemaker::training::Jobs;
use scaling::Scaling;

/// Time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Number of heartbeats between two samples of the processes.
const SAMPLE_HEARTBEATS: u64 = 2;

/// All services with state.
pub(crate) struct Services {
    /// The object store behind S3.
    pub(crate) storage: Storage,
    /// SageMaker's training jobs.
    pub(crate) jobs: Arc<Jobs>,
    /// SageMaker's models.
    pub(crate) models: Models,
    /// SageMaker's endpoint configurations and endpoints, including the runtime.
    pub(crate) endpoints: Arc<Endpoints>,
    /// `CloudWatch` Logs.
    pub(crate) logs: Logs,
    /// `CloudWatch`.
    pub(crate) metrics: Arc<Metrics>,
    /// Application Auto Scaling.
    pub(crate) scaling: Arc<Scaling>,
    /// ECR.
    pub(crate) registry: Registry,
}

impl Services {
    /// Handles one call to SageMaker's control plane.
    pub(crate) async fn sagemaker(&self, name: &str, call: &Call) -> Result<Value, ApiError> {
        let call = &members::check("sagemaker", name, call)?;
        let (jobs, models, endpoints) = (&self.jobs, &self.models, &self.endpoints);
        let change_tags = |arn: &str, change: &mut dyn FnMut(&mut Vec<Tag>)| {
            jobs.change_tags(arn, change)
                .or_else(|| models.change_tags(arn, change))
                .or_else(|| endpoints.configs.change_tags(arn, change))
                .or_else(|| endpoints.change_tags(arn, change))
        };
        match name {
            "CreateTrainingJob" => jobs.clone().create(call).await,
            "DescribeTrainingJob" => jobs.describe(call),
            "ListTrainingJobs" => jobs.list(call),
            "StopTrainingJob" => jobs.stop(call),
            "DeleteTrainingJob" => jobs.delete(call),
            "CreateModel" => models.create(call),
            "DescribeModel" => models.describe(call),
            "ListModels" => models.list(call),
            "DeleteModel" => models.delete(call),
            "CreateEndpointConfig" => endpoints.configs.create(call, models),
            "DescribeEndpointConfig" => endpoints.configs.describe(call),
            "ListEndpointConfigs" => endpoints.configs.list(call),
            "DeleteEndpointConfig" => endpoints.configs.delete(call),
            "CreateEndpoint" => endpoints.clone().create(call, models),
            "UpdateEndpoint" => {
                // In two steps, because auto scaling may reject an otherwise valid update.
                let update = endpoints.check_update(call, models)?;
                self.scaling.check_update(&update)?;
                endpoints.clone().update(update)
            }
            "UpdateEndpointWeightsAndCapacities" => {
                endpoints.clone().update_weights_and_capacities(call)
            }
            "DescribeEndpoint" => endpoints.describe(call),
            "ListEndpoints" => endpoints.list(call),
            "DeleteEndpoint" => {
                // The endpoint first: `Scaling::prune` removes the targets if the server is killed in between.
                let name = endpoints.clone().delete(call)?;
                self.scaling.remove_endpoint(&name);
                Ok(json!({}))
            }
            "AddTags" => tags::add(call, &change_tags),
            "ListTags" => tags::list(call, &change_tags),
            "DeleteTags" => tags::delete(call, &change_tags),
            other => Err(ApiError::unknown_operation(&format!("SageMaker.{other}"))),
        }
    }

    /// Whether any job is running or any endpoint is deployed.
    pub(crate) fn busy(&self) -> bool {
        self.jobs.busy() || self.endpoints.busy()
    }

    /// Writes metrics and captured requests to disk every second, and samples the processes' resource use
    /// every other second, for as long as it is polled.
    pub(crate) async fn heartbeat(&self) {
        let mut sampler = UsageSampler::default();
        let mut heartbeats = interval(HEARTBEAT);
        // After slow disk writes, the missed heartbeats must not all follow at once.
        heartbeats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for heartbeat in 0_u64.. {
            heartbeats.tick().await;
            if heartbeat.is_multiple_of(SAMPLE_HEARTBEATS) {
                self.sample_usage(&mut sampler);
            }
            self.endpoints.store_captures().await;
            self.metrics.flush(false);
        }
    }

    /// Measures the resource use of each process.
    fn sample_usage(&self, sampler: &mut UsageSampler) {
        let mut processes = self.endpoints.processes();
        processes.extend(self.jobs.processes());
        let alive: Vec<_> = processes.iter().map(|(_, process)| *process).collect();
        sampler.keep(&alive);
        for (owner, process) in &processes {
            if let Some(usage) = sampler.sample(*process) {
                self.metrics.record_usage(owner, usage);
            }
        }
    }
}
