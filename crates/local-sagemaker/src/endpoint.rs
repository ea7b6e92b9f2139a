//! Endpoints: `CreateEndpoint`, `DescribeEndpoint`, `ListEndpoints`, `UpdateEndpoint`,
//! `UpdateEndpointWeightsAndCapacities`, `DeleteEndpoint`.
//!
//! Each instance of a variant is a serving process. An update starts the new ones first: they take over once
//! all of them have passed `/ping`, and if one does not, the old ones go on and the reason is
//! told.

mod capture;
mod config;
mod deploy;
mod fleet;
mod invoke;
mod proxy;
mod record;
mod replica;
mod reshape;
mod update;
mod variant;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::arn;
use crate::error::{Error, chain};
use crate::ground::Ground;
use crate::listing::{self, Entry, Listing};
use crate::metrics::Watched;
use crate::model::Models;
use crate::names::Violations;
use crate::process::Identity;
use crate::store::{Table, locked};
use crate::tags::{Tag, of_request};
use crate::wire::{ApiError, Call};
use config::Configs;
use fleet::Fleet;
use proxy::Proxy;
use record::{Deployment, Record, Status};

pub(crate) use invoke::endpoint_of;
pub(crate) use reshape::Desired;
pub(crate) use update::Update;
pub(crate) use variant::Variant;

/// Tenths of a second that a request waits for an endpoint that a restarted server is starting
/// again.
const START_PATIENCE: u32 = 200;

/// All endpoints and their configurations.
pub(crate) struct Endpoints {
    /// `serving/` of the state directory: models unpacked, and logs.
    folder: PathBuf,
    /// Models' data, programs, logs, metrics and faults.
    ground: Ground,
    /// What is known of each endpoint.
    table: Table<Record>,
    /// The configurations.
    pub(crate) configs: Configs,
    /// The processes of each endpoint that serves.
    fleets: Mutex<BTreeMap<String, Arc<Fleet>>>,
    /// The client that talks to them.
    proxy: Proxy,
    /// Deployments and deletions under way.
    tasks: Mutex<JoinSet<()>>,
}

/// The members that requests about endpoints have in common.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EndpointRequest {
    /// `EndpointName`.
    endpoint_name: Option<String>,
    /// `EndpointConfigName`; only creation and update have it.
    endpoint_config_name: Option<String>,
}

impl EndpointRequest {
    /// The endpoint's name and the configuration's, both valid.
    fn both(self) -> Result<(String, String), ApiError> {
        let mut violations = Violations::default();
        violations.name("endpointName", self.endpoint_name.as_deref());
        violations.name("endpointConfigName", self.endpoint_config_name.as_deref());
        violations.finish()?;
        Ok((
            self.endpoint_name.unwrap_or_default(),
            self.endpoint_config_name.unwrap_or_default(),
        ))
    }
}

impl Endpoints {
    /// Opens the endpoints of a state directory. Those that served are started again, and what
    /// a killed server was doing to them is done again.
    pub(crate) fn open(ground: Ground) -> Result<Arc<Self>, Error> {
        let endpoints = Arc::new(Self {
            folder: ground.state_dir.join("serving"),
            table: Table::open(ground.state_dir.join("endpoints"))?,
            configs: Configs::open(&ground.state_dir)?,
            ground,
            fleets: Mutex::default(),
            proxy: Proxy::new(),
            tasks: Mutex::default(),
        });
        for record in endpoints.table.all() {
            endpoints.clone().resume(record);
        }
        Ok(endpoints)
    }

    /// Takes up one endpoint where the server before has left it.
    fn resume(self: Arc<Self>, record: Record) {
        for process in record.processes.values() {
            process.end_orphan();
        }
        self.table.update(&record.name, |record| {
            record.processes.clear();
            // Nothing may be done to an endpoint before its processes run again.
            if record.status == Status::InService {
                record.enter(Status::SystemUpdating, None);
            }
        });
        match record.status {
            Status::Failed => {}
            Status::Deleting => self.forget(&record.name),
            Status::Creating | Status::InService | Status::Updating | Status::SystemUpdating => {
                let endpoints = self.clone();
                locked(&self.tasks).spawn(endpoints.deploy_again(record));
            }
        }
    }

