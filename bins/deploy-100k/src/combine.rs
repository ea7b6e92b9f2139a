//! One model is taken as it is; several are weighed into an ensemble.

use anyhow::{Context as _, anyhow};
use ensemble::Predictions;
use ensemble::artifact::Artifact;
use ensemble::metrics::best_f1_threshold;
use ensemble::weights::{self, Weighting};
use fire_cli::{Project, fetch_artifact, fetch_predictions, pack_model, usage};
use sagemaker_ops::{Clients, S3Uri};

use crate::cli::Policy;

/// A model that is ready to be deployed.
pub(crate) struct Deployable {
    pub(crate) artifact: Artifact,
    pub(crate) uri: S3Uri,
    /// Whether it was combined here from several models.
    pub(crate) combined: bool,
}

/// A trained model and what it predicted on the parts that it was not trained on.
struct Member {
    uri: S3Uri,
    artifact: Artifact,
    validation: Predictions,
    test: Predictions,
}

/// Loads the models; more than one become an ensemble.
///
/// # Errors
/// Something that is no model of this schema, or members trained on different data.
pub(crate) async fn load(
    clients: &Clients,
    uris: &[S3Uri],
    policy: Policy,
) -> anyhow::Result<Deployable> {
    if let [uri] = uris {
        let artifact = fetch_artifact(clients, uri, sensor_model::fingerprint()).await?;
        return Ok(Deployable {
            artifact,
            uri: uri.clone(),
            combined: false,
        });
    }
    let mut members = Vec::new();
    for uri in uris {
        members.push(Member {
            artifact: fetch_artifact(clients, uri, sensor_model::fingerprint()).await?,
            validation: fetch_predictions(clients, uri, "validation").await?,
            test: fetch_predictions(clients, uri, "test").await?,
            uri: uri.clone(),
        });
    }
    same_rows(&members).map_err(usage)?;
    let uri = uris.first().context("no --model-uri was given")?.clone();
    let artifact = combine(members, policy)?;
    Ok(Deployable {
        artifact,
        uri,
        combined: true,
    })
}

/// Uploads a combined model to its own place; a single one stays where it is.
pub(crate) async fn store(
    clients: &Clients,
    model: Deployable,
    project: &Project,
    name: &str,
) -> anyhow::Result<Deployable> {
    if !model.combined {
        return Ok(model);
    }
    let uri = project.layout.model_of(name);
    sagemaker_ops::storage::put_bytes(clients, &uri, pack_model(&model.artifact)?).await?;
    Ok(Deployable { uri, ..model })
}

fn same_rows(members: &[Member]) -> anyhow::Result<()> {
    let Some((first, others)) = members.split_first() else {
        return Ok(());
    };
    for other in others {
        let same = |a: &Predictions, b: &Predictions| a.ids == b.ids && a.labels == b.labels;
        if !same(&first.validation, &other.validation) || !same(&first.test, &other.test) {
            return Err(anyhow!(
                "{} and {} were judged on different rows, so they cannot be weighed against \
                 each other; combine jobs of one run",
                first.uri,
                other.uri
            ));
        }
    }
    Ok(())
}

fn combine(members: Vec<Member>, policy: Policy) -> anyhow::Result<Artifact> {
    let validation: Vec<&Predictions> = members.iter().map(|member| &member.validation).collect();
    let weights = weigh(&validation, policy)?;
    let on_validation = vote(&validation, &weights)?;
    let test: Vec<&Predictions> = members.iter().map(|member| &member.test).collect();
    let on_test = vote(&test, &weights)?;
    let artifacts = members.into_iter().map(|member| member.artifact).collect();
    let mut ensemble = Artifact::combine(artifacts, &weights).map_err(usage)?;
    // The threshold is fixed on validation before the test part is looked at.
    ensemble.threshold = best_f1_threshold(&on_validation.labels, &on_validation.probabilities);
    ensemble.validation = Some(on_validation.evaluate(Some(ensemble.threshold))?);
    ensemble.test = Some(on_test.evaluate(Some(ensemble.threshold))?);
    Ok(ensemble)
}

/// The weight of each member from what it predicted on validation.
fn weigh(validation: &[&Predictions], policy: Policy) -> anyhow::Result<Vec<f64>> {
    match policy.weighting {
        Weighting::Exponential => {
            let scores = validation
                .iter()
                .map(|predictions| Ok(policy.metric.of(&predictions.evaluate(None)?)))
                .collect::<anyhow::Result<Vec<f64>>>()?;
            Ok(weights::exponential(&scores))
        }
        Weighting::Stacked => {
            let labels = validation.first().map_or(&[][..], |first| &first.labels);
            Ok(weights::stacked(labels, &columns(validation))?)
        }
    }
}

/// The weighted mean of the members' probabilities, row by row.
fn vote(members: &[&Predictions], weights: &[f64]) -> anyhow::Result<Predictions> {
    let first = *members.first().context("no members to combine")?;
    Ok(Predictions {
        probabilities: weights::mix(&columns(members), weights)?,
        ..first.clone()
    })
}

fn columns<'a>(members: &[&'a Predictions]) -> Vec<&'a [f64]> {
    members
        .iter()
        .map(|member| member.probabilities.as_slice())
        .collect()
}

#[cfg(test)]
mod tests {
    use ensemble::weights::WeightMetric;

    use super::*;

    const EXPONENTIAL: Policy = Policy {
        weighting: Weighting::Exponential,
        metric: WeightMetric::Auc,
    };

    fn predictions(probabilities: &[f64]) -> Predictions {
        let rows = probabilities.len() as u64;
        Predictions {
            ids: (0..rows).collect(),
            groups: (0..rows).collect(),
            labels: vec![0, 1, 0, 1],
            probabilities: probabilities.to_vec(),
            timeline: None,
        }
    }

    #[test]
    fn the_best_member_outweighs_the_worst_by_e_cubed() {
        let good = predictions(&[0.1, 0.9, 0.2, 0.8]);
        let bad = predictions(&[0.9, 0.1, 0.8, 0.2]);
        let weights = weigh(&[&good, &bad], EXPONENTIAL).unwrap();
        assert!(
            (weights[0] / weights[1] - 3f64.exp()).abs() < 1e-9,
            "{weights:?}"
        );
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let equal = weigh(&[&good, &good], EXPONENTIAL).unwrap();
        assert_eq!(equal, [0.5, 0.5]);
    }

    #[test]
    fn stacked_weights_leave_out_a_member_that_only_harms() {
        let good = predictions(&[0.1, 0.9, 0.2, 0.8]);
        let bad = predictions(&[0.9, 0.1, 0.8, 0.2]);
        let policy = Policy {
            weighting: Weighting::Stacked,
            ..EXPONENTIAL
        };
        let weights = weigh(&[&good, &bad], policy).unwrap();
        assert!(weights[0] > 0.99, "{weights:?}");
    }

    #[test]
    fn the_vote_is_the_weighted_mean_of_each_row() {
        let a = predictions(&[0.0, 1.0, 0.5, 0.25]);
        let b = predictions(&[1.0, 0.0, 0.5, 0.75]);
        let vote = vote(&[&a, &b], &[0.25, 0.75]).unwrap();
        assert_eq!(vote.probabilities, [0.75, 0.25, 0.5, 0.625]);
        assert_eq!((vote.ids, vote.labels), (a.ids, a.labels));
    }
}
