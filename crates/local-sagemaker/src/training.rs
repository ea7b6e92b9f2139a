//! Training jobs: `CreateTrainingJob`, `DescribeTrainingJob`, `ListTrainingJobs`,
//! `StopTrainingJob`, `DeleteTrainingJob`.
//!
//! Each job is a process of its own with its own tree, log and task; all of them run at once. A
//! job whose server was killed is run again from its start, because its request is kept with
//! its record.

mod check;
mod checkpoints;
mod follow;
mod metrics;
mod plan;
mod record;
mod request;
mod run;
mod tree;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Stamp;
use crate::error::{Error, chain};
use crate::ground::Ground;
use crate::image::Images;
use crate::listing::{self, Entry, Listing};
use crate::log;
use crate::metrics::Watched;
use crate::names::Violations;
use crate::process::Identity;
use crate::store::{Table, locked};
use crate::tags::Tag;
use crate::wire::{ApiError, Call, nothing};
use metrics::Readings;
use plan::Plan;
use record::{Record, Status};
use request::TrainingRequest;
use run::{Run, Wish};
use tree::Tree;

pub(crate) use run::blocking;

/// What is said of a job that does not exist.
const NOT_FOUND: &str = "Requested resource not found.";

/// All training jobs.
pub(crate) struct Jobs {
    /// `jobs/` of the state directory: a folder with tree and log for each job.
    folder: PathBuf,
    /// Data, programs, logs, metrics and faults.
    ground: Ground,
    /// What is known of each job.
    table: Table<Record>,
    /// What is wanted of each job at work.
    wishes: Mutex<BTreeMap<String, watch::Sender<Wish>>>,
    /// The jobs at work.
    tasks: Mutex<JoinSet<()>>,
}

/// A request that only names a job.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    /// `TrainingJobName`.
    training_job_name: Option<String>,
}

impl Jobs {
    /// Opens the jobs of a state directory; those that a killed server left running are run
    /// again.
    pub(crate) fn open(ground: Ground) -> Result<Arc<Self>, Error> {
        let jobs = Arc::new(Self {
            folder: ground.state_dir.join("jobs"),
            table: Table::open(ground.state_dir.join("training-jobs"))?,
            ground,
            wishes: Mutex::default(),
            tasks: Mutex::default(),
        });
        for record in jobs.table.all() {
            if !record.status.is_final() {
                jobs.clone().resume(&record);
            }
        }
        Ok(jobs)
    }

    /// Takes up one job that the server before did not finish.
    fn resume(self: Arc<Self>, record: &Record) {
        if let Some(process) = record.process {
            process.end_orphan();
        }
        // Its program is gone, which is what was asked for; what it had not saved is lost.
        if record.status == Status::Stopping {
            return self.finished(
                &record.name,
                Status::Stopped,
                "Stopped",
                "Training job stopped",
            );
        }
        match plan(&record.request, &self.ground.images) {
            Ok(plan) => {
                self.table.update(&record.name, Record::restart);
                self.start(plan);
            }
            Err(error) => {
                let reason = format!(
                    "InternalServerError: the job could not be run again: {}",
                    error.message()
                );
                self.finished(&record.name, Status::Failed, "Failed", &reason);
            }
        }
    }

    /// `CreateTrainingJob`.
    pub(crate) async fn create(self: Arc<Self>, call: &Call) -> Result<Value, ApiError> {
        let plan = plan(&call.body, &self.ground.images)?;
        let role = call
            .body
            .get("RoleArn")
            .and_then(Value::as_str)
            .unwrap_or_default();
        self.check_locations(&plan, role, &call.region).await?;
        let record = Record::new(
            call.body.clone(),
            call.region.clone(),
            &plan.name,
            &plan.output,
        );
        let arn = record.arn();
        // The name is taken in the same moment as it is found free: of two calls one wins.
        let added = self
            .table
            .insert_new(&plan.name, record)
            .map_err(|error| ApiError::internal(chain(&error)))?;
        if !added {
            return Err(ApiError::new(
                "ResourceInUse",
                format!(
                    "Training job names must be unique within an AWS account and region, \
                     and a training job with this name already exists ({arn})"
                ),
            ));
        }
        self.start(plan);
        Ok(json!({"TrainingJobArn": arn}))
    }

