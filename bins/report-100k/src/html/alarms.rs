//! The alarm rule, how soon it finds the fires of each scenario, and how often it is wrong.

use std::collections::BTreeMap;

use ensemble::alarm::{AlarmReport, AlarmTrial, Figures};
use fire_cli::{false_alarms_in_words, rule_in_words};
use maud::{Markup, html};

use super::numbers::{count, or_dash, percent};
use super::{Contents, Figure, Key, Table};
use crate::charts::{Axis, Bar, Bars, Chart, Mark, Paint};
use crate::report::Report;
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
    figures.extend(found(test)?);
    figures.extend(trade_off(test)?);
    Ok(html! {
        p { "The " (who) " raises an alarm " (rule_in_words(&alarm.choice.rule)) ". " (chosen(alarm)) }
        @if let Some(words) = false_alarms_in_words(&test.all) {
            p { "On other whole episodes, of sites of their own, that had no say in it: " (words) "." }
        }
        div.figures { @for figure in &figures { (figure.markup()) } }
        h3 { "By scenario" }
        p { "A median of “never” means that fewer than half of the fires were found at all." }
        (kinds(test, &contents.thumbnails))
        (scenarios(report))
    })
}

/// Why there is nothing to say of alarms.
fn missing(report: &Report) -> &'static str {
    match report.profile.as_str() {
        "original" => {
            "The rows of profile original are drawn one by one and belong to no recording, so there is no alarm to judge."
        }
        _ if report.ensemble.is_none() && report.jobs.iter().all(|job| job.alarm.is_none()) => {
            "There were no whole episodes that an alarm rule could be chosen and judged on."
        }
        _ => "No alarm rule was judged: there were no whole episodes, or no fire among them.",
    }
}

fn chosen(alarm: &AlarmTrial) -> String {
    let choice = &alarm.choice;
    let kept = if choice.within_budget {
        "which it keeps to there"
    } else {
        "which no rule kept to"
    };
    format!(
        "The rule was chosen on one set of whole episodes for at most {} false alarms a day, {kept}.",
        choice.budget_per_day
    )
}

/// How many fires of each scenario are found, and how soon.
fn found(test: &AlarmReport) -> anyhow::Result<Option<Figure<'static>>> {
    let all = std::iter::once(("all fires", &test.all));
    let kinds = test
        .kinds
        .iter()
        .map(|(name, figures)| (name.as_str(), figures));
    let with_fires: Vec<_> = all
        .chain(kinds)
        .filter_map(|(name, figures)| Some((name, figures.detection?)))
        .collect();
    if with_fires.is_empty() {
        return Ok(None);
    }
    let bars = Bars {
        x: Axis {
            format: &|share| percent(*share),
            ..Axis::share("share of fires found")
        },
        bars: with_fires
            .iter()
            .map(|(name, found)| Bar {
                name: (*name).to_owned(),
                lengths: vec![
                    (Paint::Step(2), found.recall),
                    (Paint::Step(1), found.within_60_s),
                    (Paint::Step(0), found.within_30_s),
                ],
                interval: None,
            })
            .collect(),
    };
    let words = with_fires.iter().map(|(name, found)| {
        format!(
            "{name}: {} within 60 s, {} at all",
            percent(found.within_60_s),
            percent(found.recall)
        )
    });
    let rows = with_fires.iter().map(|(name, found)| {
        let shares = [
            found.within_30_s,
            found.within_60_s,
            found.within_120_s,
            found.recall,
        ];
        [(*name).to_owned(), count(found.events)]
            .into_iter()
            .chain(shares.map(percent))
            .collect()
    });
    Ok(Some(Figure {
        id: "found",
        name: "Fires found, by scenario",
        reading: "Counted from the ignition on, when there may be nothing to see yet.",
        description: words.collect::<Vec<_>>().join("; ") + ".",
        drawing: bars.draw()?,
        legend: vec![
            Key::area(Paint::Step(0), "within 30 s"),
            Key::area(Paint::Step(1), "within 60 s"),
            Key::area(Paint::Step(2), "later"),
        ],
        table: Table::new(
            "Share of fires found",
            &[
                "scenario",
                "fires",
                "within 30 s",
                "within 60 s",
                "within 120 s",
                "at all",
            ],
            rows.collect(),
        ),
    }))
}

