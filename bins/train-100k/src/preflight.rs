//! Checks made before anything is created or spent.

use anyhow::anyhow;
use fire_cli::{Exit, SpendingArgs, usage};
use sagemaker_ops::preflight::{self, Report, TrainingPlan};
use sagemaker_ops::training::TrainingRequest;
use serde::Serialize;

use crate::plan::Plan;
use crate::session::Session;
use crate::submit;

/// The JSON output of `--dry-run`.
#[derive(Serialize)]
struct DryRun<'a> {
    run: &'a str,
    preflight: &'a Report,
    jobs: Vec<TrainingRequest>,
}

/// Bytes per row on a job's disk, estimated generously: a row takes 70 to 90 in Parquet, and its
/// predictions take 60 as text.
const BYTES_PER_ROW: u64 = 200;
/// GB of a volume reserved for the system, the image and the model.
const RESERVED_GB: u64 = 5;

/// Rejects a number of generated rows that does not fit on a job's volume.
pub(crate) fn check_volume(plan: &Plan) -> anyhow::Result<()> {
    let Some(samples) = plan.source.samples() else {
        return Ok(());
    };
    let volume_gb = plan.machine.volume_gb;
    let needed = (samples * BYTES_PER_ROW).div_ceil(1_000_000_000) + RESERVED_GB;
    if needed <= u64::from(volume_gb) {
        return Ok(());
    }
    Err(usage(anyhow!(
        "{samples} rows need about {needed} GB on each instance, but --volume-gb is {volume_gb}; give --volume-gb {needed}"
    )))
}

/// Checks the planned jobs against the account.
///
/// # Errors
/// Lists all failed checks, each with a remedy.
pub(crate) async fn check(
    plan: &Plan,
    args: &SpendingArgs,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Report> {
    let jobs = submit::requests(plan, &plan.source.channels(), &session.project)?;
    let training = TrainingPlan {
        bucket: (&session.project.bucket, session.project.origin),
        jobs: &jobs,
        // The data need not be there yet: it is uploaded after these checks.
        data_is_there: false,
        max_cost_usd: args.max_cost,
    };
    let report = preflight::training(&session.clients, &training).await;
    fire_cli::passed(report, session.console)
}

/// Prints what would be done; nothing has been created.
pub(crate) fn show(
    plan: &Plan,
    report: &Report,
    session: &mut Session<'_, '_>,
) -> anyhow::Result<Exit> {
    let channels = plan.source.channels();
    let jobs = submit::requests(plan, &channels, &session.project)?;
    let channels: Vec<&str> = channels.iter().map(|channel| channel.as_str()).collect();
    let console = &mut *session.console;
    console.say_all(report.checks.iter().map(ToString::to_string))?;
    for job in &jobs {
        console.say(format!(
            "would create {} on {} with channels {}",
            job.job,
            job.instance_type,
            channels.join(", ")
        ))?;
    }
    console.say("nothing was created")?;
    console.json(&DryRun {
        run: plan.run.as_str(),
        preflight: report,
        jobs,
    })?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Args;

    #[test]
    fn a_dataset_too_large_for_the_volume_is_rejected_with_the_size_needed() {
        let check = |flags: &str| {
            let words = std::iter::once("train-100k").chain(flags.split_whitespace());
            let plan = Plan::new(&"a".parse().unwrap(), &Args::parse_from(words).recipe);
            check_volume(&plan.unwrap())
        };
        assert!(check("").is_ok());
        assert!(check("--data x.csv --volume-gb 1").is_ok());
        let error = check("--samples 1000000000").unwrap_err().to_string();
        assert!(error.ends_with("give --volume-gb 205"), "{error}");
        assert!(check("--samples 1000000000 --volume-gb 205").is_ok());
    }
}
