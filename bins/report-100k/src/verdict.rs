//! Summarizes the result of a run in one sentence.

use alarm::AlarmMetrics;
use fire_run::report::Report;

/// The share of fires that a detector must find within a minute before people should rely on it.
///
/// This is our own requirement, not that of a standard: EN 54 wants detectors to find every test fire.
const NEEDED_WITHIN_60_S: f64 = 0.95;

/// The verdict of a run.
pub(crate) struct Verdict {
    pub(crate) sentence: String,
    /// Whether the requirements are met on these episodes; if simulated, they prove nothing about real
    /// fires.
    pub(crate) reached: bool,
}

impl Verdict {
    /// Based on the alarms if they were evaluated on whole episodes, otherwise on the rows.
    pub(crate) fn of(report: &Report) -> Self {
        let evaluated = report.main_alarm().and_then(|(who, alarm)| {
            let test = alarm.test.as_ref()?;
            Some(by_alarms(
                report,
                who,
                alarm.choice.budget_per_day,
                &test.all,
            ))
        });
        evaluated.flatten().unwrap_or_else(|| by_rows(report))
    }
}

fn by_alarms(
    report: &Report,
    who: &str,
    budget_per_day: f64,
    all: &AlarmMetrics,
) -> Option<Verdict> {
    let (found, false_alarms) = (all.detection?, all.false_alarms?);
    let [low, high] = false_alarms.per_day_interval;
    // The upper end of the interval: a lucky test set must not pass.
    let reached = found.within_60_s >= NEEDED_WITHIN_60_S && high <= budget_per_day;
    let metrics = format!(
        "Of {} in whole episodes that nothing was tuned on, the {who}’s alarm finds {:.0} % within 60 s \
         and {:.0} % in all, with {:.1} false alarms a day (95 % interval {low:.1} to {high:.1})",
        match found.events {
            1 => "1 fire".to_owned(),
            events => format!("{events} fires"),
        },
        100.0 * found.within_60_s,
        100.0 * found.recall,
        false_alarms.per_day,
    );
    let end = if reached {
        let caveat = if report.is_simulated() {
            "on simulated episodes; only real fires can show whether it protects anybody"
        } else {
            "on these recordings; other places may differ"
        };
        format!(": the requirements are met {caveat}.")
    } else {
        ": it is not fit to protect anybody.".to_owned()
    };
    Some(Verdict {
        sentence: metrics + &end,
        reached,
    })
}

fn by_rows(report: &Report) -> Verdict {
    let unknown = "it is unknown how soon fires are found and how often alarms are false, \
                   so it is not fit to protect anybody.";
    let Some((who, scores)) = report.main_test() else {
        return Verdict {
            sentence: format!("No model was evaluated on test rows; {unknown}"),
            reached: false,
        };
    };
    let [low, high] = scores.auc_interval;
    let best = report.bayes_optimal.map_or_else(String::new, |best| {
        format!(" (the best possible classifier has {:.4})", best.auc)
    });
    Verdict {
        sentence: format!(
            "On rows that nothing was tuned on, the {who} has an AUC of {:.4} \
             (95 % interval {low:.4} to {high:.4}){best}; without whole episodes, {unknown}",
            scores.auc,
        ),
        reached: false,
    }
}

#[cfg(test)]
mod tests {
    use alarm::AlarmTrial;
    use fire_run::BayesOptimal;
    use fire_run::report::{EnsembleReport, SplitReport, Timings};
    use serde_json::json;

    use super::*;

