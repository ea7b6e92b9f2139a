//! A training job's report on its model: log lines and `metrics.json`.
//!
//! A job prints one line per metric, such as `validation:auc=0.761200;`. SageMaker extracts the
//! values with the regular expressions of [`definitions`], which are part of the job's definition.

use std::collections::BTreeMap;

use alarm::AlarmTrial;
use ensemble::metrics::Scores;
use ensemble::{Algorithm, KindScores, OutOfBag};
use serde::{Deserialize, Serialize};

use crate::{Channel, Error};

/// File name in `model.tar.gz` and in a job's model directory.
pub const METRICS_FILE: &str = "metrics.json";

/// A metric's name and its accessor.
type Metric<S> = (&'static str, fn(&S) -> f64);

/// Row metrics of a channel. Those that need a threshold use 1/2, for comparison with the
/// Bayes-optimal classifier ([`BayesOptimal`](crate::BayesOptimal)).
const SCORES: [Metric<Scores>; 7] = [
    ("auc", |scores| scores.auc),
    ("accuracy", |scores| scores.accuracy),
    ("f1", |scores| scores.f1),
    ("precision", |scores| scores.precision),
    ("recall", |scores| scores.recall),
    ("logloss", |scores| scores.logloss),
    ("brier", |scores| scores.brier),
];

/// A forest's out-of-bag metrics, printed only with `oob_score`.
const OUT_OF_BAG: [Metric<OutOfBag>; 3] = [
    ("out_of_bag:auc", |scores| scores.auc),
    ("out_of_bag:accuracy", |scores| scores.accuracy),
    ("out_of_bag:logloss", |scores| scores.logloss),
];

/// The size of the model file in bytes.
const MODEL_BYTES: &str = "model:bytes";

/// Metrics of the alarm rule, printed if there are whole episodes.
const FOUND_WITHIN_60S: &str = "found_within_60s";
const FALSE_ALARMS_PER_DAY: &str = "false_alarms_per_day";

/// A metric's name and the regular expression for its values in a job's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The name, such as `validation:auc`.
    pub name: String,
    /// A regular expression whose only group is the value.
    pub regex: String,
}

/// The metric definitions of a training job; SageMaker permits 40.
///
/// Row metrics of the alarm channels are printed but not included, because those channels are
/// evaluated by whole episodes.
pub fn definitions() -> Vec<Definition> {
    let rows = Channel::PARTITIONS
        .into_iter()
        .flat_map(|channel| SCORES.map(|(metric, _)| name(channel, metric)));
    let model =
        std::iter::once(MODEL_BYTES.to_owned()).chain(OUT_OF_BAG.map(|(name, _)| name.to_owned()));
    let alarm =
        [FOUND_WITHIN_60S, FALSE_ALARMS_PER_DAY].map(|metric| name(Channel::AlarmTest, metric));
    rows.chain(model)
        .chain(alarm)
        .map(|name| Definition {
            // Anchored, because `alarm-test:auc` ends in `test:auc`. In progress lines, a space precedes the name.
            regex: format!(r"(?:^|\s){name}=([0-9.eE+-]+);"),
            name,
        })
        .collect()
}

/// The name of a channel's metric, such as `validation:auc`.
pub fn name(channel: Channel, metric: &str) -> String {
    format!("{channel}:{metric}")
}

/// The log lines of a channel's row metrics.
pub fn score_lines(channel: Channel, scores: &Scores) -> Vec<String> {
    SCORES
        .iter()
        .map(|(metric, value)| line(&name(channel, metric), value(scores)))
        .collect()
}

/// The validation loss so far, as part of a progress line, under the final metric's name.
pub fn validation_loss(logloss: f64) -> String {
    line(&name(Channel::Validation, "logloss"), logloss)
}

/// The log lines of a forest's out-of-bag metrics.
pub fn out_of_bag_lines(scores: &OutOfBag) -> Vec<String> {
    OUT_OF_BAG
        .iter()
        .map(|(name, value)| line(name, value(scores)))
        .collect()
}

