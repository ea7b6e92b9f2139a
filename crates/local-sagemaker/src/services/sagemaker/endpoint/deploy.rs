//! Deploying a configuration, updating an endpoint to another one, and stopping an endpoint.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Endpoints;
use super::fleet::{Fleet, RunningVariant};
use super::record::{Deployment, Record, Status};
use super::replica::{LaunchSpec, Replica};
use super::variant::Variant;
use crate::machine::log;
use crate::machine::table::lock;

/// How long an update waits for pending requests to the old containers: as long as a response may take.
const DRAIN: Duration = Duration::from_mins(1);
/// How long the requests to containers that have just stopped may take to end.
const LAST_RESPONSES: Duration = Duration::from_secs(2);

impl Endpoints {
    /// The first deployment of a new endpoint.
    pub(crate) async fn deploy_first(self: Arc<Self>, record: Record) {
        let result = self.start(&record.header.name, &record.current).await;
        self.install(&record.header.name, result);
    }

    /// After a restart of the server: restarts the current deployment, then resumes a pending update.
    pub(crate) async fn deploy_again(self: Arc<Self>, record: Record) {
        self.clone().deploy_first(record.clone()).await;
        if record.next.is_some() && self.fleet(&record.header.name).is_some() {
            self.deploy_next(record).await;
        }
    }

    /// Puts the first containers of an endpoint into service, or marks the endpoint as failed.
    fn install(&self, name: &str, result: Result<Fleet, String>) {
        let outcome = result
            .as_ref()
            .map_or_else(String::as_str, |_| "it is serving");
        log(&format!("endpoint {name}: {outcome}"));
        match result {
            Ok(fleet) => {
                // Before the status changes: a client that sees `InService` may send requests at once.
                lock(&self.fleets).insert(name.to_owned(), Arc::new(fleet));
                self.table.update(name, |record| {
                    let status = if record.next.is_some() {
                        Status::Updating
                    } else {
                        Status::InService
                    };
                    record.enter(status, None);
                });
            }
            Err(reason) => {
                self.table
                    .update(name, |record| record.enter(Status::Failed, Some(&reason)));
            }
        }
    }

    /// Blue-green deployment, all at once: the old containers stop when all new ones have answered `/ping`.
    pub(crate) async fn deploy_next(self: Arc<Self>, record: Record) {
        let Some(next) = &record.next else { return };
        match self.start(&record.header.name, next).await {
            Ok(fleet) => {
                let old = lock(&self.fleets).insert(record.header.name.clone(), Arc::new(fleet));
                self.table
                    .update(&record.header.name, Record::finish_update);
                // New requests already go to the new containers; the old ones finish theirs.
                if let Some(old) = old {
                    end(old, DRAIN).await;
                }
                let _ = fs::remove_dir_all(
                    self.generation(&record.header.name, record.current.generation),
                );
            }
            Err(reason) => {
                log(&format!(
                    "cannot update endpoint {}: {reason}",
                    record.header.name
                ));
                self.table
                    .update(&record.header.name, |record| record.reject_update(&reason));
                let _ = fs::remove_dir_all(self.generation(&record.header.name, next.generation));
            }
        }
    }

    /// Applies the weights and instance counts in the record; `before` holds the old ones. If a new
    /// container does not answer `/ping`, all new ones stop and the old values are restored.
    pub(crate) async fn apply_capacities(self: Arc<Self>, record: Record, before: Vec<Variant>) {
        let outcome = match self.fleet(&record.header.name) {
            Some(fleet) => self.resize(&record, &fleet).await,
            None => Err("InternalServerError: the endpoint is not running.".to_owned()),
        };
        self.table
            .update(&record.header.name, |record| match &outcome {
                Ok(()) => record.enter(Status::InService, None),
                Err(reason) => {
                    record.current.variants = before;
                    record.enter(Status::InService, Some(reason));
                }
            });
    }

    /// Starts the missing containers, then stops the surplus ones.
    async fn resize(self: &Arc<Self>, record: &Record, fleet: &Fleet) -> Result<(), String> {
        let running = |variant: &Variant| fleet.variant(&variant.name).cloned();
        let (name, generation) = (&record.header.name, record.current.generation);
        let mut grown = Vec::new();
        for variant in &record.current.variants {
            let Some(running) = running(variant) else {
                continue;
            };
            let more = self
                .replicas(name, generation, variant, running.count()..variant.count())
                .await?;
            grown.push((running, more));
        }
        // Only after all have started: a failure above must not leave the change half applied.
        for (running, more) in grown {
            running.grow(more);
        }
        for variant in &record.current.variants {
            if let Some(running) = running(variant) {
                running.set_weight(variant.weight);
                running.shrink(variant.count(), DRAIN).await;
            }
        }
        Ok(())
    }

