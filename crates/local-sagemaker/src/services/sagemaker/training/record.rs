//! The record of a job, as stored on disk and as returned by `DescribeTrainingJob`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::metrics::{self, Readings};
use super::request::DEFAULT_MAX_RUNTIME;
use crate::machine::clock::Timestamp;
use crate::machine::process::ProcessId;
use crate::protocol::names::S3Uri;
use crate::protocol::{ApiError, Call};
use crate::services::sagemaker::resource::{Header, Resource, echo, failure_reason};

/// `SageMaker`'s message for a job that does not exist.
pub(super) const NOT_FOUND: &str = "Requested resource not found.";

/// The share of a spot job's time that is billed, in percent. Prices on AWS vary from hour to hour; here
/// the discount is always 70 %.
const SPOT_SHARE: u64 = 30;

/// `TrainingJobStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    /// The job is running.
    InProgress,
    /// A stop was requested, and the job is still running.
    Stopping,
    /// The results are in the store.
    Completed,
    /// The job failed; there is a `FailureReason`.
    Failed,
    /// The job was stopped by a call or a time limit; its output so far is in the store.
    Stopped,
}

impl Status {
    /// The value of `TrainingJobStatus`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Stopping => "Stopping",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }

    /// Whether the status can no longer change.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped)
    }
}

/// One entry of `SecondaryStatusTransitions`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Transition {
    /// The secondary status.
    status: String,
    /// When it began.
    start: Timestamp,
    /// When it ended; the final one ends at its start.
    end: Option<Timestamp>,
    /// A message for people; clients must not depend on it.
    message: String,
}

/// The record of a training job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The request as it was sent; if the server is killed, the job is restarted from it.
    pub(crate) request: Value,
    /// Name, region, time and tags.
    #[serde(flatten)]
    pub(super) header: Header,
    /// The status.
    pub(crate) status: Status,
    /// `LastModifiedTime`.
    pub(crate) modified: Timestamp,
    /// `TrainingStartTime`: when the download began.
    started: Option<Timestamp>,
    /// `TrainingEndTime`: when the upload completed or the job failed.
    pub(crate) ended: Option<Timestamp>,
    /// The secondary statuses so far, the current one last.
    transitions: Vec<Transition>,
    /// `FailureReason`.
    failure: Option<String>,
    /// The latest metrics.
    pub(crate) metrics: Readings,
    /// Where `model.tar.gz` is, or will be.
    artifact: String,
    /// The program's process, while it runs.
    pub(crate) process: Option<ProcessId>,
    /// When the current instance was acquired; `None` without an instance.
    #[serde(default)]
    busy_since: Option<Timestamp>,
    /// Time spent on earlier instances, in milliseconds.
    #[serde(default)]
    spent: u64,
    /// Number of spot interruptions.
    #[serde(default)]
    pub(crate) interruptions: usize,
}

impl Resource for Record {
    const KIND: &'static str = "training-job";
    const NAME_MEMBER: &'static str = "TrainingJobName";
    const LIST_MEMBER: &'static str = "TrainingJobSummaries";
    const ASCENDING: bool = true;

    fn header(&self) -> &Header {
        &self.header
    }

    fn header_mut(&mut self) -> &mut Header {
        &mut self.header
    }

    fn modified(&self) -> Timestamp {
        self.modified
    }

    fn status(&self) -> &'static str {
        self.status.word()
    }

    fn is_active(&self) -> bool {
        !self.status.is_final()
    }

    fn summary(&self) -> Value {
        let mut summary = json!({
            "TrainingJobName": self.header.name,
            "TrainingJobArn": self.arn(),
            "CreationTime": self.header.created.wire(),
            "LastModifiedTime": self.modified.wire(),
            "TrainingJobStatus": self.status.word(),
            "SecondaryStatus": self.secondary(),
        });
        if let Some(ended) = self.ended {
            summary["TrainingEndTime"] = ended.wire();
        }
        summary
    }

    fn passes(&self, request: &Value) -> bool {
        let plan = request.get("TrainingPlanArnEquals");
        let own = self.request.pointer("/ResourceConfig/TrainingPlanArn");
        // No job has a warm pool.
        plan.is_none_or(|plan| own == Some(plan)) && request.get("WarmPoolStatusEquals").is_none()
    }

    fn already_exists(arn: &str) -> ApiError {
        ApiError::new(
            "ResourceInUse",
            format!(
                "Training job names must be unique within an AWS account and region, \
                 and a training job with this name already exists ({arn})"
            ),
        )
    }

    fn not_found(_arn: &str) -> ApiError {
        ApiError::validation(NOT_FOUND)
    }
}

