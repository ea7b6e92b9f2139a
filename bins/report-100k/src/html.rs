//! `report.html`: one file that needs nothing else, made of the report and of what stands behind its figures.
//!
//! Texts from outside enter through `maud`, which escapes them. What a chart shows is also told in words (its name and
//! description) and in numbers (a table below it), and the page is whole without its one small script.

mod alarms;
mod compare;
mod curves;
mod data;
mod figure;
mod inspection;
mod numbers;
mod page;
mod reproduce;
mod scores;
mod summary;
mod table;
mod work;

use std::collections::BTreeMap;

use fire_run::DataManifest;
use maud::html;

use crate::curves::Curves;
use crate::importance::Inspection;
use crate::models::Trained;
use crate::thumbnails::Thumbnail;
use fire_run::report::Report;

pub(crate) use compare::comparison_page;
pub(crate) use figure::{Figure, Key};
pub(crate) use page::shell;
pub(crate) use table::Table;

/// What the page is made of.
pub(crate) struct Contents<'a> {
    pub(crate) report: &'a Report,
    pub(crate) manifest: &'a DataManifest,
    pub(crate) trained: &'a [Trained],
    /// The commit of the sources, where somebody has said it.
    pub(crate) commit: Option<&'a str>,
    /// Of each model whose answers are known, the ensemble last.
    pub(crate) curves: Vec<Curves>,
    /// What the main model listens to, or why that is not known.
    pub(crate) inspection: Result<Inspection, String>,
    /// By scenario; empty where rows are not simulated episodes.
    pub(crate) thumbnails: BTreeMap<String, Thumbnail>,
    /// Why something that a reader would look for is not there.
    pub(crate) missing: Vec<String>,
}

/// The whole page.
pub(crate) fn page(contents: &Contents) -> anyhow::Result<String> {
    let report = contents.report;
    let sections = [
        ("summary", "Verdict", summary::section(contents)),
        (
            "rows",
            "How rows are told apart",
            scores::section(contents)?,
        ),
        (
            "curves",
            "Curves on the test part",
            curves::section(contents)?,
        ),
        ("alarms", "Alarms", alarms::section(contents)?),
        (
            "inspection",
            "What the model listens to",
            inspection::section(contents)?,
        ),
        ("data", "Data and split", data::section(contents)),
        ("work", "Time and cost", work::section(contents)?),
        (
            "reproduce",
            "How to reproduce",
            reproduce::section(contents),
        ),
    ];
    let title = format!("Fire detection, run {}", report.run);
    let subtitle = html! {
        (numbers::count(report.samples)) " rows, profile " (report.profile) ", seed " (report.seed)
        ", backend " (report.backend)
    };
    Ok(shell(&title, &subtitle, &sections))
}
