//! Follow-up commands, printed ready to copy.

use std::path::Path;

use fire_cli::{CommonArgs, Console, DEFAULT_MODEL_NAME, sibling_program};
use fire_run::RunName;
use fire_run::records::{self, JobRecord, REPORT};
use fire_run::report::Report;
use sagemaker_ops::{Backend, BackendKind, Clients};

use crate::Args;
use crate::steps::{command_line, dataset_flags, deploy_arguments, monitor_arguments};

/// The command that resumes an interrupted run.
///
/// Once its recipe is stored, `train-100k` needs only the run's name; the flags cover a run that
/// was interrupted before that.
pub(crate) fn resume(args: &Args, run: &RunName) -> anyhow::Result<String> {
    let run = ["--run".to_owned(), run.to_string()].into_iter();
    let arguments = run.chain(dataset_flags(args));
    let backend = args.common.backend_flags()?;
    Ok(command("pipeline-100k", arguments, &backend))
}

/// Prints follow-up commands for a finished run whose records are in `dir`.
pub(crate) async fn say(
    common: &CommonArgs,
    dir: &Path,
    jobs: &[JobRecord],
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let backend = common.backend_flags()?;
    let endpoint = format!("{DEFAULT_MODEL_NAME}-endpoint");
    let report: Option<Report> = records::read(&dir.join(REPORT))?;
    let best = report.as_ref().and_then(Report::best_job);
    let best = best.and_then(|best| jobs.iter().find(|job| job.name == best.name));
    let is_local = common.backend == BackendKind::Local;

    let mut lines = vec![command("monitor-100k", monitor_arguments(jobs), &backend)];
    if let Some(job) = best {
        let arguments = deploy_arguments([job.model_uri.as_str()]);
        lines.push(command("deploy-100k", arguments, &backend));
    }
    if is_local {
        // Third-party clients need the server's address, which changes at every start.
        let server = Backend::Local(fire_cli::local_backend(Some(&common.state_dir()?))?);
        let clients = Clients::connect(&server).await?;
        lines.extend(clients.local_url().map(|url| {
            format!(
                "export AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=local \
                 AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1"
            )
        }));
        lines.push(format!(
            "aws sagemaker describe-endpoint --endpoint-name {endpoint}"
        ));
    }
    let delete = ["--endpoint-name", &endpoint, "--delete"].map(str::to_owned);
    lines.push(command("deploy-100k", delete, &backend));
    if is_local {
        let stop = ["--stop".to_owned()];
        lines.push(command("local-sagemaker", stop, &backend));
    }
    console.say("\nnext, from any terminal:")?;
    Ok(console.say_all(lines.iter().map(|line| format!("  {line}")))?)
}

fn command(program: &str, arguments: impl IntoIterator<Item = String>, backend: &str) -> String {
    let arguments: Vec<String> = arguments.into_iter().collect();
    let line = command_line(&sibling_program(program), &arguments);
    format!("{line} {backend}")
}
