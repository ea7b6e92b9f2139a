//! What is known of a job, as it is kept on disk and as `DescribeTrainingJob` tells it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::metrics::{self, Readings};
use crate::arn;
use crate::clock::Stamp;
use crate::names::S3Uri;
use crate::process::Identity;
use crate::tags::{Tag, of_request};

/// Longest `FailureReason`, in characters.
const LONGEST_REASON: usize = 1024;

/// What a second on a spot instance is billed as, in percent of a second: prices differ from
/// hour to hour on AWS, and are 70 % off here.
const SPOT_SHARE: u64 = 30;

/// Members of the request that the description repeats.
const ECHOED: [&str; 14] = [
    "TrainingJobName",
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "CheckpointConfig",
    "Environment",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "RetryStrategy",
];

/// `TrainingJobStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    /// The job is at work.
    InProgress,
    /// It has been asked to stop, and has not yet.
    Stopping,
    /// Its results are in the store.
    Completed,
    /// Its program or its data failed it; the reason is told.
    Failed,
    /// It was stopped, by a call or by its time; what it had saved is in the store.
    Stopped,
}

impl Status {
    /// The word on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Stopping => "Stopping",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }

    /// Whether nothing more happens to the job.
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
    start: Stamp,
    /// When the next one began; the last one of a finished job ends at once.
    end: Option<Stamp>,
    /// For people: clients must not branch on it.
    message: String,
}

/// A training job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The request as it came, from which the job is started again after a kill.
    pub(crate) request: Value,
    /// The region of the request.
    pub(crate) region: String,
    /// The job's name, as it was given.
    pub(crate) name: String,
    /// The status.
    pub(crate) status: Status,
    /// `CreationTime`.
    pub(crate) created: Stamp,
    /// `LastModifiedTime`.
    pub(crate) modified: Stamp,
    /// `TrainingStartTime`: when the download began.
    started: Option<Stamp>,
    /// `TrainingEndTime`: when everything was uploaded, or had failed.
    pub(crate) ended: Option<Stamp>,
    /// The secondary statuses so far, the present one last.
    transitions: Vec<Transition>,
    /// `FailureReason`.
    failure: Option<String>,
    /// The latest metrics.
    pub(crate) metrics: Readings,
    /// Where `model.tar.gz` is, or will be.
    artifact: String,
    /// The program, while it runs.
    pub(crate) process: Option<Identity>,
    /// Since when it has had an instance; none while it waits for one.
    #[serde(default)]
    busy_since: Option<Stamp>,
    /// Milliseconds on the instances that it has had before.
    #[serde(default)]
    spent: u64,
    /// How often its instance was taken away.
    #[serde(default)]
    pub(crate) interruptions: usize,
    /// The job's tags.
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
}

