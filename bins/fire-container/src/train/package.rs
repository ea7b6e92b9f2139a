//! The files that a job writes: the model directory and the predictions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use alarm::AlarmTrial;
use anyhow::{Context, Result};
use ensemble::artifact::{Artifact, FeatureRange, MANIFEST_FILE, MODEL_FILE, Member, Probe};
use ensemble::metrics::Scores;
use ensemble::{KindScores, Model, Predictions};
use fire_run::Channel;
use fire_run::metrics::{Evaluation, JobMetrics, METRICS_FILE};
use sensor_model::{Feature, data_fingerprint, fingerprint, probes};
use serde::Serialize;

use crate::Settings;
use crate::paths::OptMl;

use super::channels::Input;
use super::metrics::ScoredPart;

/// The results of a job.
pub(super) struct Trained {
    pub(super) settings: Settings,
    pub(super) train: Input,
    pub(super) model: Model,
    pub(super) threshold: f64,
    pub(super) parts: Vec<ScoredPart>,
    pub(super) alarm: Option<AlarmTrial>,
}

impl Trained {
    /// Writes `output/data/`, then `model/` with `model.bin` last; returns the size of `model.bin` in bytes.
    pub(super) fn write(self, paths: &OptMl) -> Result<usize> {
        // Predictions for the rows of the fit would say nothing about new rows.
        for part in self
            .parts
            .iter()
            .filter(|part| part.channel != Channel::Train)
        {
            let path = paths.output_data().join(part.channel.predictions_file());
            write_predictions(&path, &part.predictions)?;
        }
        let model = paths.model();
        let mut metrics = self.metrics();
        let artifact = self.into_artifact()?;
        let bytes = artifact.to_bytes();
        metrics.model_bytes = bytes.len();
        write_json(&model.join(METRICS_FILE), &metrics)?;
        write_json(&model.join(MANIFEST_FILE), &artifact.manifest())?;
        write_file(&model.join(MODEL_FILE), &bytes)?;
        Ok(bytes.len())
    }

    /// The metrics of a channel; `None` if it is absent or has only one label.
    fn scores(&self, channel: Channel) -> Option<Scores> {
        self.part(channel)?.scores.clone()
    }

    fn part(&self, channel: Channel) -> Option<&ScoredPart> {
        self.parts.iter().find(|part| part.channel == channel)
    }

    /// The test metrics by kind of recording, at the threshold.
    fn test_kinds(&self) -> BTreeMap<String, KindScores> {
        let kinds = self
            .part(Channel::Test)
            .map(|part| part.predictions.by_kind(self.threshold));
        kinds.unwrap_or_default()
    }

    /// The model with everything that serving and combining need.
    fn into_artifact(self) -> Result<Artifact> {
        let [validation, test] =
            [Channel::Validation, Channel::Test].map(|channel| self.scores(channel));
        let names = Feature::ALL.map(Feature::name);
        let features = FeatureRange::of_columns(names, &self.train.samples()?.x());
        let settings = self.settings;
        let name = settings.algorithm.to_string();
        let member = Member {
            validation: validation.clone(),
            test: test.clone(),
            ..Member::new(name, self.model, &settings.params, settings.seed)
        };
        let mut artifact = Artifact {
            data_fingerprint: data_fingerprint(&self.train.rows),
            threshold: self.threshold,
            validation,
            test,
            probes: probes().map(to_stored_probe).into(),
            ..Artifact::new(fingerprint(), features, vec![member])
        };
        let rule = self.alarm.map(|trial| trial.choice.rule);
        artifact.set_extra(alarm::EXTRA, &rule)?;
        artifact.predict_probes();
        Ok(artifact)
    }

    /// The content of `metrics.json`, without the size of the model file.
    fn metrics(&self) -> JobMetrics {
        let parts = self.parts.iter();
        JobMetrics {
            evaluation: Evaluation {
                alarm: self.alarm.clone(),
                kinds: self.test_kinds(),
            },
            algorithm: self.settings.algorithm,
            seed: self.settings.seed,
            hyperparameters: self
                .settings
                .params
                .params()
                .entries()
                .into_iter()
                .collect(),
            threshold: self.threshold,
            rows: parts
                .clone()
                .map(|part| (part.channel, part.predictions.labels.len()))
                .collect(),
            out_of_bag: self.model.out_of_bag().copied(),
            model_bytes: 0,
            scores: parts
                .map(|part| (part.channel, part.scores.clone()))
                .collect(),
        }
    }
}

/// The probe as stored in the model, without its prediction.
fn to_stored_probe(probe: sensor_model::Probe) -> Probe {
    Probe {
        name: probe.name.to_owned(),
        row: probe.row.to_vec(),
        expected: probe.expected,
        // `predict_probes` fills this in; NaN cannot be mistaken for a prediction.
        probability: f64::NAN,
    }
}

/// Writes the predictions, which later steps use to combine models and to write reports.
fn write_predictions(path: &Path, predictions: &Predictions) -> Result<()> {
    let mut bytes = Vec::new();
    predictions.write_csv(&mut bytes)?;
    write_file(path, &bytes)
}

/// Writes indented JSON.
fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    write_file(path, text.as_bytes())
}

/// Writes to a temporary file and renames it, because SageMaker uploads whatever a killed job leaves in the directory.
fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    let created = path.parent().map_or(Ok(()), fs::create_dir_all);
    created
        .and_then(|()| fs::write(&partial, bytes))
        .and_then(|()| fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
