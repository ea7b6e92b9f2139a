//! The files that a job writes: the model folder and the predictions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ensemble::alarm::AlarmTrial;
use ensemble::artifact::{Artifact, FeatureRange, MANIFEST_FILE, MODEL_FILE, Member, Probe};
use ensemble::metrics::Scores;
use ensemble::{KindScores, Model, Predictions};
use sensor_model::{Feature, data_fingerprint, fingerprint, probes};
use serde_json::{Map, Value, json};

use crate::Settings;
use crate::paths::OptMl;

use super::channels::Channel;
use super::metrics::ScoredPart;

/// The results of a job.
pub(super) struct Trained {
    pub(super) settings: Settings,
    pub(super) train: Channel,
    pub(super) model: Model,
    pub(super) threshold: f64,
    pub(super) parts: Vec<ScoredPart>,
    pub(super) alarm: Option<AlarmTrial>,
}

impl Trained {
    /// Writes `output/data/`, then `model/` with `model.fire` last; returns the size of `model.fire` in bytes.
    pub(super) fn write(self, paths: &OptMl) -> Result<usize> {
        for part in self
            .parts
            .iter()
            .filter(|part| part.name != self.train.name)
        {
            let path = paths.output_data().join(format!("{}.csv", part.name));
            write_predictions(&path, &part.predictions)?;
        }
        let model = paths.model();
        let mut metrics = self.metrics();
        let artifact = self.into_artifact()?;
        let bytes = artifact.to_bytes();
        metrics["model_bytes"] = json!(bytes.len());
        write_json(&model.join("metrics.json"), &metrics)?;
        write_json(&model.join(MANIFEST_FILE), &artifact.manifest())?;
        write_file(&model.join(MODEL_FILE), &bytes)?;
        Ok(bytes.len())
    }

    /// The metrics of a part, if the job had it and it has both labels.
    fn scores(&self, name: &str) -> Option<Scores> {
        self.parts
            .iter()
            .find(|part| part.name == name)?
            .scores
            .clone()
    }

    /// The test metrics by kind of recording, at the threshold.
    fn test_kinds(&self) -> BTreeMap<String, KindScores> {
        let test = self.parts.iter().find(|part| part.name == "test");
        let kinds = test.map(|part| part.predictions.by_kind(self.threshold));
        kinds.unwrap_or_default()
    }

    /// The model with everything that serving and combining need.
    fn into_artifact(self) -> Result<Artifact> {
        let [validation, test] = ["validation", "test"].map(|name| self.scores(name));
        let names = Feature::ALL.map(Feature::name);
        let mut artifact = Artifact {
            schema: fingerprint().to_owned(),
            features: FeatureRange::of_columns(names, &self.train.samples()?.x()),
            data_fingerprint: data_fingerprint(&self.train.rows),
            threshold: self.threshold,
            members: vec![Member {
                name: self.settings.algorithm.to_string(),
                algorithm: self.settings.algorithm,
                weight: 1.0,
                seed: self.settings.seed,
                hyperparameters: self.settings.params.params().entries(),
                validation: validation.clone(),
                test: test.clone(),
                model: self.model,
            }],
            validation,
            test,
            probes: probes().map(unanswered).into(),
            alarm: self.alarm.map(|trial| trial.choice.rule),
        };
        artifact.answer_probes();
        Ok(artifact)
    }

    /// The content of `metrics.json`.
    fn metrics(&self) -> Value {
        let entries = self.settings.params.params().entries().into_iter();
        let hyperparameters: Map<String, Value> = entries
            .map(|(name, value)| (name, Value::String(value)))
            .collect();
        let mut metrics = json!({
            "algorithm": self.settings.algorithm.to_string(),
            "seed": self.settings.seed,
            "hyperparameters": hyperparameters,
            "threshold": self.threshold,
            "rows": {},
            "out_of_bag": self.model.out_of_bag(),
            "alarm": self.alarm,
            "kinds": self.test_kinds(),
        });
        for part in &self.parts {
            metrics["rows"][part.name] = json!(part.predictions.labels.len());
            metrics[part.name] = json!(part.scores);
        }
        metrics
    }
}

/// A probe without a prediction yet.
fn unanswered(probe: sensor_model::Probe) -> Probe {
    Probe {
        name: probe.name.to_owned(),
        row: probe.row.to_vec(),
        expected: probe.expected,
        // Filled in by `answer_probes`; NaN, so that a forgotten probe does not look like a prediction.
        probability: f64::NAN,
    }
}

/// Writes the predictions, from which models are combined and reports are made.
fn write_predictions(path: &Path, predictions: &Predictions) -> Result<()> {
    let mut bytes = Vec::new();
    predictions.write_csv(&mut bytes)?;
    write_file(path, &bytes)
}

/// Writes indented JSON, for people.
fn write_json(path: &Path, value: &Value) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    write_file(path, text.as_bytes())
}

/// Writes to a temporary file and renames it, because SageMaker uploads whatever a killed job leaves in the folder.
fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("partial");
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    folder
        .and_then(|()| fs::write(&partial, bytes))
        .and_then(|()| fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
