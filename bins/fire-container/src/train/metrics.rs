//! A channel's predictions, their metrics, and the log lines with these.

use std::io::{self, Write};

use anyhow::{Context, Result};
use ensemble::metrics::Scores;
use ensemble::{Model, Predictions, Timeline};
use fire_run::Channel;
use fire_run::metrics::score_lines;

use super::channels::Input;

/// The predictions for one channel and their metrics.
pub(super) struct ScoredPart {
    pub(super) channel: Channel,
    pub(super) predictions: Predictions,
    /// At 1/2 and at the threshold; `None` for rows with only one label.
    pub(super) scores: Option<Scores>,
}

impl ScoredPart {
    /// Predicts and evaluates a channel that must have both labels.
    pub(super) fn required(input: &Input, model: &Model, threshold: f64) -> Result<Self> {
        let predictions = predict(input, model)?;
        let scores = predictions.evaluate(Some(threshold));
        let scores = scores.with_context(|| format!("channel {}", input.channel))?;
        Ok(Self {
            channel: input.channel,
            predictions,
            scores: Some(scores),
        })
    }

    /// Predicts a channel, and evaluates it if it has both labels; a set of episodes may contain no fire.
    pub(super) fn optional(input: &Input, model: &Model, threshold: f64) -> Result<Self> {
        let predictions = predict(input, model)?;
        let scores = predictions.evaluate(Some(threshold)).ok();
        Ok(Self {
            channel: input.channel,
            predictions,
            scores,
        })
    }

    /// Prints one line per metric, or the reason why there are none.
    pub(super) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(scores) = &self.scores else {
            return writeln!(
                out,
                "channel {} has only one label and is not scored",
                self.channel
            );
        };
        for line in score_lines(self.channel, scores) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

/// The model's probability of fire for each row of the channel.
pub(super) fn predict(input: &Input, model: &Model) -> Result<Predictions> {
    let timeline = input.rows.metadata.as_ref().map(|metadata| Timeline {
        times_s: metadata.times_s.clone(),
        kinds: metadata.scenarios.clone(),
    });
    Ok(Predictions {
        ids: input.rows.ids.clone(),
        groups: input.rows.groups.clone(),
        labels: input.rows.labels.clone(),
        probabilities: model.predict_proba(&input.samples()?.x())?,
        timeline,
    })
}
