//! Training jobs: `CreateTrainingJob`, `DescribeTrainingJob`, `ListTrainingJobs`,
//! `StopTrainingJob`, `DeleteTrainingJob`.
//!
//! Each job is a process with its own `/opt/ml` tree, log and task; jobs run concurrently. If the server
//! is killed, its successor restarts the job from the request in its record.

mod check;
mod checkpoints;
mod follow;
mod job_dir;
mod metrics;
mod record;
mod request;
mod run;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::error::Error;
use crate::machine::process::ProcessId;
use crate::machine::table::{Table, lock};
use crate::machine::{blocking, log};
use crate::protocol::{ApiError, Call};
use crate::services::images::Images;
use crate::services::metrics::ProcessOwner;
use crate::services::sagemaker::Shared;
use crate::services::sagemaker::resource::Resource;
use crate::services::sagemaker::tags::Tag;
use job_dir::JobDir;
use metrics::Readings;
use record::{NOT_FOUND, Record, Status};
use request::{Plan, TrainingRequest};
use run::{DesiredState, Run};

pub(super) use job_dir::download_all;

/// All training jobs.
pub(crate) struct Jobs {
    /// `jobs/` in the state directory, with a folder for each job's tree and log.
    folder: PathBuf,
    /// Storage, images, logs, metrics and faults.
    shared: Shared,
    /// The record of each job.
    table: Table<Record>,
    /// The desired state of each running job.
    desired_states: Mutex<BTreeMap<String, watch::Sender<DesiredState>>>,
    /// The running jobs.
    tasks: Mutex<JoinSet<()>>,
}

impl Jobs {
    /// Opens the jobs of a state directory and restarts those that the previous server did not finish.
    pub(crate) fn open(shared: Shared) -> Result<Arc<Self>, Error> {
        let jobs = Arc::new(Self {
            folder: shared.state_dir.join("jobs"),
            table: Table::open_in(&shared, "training-jobs")?,
            shared,
            desired_states: Mutex::default(),
            tasks: Mutex::default(),
        });
        for record in jobs.table.active() {
            if !record.status.is_final() {
                jobs.clone().resume(&record);
            }
        }
        Ok(jobs)
    }

    /// Resumes a job that the previous server did not finish.
    fn resume(self: Arc<Self>, record: &Record) {
        if let Some(process) = record.process {
            process.kill_orphan();
        }
        // The program has stopped, as requested; anything it had not stored is lost.
        if record.status == Status::Stopping {
            return self.finish(
                &record.header.name,
                Status::Stopped,
                "Stopped",
                "Training job stopped",
            );
        }
        match plan(&record.request, &self.shared.images) {
            Ok(plan) => {
                self.table.update(&record.header.name, Record::restart);
                self.start(plan);
            }
            Err(error) => {
                let reason = format!(
                    "InternalServerError: the job could not be restarted: {}",
                    error.message()
                );
                self.finish(&record.header.name, Status::Failed, "Failed", &reason);
            }
        }
    }

    /// `CreateTrainingJob`.
    pub(crate) async fn create(self: Arc<Self>, call: &Call) -> Result<Value, ApiError> {
        let plan = plan(&call.body, &self.shared.images)?;
        let record = Record::new(call, &plan.name, &plan.output)?;
        let role = call
            .body
            .get("RoleArn")
            .and_then(Value::as_str)
            .unwrap_or_default();
        self.check_locations(&plan, role, &call.region).await?;
        let arn = self.table.create(record)?;
        self.start(plan);
        Ok(json!({"TrainingJobArn": arn}))
    }

    /// Checks that the input data and the output bucket exist, as AWS does when a job is created.
    async fn check_locations(&self, plan: &Plan, role: &str, region: &str) -> Result<(), ApiError> {
        for source in plan.channels.iter().map(|channel| channel.source.clone()) {
            let (storage, prefix) = (self.shared.storage.clone(), source.clone());
            let found = blocking(move || storage.has_prefix(&prefix)).await;
            if !found.map_err(|error| ApiError::internal(error.to_string()))? {
                return Err(ApiError::validation(format!(
                    "No S3 objects found under S3 URL \"{source}\" given in input data source. Please ensure that the \
                     bucket exists in the selected region ({region}), that objects exist under that S3 prefix, and that \
                     the role \"{role}\" has \"s3:ListBucket\" permissions on bucket \"{}\".",
                    source.bucket
                )));
            }
        }
        if !self.shared.storage.has_bucket(&plan.output.bucket) {
            let text = format!(
                "The bucket of S3OutputPath \"{}\" does not exist: NoSuchBucket",
                plan.output
            );
            return Err(ApiError::validation(text));
        }
        Ok(())
    }

    /// Starts a job in a task of its own.
    fn start(self: Arc<Self>, plan: Plan) {
        let (sender, desired) = watch::channel(DesiredState::Run);
        // Registered before the task starts, so that no stop request is missed.
        lock(&self.desired_states).insert(plan.name.clone(), sender);
        let run = Run {
            jobs: self.clone(),
            plan: Arc::new(plan),
            desired,
        };
        lock(&self.tasks).spawn(run.work());
    }

