//! Predictions for a channel, their metrics, and the lines that report these.

use std::io::{self, Write};

use anyhow::{Context, Result};
use ensemble::metrics::Scores;
use ensemble::{Model, Predictions, Timeline};

use super::channels::Channel;

/// The predictions for one channel and their metrics.
pub(super) struct ScoredPart {
    pub(super) name: &'static str,
    pub(super) predictions: Predictions,
    /// At 1/2 and at the threshold; `None` for rows of one label only.
    pub(super) scores: Option<Scores>,
}

impl ScoredPart {
    /// Predicts and evaluates a channel that must have both labels.
    pub(super) fn required(channel: &Channel, model: &Model, threshold: f64) -> Result<Self> {
        let predictions = predict(channel, model)?;
        let scores = predictions.evaluate(Some(threshold));
        let scores = scores.with_context(|| format!("channel {}", channel.name))?;
        Ok(Self {
            name: channel.name,
            predictions,
            scores: Some(scores),
        })
    }

    /// Predicts a channel, and evaluates it if it has both labels; a set of episodes may have no fire in it.
    pub(super) fn optional(channel: &Channel, model: &Model, threshold: f64) -> Result<Self> {
        let predictions = predict(channel, model)?;
        let scores = predictions.evaluate(Some(threshold)).ok();
        Ok(Self {
            name: channel.name,
            predictions,
            scores,
        })
    }

    /// Prints `part:metric=value;`, one line per metric.
    pub(super) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(scores) = &self.scores else {
            return writeln!(
                out,
                "{} has rows of one label only and is not scored",
                self.name
            );
        };
        for (metric, value) in metrics(scores) {
            writeln!(out, "{}:{metric}={value:.6};", self.name)?;
        }
        Ok(())
    }
}

/// Prints the out-of-bag metrics of a forest, if they were computed.
pub(super) fn print_out_of_bag(model: &Model, out: &mut dyn Write) -> io::Result<()> {
    let Some(scores) = model.out_of_bag() else {
        return Ok(());
    };
    let metrics = [
        ("auc", scores.auc),
        ("accuracy", scores.accuracy),
        ("logloss", scores.logloss),
    ];
    for (metric, value) in metrics {
        writeln!(out, "out_of_bag:{metric}={value:.6};")?;
    }
    Ok(())
}

/// The model's probability of fire for each row of the channel.
pub(super) fn predict(channel: &Channel, model: &Model) -> Result<Predictions> {
    let timeline = channel.rows.metadata.as_ref().map(|metadata| Timeline {
        times_s: metadata.times_s.clone(),
        kinds: metadata.scenarios.clone(),
    });
    Ok(Predictions {
        ids: channel.rows.ids.clone(),
        groups: channel.rows.groups.clone(),
        labels: channel.rows.labels.clone(),
        probabilities: model.predict_proba(&channel.samples()?.x())?,
        timeline,
    })
}

/// The metrics that have a metric definition. Accuracy, F1, precision and recall are at 1/2, where they can be compared
/// with the ceiling.
fn metrics(scores: &Scores) -> [(&'static str, f64); 7] {
    [
        ("auc", scores.auc),
        ("accuracy", scores.accuracy),
        ("f1", scores.f1),
        ("precision", scores.precision),
        ("recall", scores.recall),
        ("logloss", scores.logloss),
        ("brier", scores.brier),
    ]
}
