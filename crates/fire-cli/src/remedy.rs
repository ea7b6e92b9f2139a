//! The flags that resolve problems found by the library.
//!
//! `sagemaker-ops` reports problems with buckets, roles and limits, and does not know the programs'
//! flags. This module adds the flags to its findings.

use sagemaker_ops::preflight::Report;
use sagemaker_ops::{Error, ErrorKind, Finding};

use crate::{Console, local_server};

/// The flags or commands that resolve the finding, printed in parentheses after the library's own
/// remedy.
pub fn settings_for(finding: &Finding) -> Option<String> {
    Some(match finding {
        Finding::NotARegion(_)
        | Finding::Credentials {
            kind: ErrorKind::Transport,
            ..
        } => "--region".to_owned(),
        Finding::BucketMissing(_) => "--bucket".to_owned(),
        Finding::BucketElsewhere { region, .. } => match region {
            Some(region) => format!("--region {region}, or --bucket"),
            None => "--region or --bucket".to_owned(),
        },
        Finding::RoleOfAnotherAccount { .. } | Finding::RoleMissing(_) => "--role-arn".to_owned(),
        Finding::ImageNotInEcr(_) | Finding::ImageMissing(_) => {
            "`push-image` pushes it; --image-uri selects another".to_owned()
        }
        Finding::ImageElsewhere { region, .. } => {
            format!("`push-image`, or --region {region}")
        }
        Finding::ImageFormat { .. } => "as `push-image` does, or `docker buildx build \
             --provenance=false --output type=docker`"
            .to_owned(),
        Finding::InstanceType { .. } => {
            "--instance-type, or --skip-preflight if the type is newer than this program".to_owned()
        }
        Finding::Runtime(_) => "--max-runtime".to_owned(),
        Finding::SpotWait => "--max-runtime and --max-wait".to_owned(),
        Finding::NoMachine => "--volume-gb".to_owned(),
        Finding::NoInstances(_) => "--instance-count".to_owned(),
        Finding::NotScalable(_) => {
            "--instance-type ml.m5.large, or leave out --autoscale".to_owned()
        }
        Finding::JobNameTaken { .. } => "--run".to_owned(),
        Finding::EndpointBusy { endpoint, .. } => {
            format!("`monitor-100k --endpoint {endpoint} --wait`")
        }
        Finding::NotAModel(_) => "`monitor-100k --metrics` prints its URI".to_owned(),
        Finding::JobsTooExpensive {
            affordable_seconds, ..
        } => match affordable_seconds {
            Some(seconds) => {
                format!("--max-runtime {seconds}, --instance-type or --max-cost")
            }
            None => "--instance-type or --max-cost".to_owned(),
        },
        Finding::EndpointTooExpensive { .. } => {
            "--instance-count, --instance-type or --max-cost".to_owned()
        }
        Finding::NoPrice => "--instance-type, or leave out --max-cost".to_owned(),
        Finding::NoServerProgram => local_server::how_to_find(),
        _ => return None,
    })
}

/// Adds the flags that resolve each problem to the report, and prints the checks as details.
///
/// # Errors
/// Lists all failed checks, each with a remedy.
pub fn passed(report: Report, console: &mut Console<'_>) -> anyhow::Result<Report> {
    let report = report.with_settings(settings_for);
    for check in &report.checks {
        console.detail(check.to_string())?;
    }
    match report.error() {
        Some(error) => Err(error.into()),
        None => Ok(report),
    }
}

/// The flags or commands that resolve the error of a failed call.
pub(crate) fn settings_for_error(error: &anyhow::Error) -> Option<String> {
    let error = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Error>())?;
    match error.finding() {
        Some(finding) => settings_for(finding),
        // Only `monitor-100k` makes enough calls to be throttled.
        None if error.kind() == ErrorKind::Throttled => {
            Some("`monitor-100k` calls less often with a longer --interval".to_owned())
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_include_the_values_of_the_finding() {
        let jobs = |affordable_seconds| Finding::JobsTooExpensive {
            usd: 2.0,
            limit: 1.0,
            affordable_seconds,
        };
        let elsewhere = Finding::BucketElsewhere {
            bucket: "bucket".parse().unwrap(),
            region: Some("eu-west-1".to_owned()),
            here: "us-east-1".to_owned(),
        };
        for (finding, flags) in [
            (jobs(Some(7200)), "--max-runtime 7200,"),
            (jobs(None), "--instance-type or --max-cost"),
            (elsewhere, "--region eu-west-1,"),
            (Finding::NoServerProgram, "FIRE_BIN_DIR"),
        ] {
            let settings = settings_for(&finding).unwrap();
            assert!(settings.contains(flags), "{settings}");
        }
    }
}