impl Record {
    /// The record of a new job, or an error if its tags are invalid.
    pub(crate) fn new(call: &Call, name: &str, output: &S3Uri) -> Result<Self, ApiError> {
        let header = Header::new(name, call)?;
        let mut record = Self {
            modified: header.created,
            header,
            request: call.body.clone(),
            status: Status::InProgress,
            started: None,
            ended: None,
            transitions: Vec::new(),
            failure: None,
            metrics: Readings::new(),
            artifact: artifact(output, name, "model.tar.gz").to_string(),
            process: None,
            busy_since: None,
            spent: 0,
            interruptions: 0,
        };
        record.enter("Starting", "Preparing the instances for training");
        Ok(record)
    }

    /// The latest secondary status.
    pub(crate) fn secondary(&self) -> &str {
        self.transitions
            .last()
            .map_or("Starting", |transition| &transition.status)
    }

    /// Enters the next secondary status, which ends the previous one.
    pub(crate) fn enter(&mut self, secondary: &str, message: &str) {
        let now = Timestamp::now();
        if let Some(last) = self.transitions.last_mut() {
            last.end.get_or_insert(now);
        }
        self.transitions.push(Transition {
            status: secondary.into(),
            start: now,
            end: None,
            message: message.into(),
        });
        self.modified = now;
        // The instances are ready: AWS bills from here on.
        if secondary == "Downloading" {
            // An interrupted job keeps the start time of its first instance.
            self.started.get_or_insert(now);
            self.busy_since.get_or_insert(now);
        }
    }

    /// Ends the job.
    pub(crate) fn finish(&mut self, status: Status, secondary: &str, message: &str) {
        self.enter(secondary, message);
        if let Some(last) = self.transitions.last_mut() {
            last.end = Some(last.start);
        }
        self.status = status;
        self.leave_instance();
        self.ended = self.started.map(|_| self.modified);
        if status == Status::Failed {
            self.failure = Some(failure_reason(message));
        }
    }

    /// Releases the instance together with the process.
    fn leave_instance(&mut self) {
        self.process = None;
        if let Some(since) = self.busy_since.take() {
            self.spent += Timestamp::now().millis().saturating_sub(since.millis());
        }
    }

    /// Records a spot interruption; the job waits for another instance.
    pub(crate) fn interrupt(&mut self) {
        self.leave_instance();
        self.interruptions += 1;
        self.enter("Interrupted", "The spot instance was interrupted");
        self.enter("Starting", "Preparing the instances for training");
    }

    /// Records that the job starts over, because a server stopped while it was running.
    pub(crate) fn restart(&mut self) {
        self.process = None;
        // Metrics and time of the lost work do not count.
        self.metrics.clear();
        self.started = None;
        self.busy_since = None;
        self.spent = 0;
        self.enter(
            "Restarting",
            "The local server stopped while the job was running; the job is restarted from the beginning",
        );
    }

    /// `DescribeTrainingJobResponse`.
    pub(crate) fn describe(&self) -> Value {
        let mut response = json!({
            "EnableNetworkIsolation": false,
            "EnableInterContainerTrafficEncryption": false,
            "EnableManagedSpotTraining": false,
        });
        // Members of the request replace these defaults.
        echo(&self.request, &mut response);
        if let Some(members) = response.as_object_mut() {
            // The only other member that no operation returns.
            members.remove("SessionChainingConfig");
        }
        response["StoppingCondition"] = self.stopping_condition();
        // SageMaker returns the key's id even if there is none, and its Python SDK relies on that.
        let key = &mut response["OutputDataConfig"]["KmsKeyId"];
        if key.is_null() {
            *key = "".into();
        }
        response["TrainingJobArn"] = self.arn().into();
        response["TrainingJobStatus"] = self.status.word().into();
        response["SecondaryStatus"] = self.secondary().into();
        response["SecondaryStatusTransitions"] =
            self.transitions.iter().map(Transition::wire).collect();
        response["CreationTime"] = self.header.created.wire();
        response["LastModifiedTime"] = self.modified.wire();
        response["ModelArtifacts"] = json!({"S3ModelArtifacts": self.artifact});
        response["FinalMetricDataList"] = metrics::wire(&self.metrics);
        self.add_times(&mut response);
        if let Some(failure) = &self.failure {
            response["FailureReason"] = failure.clone().into();
        }
        response
    }

    /// `StoppingCondition` from the request, with the service's default for a missing limit.
    fn stopping_condition(&self) -> Value {
        let mut condition = self
            .request
            .get("StoppingCondition")
            .cloned()
            .unwrap_or_else(|| json!({}));
        if condition.get("MaxRuntimeInSeconds").is_none() {
            condition["MaxRuntimeInSeconds"] = DEFAULT_MAX_RUNTIME.into();
        }
        condition
    }

