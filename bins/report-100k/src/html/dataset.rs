//! The dataset: its partitions, and the independent audit of the split.

use maud::{Markup, html};

use super::table::{count, four_digits, or_dash};
use super::{Contents, Table};

pub(super) fn section(contents: &Contents) -> Markup {
    let audit = &contents.manifest.audit;
    let verdict = if audit.passed() {
        "Every check passed."
    } else {
        "A check FAILED, so the metrics above may be too optimistic."
    };
    html! {
        p { (origin(&contents.report.profile)) " " (count(contents.manifest.groups)) " groups or sites were split; "
            "no group and no site has rows in two partitions." }
        (partitions(contents).markup())
        h3 { "Audit" }
        p { "The audit checks the same rows that the learners get, and shares no code with the splitter. " (verdict) }
        (checks(contents).markup())
        h3 { "Each feature alone" }
        @if contents.report.single_features.is_empty() {
            p.note { "The dataset’s manifest has no metrics for single features." }
        } @else {
            (single_features(contents).markup())
        }
    }
}

fn origin(profile: &str) -> &'static str {
    match profile {
        "episode" => {
            "The rows are simulated: rooms, fires, nuisances and both sensors, processed by the same feature extraction as real recordings."
        }
        "original" => "The rows are independent draws with noisy labels.",
        _ => "The rows were read from files.",
    }
}

fn partitions(contents: &Contents) -> Table {
    let rows = contents.manifest.parts.iter().map(|(name, part)| {
        let share = part.positives as f64 / part.rows.max(1) as f64;
        vec![
            name.to_string(),
            count(part.rows),
            count(part.positives),
            format!("{:.1} %", 100.0 * share),
            or_dash(part.bayes_optimal, |best| four_digits(best.auc)),
            part.fingerprint.chars().take(12).collect(),
        ]
    });
    let head = [
        "partition",
        "rows",
        "fire rows",
        "share of fire",
        "best possible AUC",
        "fingerprint",
    ];
    Table::new("Partitions of the dataset", &head, rows.collect())
}

fn checks(contents: &Contents) -> Table {
    let rows = contents.manifest.audit.checks().iter().map(|check| {
        let passed = if check.passed { "passed" } else { "FAILED" };
        let number = |value: f64| {
            if value.fract() == 0.0 {
                format!("{value:.0}")
            } else {
                four_digits(value)
            }
        };
        vec![
            check.name.clone(),
            passed.to_owned(),
            number(check.value),
            number(check.limit),
            check.detail.clone(),
        ]
    });
    Table {
        texts: vec![4],
        ..Table::new(
            "Checks of the split",
            &["check", "result", "value", "limit", "explanation"],
            rows.collect(),
        )
    }
}

fn single_features(contents: &Contents) -> Table {
    let mut features: Vec<_> = contents.report.single_features.iter().collect();
    features.sort_by(|a, b| b.1.total_cmp(a.1));
    let rows = features
        .into_iter()
        .map(|(name, auc)| vec![name.clone(), four_digits(*auc)]);
    Table::new(
        "AUC of each feature alone on the test rows",
        &["feature", "AUC"],
        rows.collect(),
    )
}