    /// Starts all variants concurrently; if one fails, the others stop.
    async fn start(self: &Arc<Self>, name: &str, deployment: &Deployment) -> Result<Fleet, String> {
        let mut starts = JoinSet::new();
        for (order, variant) in deployment.variants.iter().enumerate() {
            let (endpoints, variant) = (self.clone(), variant.clone());
            let (name, generation) = (name.to_owned(), deployment.generation);
            starts.spawn(async move {
                let all = 0..variant.count();
                let replicas = endpoints.replicas(&name, generation, &variant, all).await?;
                Ok((
                    order,
                    RunningVariant::new(variant.name, variant.weight, replicas),
                ))
            });
        }
        let mut variants = all_of(&mut starts).await;
        // Restore the configuration's order; variants become ready in any order.
        if let Ok(variants) = &mut variants {
            variants.sort_by_key(|(order, _)| *order);
        }
        let variants = variants?.into_iter().map(|(_, variant)| variant).collect();
        Ok(Fleet::new(variants, deployment.capture.clone()))
    }

    /// Starts the containers with these numbers concurrently. If one fails, dropping the others stops
    /// them.
    async fn replicas(
        self: &Arc<Self>,
        name: &str,
        generation: u64,
        variant: &Variant,
        numbers: Range<usize>,
    ) -> Result<Vec<Replica>, String> {
        let mut starts = JoinSet::new();
        for number in numbers {
            let spec = self.spec(name, generation, variant, number)?;
            // They share one model, which the first one unpacks.
            spec.unpack().await?;
            let proxy = self.proxy.clone();
            starts.spawn(async move { Ok((number, Replica::start(spec, proxy).await?)) });
        }
        let mut replicas = all_of(&mut starts).await?;
        replicas.sort_by_key(|(number, _)| *number);
        Ok(replicas.into_iter().map(|(_, replica)| replica).collect())
    }

    /// The launch specification of one container of a variant.
    fn spec(
        self: &Arc<Self>,
        name: &str,
        generation: u64,
        variant: &Variant,
        number: usize,
    ) -> Result<LaunchSpec, String> {
        let program = self
            .shared
            .images
            .program(&variant.container.image)
            .map_err(|error| error.message().to_owned())?;
        let folder = self.generation(name, generation).join(&variant.name);
        fs::create_dir_all(&folder).map_err(|error| {
            format!(
                "InternalServerError: cannot make {}: {error}",
                folder.display()
            )
        })?;
        let instance = instance_id(&format!("{name}/{generation}/{}/{number}", variant.name));
        let (endpoints, endpoint, process) = (
            Arc::downgrade(self),
            name.to_owned(),
            format!("{generation}/{}/{instance}", variant.name),
        );
        let on_process = move |identity| {
            let Some(endpoints) = endpoints.upgrade() else {
                return;
            };
            endpoints.table.update(&endpoint, |record| match identity {
                Some(identity) => _ = record.processes.insert(process.clone(), identity),
                None => _ = record.processes.remove(&process),
            });
        };
        Ok(LaunchSpec {
            stream: self.shared.logs.serving(name, &variant.name, &instance),
            storage: self.shared.storage.clone(),
            on_process: Box::new(on_process),
            variant: variant.clone(),
            program,
            folder,
        })
    }

    /// Stops the containers of an endpoint that is being deleted.
    pub(crate) async fn stop_fleet(&self, name: &str) {
        let fleet = lock(&self.fleets).remove(name);
        if let Some(fleet) = fleet {
            end(fleet, Duration::ZERO).await;
        }
    }

    /// Stops the containers of all endpoints concurrently.
    pub(crate) async fn stop_all_fleets(&self) {
        let fleets = std::mem::take(&mut *lock(&self.fleets));
        let mut ends: JoinSet<()> = fleets
            .into_values()
            .map(|fleet| end(fleet, Duration::ZERO))
            .collect();
        while ends.join_next().await.is_some() {}
    }

    /// The folder of one deployment.
    fn generation(&self, name: &str, generation: u64) -> PathBuf {
        self.folder.join(name).join(generation.to_string())
    }
}

/// The results of all tasks, or the first failure once all have ended. Dropping a result stops its
/// container.
async fn all_of<T: 'static>(tasks: &mut JoinSet<Result<T, String>>) -> Result<Vec<T>, String> {
    let mut results = Vec::new();
    let mut failure = None;
    while let Some(result) = tasks.join_next().await {
        match result
            .map_err(|error| error.to_string())
            .and_then(|result| result)
        {
            Ok(result) => results.push(result),
            Err(reason) => _ = failure.get_or_insert(reason),
        }
    }
    failure.map_or(Ok(results), Err)
}

/// The id of an instance, derived from its key, so that a restarted container keeps its log stream.
fn instance_id(key: &str) -> String {
    format!("i-{}", &hex::encode(Sha256::digest(key))[..17])
}

/// Stops a fleet once its pending requests have completed, or after `limit`.
async fn end(fleet: Arc<Fleet>, limit: Duration) {
    await_requests(&fleet, limit).await;
    fleet.stop().await;
    // The last responses may still have to be captured.
    await_requests(&fleet, LAST_RESPONSES).await;
}

/// Waits until a fleet has no pending requests, but no longer than `limit`.
async fn await_requests(fleet: &Arc<Fleet>, limit: Duration) {
    let deadline = Instant::now() + limit;
    // Each pending request holds a reference; the last one left is ours.
    while Arc::strong_count(fleet) > 1 && Instant::now() < deadline {
        sleep(Duration::from_millis(10)).await;
    }
}