    /// An alarm with this share of fires found within a minute, false alarms per day, and their upper limit.
    fn alarm([within_60_s, per_day, upper]: [f64; 3]) -> AlarmTrial {
        let rule = json!({"threshold": 0.8, "k": 2, "n": 3, "release": 0.4, "latch": false});
        let figures = json!({
            "recordings": 30,
            "detection": {
                "events": 20, "found": 20, "missed": 0, "recall": 1.0, "within_30_s": 0.0,
                "within_60_s": within_60_s, "within_120_s": 1.0, "latency_p50_s": 40.0, "latency_p90_s": 90.0,
            },
            "false_alarms": {
                "count": 1, "days": 4.0, "per_day": per_day, "per_day_interval": [0.0, upper],
            },
        });
        let choice = json!({
            "rule": rule, "budget_per_day": 1.0, "within_budget": true, "chosen_on": figures,
        });
        let test = json!({
            "rule": rule, "all": figures, "kinds": {}, "curve": [], "recall_at_rates": [],
        });
        serde_json::from_value(json!({"choice": choice, "test": test})).unwrap()
    }

    fn report(profile: &str, alarm: Option<AlarmTrial>) -> Report {
        let test = ensemble::metrics::evaluate(&[0, 1, 1, 0], &[0.1, 0.8, 0.4, 0.5], None);
        Report {
            run: "r".to_owned(),
            backend: "local".to_owned(),
            profile: profile.to_owned(),
            seed: 1,
            samples: 4,
            split: SplitReport {
                train: 0,
                validation: 0,
                test: 4,
                groups: 4,
                audit: serde_json::from_value(json!({"passed": true, "checks": []})).unwrap(),
            },
            jobs: Vec::new(),
            ensemble: Some(EnsembleReport {
                weights: std::collections::BTreeMap::new(),
                threshold: 0.5,
                validation: None,
                test: Some(test.unwrap()),
                model_uri: "s3://bucket-of-ours/model".to_owned(),
            }),
            bayes_optimal: None,
            alarm,
            scenarios: std::collections::BTreeMap::new(),
            single_features: std::collections::BTreeMap::new(),
            endpoint: None,
            timings_seconds: Timings::default(),
        }
    }

    #[test]
    fn the_requirements_are_a_high_detection_rate_and_few_false_alarms() {
        let cases = [
            ([0.37, 3.3, 11.8], false),
            ([0.94, 0.1, 0.9], false),
            ([0.99, 0.9, 1.1], false),
            ([0.95, 0.1, 1.0], true),
        ];
        for (figures, reached) in cases {
            let verdict = Verdict::of(&report("episode", Some(alarm(figures))));
            assert_eq!(verdict.reached, reached, "{}", verdict.sentence);
            assert_eq!(
                !reached,
                verdict.sentence.ends_with("not fit to protect anybody.")
            );
        }
    }

    #[test]
    fn the_sentence_contains_the_metrics() {
        let verdict = Verdict::of(&report("episode", Some(alarm([0.37, 3.31, 11.84]))));
        assert_eq!(
            verdict.sentence,
            "Of 20 fires in whole episodes that nothing was tuned on, the ensemble’s alarm finds 37 % within 60 s \
             and 100 % in all, with 3.3 false alarms a day (95 % interval 0.0 to 11.8): it is not fit to protect anybody."
        );
        let simulated = Verdict::of(&report("episode", Some(alarm([1.0, 0.0, 0.5]))));
        assert!(simulated.sentence.contains("only real fires can show"));
        let given = Verdict::of(&report("data", Some(alarm([1.0, 0.0, 0.5]))));
        assert!(given.sentence.contains("other places may differ"));
    }

    #[test]
    fn without_episodes_the_verdict_is_about_rows_and_negative() {
        let mut report = report("original", None);
        report.bayes_optimal = Some(BayesOptimal {
            auc: 0.7743,
            accuracy: 0.7,
            f1: 0.7,
        });
        let verdict = Verdict::of(&report);
        assert!(!verdict.reached);
        for expected in [
            "AUC of 0.7500",
            "the best possible classifier has 0.7743",
            "not fit to protect anybody",
        ] {
            assert!(verdict.sentence.contains(expected), "{}", verdict.sentence);
        }
        report.ensemble = None;
        let verdict = Verdict::of(&report);
        assert!(
            verdict.sentence.starts_with("No model was evaluated"),
            "{}",
            verdict.sentence
        );
    }
}