    /// The data must be there when the job is created, as on AWS, and so must the bucket of the
    /// results.
    async fn check_locations(&self, plan: &Plan, role: &str, region: &str) -> Result<(), ApiError> {
        for source in plan.channels.iter().map(|channel| channel.source.clone()) {
            let (storage, prefix) = (self.ground.storage.clone(), source.clone());
            let objects = blocking(move || storage.objects(&prefix)).await;
            if objects
                .map_err(|error| ApiError::internal(error.to_string()))?
                .is_empty()
            {
                return Err(ApiError::validation(format!(
                    "No S3 objects found under S3 URL \"{source}\" given in input data source. Please ensure that the \
                     bucket exists in the selected region ({region}), that objects exist under that S3 prefix, and that \
                     the role \"{role}\" has \"s3:ListBucket\" permissions on bucket \"{}\".",
                    source.bucket
                )));
            }
        }
        if !self.ground.storage.has_bucket(&plan.output.bucket) {
            let text = format!(
                "The bucket of S3OutputPath \"{}\" does not exist: NoSuchBucket",
                plan.output
            );
            return Err(ApiError::validation(text));
        }
        Ok(())
    }

    /// Puts a job to work, beside all others.
    fn start(self: Arc<Self>, plan: Plan) {
        let (sender, wish) = watch::channel(Wish::Run);
        locked(&self.wishes).insert(plan.name.clone(), sender);
        let run = Run {
            jobs: self.clone(),
            plan: Arc::new(plan),
            wish,
        };
        locked(&self.tasks).spawn(run.work());
    }

    /// `DescribeTrainingJob`.
    pub(crate) fn describe(&self, call: &Call) -> Result<Value, ApiError> {
        self.record(call).map(|record| record.describe())
    }

    /// `StopTrainingJob`.
    pub(crate) fn stop(&self, call: &Call) -> Result<Value, ApiError> {
        let record = self.record(call)?;
        if record.status != Status::InProgress {
            let status = record.status.word();
            let text =
                format!("The request was rejected because the training job is in status {status}.");
            return Err(ApiError::validation(text));
        }
        self.table.update(&record.name, |record| {
            // The job may have ended since it was looked at.
            if record.status == Status::InProgress {
                record.status = Status::Stopping;
                record.enter("Stopping", "Stopping the training job");
            }
        });
        self.wish(&record.name, Wish::Stop);
        Ok(nothing())
    }

    /// `DeleteTrainingJob`: the name is free again. Results and logs stay, as on AWS.
    pub(crate) fn delete(&self, call: &Call) -> Result<Value, ApiError> {
        let record = self.record(call).map_err(|error| {
            let missing = error.message() == NOT_FOUND;
            if missing {
                ApiError::new("ResourceNotFound", NOT_FOUND)
            } else {
                error
            }
        })?;
        if !record.status.is_final() {
            let text = format!(
                "Training job {} cannot be deleted while it is in status {}.",
                record.arn(),
                record.status.word()
            );
            return Err(ApiError::new("ResourceInUse", text));
        }
        // The files go first: a record without files can be deleted again, files without a record
        // cannot.
        let removed = self.tree(&record.name).remove();
        removed.map_err(|error| ApiError::internal(error.to_string()))?;
        self.table.remove(&record.name);
        Ok(nothing())
    }

    /// Shows the tags of a job to `change`.
    pub(crate) fn tagged(&self, arn: &str, change: &mut dyn FnMut(&mut Vec<Tag>)) -> Option<()> {
        self.table.adjust(
            |record| record.arn() == arn,
            |record| &mut record.tags,
            change,
        )
    }

