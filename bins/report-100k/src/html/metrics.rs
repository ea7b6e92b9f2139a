//! The metrics of every model on the test rows, their distance from the Bayes-optimal classifier, and the ensemble weights.

use ensemble::metrics::Scores;
use maud::{Markup, html};

use super::table::{four_digits, interval, or_dash};
use super::{Contents, Figure, Table};
use crate::charts::{Axis, Bar, Bars, Paint};
use crate::models::ENSEMBLE;

/// A column of the table: heading and value.
type Column = (&'static str, fn(&Scores) -> f64);

/// The columns after the AUC.
pub(super) const COLUMNS: [Column; 8] = [
    ("PR-AUC", |scores| scores.pr_auc),
    ("accuracy", |scores| scores.accuracy),
    ("F1", |scores| scores.f1),
    ("precision", |scores| scores.precision),
    ("recall", |scores| scores.recall),
    ("log-loss", |scores| scores.logloss),
    ("Brier", |scores| scores.brier),
    ("ECE", |scores| scores.ece),
];

pub(super) fn section(contents: &Contents) -> anyhow::Result<Markup> {
    let weights = weights(contents)?;
    Ok(html! {
        p {
            @if contents.manifest.profile == "episode" {
                "Each row is one second of an episode. A row counts as fire from ignition on, whether or not the fire is visible yet. "
            }
            "The test rows were used only for evaluation: models, weights and thresholds were chosen on the other partitions."
        }
        (models(contents).markup())
        (distance_from_best(contents))
        h3 { "Ensemble weights" }
        @match weights {
            Some(figure) => div.figures { (figure.markup()) },
            None => p.note { "No ensemble of this run was deployed, so there are no weights." },
        }
    })
}

fn models(contents: &Contents) -> Table {
    let report = contents.report;
    let jobs = report
        .jobs
        .iter()
        .map(|job| (job.algorithm.to_string(), &job.test));
    let ensemble = report
        .ensemble
        .iter()
        .map(|ensemble| (ENSEMBLE.to_owned(), &ensemble.test));
    let models: Vec<_> = jobs.chain(ensemble).collect();
    let main = report.ensemble.as_ref().map(|_| models.len() - 1);
    let rows = models
        .into_iter()
        .map(|(name, scores)| row(name, scores.as_ref()));
    let head: Vec<&str> = ["model", "AUC", "95 % interval"]
        .into_iter()
        .chain(COLUMNS.map(|(name, _)| name))
        .collect();
    Table {
        main,
        ..Table::new(
            "Metrics on the test rows; accuracy, F1, precision and recall at probability 1/2",
            &head,
            rows.collect(),
        )
    }
}

fn row(name: String, scores: Option<&Scores>) -> Vec<String> {
    let mut row = vec![name, or_dash(scores, |scores| four_digits(scores.auc))];
    row.push(or_dash(scores, |scores| interval(scores.auc_interval)));
    row.extend(COLUMNS.map(|(_, of)| or_dash(scores, |scores| four_digits(of(scores)))));
    row
}

/// The distance of the main model from the best possible classifier.
fn distance_from_best(contents: &Contents) -> Markup {
    let report = contents.report;
    let Some(best) = report.bayes_optimal else {
        return html! {
            p.note { "The metrics of the best possible classifier are unknown for these rows." }
        };
    };
    let Some((who, scores)) = report.main_test() else {
        return html! {};
    };
    let f1 = scores.at_threshold.map_or(scores.f1, |at| at.f1);
    let row = |name: &str, own: f64, best: f64| {
        vec![
            name.to_owned(),
            four_digits(own),
            four_digits(best),
            four_digits(best - own),
        ]
    };
    let rows = vec![
        row("AUC", scores.auc, best.auc),
        row("accuracy at 1/2", scores.accuracy, best.accuracy),
        row("F1 at the chosen threshold", f1, best.f1),
    ];
    let head = ["metric", who, "best possible", "distance"];
    Table::new(
        "Distance from the Bayes-optimal classifier, the best possible one on these test rows",
        &head,
        rows,
    )
    .markup()
}

fn weights(contents: &Contents) -> anyhow::Result<Option<Figure<'static>>> {
    let Some(ensemble) = &contents.report.ensemble else {
        return Ok(None);
    };
    let bar = |(name, weight): (&String, &f64)| Bar {
        name: name.clone(),
        lengths: vec![(Paint::Series(0), *weight)],
        interval: None,
    };
    let bars = Bars {
        x: Axis::share("weight"),
        bars: ensemble.weights.iter().map(bar).collect(),
    };
    let words = ensemble
        .weights
        .iter()
        .map(|(name, weight)| format!("{name} {weight:.4}"));
    let rows = ensemble
        .weights
        .iter()
        .map(|(name, weight)| vec![name.clone(), four_digits(*weight)]);
    Ok(Some(Figure {
        id: "weights".into(),
        name: "Ensemble weights".into(),
        reading: "Chosen on the validation rows; they sum to 1.",
        description: format!("{}.", words.collect::<Vec<_>>().join(", ")),
        drawing: bars.draw()?,
        legend: Vec::new(),
        table: Table::new("Weights", &["member", "weight"], rows.collect()),
    }))
}
