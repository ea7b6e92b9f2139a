//! What a call did: for people, for programs, and for `report-100k`.

use std::path::Path;

use fire_cli::{Console, DataManifest, Project, RunName};
use sagemaker_ops::{JobName, S3Uri};
use serde::{Deserialize, Serialize};

use crate::Args;
use crate::jobs::SubmittedJob;

/// Seconds of each step; `None` where the step was not needed.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Timings {
    /// Generating or reading the rows.
    pub(crate) generate: Option<f64>,
    /// Splitting and auditing.
    pub(crate) split: Option<f64>,
    /// Writing the parts and sending them.
    pub(crate) upload: Option<f64>,
}

/// The JSON result; the same document is kept as `runs/<run>/train.json`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Summary {
    run: RunName,
    backend: String,
    dataset: DataManifest,
    manifest_uri: S3Uri,
    jobs: Vec<SubmittedJob>,
    pub(crate) monitor_command: String,
    timings_seconds: Timings,
}

impl Summary {
    pub(crate) fn new(
        args: &Args,
        project: &Project,
        (dataset, jobs): (DataManifest, Vec<SubmittedJob>),
        timings_seconds: Timings,
    ) -> anyhow::Result<Self> {
        let names: Vec<_> = jobs.iter().map(|job| job.name.to_string()).collect();
        let monitor_command = format!(
            "{} {} --wait --metrics {}",
            fire_cli::sibling_program("monitor-100k"),
            names.join(" "),
            args.common.backend_flags()?
        );
        Ok(Self {
            run: dataset.run.clone(),
            backend: args.common.backend.to_string(),
            manifest_uri: project.layout.manifest(&dataset.run),
            dataset,
            jobs,
            monitor_command,
            timings_seconds,
        })
    }

    pub(crate) fn job_names(&self) -> Vec<JobName> {
        self.jobs.iter().map(|job| job.name.clone()).collect()
    }

    /// Keeps the document in the state directory, where `report-100k` looks for it.
    ///
    /// A resumed run did not generate or upload again: then the record of the first
    /// call, which has those timings, stays.
    pub(crate) fn record(&self, state_dir: &Path) -> anyhow::Result<()> {
        let path = fire_cli::run_folder(state_dir, &self.run).join("train.json");
        if self.timings_seconds.upload.is_none() && path.is_file() {
            return Ok(());
        }
        fire_cli::write_json(&path, self)
    }

    pub(crate) fn say(&self, console: &mut Console<'_>) -> std::io::Result<()> {
        console.say(format!("run {}", self.run))?;
        console.say(dataset_lines(&self.dataset))?;
        console.say("training jobs:")?;
        for job in &self.jobs {
            let already = if job.created { "" } else { "  (existed)" };
            console.say(format!("  {}{already}", job.name))?;
        }
        console.say(format!("watch them:\n  {}", self.monitor_command))
    }
}

/// The dataset in a few lines: parts, shares, audit.
pub(crate) fn dataset_lines(manifest: &DataManifest) -> String {
    let mut lines = vec![format!(
        "{} rows ({}), {} groups, seed {}",
        manifest.samples, manifest.profile, manifest.groups, manifest.seed
    )];
    for name in ["train", "validation", "test"] {
        if let Some(part) = manifest.parts.get(name) {
            let share = 100.0 * part.positives as f64 / part.rows as f64;
            lines.push(format!(
                "  {name:<10} {:>9} rows, {share:.2} % fire",
                part.rows
            ));
        }
    }
    for (name, what) in [
        ("alarm-validation", "to choose the alarm rule"),
        ("alarm-test", "to judge it"),
    ] {
        if let Some(set) = manifest.parts.get(name) {
            let hours = set.rows as f64 / 3_600.0;
            lines.push(format!(
                "  {name} {hours:.1} hours of whole episodes, {what}"
            ));
        }
    }
    let all = manifest.audit.checks().len();
    let passed = all - manifest.audit.failures().count();
    lines.push(format!("split audit: {passed} of {all} checks passed"));
    lines.join("\n")
}
