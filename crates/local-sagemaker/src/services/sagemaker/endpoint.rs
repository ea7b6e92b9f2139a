//! Endpoints: `CreateEndpoint`, `DescribeEndpoint`, `ListEndpoints`, `UpdateEndpoint`,
//! `UpdateEndpointWeightsAndCapacities`, `DeleteEndpoint`.
//!
//! Each instance of a variant is one container, which is a local process. An update starts the new
//! containers first; they take over once all of them have answered `/ping`. If one does not, the old
//! ones keep serving, and the endpoint reports the reason.

mod capture;
mod config;
mod deploy;
mod fleet;
mod invoke;
mod model_data;
mod proxy;
mod record;
mod replica;
mod traffic;
mod update;
mod variant;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::machine::process::ProcessId;
use crate::machine::table::{Table, lock};
use crate::protocol::{ApiError, Call};
use crate::services::metrics::ProcessOwner;
use crate::services::sagemaker::Shared;
use crate::services::sagemaker::model::Models;
use crate::services::sagemaker::resource::{Header, Resource};
use crate::services::sagemaker::tags::Tag;
use capture::CaptureQueue;
use config::Configs;
use fleet::Fleet;
use proxy::Proxy;
use record::{Deployment, Record, Status};

pub(crate) use update::{DesiredCapacity, Load, Update};
pub(crate) use variant::Variant;

/// How many times a request checks, 100 ms apart, for an endpoint that a restarted server is starting.
const START_CHECKS: u32 = 200;

/// All endpoints and their configurations.
pub(crate) struct Endpoints {
    /// `serving/` in the state directory: unpacked models and captured requests.
    folder: PathBuf,
    /// Storage, images, logs, metrics and faults.
    shared: Shared,
    /// The record of each endpoint.
    table: Table<Record>,
    /// The configurations.
    pub(crate) configs: Configs,
    /// The containers of each endpoint that is serving.
    fleets: Mutex<BTreeMap<String, Arc<Fleet>>>,
    /// The HTTP client for them.
    proxy: Proxy,
    /// Captured requests that wait to be stored.
    captures: CaptureQueue,
    /// Deployments and deletions in progress.
    tasks: Mutex<JoinSet<()>>,
}

/// The members common to `CreateEndpoint` and `UpdateEndpoint`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EndpointRequest {
    /// `EndpointName`.
    endpoint_name: String,
    /// `EndpointConfigName`.
    endpoint_config_name: String,
    /// How traffic moves to a new deployment: here, always all at once.
    deployment_config: Option<Value>,
}

impl Endpoints {
    /// Opens the endpoints of a state directory. Restarts those that were serving, and repeats whatever
    /// operation was in progress when the previous server was killed.
    pub(crate) fn open(shared: Shared) -> Result<Arc<Self>, Error> {
        let folder = shared.state_dir.join("serving");
        let (storage, metrics) = (shared.storage.clone(), shared.metrics.clone());
        let endpoints = Arc::new(Self {
            captures: CaptureQueue::open(folder.clone(), storage, metrics),
            folder,
            table: Table::open_in(&shared, "endpoints")?,
            configs: Configs::open(&shared)?,
            shared,
            fleets: Mutex::default(),
            proxy: Proxy::new(),
            tasks: Mutex::default(),
        });
        for record in endpoints.table.active() {
            endpoints.clone().resume(record);
        }
        Ok(endpoints)
    }

    /// Resumes one endpoint where the previous server left it.
    fn resume(self: Arc<Self>, record: Record) {
        for process in record.processes.values() {
            process.kill_orphan();
        }
        self.table.update(&record.header.name, |record| {
            record.processes.clear();
            // The endpoint cannot be changed until its containers are running again.
            if record.status == Status::InService {
                record.enter(Status::SystemUpdating, None);
            }
        });
        match record.status {
            Status::Failed => {}
            Status::Deleting => self.remove(&record.header.name),
            Status::Creating | Status::InService | Status::Updating | Status::SystemUpdating => {
                let endpoints = self.clone();
                lock(&self.tasks).spawn(endpoints.deploy_again(record));
            }
        }
    }

