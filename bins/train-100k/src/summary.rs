//! The result of an invocation as text, as JSON, and as a record for `report-100k`.

use std::path::Path;

use fire_cli::Console;
use fire_run::records::{self, JobRecord, TrainRecord};
use fire_run::{Channel, DataManifest, layout};

use crate::session::Session;

/// The record of an invocation, which is also its JSON result.
pub(crate) fn record(
    dataset: DataManifest,
    jobs: Vec<JobRecord>,
    session: &Session<'_, '_>,
) -> TrainRecord {
    let names: Vec<_> = jobs.iter().map(|job| job.name.as_str()).collect();
    let monitor_command = format!(
        "{} {} --wait --metrics {}",
        fire_cli::sibling_program("monitor-100k"),
        names.join(" "),
        session.backend_flags
    );
    let manifest_uri = session.project.uri(&layout::manifest(&dataset.run));
    TrainRecord {
        run: dataset.run.clone(),
        backend: session.clients.kind().to_string(),
        manifest_uri: manifest_uri.to_string(),
        dataset,
        jobs,
        monitor_command,
        timings_seconds: session.timings,
    }
}

/// Keeps the record in the state directory, where `report-100k` looks for it.
///
/// A resumed run may not have uploaded anything; in that case the existing record is kept,
/// because it has the upload time.
pub(crate) fn keep(record: &TrainRecord, state_dir: &Path) -> anyhow::Result<()> {
    let path = records::directory(state_dir, &record.run).join(records::TRAIN);
    if record.timings_seconds.upload.is_none() && path.is_file() {
        return Ok(());
    }
    Ok(records::write(&path, record)?)
}

/// Prints the record, as text or as JSON.
pub(crate) fn show(record: &TrainRecord, console: &mut Console<'_>) -> std::io::Result<()> {
    console.say(format!("run {}", record.run))?;
    console.say(dataset_lines(&record.dataset))?;
    console.say("training jobs:")?;
    for job in &record.jobs {
        let already = if job.created {
            ""
        } else {
            "  (already existed)"
        };
        console.say(format!("  {}{already}", job.name))?;
    }
    console.say(format!("watch them:\n  {}", record.monitor_command))?;
    console.json(record)
}

/// The dataset in a few lines: partitions, percentage of fire rows, audit of the split.
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
    for (name, purpose) in [
        (Channel::AlarmValidation, "to choose the alarm rule"),
        (Channel::AlarmTest, "to evaluate it"),
    ] {
        if let Some(set) = manifest.parts.get(&name) {
            let hours = set.rows as f64 / 3_600.0;
            lines.push(format!(
                "  {name} {hours:.1} hours of complete episodes, {purpose}"
            ));
        }
    }
    let all = manifest.audit.checks().len();
    let passed = all - manifest.audit.failures().count();
    lines.push(format!("split audit: {passed} of {all} checks passed"));
    lines.join("\n")
}
