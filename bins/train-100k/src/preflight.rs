//! What can be found wrong before anything is created or spent.

use anyhow::anyhow;
use fire_cli::{Console, Exit, SpendingArgs, usage};
use sagemaker_ops::Clients;
use sagemaker_ops::preflight::{self, Report, TrainingPlan};
use sagemaker_ops::training::TrainingRequest;
use serde::Serialize;

use crate::jobs::Order;

/// What `--dry-run` prints as JSON.
#[derive(Serialize)]
struct DryRun<'a> {
    run: &'a str,
    preflight: &'a Report,
    jobs: Vec<TrainingRequest>,
}

/// Bytes that a row takes on a job's disk, generously: it has 70 to 90 in Parquet, and predictions are 60 of text.
const BYTES_A_ROW: u64 = 200;
/// GB of a volume that the system, the image and the model may take.
const RESERVED_GB: u64 = 5;

/// Refuses more generated rows than the volume of a job holds.
pub(crate) fn volume(samples: Option<u64>, volume_gb: u32) -> anyhow::Result<()> {
    let needed = (samples.unwrap_or(0) * BYTES_A_ROW).div_ceil(1_000_000_000) + RESERVED_GB;
    if samples.is_none() || needed <= u64::from(volume_gb) {
        return Ok(());
    }
    Err(usage(anyhow!(
        "{} rows need about {needed} GB on each instance, but --volume-gb is {volume_gb}; give --volume-gb {needed}",
        samples.unwrap_or(0)
    )))
}

/// Checks the jobs as they are planned.
///
/// # Errors
/// Each check that failed, with what to run or to change.
pub(crate) async fn check(
    clients: &Clients,
    order: &Order<'_>,
    args: &SpendingArgs,
    console: &mut Console<'_>,
) -> anyhow::Result<Report> {
    let jobs = order.requests()?;
    let (bucket, origin) = &order.project.bucket;
    let plan = TrainingPlan {
        bucket: (bucket, *origin),
        jobs: &jobs,
        // They are sent by this very call, or were by the one that it resumes.
        data_is_there: false,
        max_cost_usd: args.max_cost,
    };
    let report = preflight::training(clients, &plan).await;
    let report = report.with_settings(fire_cli::settings_for);
    for check in &report.checks {
        console.detail(check.to_string())?;
    }
    match report.error() {
        Some(error) => Err(error.into()),
        None => Ok(report),
    }
}

/// Says what would be done; nothing has been created.
pub(crate) fn say(
    report: &Report,
    order: &Order<'_>,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let jobs = order.requests()?;
    for check in &report.checks {
        console.say(check.to_string())?;
    }
    for job in &jobs {
        console.say(format!(
            "would create {} on {} with channels {}",
            job.job,
            job.instance_type,
            order.parts.join(", ")
        ))?;
    }
    console.say("nothing was created")?;
    console.json(&DryRun {
        run: order.run.as_str(),
        preflight: report,
        jobs,
    })?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_beyond_the_volume_is_refused_with_the_size_that_suffices() {
        assert!(volume(Some(100_000), 30).is_ok());
        assert!(volume(None, 1).is_ok());
        let error = volume(Some(1_000_000_000), 30).unwrap_err().to_string();
        assert!(error.ends_with("give --volume-gb 205"), "{error}");
        assert!(volume(Some(1_000_000_000), 205).is_ok());
    }
}
