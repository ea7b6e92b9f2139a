//! The verdict and its key numbers.

use maud::{Markup, html};

use super::Contents;
use super::table::{four_digits, interval, percent};
use crate::verdict::Verdict;

/// A number with its name and a note.
struct Tile {
    name: String,
    value: String,
    note: String,
}

pub(super) fn section(contents: &Contents) -> Markup {
    let verdict = Verdict::of(contents.report);
    html! {
        p.verdict.reached[verdict.reached] { (verdict.sentence) }
        dl.tiles {
            @for tile in tiles(contents) {
                div { dt { (tile.name) } dd { (tile.value) } dd { (tile.note) } }
            }
        }
        @for why in &contents.missing { p.note { (why) } }
    }
}

fn tiles(contents: &Contents) -> Vec<Tile> {
    let report = contents.report;
    let mut tiles = Vec::new();
    let all = report
        .main_alarm()
        .and_then(|(_, alarm)| alarm.test.as_ref())
        .map(|test| &test.all);
    if let Some(found) = all.and_then(|all| all.detection) {
        tiles.push(Tile {
            name: "Fires found within 60 s".to_owned(),
            value: percent(found.within_60_s),
            note: format!("{} of {} found in all", found.found, found.events),
        });
    }
    if let Some(false_alarms) = all.and_then(|all| all.false_alarms) {
        let [low, high] = false_alarms.per_day_interval;
        tiles.push(Tile {
            name: "False alarms a day".to_owned(),
            value: format!("{:.1}", false_alarms.per_day),
            note: format!(
                "95 %: {low:.1} to {high:.1}; {} in {:.1} hours",
                false_alarms.count,
                24.0 * false_alarms.days
            ),
        });
    }
    if let Some((who, scores)) = report.main_test() {
        tiles.push(Tile {
            name: format!("AUC of the {who} on rows"),
            value: four_digits(scores.auc),
            note: format!("95 %: {}", interval(scores.auc_interval)),
        });
        if let Some(best) = report.bayes_optimal {
            tiles.push(Tile {
                name: "AUC below the Bayes-optimal classifier".to_owned(),
                value: four_digits(best.auc - scores.auc),
                note: format!("the best possible is {:.4}", best.auc),
            });
        }
    }
    let passed = contents.manifest.audit.passed();
    tiles.push(Tile {
        name: "Audit of the split".to_owned(),
        value: if passed { "passed" } else { "FAILED" }.to_owned(),
        note: format!("{} checks", contents.manifest.audit.checks().len()),
    });
    tiles
}
