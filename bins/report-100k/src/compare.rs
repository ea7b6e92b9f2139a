//! Compares two runs that were evaluated on the same rows.
//!
//! A difference of two metrics means little without a confidence interval. A paired bootstrap gives one if both runs
//! were tested on the same rows; runs with different test rows are rejected.

use std::collections::HashSet;

use anyhow::anyhow;
use ensemble::metrics::{Candidate, PairedDifferences, Scores, paired_differences};
use fire_cli::usage;
use fire_run::{Channel, RunName};
use serde::Serialize;

use crate::gather::{Gathered, Source, gather};
use crate::models::{Model, Models};

/// Two runs and all comparable pairs of their models.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// Both runs, in the order of the arguments.
    pub(crate) runs: [String; 2],
    /// Fingerprint of the test partition, the same in both runs.
    pub(crate) test_fingerprint: String,
    pub(crate) test_rows: u64,
    /// Groups of rows; the bootstrap resamples whole groups.
    pub(crate) test_groups: u64,
    pub(crate) pairs: Vec<Pair>,
}

/// A model of the first run and one of the second.
#[derive(Debug, Serialize)]
pub(crate) struct Pair {
    /// The models' names in their runs.
    pub(crate) models: [String; 2],
    /// Their metrics on the test rows, each at its own threshold.
    pub(crate) test: [Scores; 2],
    /// The second minus the first.
    pub(crate) differences: PairedDifferences,
}

/// A run with the predictions of its models.
pub(crate) struct Side {
    pub(crate) gathered: Gathered,
    pub(crate) models: Models,
}

impl Side {
    /// Reads a run.
    pub(crate) async fn fetch(source: &Source<'_>, run: &RunName) -> anyhow::Result<Self> {
        let gathered = gather(source, run).await?;
        let models = Models::fetch(source.clients, &gathered.trained, &gathered.report).await?;
        Ok(Self { gathered, models })
    }

    /// The fingerprint of the test partition.
    fn test_fingerprint(&self) -> &str {
        let part = self.gathered.manifest.parts.get(&Channel::Test);
        part.map_or("", |part| &part.fingerprint)
    }

    /// The run's main model.
    pub(crate) fn main(&self) -> Option<&Model> {
        self.models.main(&self.gathered.report)
    }
}

impl Comparison {
    /// Compares the runs' main models first, then the models of the same name.
    ///
    /// # Errors
    /// Runs with different test rows, or without predictions on them (exit code 2).
    pub(crate) fn of(sides: [&Side; 2]) -> anyhow::Result<Self> {
        let runs = sides.map(|side| side.gathered.report.run.clone());
        let [first, second] = sides.map(Side::test_fingerprint);
        if first != second {
            return Err(usage(anyhow!(different_rows(&runs, [first, second]))));
        }
        let mut pairs = Vec::new();
        // The main models may have different names, such as an ensemble and a forest.
        if let [Some(first), Some(second)] = sides.map(Side::main) {
            pairs.push([first, second]);
        }
        for first in &sides[0].models.models {
            let same = |second: &&Model| second.name == first.name;
            let second = sides[1].models.models.iter().find(same);
            let is_new = |second: &Model| {
                let is_same =
                    |pair: &[&Model; 2]| pair[0].name == first.name && pair[1].name == second.name;
                !pairs.iter().any(is_same)
            };
            if let Some(second) = second.filter(|second| is_new(second)) {
                pairs.push([first, second]);
            }
        }
        let Some([model, _]) = pairs.first() else {
            return Err(usage(anyhow!(
                "runs {} and {} have no common models with predictions on the test rows",
                runs[0],
                runs[1]
            )));
        };
        let groups: HashSet<_> = model.test.groups.iter().collect();
        Ok(Self {
            test_fingerprint: first.to_owned(),
            test_rows: model.test.ids.len() as u64,
            test_groups: groups.len() as u64,
            pairs: pairs
                .into_iter()
                .map(Pair::of)
                .collect::<anyhow::Result<_>>()?,
            runs,
        })
    }
}

fn different_rows(runs: &[String; 2], fingerprints: [&str; 2]) -> String {
    let [first, second] = fingerprints.map(|text| text.chars().take(12).collect::<String>());
    format!(
        "runs {} and {} were tested on different rows (fingerprints {first} and {second}), so a difference between their \
         metrics may come from the rows; compare runs with the same --profile, --samples, --seed and other settings of \
         the rows, or compare the intervals that `report-100k --run {}` and `report-100k --run {}` print",
        runs[0], runs[1], runs[0], runs[1]
    )
}

