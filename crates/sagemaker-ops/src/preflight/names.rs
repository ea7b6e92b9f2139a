//! Names of jobs and endpoints: that they are free, or lead to what may be taken up again.

use super::Check;
use crate::clients::Clients;
use crate::endpoint::{self, EndpointStatus};
use crate::error::ErrorKind;
use crate::names::{EndpointName, JobName};
use crate::training::{self, JobStatus};

/// A job of this name that is under way or done is what an earlier call has made of it.
pub(super) async fn of_job(clients: &Clients, job: &JobName) -> Check {
    const NAME: &str = "job name";
    match training::describe(clients, job).await {
        Ok(found) if matches!(found.status, JobStatus::Failed | JobStatus::Stopped) => {
            Check::failed(
                NAME,
                format!("{job} exists and is {}; its name is used up", found.status),
                "give another name with --run",
            )
        }
        Ok(found) => Check::passed(
            NAME,
            format!(
                "{job} exists and is {}; it is not created again",
                found.status
            ),
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Check::passed(NAME, format!("{job} is free"))
        }
        Err(error) => Check::unseen(NAME, &error, "sagemaker:DescribeTrainingJob"),
    }
}

/// An endpoint of this name is updated, unless it is in the middle of a change.
pub(super) async fn of_endpoint(clients: &Clients, endpoint: &EndpointName) -> Check {
    const NAME: &str = "endpoint name";
    let status = match endpoint::describe(clients, endpoint).await {
        Ok(found) => found.status,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Check::passed(NAME, format!("{endpoint} is free"));
        }
        Err(error) => return Check::unseen(NAME, &error, "sagemaker:DescribeEndpoint"),
    };
    let then = match status {
        EndpointStatus::InService | EndpointStatus::OutOfService => "it is updated",
        _ if status.is_settled() => "it is deleted and created anew",
        _ => {
            return Check::failed(
                NAME,
                format!("{endpoint} is {status}, and cannot be changed meanwhile"),
                format!("wait for it with `monitor-100k --endpoint {endpoint} --wait`"),
            );
        }
    };
    Check::passed(NAME, format!("{endpoint} exists and is {status}; {then}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Outcome;
    use super::*;
    use crate::scripted::{Answer, Scripted, ok, refusal};

    fn missing(sentence: &str) -> Answer {
        refusal("ValidationException", sentence)
    }

    #[tokio::test]
    async fn a_job_that_failed_uses_its_name_up_and_others_are_taken_up() {
        let job = |status: &str| {
            ok(&json!({"TrainingJobStatus": status, "CreationTime": 1000.0}).to_string())
        };
        for (answer, outcome, text) in [
            (
                missing("Requested resource not found."),
                Outcome::Passed,
                "is free",
            ),
            (job("InProgress"), Outcome::Passed, "not created again"),
            (job("Completed"), Outcome::Passed, "not created again"),
            (job("Failed"), Outcome::Failed, "--run"),
            (job("Stopped"), Outcome::Failed, "--run"),
            (
                refusal("AccessDeniedException", "no"),
                Outcome::NotApplicable,
                "permission",
            ),
        ] {
            let server = Scripted::start([answer]).await;
            let check = of_job(&server.clients(), &"job-1".parse().unwrap()).await;
            assert_eq!(check.outcome, outcome, "{check}");
            assert!(check.to_string().contains(text), "{check}");
        }
    }

    #[tokio::test]
    async fn an_endpoint_in_the_middle_of_a_change_has_to_be_waited_for() {
        let endpoint = |status: &str| ok(&json!({"EndpointStatus": status}).to_string());
        for (answer, outcome, text) in [
            (
                missing("Could not find endpoint \"arn\"."),
                Outcome::Passed,
                "is free",
            ),
            (endpoint("InService"), Outcome::Passed, "is updated"),
            (endpoint("Failed"), Outcome::Passed, "created anew"),
            (endpoint("Updating"), Outcome::Failed, "--endpoint e --wait"),
            (endpoint("Deleting"), Outcome::Failed, "--endpoint e --wait"),
        ] {
            let server = Scripted::start([answer]).await;
            let check = of_endpoint(&server.clients(), &"e".parse().unwrap()).await;
            assert_eq!(check.outcome, outcome, "{check}");
            assert!(check.to_string().contains(text), "{check}");
        }
    }
}
