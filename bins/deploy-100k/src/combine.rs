//! One model is taken as it is; several are weighed into an ensemble.

use alarm::{AlarmTrial, BUDGET_PER_DAY, Error, Recordings, Rows};
use anyhow::{Context as _, anyhow};
use ensemble::Predictions;
use ensemble::artifact::Artifact;
use ensemble::metrics::best_f1_threshold;
use ensemble::voting::{self, Weighting};
use fire_cli::{JobOutput, Judged, Project, fetch_model, pack_judged, usage};
use sagemaker_ops::endpoint::ContentDigest;
use sagemaker_ops::{Clients, S3Uri};

use crate::cli::Policy;

/// A model that is ready to be deployed.
pub(crate) struct Deployable {
    pub(crate) artifact: Artifact,
    pub(crate) judged: Judged,
    pub(crate) uri: S3Uri,
    /// What tells it from every other model: the digest of its file, and where that lies unless it is stored here.
    pub(crate) identity: String,
    /// The `model.tar.gz` to be stored, where it was combined here from several models.
    combined: Option<Vec<u8>>,
}

impl Deployable {
    /// Whether it was combined here from several models.
    pub(crate) fn is_combined(&self) -> bool {
        self.combined.is_some()
    }
}

/// A trained model and what it predicted on the parts that it was not trained on.
struct Member {
    uri: S3Uri,
    artifact: Artifact,
    validation: Predictions,
    test: Predictions,
    alarm: Option<Episodes>,
}

/// Predictions on the two sets of whole episodes.
struct Episodes {
    validation: Predictions,
    test: Predictions,
}

impl Member {
    async fn fetch(clients: &Clients, uri: &S3Uri) -> anyhow::Result<Self> {
        let packed = fetch_model(clients, uri, sensor_model::fingerprint()).await?;
        let output = JobOutput::fetch(clients, uri).await?;
        let sets = ["alarm-validation", "alarm-test"].map(|set| output.predictions(set));
        let [validation, test] = sets;
        Ok(Self {
            uri: uri.clone(),
            artifact: packed.artifact,
            validation: output.required("validation")?,
            test: output.required("test")?,
            alarm: validation?
                .zip(test?)
                .map(|(validation, test)| Episodes { validation, test }),
        })
    }
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
        let fetched = fetch_model(clients, uri, sensor_model::fingerprint()).await?;
        return Ok(Deployable {
            artifact: fetched.artifact,
            judged: fetched.judged,
            identity: format!("{uri} {}", fetched.digest.as_str()),
            uri: uri.clone(),
            combined: None,
        });
    }
    let mut members = Vec::new();
    for uri in uris {
        members.push(Member::fetch(clients, uri).await?);
    }
    same_rows(&members).map_err(usage)?;
    let uri = uris.first().context("no --model-uri was given")?.clone();
    let (artifact, judged) = combine(members, policy)?;
    let packed = pack_judged(&artifact, &judged)?;
    Ok(Deployable {
        artifact,
        judged,
        uri,
        identity: ContentDigest::of_bytes(&packed).as_str().to_owned(),
        combined: Some(packed),
    })
}

/// Uploads a combined model to the place of its name; a single one stays where it is.
pub(crate) async fn store(
    clients: &Clients,
    model: &mut Deployable,
    project: &Project,
    name: &str,
) -> anyhow::Result<()> {
    let Some(packed) = &model.combined else {
        return Ok(());
    };
    let uri = project.layout.model_of(name);
    sagemaker_ops::storage::put_bytes(clients, &uri, packed.clone()).await?;
    model.uri = uri;
    Ok(())
}