    /// The programs at work, and whose they are.
    pub(crate) fn processes(&self) -> Vec<(Watched, Identity)> {
        let host = |record: &Record| Watched::Job(format!("{}/algo-1", record.name));
        let records = self.table.all().into_iter();
        records
            .filter_map(|record| Some((host(&record), record.process?)))
            .collect()
    }

    /// The job that a request names.
    fn record(&self, call: &Call) -> Result<Record, ApiError> {
        let request: Named = call.read()?;
        let mut violations = Violations::default();
        violations.name("trainingJobName", request.training_job_name.as_deref());
        violations.finish()?;
        let record = request
            .training_job_name
            .and_then(|name| self.table.get(&name));
        record.ok_or_else(|| ApiError::validation(NOT_FOUND))
    }

    /// `ListTrainingJobs`.
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
                result: "TrainingJobSummaries",
                ascending: true,
            },
        )
    }

    /// Whether a job is at work.
    pub(crate) fn busy(&self) -> bool {
        self.table.any(|record| !record.status.is_final())
    }

    /// Ends all programs; their jobs begin anew at the next start.
    pub(crate) async fn shut_down(&self) {
        // Jobs that have ended meanwhile listen no more, and need not.
        for sender in locked(&self.wishes).values() {
            let _ = sender.send(Wish::Abandon);
        }
        let mut tasks = std::mem::take(&mut *locked(&self.tasks));
        while tasks.join_next().await.is_some() {}
    }

    /// How often a job's instance was taken away, and when the job was created.
    fn history(&self, name: &str) -> (usize, Stamp) {
        let record = self.table.get(name);
        record.map_or((0, Stamp::now()), |record| {
            (record.interruptions, record.created)
        })
    }

    /// A job's instance was taken away.
    fn interrupted(&self, name: &str) {
        log::line(&format!("training job {name} has lost its spot instance"));
        self.table.update(name, Record::interrupt);
    }

    /// The log of a job, if there is such a job.
    pub(crate) fn log(&self, name: &str) -> Option<PathBuf> {
        self.table
            .get(name)
            .map(|record| self.tree(&record.name).log())
    }

    /// Tells a job at work what is wanted of it.
    fn wish(&self, name: &str, wish: Wish) {
        if let Some(sender) = locked(&self.wishes).get(name) {
            let _ = sender.send(wish);
        }
    }

    /// Where a job has its files.
    fn tree(&self, name: &str) -> Tree {
        Tree::new(self.folder.join(name))
    }

    /// A job's resource name.
    fn arn(&self, name: &str) -> String {
        self.table
            .get(name)
            .map(|record| record.arn())
            .unwrap_or_default()
    }

    /// The region that a job was created in.
    fn region(&self, name: &str) -> String {
        self.table
            .get(name)
            .map(|record| record.region)
            .unwrap_or_default()
    }

    /// A job has reached its next secondary status.
    fn entered(&self, name: &str, secondary: &str, message: &str) {
        self.table
            .update(name, |record| record.enter(secondary, message));
    }

    /// A job's program runs.
    fn runs(&self, name: &str, process: Option<Identity>) {
        self.table.update(name, |record| record.process = process);
    }

    /// A job has printed new metrics.
    fn measured(&self, name: &str, readings: &Readings) {
        self.table
            .update(name, |record| record.metrics.clone_from(readings));
    }

    /// A job has ended.
    fn finished(&self, name: &str, status: Status, secondary: &str, message: &str) {
        log::line(&format!("training job {name} is {secondary}: {message}"));
        locked(&self.wishes).remove(name);
        self.table
            .update(name, |record| record.finish(status, secondary, message));
    }
}

/// The checked request together with the program of its image.
fn plan(body: &Value, images: &Images) -> Result<Plan, ApiError> {
    let request = TrainingRequest::deserialize(body)
        .map_err(|error| ApiError::new("SerializationException", error.to_string()))?;
    request.check(images)
}
