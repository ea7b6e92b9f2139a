//! The run's models with what they predicted: what curves are drawn from.

use ensemble::artifact::Artifact;
use ensemble::{Predictions, voting};
use fire_cli::JobOutput;
use sagemaker_ops::{Clients, S3Uri};

use crate::report::Report;

/// The name of the vote among the models.
pub(crate) const ENSEMBLE: &str = "ensemble";

/// A completed job's model.
pub(crate) struct Trained {
    /// Its learner.
    pub(crate) name: String,
    pub(crate) uri: S3Uri,
    pub(crate) artifact: Artifact,
}

/// A model's answers on the two parts that it was not fitted on.
pub(crate) struct Model {
    pub(crate) name: String,
    /// Chosen on validation.
    pub(crate) threshold: f64,
    pub(crate) validation: Predictions,
    pub(crate) test: Predictions,
}

/// All models whose answers are known, the ensemble last.
pub(crate) struct Models {
    pub(crate) models: Vec<Model>,
    /// Why something that a reader would look for is not there.
    pub(crate) missing: Vec<String>,
}

impl Models {
    /// Reads what the jobs left, and votes as the ensemble does.
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
            let output = JobOutput::fetch(clients, &job.uri).await?;
            // A job of somebody else may have had no test part.
            let Some(test) = output.predictions("test")? else {
                found.missing.push(format!(
                    "The job of {} had no test part, so that there are no curves of its model.",
                    job.name
                ));
                continue;
            };
            let validation = output.required("validation")?;
            found.models.push(Model {
                name: job.name.clone(),
                threshold: job.artifact.threshold,
                validation,
                test,
            });
        }
        match found.vote(report) {
            Ok(vote) => found.models.push(vote),
            Err(why) => found.missing.push(why),
        }
        Ok(found)
    }

    /// The ensemble, or the single model that stands for the run: that with the highest AUC on validation.
    pub(crate) fn main<'a>(&'a self, report: &Report) -> Option<&'a Model> {
        let best = report.best_job().map(|job| job.algorithm.to_string());
        let named = |name: &str| self.models.iter().find(|model| model.name == name);
        named(ENSEMBLE).or_else(|| named(&best?))
    }

    /// The ensemble's answers, made again of the members' by its weights; the reason where that does not give the
    /// figures that the ensemble itself carries.
    fn vote(&self, report: &Report) -> Result<Model, String> {
        let ensemble = report.ensemble.as_ref().ok_or(
            "No ensemble of this run was deployed yet: `deploy-100k` with several --model-uri makes it.",
        )?;
        let foreign = "The deployed ensemble has members that are not of this run, so that its curves cannot be drawn.";
        let member = |(name, weight): (&String, &f64)| {
            let model = self.models.iter().find(|model| &model.name == name);
            model.map(|model| (model, *weight)).ok_or(foreign)
        };
        let members = ensemble.weights.iter().map(member);
        let (members, weights): (Vec<_>, Vec<_>) =
            members.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        let mix = |part: fn(&Model) -> &Predictions| {
            let columns: Vec<&[f64]> = members
                .iter()
                .map(|model| part(model).probabilities.as_slice())
                .collect();
            let first = members.first().map(|model| part(model).clone());
            let probabilities = voting::mix(&columns, &weights).map_err(|error| error.to_string());
            Ok::<_, String>(Predictions {
                probabilities: probabilities?,
                ..first.unwrap_or_default()
            })
        };
        let vote = Model {
            name: ENSEMBLE.to_owned(),
            threshold: ensemble.threshold,
            validation: mix(|model| &model.validation)?,
            test: mix(|model| &model.test)?,
        };
        let expected = ensemble.test.as_ref().map(|scores| scores.logloss);
        let found = vote.test.evaluate(None).map(|scores| scores.logloss);
        match (expected, found) {
            // The order of the members may move the last digits.
            (Some(expected), Ok(found)) if (expected - found).abs() < 1e-6 => Ok(vote),
            _ => Err(foreign.to_owned()),
        }
    }
}
