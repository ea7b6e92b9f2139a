//! The run's models and their predictions, from which curves are computed.

use ensemble::artifact::Artifact;
use ensemble::{Predictions, voting};
use fire_cli::fetch_output;
use fire_run::Channel;
use fire_run::report::Report;
use sagemaker_ops::{Clients, S3Uri};

/// The name of the ensemble among the models.
pub(crate) const ENSEMBLE: &str = "ensemble";

/// A completed job's model.
pub(crate) struct Trained {
    /// Its algorithm.
    pub(crate) name: String,
    pub(crate) uri: S3Uri,
    pub(crate) artifact: Artifact,
}

/// A model's predictions on the two held-out partitions.
pub(crate) struct Model {
    pub(crate) name: String,
    /// Chosen on the validation partition.
    pub(crate) threshold: f64,
    pub(crate) validation: Predictions,
    pub(crate) test: Predictions,
}

/// All models whose predictions are known, the ensemble last.
pub(crate) struct Models {
    pub(crate) models: Vec<Model>,
    /// Notes about content that a reader may expect but that is missing.
    pub(crate) missing: Vec<String>,
}

impl Models {
    /// Reads the jobs' predictions, and combines them as the ensemble does.
    pub(crate) async fn fetch(
        clients: &Clients,
        trained: &[Trained],
        report: &Report,
    ) -> anyhow::Result<Self> {
        let mut found = Self {
            models: Vec::new(),
            missing: Vec::new(),
        };
        for job in trained {
            let output = fetch_output(clients, &job.uri).await?;
            // Jobs that were not created by `train-100k` may lack a test channel.
            let Some(test) = output.predictions(Channel::Test)? else {
                found.missing.push(format!(
                    "The job of {} had no test channel, so there are no curves for its model.",
                    job.name
                ));
                continue;
            };
            let validation = output.required(Channel::Validation)?;
            found.models.push(Model {
                name: job.name.clone(),
                threshold: job.artifact.threshold,
                validation,
                test,
            });
        }
        match found.ensemble(report) {
            Ok(ensemble) => found.models.push(ensemble),
            Err(why) => found.missing.push(why),
        }
        Ok(found)
    }

    /// The run's main model: the ensemble, or else the model with the highest validation AUC.
    pub(crate) fn main<'a>(&'a self, report: &Report) -> Option<&'a Model> {
        let best = report.best_job().map(|job| job.algorithm.to_string());
        let named = |name: &str| self.models.iter().find(|model| model.name == name);
        named(ENSEMBLE).or_else(|| named(&best?))
    }

    /// The ensemble, with predictions recomputed from its members' predictions and its weights.
    ///
    /// # Errors
    /// The reason why there is none, for example that the recomputed metrics differ from the stored ones.
    fn ensemble(&self, report: &Report) -> Result<Model, String> {
        let ensemble = report.ensemble.as_ref().ok_or(
            "No ensemble of this run was deployed yet; `deploy-100k` with several --model-uri creates one.",
        )?;
        // The weights name learners, not runs, so only the metrics reveal members of other runs.
        let foreign =
            "The deployed ensemble has members from other runs, so its curves cannot be drawn.";
        let member = |(name, weight): (&String, &f64)| {
            let model = self.models.iter().find(|model| &model.name == name);
            model.map(|model| (model, *weight)).ok_or(foreign)
        };
        let members = ensemble.weights.iter().map(member);
        let (members, weights): (Vec<_>, Vec<_>) =
            members.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let mean = |partition: fn(&Model) -> &Predictions| {
            let columns: Vec<&[f64]> = members
                .iter()
                .map(|model| partition(model).probabilities.as_slice())
                .collect();
            let first = members.first().map(|model| partition(model).clone());
            let probabilities = voting::mix(&columns, &weights).map_err(|error| error.to_string());
            Ok::<_, String>(Predictions {
                probabilities: probabilities?,
                ..first.unwrap_or_default()
            })
        };
        let voted = Model {
            name: ENSEMBLE.to_owned(),
            threshold: ensemble.threshold,
            validation: mean(|model| &model.validation)?,
            test: mean(|model| &model.test)?,
        };
        let expected = ensemble.test.as_ref().map(|scores| scores.logloss);
        let found = voted.test.evaluate(None).map(|scores| scores.logloss);
        match (expected, found) {
            // A different order of the members may change the last digits.
            (Some(expected), Ok(found)) if (expected - found).abs() < 1e-6 => Ok(voted),
            _ => Err(foreign.to_owned()),
        }
    }
}
