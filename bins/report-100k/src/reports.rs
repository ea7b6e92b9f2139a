//! Creates the report files and writes them to the state directory and S3.

use std::collections::BTreeMap;

use ensemble::artifact::Artifact;
use fire_cli::{Console, Exit};
use fire_run::{RunName, layout, records};

use crate::compare::{self, Comparison, Side};
use crate::curves::Curves;
use crate::gather::{Gathered, Source, gather};
use crate::html::{self, Contents};
use crate::importance::{self, Inspection};
use crate::models::{ENSEMBLE, Models};
use crate::text;
use crate::thumbnails::thumbnails;

/// Writes `report.json` and `report.html` of a run; `commit` is the source commit, if known.
pub(crate) async fn report(
    source: &Source<'_>,
    run: &RunName,
    commit: Option<&str>,
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let gathered = gather(source, run).await?;
    let report = &gathered.report;
    console.say_all(text::lines(report))?;
    // Written first: the numbers must survive even if the page cannot be made.
    let json = serde_json::to_vec_pretty(report)?;
    write(source, run, records::REPORT, json, console).await?;
    let page = page(source, run, commit, &gathered).await?;
    write(source, run, "report.html", page.into_bytes(), console).await?;
    console.json(report)?;
    Ok(Exit::Done)
}

/// Writes the comparison of two runs next to the report of the first.
pub(crate) async fn compare(
    source: &Source<'_>,
    runs: [&RunName; 2],
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let first = Side::fetch(source, runs[0]).await?;
    let second = Side::fetch(source, runs[1]).await?;
    let comparison = Comparison::of([&first, &second])?;
    console.say_all(compare::lines(&comparison))?;
    let page = html::comparison_page(&comparison, [&first, &second])?;
    // Named after the second run, because a run can be compared with several.
    let file = format!("compare-{}.html", runs[1]);
    write(source, runs[0], &file, page.into_bytes(), console).await?;
    console.json(&comparison)?;
    Ok(Exit::Done)
}

/// Writes a file of a run to the state directory and to S3, and prints both locations.
async fn write(
    source: &Source<'_>,
    run: &RunName,
    file: &str,
    bytes: Vec<u8>,
    console: &mut Console<'_>,
) -> anyhow::Result<()> {
    let path = records::directory(source.state_dir, run).join(file);
    records::write_file(&path, &bytes)?;
    let uri = source.project.uri(&layout::result(run, file));
    sagemaker_ops::storage::put_bytes(source.clients, &uri, bytes).await?;
    console.say(format!("report: {} and {uri}", path.display()))?;
    Ok(())
}

/// Computes the page's additional content and renders it.
async fn page(
    source: &Source<'_>,
    run: &RunName,
    commit: Option<&str>,
    gathered: &Gathered,
) -> anyhow::Result<String> {
    let report = &gathered.report;
    let models = Models::fetch(source.clients, &gathered.trained, report).await?;
    let inspection = match main_artifact(gathered) {
        Some((name, artifact)) => {
            let rows = importance::validation_rows(source.clients, source.project, run).await?;
            // This fails if all rows are of one class, for which the AUC is undefined.
            Inspection::of(name, artifact, &rows)
                .map_err(|error| format!("The model could not be inspected: {error}."))
        }
        None => Err("No model has validation metrics, so none was inspected.".to_owned()),
    };
    let is_episodes = gathered.manifest.profile == sensor_model::Profile::Episode.to_string();
    let contents = Contents {
        report,
        manifest: &gathered.manifest,
        trained: &gathered.trained,
        commit,
        curves: models.models.iter().filter_map(Curves::of).collect(),
        inspection,
        thumbnails: if is_episodes {
            thumbnails(gathered.manifest.seed)?
        } else {
            BTreeMap::new()
        },
        missing: models.missing,
    };
    html::page(&contents)
}

/// The ensemble, or else the job's model with the best validation AUC.
fn main_artifact(gathered: &Gathered) -> Option<(&str, &Artifact)> {
    if let Some(ensemble) = &gathered.ensemble {
        return Some((ENSEMBLE, ensemble));
    }
    let best = gathered.report.best_job()?.algorithm.to_string();
    let model = gathered.trained.iter().find(|model| model.name == best)?;
    Some((&model.name, &model.artifact))
}
