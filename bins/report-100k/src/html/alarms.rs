//! The alarm rule: fires found, detection times and false alarms by scenario.

mod charts;

use std::collections::BTreeMap;

use alarm::{AlarmReport, AlarmTrial};
use fire_cli::budget_in_words;
use fire_run::report::Report;
use maud::{Markup, html};

use super::table::{count, or_dash, percent};
use super::{Contents, Table};
use crate::thumbnails::{HEIGHT, Thumbnail, WIDTH};

pub(super) fn section(contents: &Contents) -> anyhow::Result<Markup> {
    let report = contents.report;
    let alarm = report
        .main_alarm()
        .and_then(|(who, alarm)| Some((who, alarm, alarm.test.as_ref()?)));
    let Some((who, alarm, test)) = alarm else {
        return Ok(html! {
            p.note { (missing(report)) }
            (scenarios(report))
        });
    };
    let mut figures = Vec::new();
    figures.extend(charts::found(test)?);
    figures.extend(charts::trade_off(test)?);
    Ok(html! {
        p { "The " (who) " raises an alarm " (alarm.choice.rule) ". " (budget(alarm)) }
        @if let Some(alarms) = test.all.false_alarms {
            p { "On other whole episodes, from sites that are in no other partition: " (alarms) "." }
        }
        div.figures { @for figure in &figures { (figure.markup()) } }
        h3 { "By scenario" }
        p { "A median of “never” means that fewer than half of the fires were found." }
        (kinds(test, &contents.thumbnails))
        (scenarios(report))
    })
}

/// Why there is no alarm rule.
fn missing(report: &Report) -> &'static str {
    match report.profile.as_str() {
        "original" => {
            "The rows of profile original are drawn one by one and do not belong to a recording, so there is no alarm rule to evaluate."
        }
        _ if report.ensemble.is_none() && report.jobs.iter().all(|job| job.alarm.is_none()) => {
            "There were no whole episodes to choose and evaluate an alarm rule on."
        }
        _ => {
            "No alarm rule was evaluated: there were no whole episodes, or none of them had a fire."
        }
    }
}

/// The budget that the rule was chosen for, and whether it was met.
fn budget(alarm: &AlarmTrial) -> String {
    let choice = &alarm.choice;
    let outcome = if choice.within_budget {
        "which it meets there"
    } else {
        "which no rule met"
    };
    format!(
        "The rule was chosen on one set of whole episodes for at most {}, {outcome}.",
        budget_in_words(choice.budget_per_day)
    )
}

/// A table of all scenarios with their pictures, fires and false alarms.
fn kinds(test: &AlarmReport, thumbnails: &BTreeMap<String, Thumbnail>) -> Markup {
    let seconds =
        |latency: Option<f64>| latency.map_or_else(|| "never".to_owned(), |s| format!("{s:.0} s"));
    let all = std::iter::once(("all", &test.all));
    let kinds = test
        .kinds
        .iter()
        .map(|(name, metrics)| (name.as_str(), metrics));
    let head = [
        "fires",
        "found",
        "within 60 s",
        "median",
        "90 %",
        "false alarms",
        "hours without fire",
        "a day (95 %)",
    ];
    html! {
        div.scroll tabindex="0" role="region" aria-label="Alarms by scenario" {
            table.scenes {
                caption { "Alarms on whole episodes, by scenario" }
                thead { tr {
                    th scope="col" { "scenario" }
                    @if !thumbnails.is_empty() { th.text scope="col" { "early and late" } }
                    @for cell in head { th scope="col" { (cell) } }
                } }
                tbody {
                    @for (name, metrics) in all.chain(kinds) {
                        tr class=[(name == "all").then_some("main")] {
                            th scope="row" { (name) }
                            @if !thumbnails.is_empty() { td.text { (pictures(name, thumbnails)) } }
                            @let found = metrics.detection;
                            td { (or_dash(found, |found| count(found.events))) }
                            td { (or_dash(found, |found| percent(found.recall))) }
                            td { (or_dash(found, |found| percent(found.within_60_s))) }
                            td { (or_dash(found, |found| seconds(found.latency_p50_s))) }
                            td { (or_dash(found, |found| seconds(found.latency_p90_s))) }
                            @let false_alarms = metrics.false_alarms;
                            td { (or_dash(false_alarms, |false_alarms| count(false_alarms.count))) }
                            td { (or_dash(false_alarms, |false_alarms| format!("{:.1}", 24.0 * false_alarms.days))) }
                            td { (or_dash(false_alarms, |false_alarms| {
                                let [low, high] = false_alarms.per_day_interval;
                                format!("{:.1} ({low:.1} to {high:.1})", false_alarms.per_day)
                            })) }
                        }
                    }
                }
            }
        }
        @if !thumbnails.is_empty() {
            p.note { "The pictures show the first simulated episode of each scenario with this run’s seed, as the camera sees "
                "it. Colours show temperature relative to the frame’s median." }
        }
    }
}

fn pictures(name: &str, thumbnails: &BTreeMap<String, Thumbnail>) -> Markup {
    let Some(thumbnail) = thumbnails.get(name) else {
        return html! {};
    };
    html! {
        @for (when, uri) in [("early", &thumbnail.early), ("late", &thumbnail.late)] {
            img src=(uri) alt={ (name) ", " (when) } width=(WIDTH) height=(HEIGHT);
        }
    }
}

/// Test rows by scenario.
fn scenarios(report: &Report) -> Markup {
    if report.scenarios.is_empty() {
        return html! {};
    }
    let rows = report.scenarios.iter().map(|(name, kind)| {
        let share = |share: Option<f64>| or_dash(share, |share| format!("{:.1} %", 100.0 * share));
        vec![
            name.clone(),
            count(kind.rows),
            count(kind.positives),
            share(kind.recall),
            share(kind.false_positive_rate),
        ]
    });
    let head = ["scenario", "rows", "fire rows", "recall", "false positives"];
    let table = Table::new(
        "Test rows at the ensemble’s threshold, by scenario",
        &head,
        rows.collect(),
    );
    html! {
        h3 { "Single rows by scenario" }
        (table.markup())
    }
}
