//! Checks for problems before anything is created or paid for.
//!
//! [`training`] and [`hosting`] make their checks in dependency order: credentials, region, bucket,
//! role, image, instance type, names, data, cost. They change nothing, and return a [`Report`] with a
//! [`Check`] for each. A failed check has a [`Finding`] and a remedy. A check that needs a missing
//! permission, or a call that the server does not implement, is not applicable and does not fail.

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
use crate::finding::Finding;
use crate::names::BucketName;
use crate::scaling::Scaling;
use crate::storage::BucketOrigin;
use crate::training::TrainingRequest;

/// Jobs to be created.
#[derive(Debug, Clone, Copy)]
pub struct TrainingPlan<'a> {
    /// The bucket of data and models, and the origin of its name, which decides whether it may be
    /// created.
    pub bucket: (&'a BucketName, BucketOrigin),
    /// The jobs, which must have the same role, image and instance type.
    pub jobs: &'a [TrainingRequest],
    /// Whether the data must already be in S3; false if it will be uploaded before the jobs start.
    pub data_is_there: bool,
    /// The cost limit for all jobs together, in USD.
    pub max_cost_usd: Option<f64>,
}

/// A deployment to be made.
#[derive(Debug, Clone, Copy)]
pub struct HostingPlan<'a> {
    /// The deployment.
    pub deployment: &'a Deployment,
    /// The scaling of every variant; `None` for a fixed number of instances.
    pub scaling: Option<&'a Scaling>,
    /// The cost limit for the endpoint, in USD per hour.
    pub max_hourly_usd: Option<f64>,
}

/// The results of all checks of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The checks, in the order in which they were made.
    pub checks: Vec<Check>,
    /// The maximum cost in USD, of all jobs or of an hour of the endpoint; `None` if a price is
    /// unknown.
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

    /// The failures as an error; `None` if there are none.
    ///
    /// Its kind is that of the first failure: [`ErrorKind::Denied`] for missing credentials,
    /// [`ErrorKind::Transport`] without a response, and usually [`ErrorKind::Invalid`].
    pub fn error(&self) -> Option<Error> {
        let first = self.failures().find_map(|check| check.finding.as_ref())?;
        let failures: Vec<String> = self.failures().map(ToString::to_string).collect();
        let message = format!("as planned:\n  {}", failures.join("\n  "));
        Some(Error::new(first.kind(), "start", message))
    }

    /// Adds to each remedy, in parentheses, the caller's own settings to change, as returned by
    /// `settings` for the finding.
    #[must_use]
    pub fn with_settings(mut self, settings: impl Fn(&Finding) -> Option<String>) -> Self {
        for check in &mut self.checks {
            let named = check.finding.as_ref().and_then(&settings);
            if let (Some(remedy), Some(named)) = (&mut check.remedy, named) {
                *remedy = format!("{remedy} ({named})");
            }
        }
        self
    }
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No problem was found.
    Passed,
    /// A problem must be solved before anything is created.
    Failed,
    /// The check could not be made, or is not relevant here.
    NotApplicable,
}

/// A check, with its outcome and remedy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// Its name, such as `role`.
    pub name: &'static str,
    /// Its outcome.
    pub outcome: Outcome,
    /// The result in words.
    pub detail: String,
    /// A command to run or a change to make, after a failure.
    pub remedy: Option<String>,
    /// The problem, after a failure.
    #[serde(skip)]
    pub finding: Option<Finding>,
}

impl Check {
    fn passed(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            outcome: Outcome::Passed,
            detail: detail.into(),
            remedy: None,
            finding: None,
        }
    }

    fn not_applicable(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::NotApplicable,
            ..Self::passed(name, detail)
        }
    }

    fn failed(name: &'static str, finding: Finding) -> Self {
        Self {
            name,
            outcome: Outcome::Failed,
            detail: finding.to_string(),
            remedy: Some(finding.remedy().into_owned()),
            finding: Some(finding),
        }
    }

    /// A check whose call failed. It is not applicable if the permission or the service is missing, and
    /// fails otherwise.
    fn unchecked(name: &'static str, error: &Error, permission: &str) -> Self {
        match error.kind() {
            ErrorKind::Denied => Self::not_applicable(
                name,
                format!("cannot be checked without the permission {permission}"),
            ),
            ErrorKind::Unsupported => Self::not_applicable(
                name,
                "cannot be checked: the server does not support the call",
            ),
            kind => {
                let message = error.to_string();
                Self::failed(name, Finding::Unchecked { kind, message })
            }
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

/// Checks training jobs before they are created. Errors become failed checks.
pub async fn training(clients: &Clients, plan: &TrainingPlan<'_>) -> Report {
    let (cost_usd, cost) = cost::jobs(plan);
    let mut checks = Vec::new();
    if let Some(account) = account::checks(clients, &mut checks).await {
        let first = plan.jobs.first();
        checks.push(stored::bucket(clients, plan.bucket).await);
        if let Some(job) = first {
            checks.push(role::check(clients, &job.role, &account).await);
            checks.push(image::check(clients, &job.image).await);
        }
        checks.extend(first.map(machine::job));
        for job in plan.jobs {
            checks.push(names::job(clients, &job.job).await);
        }
        checks.push(stored::data(clients, plan).await);
    } else {
        // Without an account, only the checks that make no call are left.
        checks.extend(plan.jobs.first().map(machine::job));
    }
    checks.push(cost);
    Report { checks, cost_usd }
}

/// Checks a deployment before it is made. Errors become failed checks.
pub async fn hosting(clients: &Clients, plan: &HostingPlan<'_>) -> Report {
    let deployment = plan.deployment;
    let (cost_usd, cost) = cost::endpoint(plan);
    let mut checks = Vec::new();
    if let Some(account) = account::checks(clients, &mut checks).await {
        checks.push(role::check(clients, &deployment.role, &account).await);
        for variant in &deployment.variants {
            checks.push(image::check(clients, &variant.image).await);
            checks.push(stored::model(clients, &variant.model_data).await);
        }
        checks.push(names::endpoint(clients, &deployment.endpoint).await);
    }
    checks.extend(machine::deployment(plan));
    checks.push(cost);
    // Variants usually share an image; identical checks are reported once.
    let mut seen = Vec::new();
    checks.retain(|check| {
        let new = !seen.contains(check);
        seen.push(check.clone());
        new
    });
    Report { checks, cost_usd }
}

#[cfg(test)]
mod tests;