    /// Waits until all restarted endpoints are in service again, but no longer than `limit`.
    pub(crate) async fn wait_until_resumed(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let busy = |record: &Record| record.status == Status::SystemUpdating;
        while self.table.any_active(busy) && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// `CreateEndpoint`.
    pub(crate) fn create(self: Arc<Self>, call: &Call, models: &Models) -> Result<Value, ApiError> {
        let request: EndpointRequest = call.read()?;
        let first = self.deployment(&request.endpoint_config_name, &call.region, models)?;
        first.check_captures(&request.endpoint_name)?;
        let mut record = Record::new(Header::new(&request.endpoint_name, call)?, first);
        record.deployment_config = request.deployment_config;
        let arn = self.table.create(record.clone())?;
        let endpoints = self.clone();
        lock(&self.tasks).spawn(endpoints.deploy_first(record));
        Ok(json!({"EndpointArn": arn}))
    }

    /// A deployment of the configuration and its models in their current state.
    fn deployment(
        &self,
        config: &str,
        region: &str,
        models: &Models,
    ) -> Result<Deployment, ApiError> {
        Ok(Deployment {
            generation: 0,
            variants: self.configs.variants(config, region, models)?,
            capture: self.configs.capture(config),
            config: config.to_owned(),
        })
    }

    /// Calls `change` with the tags of an endpoint.
    pub(crate) fn change_tags(
        &self,
        arn: &str,
        change: &mut dyn FnMut(&mut Vec<Tag>),
    ) -> Option<()> {
        self.table.change_tags(arn, change)
    }

    /// `DescribeEndpoint`.
    pub(crate) fn describe(&self, call: &Call) -> Result<Value, ApiError> {
        let record = self.table.find_named(call)?;
        Ok(record.describe(self.fleet(&record.header.name).as_deref()))
    }

    /// `DeleteEndpoint`: returns the name, which is available again once the containers have stopped.
    pub(crate) fn delete(self: Arc<Self>, call: &Call) -> Result<String, ApiError> {
        let record = self.table.find_named(call)?;
        let name = record.header.name.clone();
        let record = self.change(&record, |record| record.enter(Status::Deleting, None))?;
        let endpoints = self.clone();
        lock(&self.tasks).spawn(async move {
            endpoints.stop_fleet(&record.header.name).await;
            endpoints.captures.store_endpoint(&record.header.name).await;
            endpoints.remove(&record.header.name);
        });
        Ok(name)
    }

    /// `ListEndpoints`.
    pub(crate) fn list(&self, call: &Call) -> Result<Value, ApiError> {
        self.table.list(call)
    }

    /// Whether any endpoint is serving, starting or being deleted.
    pub(crate) fn busy(&self) -> bool {
        self.table
            .any_active(|record| record.status != Status::Failed)
    }

    /// Stops all containers; the next server restarts their endpoints.
    pub(crate) async fn shut_down(&self) {
        // Aborting a deployment also drops its containers; the next server repeats it from its record.
        lock(&self.tasks).abort_all();
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        while tasks.join_next().await.is_some() {}
        self.stop_all_fleets().await;
        self.captures.store_all().await;
    }

    /// The output of an endpoint's containers; `None` if there is no such endpoint.
    pub(crate) fn log(&self, name: &str) -> Option<String> {
        self.table
            .get(name)
            .map(|record| self.shared.logs.of_endpoint(&record.header.name))
    }

    /// Stores everything captured since the last call.
    pub(crate) async fn store_captures(&self) {
        self.captures.store_due().await;
    }

    /// The serving processes with their owners.
    pub(crate) fn processes(&self) -> Vec<(ProcessOwner, ProcessId)> {
        let mut processes = Vec::new();
        for record in self.table.active() {
            for (key, identity) in record.processes {
                // The key is GENERATION/VARIANT/INSTANCE.
                if let Some(variant) = key.split('/').nth(1) {
                    let (endpoint, variant) = (record.header.name.clone(), variant.to_owned());
                    processes.push((ProcessOwner::Variant { endpoint, variant }, identity));
                }
            }
        }
        processes
    }

    /// The containers of an endpoint that is serving.
    fn fleet(&self, name: &str) -> Option<Arc<Fleet>> {
        lock(&self.fleets).get(name).cloned()
    }

    /// The containers of an endpoint; waits for them if a restarted server is still starting them.
    async fn await_fleet(&self, name: &str) -> Option<Arc<Fleet>> {
        for _ in 0..START_CHECKS {
            if let Some(fleet) = self.fleet(name) {
                return Some(fleet);
            }
            let status = self.table.get(name)?.status;
            let serves = [Status::InService, Status::Updating, Status::SystemUpdating];
            if !serves.contains(&status) {
                return None;
            }
            sleep(Duration::from_millis(100)).await;
        }
        None
    }

    /// Changes an endpoint, unless a change is already in progress. Check and change are atomic, so only
    /// one of two concurrent calls succeeds.
    fn change(
        &self,
        record: &Record,
        change: impl FnOnce(&mut Record),
    ) -> Result<Record, ApiError> {
        let mut settled = false;
        let changed = self.table.update(&record.header.name, |record| {
            settled = matches!(record.status, Status::InService | Status::Failed);
            if settled {
                change(record);
            }
        });
        changed.filter(|_| settled).ok_or_else(|| {
            let arn = record.arn();
            ApiError::validation(format!("Cannot update in-progress endpoint \"{arn}\"."))
        })
    }

    /// Removes the endpoint and its files.
    fn remove(&self, name: &str) {
        self.captures.remove_endpoint(name);
        self.table.remove(name);
    }
}
