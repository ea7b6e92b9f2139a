//! Putting a configuration to work, replacing one by the next, and ending one.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Endpoints;
use super::fleet::{Fleet, Member};
use super::record::{Deployment, Record, Status};
use super::replica::{Blueprint, Replica};
use super::variant::Variant;
use crate::log;
use crate::store::locked;

/// How long an update waits for requests that the old processes are answering: as long as an
/// answer may take.
const DRAIN: Duration = Duration::from_mins(1);

impl Endpoints {
    /// The first deployment of a new endpoint.
    pub(crate) async fn deploy_first(self: Arc<Self>, record: Record) {
        let result = self.start(&record.name, &record.current).await;
        self.install(&record.name, result);
    }

    /// After a restart of the server: what served serves again, and an update under way goes
    /// on.
    pub(crate) async fn deploy_again(self: Arc<Self>, record: Record) {
        self.clone().deploy_first(record.clone()).await;
        if record.next.is_some() && self.live(&record.name).is_some() {
            self.deploy_next(record).await;
        }
    }

    /// The first processes of an endpoint take its requests, or it has failed.
    fn install(&self, name: &str, result: Result<Fleet, String>) {
        let outcome = result.as_ref().map_or_else(String::as_str, |_| "it serves");
        log::line(&format!("endpoint {name}: {outcome}"));
        match result {
            Ok(fleet) => {
                locked(&self.fleets).insert(name.to_owned(), Arc::new(fleet));
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

    /// Blue-green, all at once: the new processes pass `/ping`, then the old ones go.
    pub(crate) async fn deploy_next(self: Arc<Self>, record: Record) {
        let Some(next) = &record.next else { return };
        match self.start(&record.name, next).await {
            Ok(fleet) => {
                let old = locked(&self.fleets).insert(record.name.clone(), Arc::new(fleet));
                self.table.update(&record.name, Record::finish_update);
                // New requests go to the new processes by now; the old ones finish theirs.
                if let Some(old) = old {
                    end(old, DRAIN).await;
                }
                let _ =
                    fs::remove_dir_all(self.generation(&record.name, record.current.generation));
            }
            Err(reason) => {
                log::line(&format!(
                    "endpoint {} is not updated: {reason}",
                    record.name
                ));
                self.table
                    .update(&record.name, |record| record.reject_update(&reason));
                let _ = fs::remove_dir_all(self.generation(&record.name, next.generation));
            }
        }
    }

    /// Starts all variants at once; one that fails ends the others.
    async fn start(self: &Arc<Self>, name: &str, deployment: &Deployment) -> Result<Fleet, String> {
        let mut starts = JoinSet::new();
        for (order, variant) in deployment.variants.iter().enumerate() {
            let blueprint = self.blueprint(name, deployment.generation, variant.clone())?;
            let (name, weight, proxy) = (variant.name.clone(), variant.weight, self.proxy.clone());
            starts.spawn(async move {
                Ok((
                    order,
                    Member {
                        name,
                        weight,
                        replica: Replica::start(blueprint, proxy).await?,
                    },
                ))
            });
        }
        let mut members = Vec::new();
        let mut failure = None;
        while let Some(started) = starts.join_next().await {
            match started
                .map_err(|error| error.to_string())
                .and_then(|result: Result<_, String>| result)
            {
                Ok(member) => members.push(member),
                Err(reason) => _ = failure.get_or_insert(reason),
            }
        }
        // They came in the order in which they were ready, which differs from time to time.
        members.sort_by_key(|(order, _)| *order);
        let fleet = Fleet::new(members.into_iter().map(|(_, member)| member).collect());
        match failure {
            None => Ok(fleet),
            Some(reason) => {
                fleet.stop().await;
                Err(reason)
            }
        }
    }

    /// What one variant of a deployment is started from.
    fn blueprint(
        self: &Arc<Self>,
        name: &str,
        generation: u64,
        variant: Variant,
    ) -> Result<Blueprint, String> {
        let program = self
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
        let (endpoints, endpoint, process) = (
            Arc::downgrade(self),
            name.to_owned(),
            format!("{generation}/{}", variant.name),
        );
        let started = move |identity| {
            let Some(endpoints) = endpoints.upgrade() else {
                return;
            };
            endpoints.table.update(&endpoint, |record| match identity {
                Some(identity) => _ = record.processes.insert(process.clone(), identity),
                None => _ = record.processes.remove(&process),
            });
        };
        Ok(Blueprint {
            log: self.folder.join(name).join("log"),
            storage: self.storage.clone(),
            started: Box::new(started),
            variant,
            program,
            folder,
        })
    }

    /// Ends the processes of an endpoint that is deleted.
    pub(crate) async fn retire(&self, name: &str) {
        let fleet = locked(&self.fleets).remove(name);
        if let Some(fleet) = fleet {
            end(fleet, Duration::ZERO).await;
        }
    }

    /// Ends the processes of all endpoints, at once.
    pub(crate) async fn retire_all(&self) {
        let fleets = std::mem::take(&mut *locked(&self.fleets));
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

/// Ends a fleet once the requests that it is answering are answered, or after `patience`.
async fn end(fleet: Arc<Fleet>, patience: Duration) {
    let deadline = Instant::now() + patience;
    while Arc::strong_count(&fleet) > 1 && Instant::now() < deadline {
        sleep(Duration::from_millis(50)).await;
    }
    fleet.stop().await;
}