/// What the same rule would find at other thresholds, and at how many false alarms.
fn trade_off(test: &AlarmReport) -> anyhow::Result<Option<Figure<'static>>> {
    let point = |figures: &Figures| {
        let rate = figures.false_alarms?.per_day;
        Some((rate, figures.detection?.within_60_s))
    };
    let points: Vec<_> = test
        .curve
        .iter()
        .filter_map(|at| point(&at.figures))
        .collect();
    let (Some(chosen), Some(days)) = (
        point(&test.all),
        test.all.false_alarms.map(|wrong| wrong.days),
    ) else {
        return Ok(None);
    };
    // None in the time that was watched is not never: it is drawn at the left end, below one in that time.
    let floor = 0.5 / days;
    let place = |(rate, found): (f64, f64)| (rate.max(floor).log10(), found);
    let most = points
        .iter()
        .map(|point| point.0)
        .fold(10.0 * floor, f64::max);
    let chart = Chart {
        x: Axis {
            label: "false alarms a day",
            range: floor.log10()..most.log10(),
            format: &move |power| {
                let rate = 10_f64.powf(*power);
                if rate < 10.0 {
                    format!("{rate:.1}")
                } else {
                    format!("{rate:.0}")
                }
            },
        },
        y: Axis {
            format: &|share| percent(*share),
            ..Axis::share("share of fires found within 60 s")
        },
        marks: vec![
            Mark::Line(
                Paint::Series(0),
                points.iter().copied().map(place).collect(),
            ),
            Mark::Dot(Paint::Series(1), place(chosen)),
        ],
    };
    let rows = test.curve.iter().filter_map(|at| {
        let (rate, found) = point(&at.figures)?;
        Some(vec![
            format!("{:.4}", at.threshold),
            format!("{rate:.1}"),
            percent(found),
        ])
    });
    Ok(Some(Figure {
        id: "trade-off",
        name: "Found fires against false alarms",
        reading: "The same rule at other thresholds, on a logarithmic scale; the left end is none in the time watched.",
        description: format!(
            "The chosen rule finds {} of the fires within 60 s at {:.1} false alarms a day.",
            percent(chosen.1),
            chosen.0
        ),
        drawing: chart.draw()?,
        legend: vec![
            Key::line(Paint::Series(0), "other thresholds"),
            Key::area(Paint::Series(1), "the chosen rule"),
        ],
        table: Table::new(
            "The rule at other thresholds",
            &["threshold", "false alarms a day", "found within 60 s"],
            rows.collect(),
        ),
    }))
}

/// Every scenario with its pictures, fires and false alarms.
fn kinds(test: &AlarmReport, thumbnails: &BTreeMap<String, Thumbnail>) -> Markup {
    let seconds =
        |latency: Option<f64>| latency.map_or_else(|| "never".to_owned(), |s| format!("{s:.0} s"));
    let all = std::iter::once(("all", &test.all));
    let kinds = test
        .kinds
        .iter()
        .map(|(name, figures)| (name.as_str(), figures));
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
                    @for (name, figures) in all.chain(kinds) {
                        tr class=[(name == "all").then_some("main")] {
                            th scope="row" { (name) }
                            @if !thumbnails.is_empty() { td.text { (pictures(name, thumbnails)) } }
                            @let found = figures.detection;
                            td { (or_dash(found, |found| count(found.events))) }
                            td { (or_dash(found, |found| percent(found.recall))) }
                            td { (or_dash(found, |found| percent(found.within_60_s))) }
                            td { (or_dash(found, |found| seconds(found.latency_p50_s))) }
                            td { (or_dash(found, |found| seconds(found.latency_p90_s))) }
                            @let wrong = figures.false_alarms;
                            td { (or_dash(wrong, |wrong| count(wrong.count))) }
                            td { (or_dash(wrong, |wrong| format!("{:.1}", 24.0 * wrong.days))) }
                            td { (or_dash(wrong, |wrong| {
                                let [low, high] = wrong.per_day_interval;
                                format!("{:.1} ({low:.1} to {high:.1})", wrong.per_day)
                            })) }
                        }
                    }
                }
            }
        }
        @if !thumbnails.is_empty() {
            p.note { "The pictures are the first simulated episode of each scenario with this run’s seed, as the camera sees "
                "it: a colour is how much warmer a place is than the middle of its frame." }
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

/// The test part's rows by scenario.
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
    let head = [
        "scenario",
        "rows",
        "fire rows",
        "called fire",
        "falsely called fire",
    ];
    let table = Table::new(
        "Rows of the test part at the ensemble’s threshold, by scenario",
        &head,
        rows.collect(),
    );
    html! {
        h3 { "Single rows by scenario" }
        (table.markup())
    }
}