    /// Adds start, end, training time and billable time; a running job has no billable time yet.
    fn add_times(&self, response: &mut Value) {
        let Some(started) = self.started else {
            return;
        };
        response["TrainingStartTime"] = started.wire();
        let now = Timestamp::now().millis();
        let running = self
            .busy_since
            .map_or(0, |since| now.saturating_sub(since.millis()));
        let mut millis = self.spent + running;
        if let (0, Some(ended)) = (millis, self.ended) {
            // A record written by a version without `spent`.
            millis = ended.millis().saturating_sub(started.millis());
        }
        let seconds = millis.div_ceil(1000);
        response["TrainingTimeInSeconds"] = seconds.into();
        if let Some(ended) = self.ended {
            response["TrainingEndTime"] = ended.wire();
            let spot = self.request.get("EnableManagedSpotTraining") == Some(&Value::Bool(true));
            let share = if spot { SPOT_SHARE } else { 100 };
            let billed = (seconds * share).div_ceil(100);
            response["BillableTimeInSeconds"] = billed.into();
        }
    }
}

impl Transition {
    /// One element of `SecondaryStatusTransitions`.
    fn wire(&self) -> Value {
        let mut transition = json!({"Status": self.status, "StartTime": self.start.wire(), "StatusMessage": self.message});
        if let Some(end) = self.end {
            transition["EndTime"] = end.wire();
        }
        transition
    }
}

/// `<S3OutputPath>/<job>/output/<file>`.
pub(crate) fn artifact(output: &S3Uri, job: &str, file: &str) -> S3Uri {
    output.below(&format!("{job}/output/{file}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let output = S3Uri::parse("s3://b/models/").unwrap();
        let call = Call {
            region: "eu-west-1".into(),
            body: json!({"TrainingJobName": "Job", "Tags": []}),
        };
        Record::new(&call, "Job", &output).unwrap()
    }

    #[test]
    fn a_new_job_has_every_required_member() {
        let response = record().describe();
        for member in [
            "TrainingJobName",
            "TrainingJobArn",
            "ModelArtifacts",
            "TrainingJobStatus",
            "SecondaryStatus",
            "StoppingCondition",
            "CreationTime",
        ] {
            assert!(response.get(member).is_some(), "{member}");
        }
        assert_eq!(
            response["TrainingJobArn"],
            "arn:aws:sagemaker:eu-west-1:691595239825:training-job/job"
        );
        assert_eq!(
            response["ModelArtifacts"]["S3ModelArtifacts"],
            "s3://b/models/Job/output/model.tar.gz"
        );
        assert_eq!(response["StoppingCondition"]["MaxRuntimeInSeconds"], 86_400);
        assert!(response.get("Tags").is_none() && response.get("TrainingStartTime").is_none());
    }

    #[test]
    fn every_transition_ends_when_the_next_begins() {
        let mut record = record();
        for secondary in ["Downloading", "Training", "Uploading"] {
            record.enter(secondary, "");
        }
        record.finish(Status::Completed, "Completed", "Training job completed");
        let response = record.describe();
        let transitions = response["SecondaryStatusTransitions"].as_array().unwrap();
        let words: Vec<_> = transitions
            .iter()
            .map(|transition| transition["Status"].as_str().unwrap())
            .collect();
        assert_eq!(
            words,
            [
                "Starting",
                "Downloading",
                "Training",
                "Uploading",
                "Completed"
            ]
        );
        for pair in transitions.windows(2) {
            assert_eq!(pair[0]["EndTime"], pair[1]["StartTime"]);
        }
        assert!(
            response["TrainingEndTime"].is_number()
                && response["BillableTimeInSeconds"].is_number()
        );
        assert!(response.get("FailureReason").is_none());
    }

    #[test]
    fn a_spot_job_is_billed_for_30_percent_of_its_training_time() {
        let mut record = record();
        record.request["EnableManagedSpotTraining"] = true.into();
        record.enter("Downloading", "");
        record.interrupt();
        record.spent = 9_500;
        record.enter("Downloading", "");
        record.finish(Status::Completed, "Completed", "");
        let response = record.describe();
        assert_eq!(
            (
                &response["TrainingTimeInSeconds"],
                &response["BillableTimeInSeconds"]
            ),
            (&json!(10), &json!(3))
        );
        assert_eq!(record.interruptions, 1);
    }

    #[test]
    fn a_failure_reason_has_at_most_1024_characters() {
        let mut record = record();
        record.finish(Status::Failed, "Failed", &"ü".repeat(2000));
        let response = record.describe();
        assert_eq!(
            response["FailureReason"].as_str().unwrap().chars().count(),
            1024
        );
        assert_eq!(response["TrainingJobStatus"], "Failed");
    }
}