impl Record {
    /// A job that has been accepted.
    pub(crate) fn new(request: Value, region: String, name: &str, output: &S3Uri) -> Self {
        let now = Stamp::now();
        let mut record = Self {
            tags: of_request(&request),
            request,
            region,
            name: name.to_owned(),
            status: Status::InProgress,
            created: now,
            modified: now,
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
        record
    }

    /// The job's resource name.
    pub(crate) fn arn(&self) -> String {
        arn::sagemaker(&self.region, "training-job", &self.name)
    }

    /// The latest secondary status.
    pub(crate) fn secondary(&self) -> &str {
        self.transitions
            .last()
            .map_or("Starting", |transition| &transition.status)
    }

    /// The next secondary status; the one before ends.
    pub(crate) fn enter(&mut self, secondary: &str, message: &str) {
        let now = Stamp::now();
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
        // The instances are there: from here on AWS bills.
        if secondary == "Downloading" {
            self.started.get_or_insert(now);
            self.busy_since.get_or_insert(now);
        }
    }

    /// The end of the job.
    pub(crate) fn finish(&mut self, status: Status, secondary: &str, message: &str) {
        self.enter(secondary, message);
        if let Some(last) = self.transitions.last_mut() {
            last.end = Some(last.start);
        }
        self.status = status;
        self.leave_instance();
        self.ended = self.started.map(|_| self.modified);
        if status == Status::Failed {
            self.failure = Some(message.chars().take(LONGEST_REASON).collect());
        }
    }

    /// Its instance is there no more, nor is its program.
    fn leave_instance(&mut self) {
        self.process = None;
        if let Some(since) = self.busy_since.take() {
            self.spent += Stamp::now().millis().saturating_sub(since.millis());
        }
    }

    /// The job's instance was taken away; it waits for another.
    pub(crate) fn interrupt(&mut self) {
        self.leave_instance();
        self.interruptions += 1;
        self.enter("Interrupted", "The spot instance was taken away");
        self.enter("Starting", "Preparing the instances for training");
    }

    /// The job's work was lost with a killed server, and begins anew.
    pub(crate) fn restart(&mut self) {
        self.process = None;
        // Neither the numbers nor the time of work that is lost belong to the job.
        self.metrics.clear();
        self.started = None;
        self.busy_since = None;
        self.spent = 0;
        self.enter(
            "Restarting",
            "The local server was stopped while the job ran; the job is run again from its start",
        );
    }

    /// One element of `TrainingJobSummaries`.
    pub(crate) fn summary(&self) -> Value {
        let mut summary = json!({
            "TrainingJobName": self.name,
            "TrainingJobArn": self.arn(),
            "CreationTime": self.created.wire(),
            "LastModifiedTime": self.modified.wire(),
            "TrainingJobStatus": self.status.word(),
            "SecondaryStatus": self.secondary(),
        });
        if let Some(ended) = self.ended {
            summary["TrainingEndTime"] = ended.wire();
        }
        summary
    }

    /// `DescribeTrainingJobResponse`.
    pub(crate) fn describe(&self) -> Value {
        let mut answer: Map<String, Value> = Map::new();
        for member in [
            "EnableNetworkIsolation",
            "EnableInterContainerTrafficEncryption",
            "EnableManagedSpotTraining",
        ] {
            answer.insert(member.into(), false.into());
        }
        // What the request says comes after the defaults and takes their place.
        for member in ECHOED {
            if let Some(value) = self.request.get(member) {
                answer.insert(member.into(), value.clone());
            }
        }
        answer.insert("StoppingCondition".into(), self.stopping_condition());
        answer.insert("TrainingJobArn".into(), self.arn().into());
        answer.insert("TrainingJobStatus".into(), self.status.word().into());
        answer.insert("SecondaryStatus".into(), self.secondary().into());
        answer.insert(
            "SecondaryStatusTransitions".into(),
            self.transitions.iter().map(Transition::wire).collect(),
        );
        answer.insert("CreationTime".into(), self.created.wire());
        answer.insert("LastModifiedTime".into(), self.modified.wire());
        answer.insert(
            "ModelArtifacts".into(),
            json!({"S3ModelArtifacts": self.artifact}),
        );
        answer.insert("FinalMetricDataList".into(), metrics::wire(&self.metrics));
        answer.extend(self.times());
        if let Some(failure) = &self.failure {
            answer.insert("FailureReason".into(), failure.clone().into());
        }
        Value::Object(answer)
    }

    /// As it was given, with the service's default for a limit that was not.
    fn stopping_condition(&self) -> Value {
        let mut condition = self
            .request
            .get("StoppingCondition")
            .cloned()
            .unwrap_or_else(|| json!({}));
        if condition.get("MaxRuntimeInSeconds").is_none() {
            condition["MaxRuntimeInSeconds"] = 86_400.into();
        }
        condition
    }

    /// Start, end, and the seconds on instances; a job that still runs has no billable time yet.
    fn times(&self) -> Vec<(String, Value)> {
        let mut times = Vec::new();
        let Some(started) = self.started else {
            return times;
        };
        times.push(("TrainingStartTime".into(), started.wire()));
        let now = Stamp::now().millis();
        let running = self
            .busy_since
            .map_or(0, |since| now.saturating_sub(since.millis()));
        let mut millis = self.spent + running;
        if let (0, Some(ended)) = (millis, self.ended) {
            // A record of a server that did not count so.
            millis = ended.millis().saturating_sub(started.millis());
        }
        let seconds = millis.div_ceil(1000);
        times.push(("TrainingTimeInSeconds".into(), seconds.into()));
        if let Some(ended) = self.ended {
            times.push(("TrainingEndTime".into(), ended.wire()));
            let spot = self.request.get("EnableManagedSpotTraining") == Some(&Value::Bool(true));
            let share = if spot { SPOT_SHARE } else { 100 };
            let billed = (seconds * share).div_ceil(100);
            times.push(("BillableTimeInSeconds".into(), billed.into()));
        }
        times
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
        Record::new(
            json!({"TrainingJobName": "Job", "Tags": []}),
            "eu-west-1".into(),
            "Job",
            &output,
        )
    }

    #[test]
    fn a_description_has_what_the_model_requires_from_the_first_moment() {
        let answer = record().describe();
        for member in [
            "TrainingJobName",
            "TrainingJobArn",
            "ModelArtifacts",
            "TrainingJobStatus",
            "SecondaryStatus",
            "StoppingCondition",
            "CreationTime",
        ] {
            assert!(answer.get(member).is_some(), "{member}");
        }
        assert_eq!(
            answer["TrainingJobArn"],
            "arn:aws:sagemaker:eu-west-1:691595239825:training-job/job"
        );
        assert_eq!(
            answer["ModelArtifacts"]["S3ModelArtifacts"],
            "s3://b/models/Job/output/model.tar.gz"
        );
        assert_eq!(answer["StoppingCondition"]["MaxRuntimeInSeconds"], 86_400);
        assert!(answer.get("Tags").is_none() && answer.get("TrainingStartTime").is_none());
    }

    #[test]
    fn every_transition_ends_when_the_next_begins() {
        let mut record = record();
        for secondary in ["Downloading", "Training", "Uploading"] {
            record.enter(secondary, "");
        }
        record.finish(Status::Completed, "Completed", "Training job completed");
        let answer = record.describe();
        let transitions = answer["SecondaryStatusTransitions"].as_array().unwrap();
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
            answer["TrainingEndTime"].is_number() && answer["BillableTimeInSeconds"].is_number()
        );
        assert!(answer.get("FailureReason").is_none());
    }

    #[test]
    fn a_spot_job_is_billed_for_less_than_it_took() {
        let mut record = record();
        record.request["EnableManagedSpotTraining"] = true.into();
        record.enter("Downloading", "");
        record.interrupt();
        record.spent = 9_500;
        record.enter("Downloading", "");
        record.finish(Status::Completed, "Completed", "");
        let answer = record.describe();
        assert_eq!(
            (
                &answer["TrainingTimeInSeconds"],
                &answer["BillableTimeInSeconds"]
            ),
            (&json!(10), &json!(3))
        );
        assert_eq!(record.interruptions, 1);
    }

    #[test]
    fn a_failure_is_told_in_at_most_1024_characters() {
        let mut record = record();
        record.finish(Status::Failed, "Failed", &"ü".repeat(2000));
        let answer = record.describe();
        assert_eq!(
            answer["FailureReason"].as_str().unwrap().chars().count(),
            1024
        );
        assert_eq!(answer["TrainingJobStatus"], "Failed");
    }
}