/// The log lines of an alarm rule's trial on the test episodes; empty if it was not evaluated.
pub fn alarm_lines(trial: &AlarmTrial) -> Vec<String> {
    let Some(test) = &trial.test else {
        return Vec::new();
    };
    let line = |metric, value| line(&name(Channel::AlarmTest, metric), value);
    let found = test
        .all
        .detection
        .map(|found| line(FOUND_WITHIN_60S, found.within_60_s));
    let alarms = test
        .all
        .false_alarms
        .map(|alarms| line(FALSE_ALARMS_PER_DAY, alarms.per_day));
    found.into_iter().chain(alarms).collect()
}

/// The log line with the model file's size in bytes.
pub fn model_bytes_line(bytes: usize) -> String {
    format!("{MODEL_BYTES}={bytes};")
}

fn line(name: &str, value: f64) -> String {
    format!("{name}={value:.6};")
}

/// The part of `metrics.json` that later steps read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evaluation {
    /// The choice of the alarm rule and its evaluation on other episodes.
    pub alarm: Option<AlarmTrial>,
    /// Scores on the test rows by kind of recording, at the model's threshold.
    pub kinds: BTreeMap<String, KindScores>,
}

impl Evaluation {
    /// Reads the evaluation from a `metrics.json`, whatever else it contains.
    ///
    /// # Errors
    /// [`Error::Json`] for an invalid file.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(Error::json(METRICS_FILE))
    }
}

/// `metrics.json` as a training job writes it.
#[derive(Debug, Serialize)]
pub struct JobMetrics {
    /// The part that later steps read.
    #[serde(flatten)]
    pub evaluation: Evaluation,
    /// The learner.
    pub algorithm: Algorithm,
    /// The RNG seed.
    pub seed: u64,
    /// Every hyperparameter, defaults included.
    pub hyperparameters: BTreeMap<String, String>,
    /// The probability at which a row counts as fire, chosen on validation.
    pub threshold: f64,
    /// Row counts by channel.
    pub rows: BTreeMap<Channel, usize>,
    /// A forest's out-of-bag scores, only with `oob_score`.
    pub out_of_bag: Option<OutOfBag>,
    /// Size of the model file in bytes.
    pub model_bytes: usize,
    /// Scores by channel; `null` for a channel with one label only.
    #[serde(flatten)]
    pub scores: BTreeMap<Channel, Option<Scores>>,
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn there_are_no_more_definitions_than_sagemaker_accepts() {
        let definitions = definitions();
        assert_eq!(definitions.len(), 27);
        assert!(definitions.len() <= 40);
        assert_eq!(definitions[7].name, "validation:auc");
    }

    #[test]
    fn each_printed_line_matches_only_its_own_definition() {
        let scores = ensemble::metrics::evaluate(&[0, 1], &[0.25, 0.75], None).unwrap();
        let mut lines: Vec<String> = Channel::ALL
            .into_iter()
            .flat_map(|channel| score_lines(channel, &scores))
            .collect();
        lines.push(model_bytes_line(7));
        lines.push(format!("round 3 of 20 {}", validation_loss(0.5)));
        let definitions = definitions();
        for line in lines {
            let found: Vec<_> = definitions
                .iter()
                .filter(|definition| Regex::new(&definition.regex).unwrap().is_match(&line))
                .map(|definition| definition.name.as_str())
                .collect();
            let name = line.split('=').next().unwrap().rsplit(' ').next().unwrap();
            let has_rows = |channel: &Channel| name.starts_with(&format!("{channel}:"));
            let defined =
                Channel::PARTITIONS.iter().any(has_rows) || !Channel::ALL.iter().any(has_rows);
            assert_eq!(found, if defined { vec![name] } else { vec![] }, "{line}");
        }
    }

    #[test]
    fn an_evaluation_is_read_from_a_jobs_metrics_and_invalid_json_is_rejected() {
        let read = |text: &str| Evaluation::from_json(text.as_bytes());
        assert_eq!(
            read(r#"{"algorithm":"random_forest","alarm":null}"#).unwrap(),
            Evaluation::default()
        );
        assert!(read("{").is_err());
        let kinds = r#"{"kinds":{"people":{"rows":2,"positives":0,"recall":null,"false_positive_rate":0.5}}}"#;
        let rate = read(kinds).unwrap().kinds["people"].false_positive_rate;
        assert_eq!(rate, Some(0.5));
    }
}
