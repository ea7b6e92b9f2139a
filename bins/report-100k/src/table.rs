//! The report as lines for people.

use ensemble::metrics::Scores;
use fire_cli::{FIGURES_HEADER, false_alarms_in_words, figures_in_columns, rule_in_words};

use fire_run::report::Report;

/// The figures of each model on the test part, the ceiling beside them, the weights
/// and the endpoint's answers.
pub(crate) fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!(
            "run {}: {} rows ({}), seed {}",
            report.run, report.samples, report.profile, report.seed
        ),
        format!(
            "{:<20} {:>7} {:>17} {:>9} {:>7} {:>10} {:>7} {:>8}",
            "on the test part",
            "AUC",
            "95 % interval",
            "accuracy",
            "F1",
            "precision",
            "recall",
            "logloss"
        ),
    ];
    for job in &report.jobs {
        lines.extend(
            job.test
                .as_ref()
                .map(|scores| row(&job.algorithm.to_string(), scores)),
        );
    }
    if let Some(ensemble) = &report.ensemble {
        lines.extend(ensemble.test.as_ref().map(|scores| row("ensemble", scores)));
    }
    if let Some(ceiling) = &report.ceiling {
        lines.push(format!(
            "{:<20} {:>7.4} {:>17} {:>9.4} {:>7.4}   (the best possible; F1 at its best threshold)",
            "ceiling", ceiling.auc, "", ceiling.accuracy, ceiling.f1
        ));
    }
    let best = report
        .single_features
        .iter()
        .max_by(|a, b| a.1.total_cmp(b.1));
    lines.extend(best.map(|(name, auc)| format!("{:<20} {auc:>7.4}", format!("{name} alone"))));
    if let Some(ensemble) = &report.ensemble {
        let weights: Vec<_> = ensemble
            .weights
            .iter()
            .map(|(name, weight)| format!("{name} {weight:.4}"))
            .collect();
        lines.push(format!("weights: {}", weights.join(", ")));
        lines.push(at_threshold(ensemble.threshold, ensemble.test.as_ref()));
    }
    lines.extend(scenarios(report));
    lines.extend(alarm(report));
    lines.extend(endpoint(report));
    lines
}

/// Rows of the test part by scenario: how many of the fire's and how many of the others are called fire.
fn scenarios(report: &Report) -> Vec<String> {
    if report.scenarios.is_empty() {
        return Vec::new();
    }
    let header = format!(
        "{:<20} {:>7} {:>7} {:>13} {:>14}",
        "rows by scenario", "rows", "fire", "called fire", "falsely so"
    );
    let share = |share: Option<f64>| {
        share.map_or_else(String::new, |share| format!("{:.1} %", 100.0 * share))
    };
    let rows = report.scenarios.iter().map(|(name, kind)| {
        let (found, wrong) = (share(kind.recall), share(kind.false_positive_rate));
        let line = format!(
            "{name:<20} {:>7} {:>7} {found:>13} {wrong:>14}",
            kind.rows, kind.positives
        );
        line.trim_end().to_owned()
    });
    std::iter::once(header).chain(rows).collect()
}

/// The alarm rule, and what it did on whole episodes that had no say in its choice.
fn alarm(report: &Report) -> Vec<String> {
    let Some(alarm) = &report.alarm else {
        return Vec::new();
    };
    let mut lines = vec![format!(
        "alarm {}, chosen for at most {} false alarms a day{}",
        rule_in_words(&alarm.choice.rule),
        alarm.choice.budget_per_day,
        if alarm.choice.within_budget {
            ""
        } else {
            ", which no rule kept to"
        }
    )];
    if let Some(test) = &alarm.test {
        lines.extend(false_alarms_in_words(&test.all));
        lines.push(format!("{:<18} {FIGURES_HEADER}", "on other episodes"));
        let all = std::iter::once(("all", &test.all));
        let kinds = test
            .kinds
            .iter()
            .map(|(name, figures)| (name.as_str(), figures));
        for (name, figures) in all.chain(kinds) {
            lines.push(format!("{name:<18} {}", figures_in_columns(figures)));
        }
    }
    lines
}

fn row(name: &str, scores: &Scores) -> String {
    let [low, high] = scores.auc_interval;
    format!(
        "{name:<20} {:>7.4} {:>17} {:>9.4} {:>7.4} {:>10.4} {:>7.4} {:>8.4}",
        scores.auc,
        format!("{low:.4} to {high:.4}"),
        scores.accuracy,
        scores.f1,
        scores.precision,
        scores.recall,
        scores.logloss
    )
}

fn at_threshold(threshold: f64, test: Option<&Scores>) -> String {
    let figures = test
        .and_then(|scores| scores.at_threshold.as_ref())
        .map(|at| {
            format!(
                ": accuracy {:.4}, F1 {:.4}, precision {:.4}, recall {:.4}",
                at.accuracy, at.f1, at.precision, at.recall
            )
        });
    let figures = figures.unwrap_or_default();
    format!("at the threshold chosen on validation, {threshold:.4}{figures}")
}

fn endpoint(report: &Report) -> Vec<String> {
    let Some(endpoint) = &report.endpoint else {
        return Vec::new();
    };
    let mut lines = vec![format!("endpoint {}: {}", endpoint.name, endpoint.status)];
    for response in &endpoint.test {
        let verdict = if response.fire_detected {
            "fire"
        } else {
            "no fire"
        };
        lines.push(format!(
            "  {:<18} fire probability {:.4}, {verdict}",
            response.name, response.fire_probability
        ));
    }
    lines
}
