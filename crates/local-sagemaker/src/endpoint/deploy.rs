//! Putting a configuration to work, replacing one by the next, and ending one.

use std::fs;
use std::ops::Range;
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
use crate::digest::sha256;
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

    /// Other weights and other numbers of processes, as the record has them by now; `before` is
    /// what it had. New processes that do not pass are ended, and the old numbers stay.
    pub(crate) async fn deploy_shape(self: Arc<Self>, record: Record, before: Vec<Variant>) {
        let outcome = match self.live(&record.name) {
            Some(fleet) => self.shape(&record, &fleet).await,
            None => Err("InternalServerError: the endpoint has no processes.".to_owned()),
        };
        self.table.update(&record.name, |record| match &outcome {
            Ok(()) => record.enter(Status::InService, None),
            Err(reason) => {
                record.current.variants = before;
                record.enter(Status::InService, Some(reason));
            }
        });
    }

    /// Starts what is missing, then ends what is too much.
    async fn shape(self: &Arc<Self>, record: &Record, fleet: &Fleet) -> Result<(), String> {
        let members = |variant: &Variant| fleet.named(&variant.name).cloned();
        let deployment = (record.name.as_str(), record.current.generation);
        let mut grown = Vec::new();
        for variant in &record.current.variants {
            let Some(member) = members(variant) else {
                continue;
            };
            let more = self
                .replicas(deployment, variant, member.count()..variant.count())
                .await?;
            grown.push((member, more));
        }
        for (member, more) in grown {
            member.grow(more);
        }
        for variant in &record.current.variants {
            if let Some(member) = members(variant) {
                member.weigh(variant.weight);
                member.shrink(variant.count(), DRAIN).await;
            }
        }
        Ok(())
    }

    /// Starts all variants at once; one that fails ends the others.
    async fn start(self: &Arc<Self>, name: &str, deployment: &Deployment) -> Result<Fleet, String> {
        let mut starts = JoinSet::new();
        for (order, variant) in deployment.variants.iter().enumerate() {
            let (endpoints, variant) = (self.clone(), variant.clone());
            let (name, generation) = (name.to_owned(), deployment.generation);
            starts.spawn(async move {
                let all = 0..variant.count();
                let replicas = endpoints
                    .replicas((&name, generation), &variant, all)
                    .await?;
                Ok((order, Member::new(variant.name, variant.weight, replicas)))
            });
        }
        let mut members = all_of(&mut starts).await;
        // They came in the order in which they were ready, which differs from time to time.
        if let Ok(members) = &mut members {
            members.sort_by_key(|(order, _)| *order);
        }
        let members = members?.into_iter().map(|(_, member)| member).collect();
        Ok(Fleet::new(members, deployment.capture.clone()))
    }

    /// Starts the processes of these numbers, all at once; dropping those that have passed ends
    /// them when one has not.
    async fn replicas(
        self: &Arc<Self>,
        (name, generation): (&str, u64),
        variant: &Variant,
        numbers: Range<usize>,
    ) -> Result<Vec<Replica>, String> {
        let mut starts = JoinSet::new();
        for number in numbers {
            let blueprint = self.blueprint(name, generation, (variant, number))?;
            // They share one model, which the first unpacks.
            blueprint.unpack().await?;
            let proxy = self.proxy.clone();
            starts.spawn(async move { Ok((number, Replica::start(blueprint, proxy).await?)) });
        }
        let mut replicas = all_of(&mut starts).await?;
        replicas.sort_by_key(|(number, _)| *number);
        Ok(replicas.into_iter().map(|(_, replica)| replica).collect())
    }

    /// What one process of a variant is started from.
    fn blueprint(
        self: &Arc<Self>,
        name: &str,
        generation: u64,
        (variant, number): (&Variant, usize),
    ) -> Result<Blueprint, String> {
        let program = self
            .ground
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
            stream: self.ground.logs.serving(name, &variant.name, &instance),
            storage: self.ground.storage.clone(),
            started: Box::new(started),
            variant: variant.clone(),
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

/// What all tasks give, or the first failure once all have ended: what is dropped ends its
/// process.
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

/// The id of an instance, which follows from its place: a process that is started again writes
/// to the log of the one before.
fn instance_id(place: &str) -> String {
    format!("i-{}", &sha256(place)[..17])
}

/// Ends a fleet once the requests that it is answering are answered, or after `patience`.
async fn end(fleet: Arc<Fleet>, patience: Duration) {
    let deadline = Instant::now() + patience;
    while Arc::strong_count(&fleet) > 1 && Instant::now() < deadline {
        sleep(Duration::from_millis(50)).await;
    }
    fleet.stop().await;
}
