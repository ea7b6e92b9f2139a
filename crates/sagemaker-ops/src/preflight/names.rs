//! Names of jobs and endpoints: each must be free, or belong to a resource that can be reused.

use super::{Check, Finding};
use crate::clients::Clients;
use crate::endpoint::{self, EndpointStatus};
use crate::error::if_found;
use crate::names::{EndpointName, JobName};
use crate::training::{self, JobStatus};

/// Passes if no job has this name, or if that job is running or has completed: then an earlier call
/// created it.
pub(super) async fn job(clients: &Clients, job: &JobName) -> Check {
    const NAME: &str = "job name";
    let status = match if_found(training::describe(clients, job).await) {
        Ok(Some(found)) => found.status,
        Ok(None) => return Check::passed(NAME, format!("{job} is free")),
        Err(error) => return Check::unchecked(NAME, &error, "sagemaker:DescribeTrainingJob"),
    };
    if matches!(status, JobStatus::Failed | JobStatus::Stopped) {
        let job = job.clone();
        return Check::failed(NAME, Finding::JobNameTaken { job, status });
    }
    let detail = format!("{job} exists and is {status}; it will not be created again");
    Check::passed(NAME, detail)
}

/// Passes unless an endpoint of this name is being changed; an existing endpoint will be updated or
/// replaced.
pub(super) async fn endpoint(clients: &Clients, endpoint: &EndpointName) -> Check {
    const NAME: &str = "endpoint name";
    let status = match if_found(endpoint::describe(clients, endpoint).await) {
        Ok(Some(found)) => found.status,
        Ok(None) => return Check::passed(NAME, format!("{endpoint} is free")),
        Err(error) => return Check::unchecked(NAME, &error, "sagemaker:DescribeEndpoint"),
    };
    let plan = match status {
        EndpointStatus::InService | EndpointStatus::OutOfService => "it will be updated",
        _ if status.is_settled() => "it will be deleted and created again",
        _ => {
            let endpoint = endpoint.clone();
            return Check::failed(NAME, Finding::EndpointBusy { endpoint, status });
        }
    };
    Check::passed(NAME, format!("{endpoint} exists and is {status}; {plan}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Outcome;
    use crate::scripted::{Reply, Scripted, ok, rejection};

    fn missing(sentence: &str) -> Reply {
        rejection("ValidationException", sentence)
    }

    #[tokio::test]
    async fn the_name_of_a_failed_job_cannot_be_used_again() {
        let job = |status: &str| {
            ok(&json!({"TrainingJobStatus": status, "CreationTime": 1000.0}).to_string())
        };
        for (reply, outcome, text) in [
            (
                missing("Requested resource not found."),
                Outcome::Passed,
                "is free",
            ),
            (
                job("InProgress"),
                Outcome::Passed,
                "will not be created again",
            ),
            (
                job("Completed"),
                Outcome::Passed,
                "will not be created again",
            ),
            (job("Failed"), Outcome::Failed, "use another name"),
            (job("Stopped"), Outcome::Failed, "use another name"),
            (
                rejection("AccessDeniedException", "no"),
                Outcome::NotApplicable,
                "permission",
            ),
        ] {
            let server = Scripted::start([reply]).await;
            let check = super::job(&server.clients(), &"job-1".parse().unwrap()).await;
            assert_eq!(check.outcome, outcome, "{check}");
            assert!(check.to_string().contains(text), "{check}");
        }
    }

    #[tokio::test]
    async fn an_endpoint_must_be_settled_before_it_can_be_changed() {
        let endpoint = |status: &str| ok(&json!({"EndpointStatus": status}).to_string());
        for (reply, outcome, text) in [
            (
                missing("Could not find endpoint \"arn\"."),
                Outcome::Passed,
                "is free",
            ),
            (endpoint("InService"), Outcome::Passed, "will be updated"),
            (endpoint("Failed"), Outcome::Passed, "created again"),
            (
                endpoint("Updating"),
                Outcome::Failed,
                "wait until the change is complete",
            ),
            (
                endpoint("Deleting"),
                Outcome::Failed,
                "wait until the change is complete",
            ),
        ] {
            let server = Scripted::start([reply]).await;
            let check = super::endpoint(&server.clients(), &"e".parse().unwrap()).await;
            assert_eq!(check.outcome, outcome, "{check}");
            assert!(check.to_string().contains(text), "{check}");
        }
    }
}
