//! The report as lines for people.

use ensemble::metrics::Scores;

use crate::report::Report;

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
    if let Some(ensemble) = &report.ensemble {
        let weights: Vec<_> = ensemble
            .weights
            .iter()
            .map(|(name, weight)| format!("{name} {weight:.4}"))
            .collect();
        lines.push(format!("weights: {}", weights.join(", ")));
        lines.push(at_threshold(ensemble.threshold, ensemble.test.as_ref()));
    }
    lines.extend(endpoint(report));
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
    for answer in &endpoint.test {
        let name = answer["name"].as_str().unwrap_or("probe");
        let probability = answer["fire_probability"].as_f64().unwrap_or(f64::NAN);
        let verdict = if answer["fire_detected"] == true {
            "fire"
        } else {
            "no fire"
        };
        lines.push(format!(
            "  {name:<18} fire probability {probability:.4}, {verdict}"
        ));
    }
    lines
}
