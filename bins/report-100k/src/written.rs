//! From what was gathered to the files that people read.

use std::collections::BTreeMap;

use ensemble::artifact::Artifact;
use fire_cli::{Console, Exit};
use fire_run::{RunName, records};

use crate::compare::{self, Comparison, Side};
use crate::curves::Curves;
use crate::gather::{Gathered, Source, gather};
use crate::html::{self, Contents};
use crate::importance::{self, Inspection};
use crate::models::{ENSEMBLE, Models};
use crate::place::Place;
use crate::table;
use crate::thumbnails::thumbnails;

/// Writes the reports of a run, with the commit of the sources where it is known.
pub(crate) async fn reported(
    place: &Place<'_>,
    (run, commit): (&RunName, Option<&str>),
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let folder = place.folder(run);
    let source = place.source(&folder);
    let gathered = gather(&source, run).await?;
    let report = &gathered.report;
    for line in table::lines(report) {
        console.say(line)?;
    }
    // The figures are kept even if the page cannot be made.
    let json = serde_json::to_vec_pretty(report)?;
    place.keep(run, (records::REPORT, json), console).await?;
    let page = page(&source, (run, commit), &gathered).await?;
    place
        .keep(run, ("report.html", page.into_bytes()), console)
        .await?;
    console.json(report)?;
    Ok(Exit::Done)
}

/// Writes the comparison of two runs.
pub(crate) async fn compared(
    place: &Place<'_>,
    runs: [&RunName; 2],
    console: &mut Console<'_>,
) -> anyhow::Result<Exit> {
    let folders = runs.map(|run| place.folder(run));
    let first = Side::fetch(&place.source(&folders[0]), runs[0]).await?;
    let second = Side::fetch(&place.source(&folders[1]), runs[1]).await?;
    let comparison = Comparison::of([&first, &second])?;
    for line in compare::lines(&comparison) {
        console.say(line)?;
    }
    let page = html::comparison_page(&comparison, [&first, &second])?;
    // Beside the first run's report, under the name of the second, so that several can stand there.
    let file = format!("compare-{}.html", runs[1]);
    place
        .keep(runs[0], (&file, page.into_bytes()), console)
        .await?;
    console.json(&comparison)?;
    Ok(Exit::Done)
}

/// Reads what the page needs besides the report, and writes it.
async fn page(
    source: &Source<'_>,
    (run, commit): (&RunName, Option<&str>),
    gathered: &Gathered,
) -> anyhow::Result<String> {
    let report = &gathered.report;
    let models = Models::fetch(source.clients, &gathered.trained, report).await?;
    let inspection = match main_artifact(gathered) {
        Some((name, artifact)) => {
            let rows = importance::validation_rows(source.clients, source.project, run).await?;
            // A validation part of one class has no AUC that could fall.
            Inspection::of(name, artifact, &rows)
                .map_err(|error| format!("The model could not be looked into: {error}."))
        }
        None => Err("No model was judged on validation, so that none was looked into.".to_owned()),
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

/// The ensemble, else the job's model that is best on validation.
fn main_artifact(gathered: &Gathered) -> Option<(&str, &Artifact)> {
    if let Some(ensemble) = &gathered.ensemble {
        return Some((ENSEMBLE, ensemble));
    }
    let best = gathered.report.best_job()?.algorithm.to_string();
    let model = gathered.trained.iter().find(|model| model.name == best)?;
    Some((&model.name, &model.artifact))
}
