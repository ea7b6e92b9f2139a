//! What can be found wrong before anything is spent.
//!
//! [`training`] and [`hosting`] ask the services in the order in which things depend on each other,
//! change nothing, and return a [`Report`]: one [`Check`] each for credentials, region, bucket,
//! role, image, instance type, names, data and cost. A check that failed says what to run or to
//! change. One that these credentials may not make, or that the server does not know, is not
//! applicable and stops nobody.

mod account;
mod cost;
mod image;
mod machine;
mod names;
mod role;
mod stored;

use std::fmt;

use serde::Serialize;

use crate::clients::Clients;
use crate::endpoint::Deployment;
use crate::error::{Error, ErrorKind};
use crate::names::{AccountId, BucketName};
use crate::scaling::Scaling;
use crate::storage::BucketOrigin;
use crate::training::TrainingRequest;

/// Jobs that are about to be created.
#[derive(Debug, Clone, Copy)]
pub struct TrainingPlan<'a> {
    /// The bucket of data and models, and whether it may be created.
    pub bucket: (&'a BucketName, BucketOrigin),
    /// The jobs, which share role, image and machines.
    pub jobs: &'a [TrainingRequest],
    /// Whether the data must be there already: not when this very run uploads it.
    pub data_is_there: bool,
    /// The most that all jobs together may cost, in USD.
    pub max_cost_usd: Option<f64>,
}

/// A deployment that is about to be made.
#[derive(Debug, Clone, Copy)]
pub struct HostingPlan<'a> {
    /// What is put behind which endpoint.
    pub deployment: &'a Deployment,
    /// How every variant is scaled; none leaves the number of machines.
    pub scaling: Option<&'a Scaling>,
    /// The most that the endpoint may cost, in USD an hour.
    pub max_hourly_usd: Option<f64>,
}

/// All checks of a plan, in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The checks.
    pub checks: Vec<Check>,
    /// What it costs at most: the jobs in all, an endpoint an hour; none without a price.
    pub cost_usd: Option<f64>,
}

impl Report {
    /// Whether no check failed.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        let failed = |check: &&Check| check.outcome == Outcome::Failed;
        self.checks.iter().filter(failed)
    }

    /// The error to end with: none when everything passed.
    ///
    /// Its kind is [`ErrorKind::Denied`] when credentials are what is missing,
    /// [`ErrorKind::Transport`] when nobody answered, and [`ErrorKind::Invalid`] else.
    pub fn error(&self) -> Option<Error> {
        let failures: Vec<String> = self.failures().map(ToString::to_string).collect();
        let kind = self.failures().find_map(|check| check.kind)?;
        let message = format!("as planned:\n  {}", failures.join("\n  "));
        Some(Error::new(kind, "begin", message))
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it must be.
    Passed,
    /// Not as it must be: nothing should be created before the remedy.
    Failed,
    /// It could not be looked at, or does not matter here.
    NotApplicable,
}

/// One check: what was looked at, what was found, and what to do about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What was looked at, such as `role`.
    pub name: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found.
    pub detail: String,
    /// What to run or to change, after a failure.
    pub remedy: Option<String>,
    /// The kind of error that a failure amounts to.
    #[serde(skip)]
    kind: Option<ErrorKind>,
}

impl Check {
    fn passed(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            outcome: Outcome::Passed,
            detail: detail.into(),
            remedy: None,
            kind: None,
        }
    }

    fn not_applicable(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::NotApplicable,
            ..Self::passed(name, detail)
        }
    }

    fn failed(name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Failed,
            remedy: Some(remedy.into()),
            kind: Some(ErrorKind::Invalid),
            ..Self::passed(name, detail)
        }
    }

    /// A look that did not succeed: only missing permissions and missing services excuse it.
    fn unseen(name: &'static str, error: &Error, permission: &str) -> Self {
        let kind = error.kind();
        match kind {
            ErrorKind::Denied => Self::not_applicable(
                name,
                format!("cannot be checked without the permission {permission}"),
            ),
            ErrorKind::Unsupported => {
                Self::not_applicable(name, "cannot be checked: the server does not know the call")
            }
            _ => Self {
                kind: Some(kind),
                ..Self::failed(name, error.to_string(), "try again")
            },
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.outcome {
            Outcome::Passed => "ok",
            Outcome::Failed => "FAILED",
            Outcome::NotApplicable => "-",
        };
        write!(f, "{mark:<6} {:<13} {}", self.name, self.detail)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

/// Checks training jobs before they are created; never fails itself.
pub async fn training(clients: &Clients, plan: &TrainingPlan<'_>) -> Report {
    let (cost_usd, cost) = cost::of_jobs(plan);
    let mut checks = Vec::new();
    if let Some(account) = account::checks(clients, &mut checks).await {
        let first = plan.jobs.first();
        checks.push(stored::bucket(clients, plan.bucket).await);
        if let Some(job) = first {
            checks.push(role::check(clients, &job.role, &account).await);
            checks.push(image::check(clients, &job.image).await);
        }
        checks.extend(first.map(machine::of_job));
        for job in plan.jobs {
            checks.push(names::of_job(clients, &job.job).await);
        }
        checks.push(stored::data(clients, plan).await);
    } else {
        checks.extend(plan.jobs.first().map(machine::of_job));
    }
    checks.push(cost);
    Report { checks, cost_usd }
}

/// Checks a deployment before it is made; never fails itself.
pub async fn hosting(clients: &Clients, plan: &HostingPlan<'_>) -> Report {
    let deployment = plan.deployment;
    let (cost_usd, cost) = cost::of_endpoint(plan);
    let mut checks = Vec::new();
    if let Some(account) = account::checks(clients, &mut checks).await {
        checks.push(role::check(clients, &deployment.role, &account).await);
        for variant in &deployment.variants {
            checks.push(image::check(clients, &variant.image).await);
            checks.push(stored::model(clients, &variant.model_data).await);
        }
        checks.push(names::of_endpoint(clients, &deployment.endpoint).await);
    }
    checks.extend(machine::of_deployment(plan));
    checks.push(cost);
    // Variants mostly share an image, and one look at it is enough.
    let mut seen = Vec::new();
    checks.retain(|check| {
        let new = !seen.contains(check);
        seen.push(check.clone());
        new
    });
    Report { checks, cost_usd }
}

/// The account of the credentials, when they are good.
type Account = Option<AccountId>;

#[cfg(test)]
mod tests;
