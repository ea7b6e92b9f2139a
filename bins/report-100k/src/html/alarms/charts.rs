//! The alarm charts: fires found by scenario, and fires found against false alarms.

use alarm::{AlarmMetrics, AlarmReport, Detection};

use crate::charts::{Axis, Bar, Bars, Chart, Mark, Paint};
use crate::html::table::{count, percent};
use crate::html::{Figure, Key, Table};

/// The share of fires found in each scenario within given times; `None` without fires.
pub(super) fn found(test: &AlarmReport) -> anyhow::Result<Option<Figure<'static>>> {
    let all = std::iter::once(("all fires", &test.all));
    let kinds = test.kinds.iter();
    let kinds = kinds.map(|(name, metrics)| (name.as_str(), metrics));
    let with_fires: Vec<_> = all
        .chain(kinds)
        .filter_map(|(name, metrics)| Some((name, metrics.detection?)))
        .collect();
    if with_fires.is_empty() {
        return Ok(None);
    }
    let words = with_fires.iter().map(|(name, found)| {
        let [soon, ever] = [found.within_60_s, found.recall].map(percent);
        format!("{name}: {soon} within 60 s, {ever} in all")
    });
    let rows = with_fires.iter().map(|(name, found)| {
        let shares = [
            found.within_30_s,
            found.within_60_s,
            found.within_120_s,
            found.recall,
        ];
        let names = [(*name).to_owned(), count(found.events)];
        names.into_iter().chain(shares.map(percent)).collect()
    });
    let head = [
        "scenario",
        "fires",
        "within 30 s",
        "within 60 s",
        "within 120 s",
        "in all",
    ];
    Ok(Some(Figure {
        id: "found".into(),
        name: "Fires found, by scenario".into(),
        reading: "Time is measured from ignition, when the fire may not be visible yet.",
        description: words.collect::<Vec<_>>().join("; ") + ".",
        drawing: found_bars(&with_fires)?,
        legend: vec![
            Key::area(Paint::Step(0), "within 30 s"),
            Key::area(Paint::Step(1), "within 60 s"),
            Key::area(Paint::Step(2), "later"),
        ],
        table: Table::new("Share of fires found", &head, rows.collect()),
    }))
}

fn found_bars(with_fires: &[(&str, Detection)]) -> anyhow::Result<String> {
    let bar = |(name, found): &(&str, Detection)| Bar {
        name: (*name).to_owned(),
        lengths: vec![
            (Paint::Step(2), found.recall),
            (Paint::Step(1), found.within_60_s),
            (Paint::Step(0), found.within_30_s),
        ],
        interval: None,
    };
    let bars = Bars {
        x: Axis {
            format: &|share| percent(*share),
            ..Axis::share("share of fires found")
        },
        bars: with_fires.iter().map(bar).collect(),
    };
    bars.draw()
}

/// Fires found and false alarms of the same rule at other thresholds; `None` without fires, or without any time in
/// which an alarm would be false.
pub(super) fn trade_off(test: &AlarmReport) -> anyhow::Result<Option<Figure<'static>>> {
    let points: Vec<_> = test
        .curve
        .iter()
        .filter_map(|at| point(&at.metrics))
        .collect();
    let days = test.all.false_alarms.map(|false_alarms| false_alarms.days);
    let (Some(chosen), Some(days)) = (point(&test.all), days) else {
        return Ok(None);
    };
    let rows = test.curve.iter().filter_map(|at| {
        let (rate, found) = point(&at.metrics)?;
        Some(vec![
            format!("{:.4}", at.threshold),
            format!("{rate:.1}"),
            percent(found),
        ])
    });
    let head = ["threshold", "false alarms a day", "found within 60 s"];
    Ok(Some(Figure {
        id: "trade-off".into(),
        name: "Fires found against false alarms".into(),
        reading: "The same rule at other thresholds, on a logarithmic scale. The left end means no false alarm in the observed time.",
        description: format!(
            "The chosen rule finds {} of the fires within 60 s at {:.1} false alarms a day.",
            percent(chosen.1),
            chosen.0
        ),
        drawing: trade_off_chart(&points, chosen, days)?,
        legend: vec![
            Key::line(Paint::Series(0), "other thresholds"),
            Key::area(Paint::Series(1), "the chosen rule"),
        ],
        table: Table::new("The rule at other thresholds", &head, rows.collect()),
    }))
}

/// False alarms per day, and the share of fires found within a minute.
fn point(metrics: &AlarmMetrics) -> Option<(f64, f64)> {
    Some((
        metrics.false_alarms?.per_day,
        metrics.detection?.within_60_s,
    ))
}

fn trade_off_chart(points: &[(f64, f64)], chosen: (f64, f64), days: f64) -> anyhow::Result<String> {
    // A logarithmic scale has no zero: zero false alarms are drawn as half of one in the observed time.
    let floor = 0.5 / days;
    let place = |(rate, found): (f64, f64)| (rate.max(floor).log10(), found);
    let most = points
        .iter()
        .map(|point| point.0)
        .fold(10.0 * floor, f64::max);
    let rate = |power: &f64| {
        let rate = 10_f64.powf(*power);
        if rate < 10.0 {
            format!("{rate:.1}")
        } else {
            format!("{rate:.0}")
        }
    };
    let chart = Chart {
        x: Axis {
            label: "false alarms a day",
            range: floor.log10()..most.log10(),
            format: &rate,
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
    chart.draw()
}