fn candidate(model: &Model) -> Candidate<'_> {
    Candidate {
        probabilities: &model.test.probabilities,
        threshold: model.threshold,
    }
}

impl Pair {
    fn of(models: [&Model; 2]) -> anyhow::Result<Self> {
        let [first, second] = models;
        let differences = paired_differences(
            &first.test.labels,
            Some(&first.test.groups),
            [candidate(first), candidate(second)],
        )?;
        Ok(Self {
            models: models.map(|model| model.name.clone()),
            test: [
                first.test.evaluate(Some(first.threshold))?,
                second.test.evaluate(Some(second.threshold))?,
            ],
            differences,
        })
    }

    /// The pair's display name.
    pub(crate) fn name(&self) -> String {
        let [first, second] = &self.models;
        if first == second {
            return first.clone();
        }
        format!("{first}, {second}")
    }

    /// Each metric's name, its two values and their difference.
    pub(crate) fn metrics(&self) -> [(&'static str, [f64; 2], ensemble::metrics::Difference); 3] {
        let f1 = |scores: &Scores| scores.at_threshold.map_or(scores.f1, |at| at.f1);
        let [first, second] = &self.test;
        [
            ("AUC", [first.auc, second.auc], self.differences.auc),
            ("F1", [f1(first), f1(second)], self.differences.f1),
            (
                "log-loss",
                [first.logloss, second.logloss],
                self.differences.logloss,
            ),
        ]
    }
}

/// The conclusion from a difference and its interval.
pub(crate) fn conclusion(name: &str, difference: &ensemble::metrics::Difference) -> &'static str {
    if !difference.significant {
        return "no significant difference";
    }
    // For a loss, lower is better.
    if (difference.value > 0.0) == (name != "log-loss") {
        "the second is better"
    } else {
        "the first is better"
    }
}

/// The comparison as lines of text.
pub(crate) fn lines(comparison: &Comparison) -> Vec<String> {
    let [first, second] = &comparison.runs;
    let label = |pair: &Pair, metric: &str| format!("{} {metric}", pair.name());
    let lengths = comparison
        .pairs
        .iter()
        .map(|pair| label(pair, "log-loss").len());
    let width = lengths.max().unwrap_or_default().max(30);
    let mut lines = vec![
        format!(
            "first: {first}; second: {second}; {} test rows in {} groups, the same in both",
            comparison.test_rows, comparison.test_groups
        ),
        format!(
            "{:<width$} {:>9} {:>9} {:>11} {:>21}",
            "second minus first", "first", "second", "difference", "95 % interval"
        ),
    ];
    for pair in &comparison.pairs {
        for (name, [first, second], difference) in pair.metrics() {
            let [low, high] = difference.interval;
            lines.push(format!(
                "{:<width$} {first:>9.4} {second:>9.4} {:>+11.4} {:>21}  {}",
                label(pair, name),
                difference.value,
                format!("{low:+.4} to {high:+.4}"),
                conclusion(name, &difference)
            ));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use ensemble::metrics::Difference;

    use super::*;

    #[test]
    fn the_conclusion_depends_on_the_metric_and_on_the_interval() {
        let difference = |value: f64, significant| Difference {
            value,
            interval: [value - 0.1, value + 0.1],
            significant,
        };
        let cases = [
            ("AUC", 0.2, true, "the second is better"),
            ("AUC", -0.2, true, "the first is better"),
            ("log-loss", -0.2, true, "the second is better"),
            ("log-loss", 0.2, true, "the first is better"),
            ("F1", 0.05, false, "no significant difference"),
        ];
        for (name, value, significant, expected) in cases {
            assert_eq!(
                conclusion(name, &difference(value, significant)),
                expected,
                "{name} {value}"
            );
        }
    }

    #[test]
    fn rejecting_different_rows_says_what_can_be_compared() {
        let runs = ["a".to_owned(), "b".to_owned()];
        let text = different_rows(&runs, ["0123456789abcdef", "fedcba9876543210"]);
        for expected in [
            "0123456789ab and fedcba987654",
            "--seed",
            "report-100k --run b",
        ] {
            assert!(text.contains(expected), "{text}");
        }
    }
}