    /// `DescribeTrainingJob`.
    pub(crate) fn describe(&self, call: &Call) -> Result<Value, ApiError> {
        self.table.find_named(call).map(|record| record.describe())
    }

    /// `StopTrainingJob`.
    pub(crate) fn stop(&self, call: &Call) -> Result<Value, ApiError> {
        let record = self.table.find_named(call)?;
        if record.status != Status::InProgress {
            let status = record.status.word();
            let text =
                format!("The request was rejected because the training job is in status {status}.");
            return Err(ApiError::validation(text));
        }
        self.table.update(&record.header.name, |record| {
            // The job may have ended since the record was read.
            if record.status == Status::InProgress {
                record.status = Status::Stopping;
                record.enter("Stopping", "Stopping the training job");
            }
        });
        self.set_desired_state(&record.header.name, DesiredState::Stop);
        Ok(json!({}))
    }

    /// `DeleteTrainingJob`: frees the name. Results and logs are kept, as on AWS.
    pub(crate) fn delete(&self, call: &Call) -> Result<Value, ApiError> {
        let record = self.table.find_named(call).map_err(|error| {
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
        // Files first: if this fails halfway, the delete can be retried only while the record exists.
        let removed = self.job_dir(&record.header.name).remove();
        removed.map_err(|error| ApiError::internal(error.to_string()))?;
        self.table.remove(&record.header.name);
        Ok(json!({}))
    }

    /// Calls `change` with the tags of a job.
    pub(crate) fn change_tags(
        &self,
        arn: &str,
        change: &mut dyn FnMut(&mut Vec<Tag>),
    ) -> Option<()> {
        self.table.change_tags(arn, change)
    }

    /// The running processes with their owners.
    pub(crate) fn processes(&self) -> Vec<(ProcessOwner, ProcessId)> {
        let host = |record: &Record| ProcessOwner::Job(format!("{}/algo-1", record.header.name));
        let records = self.table.active().into_iter();
        records
            .filter_map(|record| Some((host(&record), record.process?)))
            .collect()
    }

    /// `ListTrainingJobs`.
    pub(crate) fn list(&self, call: &Call) -> Result<Value, ApiError> {
        self.table.list(call)
    }

    /// Whether any job is running.
    pub(crate) fn busy(&self) -> bool {
        self.table.any_active(|record| !record.status.is_final())
    }

    /// Stops all programs; the next server restarts the jobs.
    pub(crate) async fn shut_down(&self) {
        // Sending fails only for jobs that have ended in the meantime.
        for sender in lock(&self.desired_states).values() {
            let _ = sender.send(DesiredState::Abandon);
        }
        // Taken out, because the mutex must not be held across an await.
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        while tasks.join_next().await.is_some() {}
    }

    /// The record of a job.
    fn record(&self, name: &str) -> Option<Record> {
        self.table.get(name)
    }

    /// Records that a job has lost its spot instance.
    fn record_interruption(&self, name: &str) {
        log(&format!("training job {name} has lost its spot instance"));
        self.table.update(name, Record::interrupt);
    }

    /// The path of a job's log; `None` if there is no such job.
    pub(crate) fn log(&self, name: &str) -> Option<PathBuf> {
        self.table
            .get(name)
            .map(|record| self.job_dir(&record.header.name).log())
    }

    /// Sets the desired state of a running job.
    fn set_desired_state(&self, name: &str, desired: DesiredState) {
        if let Some(sender) = lock(&self.desired_states).get(name) {
            let _ = sender.send(desired);
        }
    }

    /// The folder of a job.
    fn job_dir(&self, name: &str) -> JobDir {
        JobDir::new(self.folder.join(name))
    }

    /// Records the next secondary status of a job.
    fn enter(&self, name: &str, secondary: &str, message: &str) {
        self.table
            .update(name, |record| record.enter(secondary, message));
    }

    /// Records the process of a job, or its end.
    fn set_process(&self, name: &str, process: Option<ProcessId>) {
        self.table.update(name, |record| record.process = process);
    }

    /// Records new metrics of a job.
    fn set_metrics(&self, name: &str, readings: &Readings) {
        self.table
            .update(name, |record| record.metrics.clone_from(readings));
    }

    /// Records the end of a job.
    fn finish(&self, name: &str, status: Status, secondary: &str, message: &str) {
        log(&format!("training job {name} is {secondary}: {message}"));
        lock(&self.desired_states).remove(name);
        self.table
            .update(name, |record| record.finish(status, secondary, message));
    }
}

/// Checks a request and makes a plan from it.
fn plan(body: &Value, images: &Images) -> Result<Plan, ApiError> {
    let request = TrainingRequest::deserialize(body)
        .map_err(|error| ApiError::new("SerializationException", error.to_string()))?;
    request.check(images)
}
