//! Two runs side by side, judged on the same rows.
//!
//! A difference of two figures means something only beside its own interval. Where both runs were tested on the same
//! rows, a paired bootstrap gives it; other test rows are refused, since there the two intervals are all there is.

use anyhow::anyhow;
use ensemble::metrics::{Candidate, PairedDifferences, Scores, paired_differences};
use fire_cli::usage;
use fire_run::{Channel, RunName};
use serde::Serialize;

use crate::gather::{Gathered, Source, gather};
use crate::models::{Model, Models};

/// Two runs, and each pair of models that can be set against each other.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// Both runs, in the order in which they were given.
    pub(crate) runs: [String; 2],
    /// Of the test part, the same in both.
    pub(crate) test_fingerprint: String,
    pub(crate) test_rows: u64,
    /// Groups of rows that the bootstrap draws.
    pub(crate) test_groups: u64,
    pub(crate) pairs: Vec<Pair>,
}

/// A model of the first run and one of the second.
#[derive(Debug, Serialize)]
pub(crate) struct Pair {
    /// The models' names in their runs.
    pub(crate) models: [String; 2],
    /// Their figures on the test part, decisions at each model's threshold.
    pub(crate) test: [Scores; 2],
    /// The second less the first.
    pub(crate) differences: PairedDifferences,
}

/// A run with what its models predicted.
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

    /// What tells the rows of the test part from any other.
    fn test_fingerprint(&self) -> &str {
        let part = self.gathered.manifest.parts.get(&Channel::Test);
        part.map_or("", |part| &part.fingerprint)
    }

    /// The model that stands for the run.
    pub(crate) fn main(&self) -> Option<&Model> {
        self.models.main(&self.gathered.report)
    }
}

impl Comparison {
    /// Sets the models of the same name against each other, and first of all those that stand for the runs.
    ///
    /// # Errors
    /// Runs with other test rows, or without predictions on them (exit code 2).
    pub(crate) fn of(sides: [&Side; 2]) -> anyhow::Result<Self> {
        let runs = sides.map(|side| side.gathered.report.run.clone());
        let [first, second] = sides.map(Side::test_fingerprint);
        if first != second {
            return Err(usage(anyhow!(other_rows(&runs, [first, second]))));
        }
        let mut pairs = Vec::new();
        if let [Some(first), Some(second)] = sides.map(Side::main) {
            pairs.push([first, second]);
        }
        for first in &sides[0].models.models {
            let same = |second: &&Model| second.name == first.name;
            let second = sides[1].models.models.iter().find(same);
            let is_new = |second: &Model| {
                let known =
                    |pair: &[&Model; 2]| pair[0].name == first.name && pair[1].name == second.name;
                !pairs.iter().any(known)
            };
            if let Some(second) = second.filter(|second| is_new(second)) {
                pairs.push([first, second]);
            }
        }
        let Some([model, _]) = pairs.first() else {
            return Err(usage(anyhow!(
                "runs {} and {} have no predictions on their test part that could be compared",
                runs[0],
                runs[1]
            )));
        };
        let mut groups = model.test.groups.clone();
        groups.sort_unstable();
        groups.dedup();
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

fn other_rows(runs: &[String; 2], fingerprints: [&str; 2]) -> String {
    let [first, second] = fingerprints.map(|text| text.chars().take(12).collect::<String>());
    format!(
        "runs {} and {} were tested on different rows (fingerprints {first} and {second}), so that a difference between \
         their figures may be one between the rows. What can be compared: runs of one --profile, --samples and --seed \
         (and the same settings of the rows), such as one with another --set; or each run's own intervals, which \
         `report-100k --run {}` and `report-100k --run {}` print",
        runs[0], runs[1], runs[0], runs[1]
    )
}

impl Pair {
    fn of(models: [&Model; 2]) -> anyhow::Result<Self> {
        let [first, second] = models;
        let candidate = |model: &'_ Model| model.threshold;
        let thresholds = models.map(candidate);
        let (labels, groups) = (&first.test.labels, &first.test.groups);
        let differences = paired_differences(
            labels,
            Some(groups),
            [
                Candidate {
                    probabilities: &first.test.probabilities,
                    threshold: thresholds[0],
                },
                Candidate {
                    probabilities: &second.test.probabilities,
                    threshold: thresholds[1],
                },
            ],
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

    /// What the pair is called for people.
    pub(crate) fn name(&self) -> String {
        let [first, second] = &self.models;
        if first == second {
            return first.clone();
        }
        format!("{first}, {second}")
    }

    /// Each figure's name, its two values and its difference.
    pub(crate) fn figures(&self) -> [(&'static str, [f64; 2], ensemble::metrics::Difference); 3] {
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

/// What the intervals let one say of a difference.
pub(crate) fn in_words(name: &str, difference: &ensemble::metrics::Difference) -> &'static str {
    if !difference.significant {
        return "no difference that the rows could show";
    }
    // Of losses, less is better.
    if (difference.value > 0.0) == (name != "log-loss") {
        "the second is better"
    } else {
        "the first is better"
    }
}

/// The comparison as lines for people.
pub(crate) fn lines(comparison: &Comparison) -> Vec<String> {
    let [first, second] = &comparison.runs;
    let mut lines = vec![
        format!(
            "first: {first}; second: {second}; {} test rows in {} groups, the same in both",
            comparison.test_rows, comparison.test_groups
        ),
        format!(
            "{:<30} {:>9} {:>9} {:>11} {:>21}",
            "second less first", "first", "second", "difference", "95 % interval"
        ),
    ];
    for pair in &comparison.pairs {
        for (name, [first, second], difference) in pair.figures() {
            let [low, high] = difference.interval;
            lines.push(format!(
                "{:<30} {first:>9.4} {second:>9.4} {:>+11.4} {:>21}  {}",
                format!("{} {name}", pair.name()),
                difference.value,
                format!("{low:+.4} to {high:+.4}"),
                in_words(name, &difference)
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
    fn what_is_better_depends_on_the_figure_and_on_the_interval() {
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
            ("F1", 0.05, false, "no difference that the rows could show"),
        ];
        for (name, value, significant, expected) in cases {
            assert_eq!(
                in_words(name, &difference(value, significant)),
                expected,
                "{name} {value}"
            );
        }
    }

    #[test]
    fn refusing_other_rows_says_what_can_be_compared() {
        let runs = ["a".to_owned(), "b".to_owned()];
        let text = other_rows(&runs, ["0123456789abcdef", "fedcba9876543210"]);
        for expected in [
            "0123456789ab and fedcba987654",
            "--seed",
            "report-100k --run b",
        ] {
            assert!(text.contains(expected), "{text}");
        }
    }
}
