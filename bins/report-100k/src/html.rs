//! `report.html`: a self-contained page, made from the report and its underlying data.
//!
//! `maud` escapes all external text. Every chart also has a description in words and a table of its numbers, and the
//! page works without its one small script.

mod alarms;
mod compare;
mod curves;
mod dataset;
mod figure;
mod inspection;
mod metrics;
mod page;
mod reproduce;
mod summary;
mod table;
mod time_and_cost;

use std::collections::BTreeMap;

use fire_run::DataManifest;
use fire_run::report::Report;
use maud::html;

use crate::curves::Curves;
use crate::importance::Inspection;
use crate::models::Trained;
use crate::thumbnails::Thumbnail;

pub(crate) use compare::comparison_page;
pub(crate) use figure::{Figure, Key};
pub(crate) use page::shell;
pub(crate) use table::Table;

/// The data for the page.
pub(crate) struct Contents<'a> {
    pub(crate) report: &'a Report,
    pub(crate) manifest: &'a DataManifest,
    pub(crate) trained: &'a [Trained],
    /// The commit of the source code, if known.
    pub(crate) commit: Option<&'a str>,
    /// One for each model whose predictions are known, the ensemble last.
    pub(crate) curves: Vec<Curves>,
    /// The inspection of the main model, or the reason why there is none.
    pub(crate) inspection: Result<Inspection, String>,
    /// By scenario; empty if the rows are not simulated episodes.
    pub(crate) thumbnails: BTreeMap<String, Thumbnail>,
    /// Notes about content that a reader may expect but that is missing.
    pub(crate) missing: Vec<String>,
}

/// Renders the whole page.
pub(crate) fn page(contents: &Contents) -> anyhow::Result<String> {
    let report = contents.report;
    let sections = [
        ("summary", "Verdict", summary::section(contents)),
        ("rows", "Metrics of the models", metrics::section(contents)?),
        (
            "curves",
            "Curves on the test rows",
            curves::section(contents)?,
        ),
        ("alarms", "Alarms", alarms::section(contents)?),
        (
            "inspection",
            "What the model relies on",
            inspection::section(contents)?,
        ),
        ("data", "Data and split", dataset::section(contents)),
        ("work", "Time and cost", time_and_cost::section(contents)?),
        (
            "reproduce",
            "How to reproduce",
            reproduce::section(contents),
        ),
    ];
    let title = format!("Fire detection, run {}", report.run);
    let subtitle = html! {
        (table::count(report.samples)) " rows, profile " (report.profile) ", seed " (report.seed)
        ", backend " (report.backend)
    };
    Ok(shell(&title, &subtitle, &sections))
}