    /// Waits until the endpoints that served before serve again, but not longer than `patience`.
    pub(crate) async fn resumed(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let busy = |record: &Record| record.status == Status::SystemUpdating;
        while self.table.any(busy) && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// `CreateEndpoint`.
    pub(crate) fn create(self: Arc<Self>, call: &Call, models: &Models) -> Result<Value, ApiError> {
        let (name, config) = call.read::<EndpointRequest>()?.both()?;
        let first = self.deployment(&config, &call.region, models)?;
        let mut record = Record::new(&name, &call.region, first);
        record.tags = of_request(&call.body);
        let arn = record.arn();
        match self.table.insert_new(&name, record.clone()) {
            Err(error) => return Err(ApiError::internal(chain(&error))),
            Ok(false) => {
                return Err(ApiError::validation(format!(
                    "Cannot create already existing endpoint \"{arn}\"."
                )));
            }
            Ok(true) => {}
        }
        let endpoints = self.clone();
        locked(&self.tasks).spawn(endpoints.deploy_first(record));
        Ok(json!({"EndpointArn": arn}))
    }

    /// A configuration as it is now, with its models.
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

    /// Shows the tags of an endpoint to `change`.
    pub(crate) fn tagged(&self, arn: &str, change: &mut dyn FnMut(&mut Vec<Tag>)) -> Option<()> {
        self.table.adjust(
            |record| record.arn() == arn,
            |record| &mut record.tags,
            change,
        )
    }

    /// `DescribeEndpoint`.
    pub(crate) fn describe(&self, call: &Call) -> Result<Value, ApiError> {
        let record = self.named(call)?;
        Ok(record.describe(self.live(&record.name).as_deref()))
    }

    /// `DeleteEndpoint`: the name is free again when its processes have ended.
    /// Gives the name.
    pub(crate) fn delete(self: Arc<Self>, call: &Call) -> Result<String, ApiError> {
        let record = self.named(call)?;
        let name = record.name.clone();
        let record = self.change(&record, |record| record.enter(Status::Deleting, None))?;
        let endpoints = self.clone();
        locked(&self.tasks).spawn(async move {
            endpoints.retire(&record.name).await;
            capture::store(&endpoints.captures(&record.name), &endpoints.ground.storage).await;
            endpoints.forget(&record.name);
        });
        Ok(name)
    }

    /// `ListEndpoints`.
    pub(crate) fn list(&self, call: &Call) -> Result<Value, ApiError> {
        let entries = self.table.all().into_iter().map(|record| Entry {
            created: record.created,
            modified: record.modified,
            status: record.status.word(),
            summary: record.summary(),
            name: record.name,
        });
        listing::page(
            call,
            entries.collect(),
            &Listing {
                result: "Endpoints",
                ascending: false,
            },
        )
    }

    /// Whether an endpoint serves or is about to.
    pub(crate) fn busy(&self) -> bool {
        self.table.any(|record| record.status != Status::Failed)
    }

    /// Ends all serving processes; their endpoints serve again at the next start.
    pub(crate) async fn shut_down(&self) {
        // A deployment under way is dropped with its processes; its record says that it is to
        // be done again.
        locked(&self.tasks).abort_all();
        let mut tasks = std::mem::take(&mut *locked(&self.tasks));
        while tasks.join_next().await.is_some() {}
        self.retire_all().await;
        self.store_captures().await;
    }

    /// What the containers of an endpoint have printed, if there is such an endpoint.
    pub(crate) fn log(&self, name: &str) -> Option<String> {
        self.table
            .get(name)
            .map(|record| self.ground.logs.of_endpoint(&record.name))
    }

    /// Stores what was captured since the last time.
    pub(crate) async fn store_captures(&self) {
        for record in self.table.all() {
            capture::store(&self.captures(&record.name), &self.ground.storage).await;
        }
    }

    /// Where captured requests of an endpoint wait to be stored.
    fn captures(&self, name: &str) -> PathBuf {
        self.folder.join(name).join("captures")
    }

    /// The serving processes, and whose they are.
    pub(crate) fn processes(&self) -> Vec<(Watched, Identity)> {
        let mut processes = Vec::new();
        for record in self.table.all() {
            for (place, identity) in record.processes {
                // The place is GENERATION/VARIANT/INSTANCE.
                if let Some(variant) = place.split('/').nth(1) {
                    let (endpoint, variant) = (record.name.clone(), variant.to_owned());
                    processes.push((Watched::Variant { endpoint, variant }, identity));
                }
            }
        }
        processes
    }

    /// The processes of an endpoint that serves.
    fn live(&self, name: &str) -> Option<Arc<Fleet>> {
        locked(&self.fleets).get(name).cloned()
    }

    /// The processes of an endpoint; right after a start of the server they may still be on
    /// their way.
    async fn live_soon(&self, name: &str) -> Option<Arc<Fleet>> {
        for _ in 0..START_PATIENCE {
            let fleet = self.live(name);
            let status = self.table.get(name)?.status;
            let serves = [Status::InService, Status::Updating, Status::SystemUpdating];
            if fleet.is_some() || !serves.contains(&status) {
                return fleet;
            }
            sleep(Duration::from_millis(100)).await;
        }
        None
    }

    /// Changes an endpoint to which nothing is being done. That is asked in the same moment, so
    /// that of two calls at once only one gets through.
    fn change(
        &self,
        record: &Record,
        change: impl FnOnce(&mut Record),
    ) -> Result<Record, ApiError> {
        let mut settled = false;
        let changed = self.table.update(&record.name, |record| {
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

    /// The endpoint that a request names.
    fn named(&self, call: &Call) -> Result<Record, ApiError> {
        let request: EndpointRequest = call.read()?;
        let mut violations = Violations::default();
        violations.name("endpointName", request.endpoint_name.as_deref());
        violations.finish()?;
        self.find(&request.endpoint_name.unwrap_or_default(), &call.region)
    }

    /// The endpoint of that name, or the refusal that a request from `region` gets.
    fn find(&self, name: &str, region: &str) -> Result<Record, ApiError> {
        let arn = arn::sagemaker(region, "endpoint", name);
        self.table
            .get(name)
            .ok_or_else(|| ApiError::validation(format!("Could not find endpoint \"{arn}\".")))
    }

    /// Removes the endpoint and its files.
    fn forget(&self, name: &str) {
        let _ = fs::remove_dir_all(self.folder.join(name));
        self.table.remove(name);
    }
}
