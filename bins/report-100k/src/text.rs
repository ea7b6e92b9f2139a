//! The report as lines of text.

use ensemble::metrics::Scores;
use fire_cli::{METRICS_HEADER, budget_in_words, metrics_in_columns};
use fire_run::report::Report;

/// The metrics of each model on the test rows, the Bayes-optimal classifier's, the ensemble weights, the alarm rule and
/// the endpoint's responses.
pub(crate) fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!(
            "run {}: {} rows ({}), seed {}",
            report.run, report.samples, report.profile, report.seed
        ),
        format!(
            "{:<20} {:>7} {:>17} {:>9} {:>7} {:>10} {:>7} {:>8}",
            "on the test rows",
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
        let name = job.algorithm.to_string();
        lines.extend(job.test.as_ref().map(|scores| row(&name, scores)));
    }
    if let Some(ensemble) = &report.ensemble {
        lines.extend(ensemble.test.as_ref().map(|scores| row("ensemble", scores)));
    }
    if let Some(best) = &report.bayes_optimal {
        lines.push(format!(
            "{:<20} {:>7.4} {:>17} {:>9.4} {:>7.4}   (the best possible; F1 at the best threshold)",
            "Bayes-optimal", best.auc, "", best.accuracy, best.f1
        ));
    }
    // The strongest feature alone: a model that is not better has learned only a threshold.
    let strongest = report
        .single_features
        .iter()
        .max_by(|a, b| a.1.total_cmp(b.1));
    lines
        .extend(strongest.map(|(name, auc)| format!("{:<20} {auc:>7.4}", format!("{name} alone"))));
    if let Some(ensemble) = &report.ensemble {
        let weights: Vec<_> = ensemble
            .weights
            .iter()
            .map(|(name, weight)| format!("{name} {weight:.4}"))
            .collect();
        lines.push(format!("ensemble weights: {}", weights.join(", ")));
        lines.push(at_threshold(ensemble.threshold, ensemble.test.as_ref()));
    }
    lines.extend(scenarios(report));
    lines.extend(alarm(report));
    lines.extend(endpoint(report));
    lines
}

/// Test rows by scenario: the shares of fire rows and of other rows predicted as fire.
fn scenarios(report: &Report) -> Vec<String> {
    if report.scenarios.is_empty() {
        return Vec::new();
    }
    let header = format!(
        "{:<21} {:>6} {:>7} {:>13} {:>15}",
        "test rows by scenario", "rows", "fire", "recall", "false positives"
    );
    let share = |share: Option<f64>| {
        share.map_or_else(String::new, |share| format!("{:.1} %", 100.0 * share))
    };
    let rows = report.scenarios.iter().map(|(name, kind)| {
        let (found, false_positives) = (share(kind.recall), share(kind.false_positive_rate));
        let line = format!(
            "{name:<21} {:>6} {:>7} {found:>13} {false_positives:>15}",
            kind.rows, kind.positives
        );
        line.trim_end().to_owned()
    });
    std::iter::once(header).chain(rows).collect()
}

/// The alarm rule, and its metrics on held-out whole episodes.
fn alarm(report: &Report) -> Vec<String> {
    let Some(alarm) = &report.alarm else {
        return Vec::new();
    };
    let mut lines = vec![format!(
        "alarm {}, chosen for at most {}{}",
        alarm.choice.rule,
        budget_in_words(alarm.choice.budget_per_day),
        if alarm.choice.within_budget {
            ""
        } else {
            ", which no rule met"
        }
    )];
    if let Some(test) = &alarm.test {
        lines.extend(test.all.false_alarms.map(|alarms| alarms.to_string()));
        lines.push(format!("{:<18} {METRICS_HEADER}", "on other episodes"));
        let row = |name: &str, metrics| format!("{name:<18} {}", metrics_in_columns(metrics));
        lines.push(row("all", &test.all));
        lines.extend(test.kinds.iter().map(|(name, metrics)| row(name, metrics)));
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
    let metrics = test
        .and_then(|scores| scores.at_threshold.as_ref())
        .map(|at| {
            format!(
                ": accuracy {:.4}, F1 {:.4}, precision {:.4}, recall {:.4}",
                at.accuracy, at.f1, at.precision, at.recall
            )
        });
    let metrics = metrics.unwrap_or_default();
    format!("at the threshold chosen on validation, {threshold:.4}{metrics}")
}

fn endpoint(report: &Report) -> Vec<String> {
    let Some(endpoint) = &report.endpoint else {
        return Vec::new();
    };
    let mut lines = vec![format!("endpoint {}: {}", endpoint.name, endpoint.status)];
    for response in &endpoint.test {
        lines.push(format!(
            "  {:<18} fire probability {:.4}, {}",
            response.name,
            response.fire_probability,
            if response.fire_detected {
                "fire"
            } else {
                "no fire"
            }
        ));
    }
    lines
}