fn same_rows(members: &[Member]) -> anyhow::Result<()> {
    let Some((first, others)) = members.split_first() else {
        return Ok(());
    };
    for other in others {
        let same = |a: &Predictions, b: &Predictions| a.ids == b.ids && a.labels == b.labels;
        let same_episodes = match (&first.alarm, &other.alarm) {
            (Some(a), Some(b)) => same(&a.validation, &b.validation) && same(&a.test, &b.test),
            _ => true,
        };
        if !(same_episodes
            && same(&first.validation, &other.validation)
            && same(&first.test, &other.test))
        {
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

fn combine(members: Vec<Member>, policy: Policy) -> anyhow::Result<(Artifact, Judged)> {
    let validation: Vec<&Predictions> = members.iter().map(|member| &member.validation).collect();
    let weights = weigh(&validation, policy)?;
    let on_validation = vote(&validation, &weights)?;
    // Threshold and alarm rule are fixed on validation before anything of the test parts is looked at.
    let threshold = best_f1_threshold(&on_validation.labels, &on_validation.probabilities)?;
    let alarm = alarm_trial(&members, &weights)?;
    let test: Vec<&Predictions> = members.iter().map(|member| &member.test).collect();
    let on_test = vote(&test, &weights)?;
    let artifacts = members.into_iter().map(|member| member.artifact).collect();
    let mut ensemble = Artifact::combine(artifacts, &weights).map_err(usage)?;
    ensemble.threshold = threshold;
    let rule = alarm.as_ref().map(|trial| trial.choice.rule);
    ensemble.set_extra(alarm::EXTRA, &rule)?;
    ensemble.validation = Some(on_validation.evaluate(Some(threshold))?);
    ensemble.test = Some(on_test.evaluate(Some(threshold))?);
    let judged = Judged {
        alarm,
        kinds: on_test.by_kind(threshold),
    };
    Ok((ensemble, judged))
}

/// The vote's alarm rule, chosen on the one set of whole episodes and judged on the other; none where a member has no
/// predictions on them, or where they give no ground for a choice.
fn alarm_trial(members: &[Member], weights: &[f64]) -> anyhow::Result<Option<AlarmTrial>> {
    let episodes: Option<Vec<&Episodes>> =
        members.iter().map(|member| member.alarm.as_ref()).collect();
    let Some(episodes) = episodes else {
        return Ok(None);
    };
    let validation: Vec<_> = episodes
        .iter()
        .map(|episodes| &episodes.validation)
        .collect();
    let Some(recordings) = recordings(&vote(&validation, weights)?)? else {
        return Ok(None);
    };
    let mut trial = match AlarmTrial::choose(&recordings, BUDGET_PER_DAY) {
        Ok(trial) => trial,
        // As in the training jobs: no event, or nothing but events.
        Err(Error::NoChoice(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let test: Vec<_> = episodes.iter().map(|episodes| &episodes.test).collect();
    if let Some(recordings) = self::recordings(&vote(&test, weights)?)? {
        trial.evaluate(&recordings)?;
    }
    Ok(Some(trial))
}

/// The recordings in predictions; none where the rows have no times.
fn recordings(predictions: &Predictions) -> Result<Option<Recordings>, Error> {
    let timeline = predictions.timeline.as_ref();
    timeline
        .map(|timeline| {
            Recordings::new(&Rows {
                groups: &predictions.groups,
                times_s: &timeline.times_s,
                labels: &predictions.labels,
                probabilities: &predictions.probabilities,
                kinds: &timeline.kinds,
            })
        })
        .transpose()
}

/// The weight of each member from what it predicted on validation.
fn weigh(validation: &[&Predictions], policy: Policy) -> anyhow::Result<Vec<f64>> {
    match policy.weighting {
        Weighting::Exponential => {
            let scores = validation
                .iter()
                .map(|predictions| Ok(policy.metric.of(&predictions.evaluate(None)?)))
                .collect::<anyhow::Result<Vec<f64>>>()?;
            Ok(voting::exponential(&scores))
        }
        Weighting::Stacked => {
            let labels = validation.first().map_or(&[][..], |first| &first.labels);
            Ok(voting::stacked(labels, &columns(validation))?)
        }
    }
}

/// The weighted mean of the members' probabilities, row by row.
fn vote(members: &[&Predictions], weights: &[f64]) -> anyhow::Result<Predictions> {
    let first = *members.first().context("no members to combine")?;
    Ok(Predictions {
        probabilities: voting::mix(&columns(members), weights)?,
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
    use ensemble::voting::WeightMetric;

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
