//! What a call did: for people, for programs, and for `report-100k`.

use std::path::Path;

use fire_cli::{Console, Project};
use fire_run::records::{self, JobRecord, TrainRecord, TrainTimings};
use fire_run::{Channel, DataManifest, layout};
use sagemaker_ops::JobName;

use crate::Args;

/// The record of a call, which is also its JSON result.
pub(crate) struct Summary(pub(crate) TrainRecord);

impl Summary {
    pub(crate) fn new(
        args: &Args,
        project: &Project,
        (dataset, jobs): (DataManifest, Vec<JobRecord>),
        timings_seconds: TrainTimings,
    ) -> anyhow::Result<Self> {
        let names: Vec<_> = jobs.iter().map(|job| job.name.as_str()).collect();
        let monitor_command = format!(
            "{} {} --wait --metrics {}",
            fire_cli::sibling_program("monitor-100k"),
            names.join(" "),
            args.common.backend_flags()?
        );
        Ok(Self(TrainRecord {
            run: dataset.run.clone(),
            backend: args.common.backend.to_string(),
            manifest_uri: project.uri(&layout::manifest(&dataset.run)).to_string(),
            dataset,
            jobs,
            monitor_command,
            timings_seconds,
        }))
    }

    pub(crate) fn job_names(&self) -> anyhow::Result<Vec<JobName>> {
        let jobs = self.0.jobs.iter();
        jobs.map(|job| Ok(job.name.parse()?)).collect()
    }

    /// Keeps the document in the state directory, where `report-100k` looks for it.
    ///
    /// A resumed run did not generate or upload again: then the record of the first
    /// call, which has those timings, stays.
    pub(crate) fn record(&self, state_dir: &Path) -> anyhow::Result<()> {
        let path = records::folder(state_dir, &self.0.run).join(records::TRAIN);
        if self.0.timings_seconds.upload.is_none() && path.is_file() {
            return Ok(());
        }
        Ok(records::write(&path, &self.0)?)
    }

    pub(crate) fn say(&self, console: &mut Console<'_>) -> std::io::Result<()> {
        console.say(format!("run {}", self.0.run))?;
        console.say(dataset_lines(&self.0.dataset))?;
        console.say("training jobs:")?;
        for job in &self.0.jobs {
            let already = if job.created { "" } else { "  (existed)" };
            console.say(format!("  {}{already}", job.name))?;
        }
        console.say(format!("watch them:\n  {}", self.0.monitor_command))
    }
}

/// The dataset in a few lines: parts, shares, audit.
pub(crate) fn dataset_lines(manifest: &DataManifest) -> String {
    let mut lines = vec![format!(
        "{} rows ({}), {} groups, seed {}",
        manifest.samples, manifest.profile, manifest.groups, manifest.seed
    )];
    for name in Channel::PARTITIONS {
        if let Some(part) = manifest.parts.get(&name) {
            let share = 100.0 * part.positives as f64 / part.rows as f64;
            lines.push(format!(
                "  {name:<10} {:>9} rows, {share:.2} % fire",
                part.rows
            ));
        }
    }
    for (name, what) in [
        (Channel::AlarmValidation, "to choose the alarm rule"),
        (Channel::AlarmTest, "to judge it"),
    ] {
        if let Some(set) = manifest.parts.get(&name) {
            let hours = set.rows as f64 / 3_600.0;
            lines.push(format!(
                "  {name} {hours:.1} hours of whole episodes, {what}"
            ));
        }
    }
    let passed = manifest
        .audit
        .checks
        .iter()
        .filter(|check| check.passed)
        .count();
    let all = manifest.audit.checks.len();
    lines.push(format!("split audit: {passed} of {all} checks passed"));
    lines.join("\n")
}
