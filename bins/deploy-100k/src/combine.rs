//! Combines several models into one ensemble, by soft voting.
//!
//! Weights, threshold and alarm rule are chosen on validation data; test data is used only for
//! evaluation.

use alarm::{AlarmTrial, BUDGET_PER_DAY, Error};
use anyhow::{Context as _, bail};
use ensemble::Predictions;
use ensemble::artifact::Artifact;
use ensemble::metrics::{Scores, best_f1_threshold};
use ensemble::voting::{self, Weighting};
use fire_cli::usage;
use fire_run::metrics::Evaluation;
use fire_run::{Package, recordings};
use sagemaker_ops::S3Uri;

use crate::plan::EnsemblePolicy;

/// A trained model and its predictions on held-out rows.
pub(crate) struct Member {
    pub(crate) uri: S3Uri,
    pub(crate) artifact: Artifact,
    pub(crate) held_out: HeldOut,
}

/// A model's predictions on the held-out partitions.
#[derive(Clone)]
pub(crate) struct HeldOut {
    pub(crate) validation: Predictions,
    pub(crate) test: Predictions,
    /// `None` if the training job lacked either alarm channel.
    pub(crate) episodes: Option<EpisodePredictions>,
}

/// A model's predictions on the two sets of whole episodes.
#[derive(Clone)]
pub(crate) struct EpisodePredictions {
    pub(crate) validation: Predictions,
    pub(crate) test: Predictions,
}

/// Checks that all members were evaluated on the same rows.
///
/// # Errors
/// Names the first member that differs from the first one.
pub(crate) fn check_same_rows(members: &[Member]) -> anyhow::Result<()> {
    let Some((first, others)) = members.split_first() else {
        return Ok(());
    };
    for other in others {
        if !have_same_rows(&first.held_out, &other.held_out) {
            bail!(
                "{} and {} were evaluated on different rows, so ensemble weights cannot be chosen; \
                 combine jobs of one run",
                first.uri,
                other.uri
            );
        }
    }
    Ok(())
}

fn have_same_rows(a: &HeldOut, b: &HeldOut) -> bool {
    let same = |a: &Predictions, b: &Predictions| a.ids == b.ids && a.labels == b.labels;
    let same_episodes = match (&a.episodes, &b.episodes) {
        (Some(a), Some(b)) => same(&a.validation, &b.validation) && same(&a.test, &b.test),
        // No alarm rule is chosen unless every member has episodes, so there is nothing to compare.
        _ => true,
    };
    same_episodes && same(&a.validation, &b.validation) && same(&a.test, &b.test)
}

/// Combines the members into one model.
///
/// # Errors
/// A metric cannot be computed, for example because all rows are of one class.
pub(crate) fn combine(members: Vec<Member>, policy: EnsemblePolicy) -> anyhow::Result<Package> {
    let held_out: Vec<&HeldOut> = members.iter().map(|member| &member.held_out).collect();
    let voting = Voting::choose(&held_out, policy)?;
    let artifacts = members.into_iter().map(|member| member.artifact).collect();
    // The members' own thresholds, rules and metrics do not apply to the ensemble; its own follow.
    let mut ensemble = Artifact::combine(artifacts, &voting.weights).map_err(usage)?;
    ensemble.threshold = voting.threshold;
    let trial = voting.evaluation.alarm.as_ref();
    ensemble.set_extra(alarm::EXTRA, &trial.map(|trial| trial.choice.rule))?;
    ensemble.validation = Some(voting.validation);
    ensemble.test = Some(voting.test);
    Ok(Package {
        artifact: ensemble,
        evaluation: voting.evaluation,
    })
}

/// The parts of an ensemble that are computed from its members' predictions.
struct Voting {
    weights: Vec<f64>,
    threshold: f64,
    validation: Scores,
    test: Scores,
    evaluation: Evaluation,
}

impl Voting {
    fn choose(members: &[&HeldOut], policy: EnsemblePolicy) -> anyhow::Result<Self> {
        let validation: Vec<_> = members.iter().map(|member| &member.validation).collect();
        let weights = choose_weights(&validation, policy)?;
        let on_validation = mean(&validation, &weights)?;
        // Threshold and alarm rule are fixed before any test data is used.
        let threshold = best_f1_threshold(&on_validation.labels, &on_validation.probabilities)?;
        let alarm = choose_alarm(members, &weights)?;
        let test: Vec<_> = members.iter().map(|member| &member.test).collect();
        let on_test = mean(&test, &weights)?;
        Ok(Self {
            threshold,
            validation: on_validation.evaluate(Some(threshold))?,
            test: on_test.evaluate(Some(threshold))?,
            evaluation: Evaluation {
                alarm,
                kinds: on_test.by_kind(threshold),
            },
            weights,
        })
    }
}

/// The ensemble weight of each member, computed from the validation predictions.
fn choose_weights(validation: &[&Predictions], policy: EnsemblePolicy) -> anyhow::Result<Vec<f64>> {
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

/// The ensemble's alarm rule, chosen on one set of whole episodes and evaluated on the other.
///
/// `None` if a member has no predictions for episodes, or if they allow no choice of a rule.
fn choose_alarm(members: &[&HeldOut], weights: &[f64]) -> anyhow::Result<Option<AlarmTrial>> {
    let episodes = members.iter().map(|member| member.episodes.as_ref());
    let Some(episodes) = episodes.collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let validation: Vec<_> = episodes.iter().map(|set| &set.validation).collect();
    let Some(found) = recordings(&mean(&validation, weights)?)? else {
        return Ok(None);
    };
    let mut trial = match AlarmTrial::choose(&found, BUDGET_PER_DAY) {
        Ok(trial) => trial,
        // As in the training jobs: the episodes contain no fire, or only fires.
        Err(Error::NoChoice(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let test: Vec<_> = episodes.iter().map(|set| &set.test).collect();
    if let Some(found) = recordings(&mean(&test, weights)?)? {
        trial.evaluate(&found)?;
    }
    Ok(Some(trial))
}

/// Soft voting: the weighted mean of the members' probabilities, row by row.
fn mean(members: &[&Predictions], weights: &[f64]) -> anyhow::Result<Predictions> {
    let first = *members.first().context("no members to combine")?;
    Ok(Predictions {
        probabilities: voting::mix(&columns(members), weights)?,
        ..first.clone()
    })
}

fn columns<'a>(members: &[&'a Predictions]) -> Vec<&'a [f64]> {
    let column = |member: &&'a Predictions| member.probabilities.as_slice();
    members.iter().map(column).collect()
}

#[cfg(test)]
mod tests {
    use ensemble::Timeline;
    use ensemble::voting::WeightMetric;

    use super::*;

    const EXPONENTIAL: EnsemblePolicy = EnsemblePolicy {
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

    fn held_out(probabilities: &[f64]) -> HeldOut {
        HeldOut {
            validation: predictions(probabilities),
            test: predictions(probabilities),
            episodes: None,
        }
    }

    /// Two one-minute recordings; with `fire`, the second has a fire from its 30th second on.
    fn timed(fire: bool, [calm, burning]: [f64; 2]) -> Predictions {
        let label = |row: u64| u8::from(fire && row >= 90);
        let probability = |row| if label(row) == 1 { burning } else { calm };
        Predictions {
            ids: (0..120).collect(),
            groups: (0..120).map(|row| row / 60).collect(),
            labels: (0..120).map(label).collect(),
            probabilities: (0..120).map(probability).collect(),
            timeline: Some(Timeline {
                times_s: (0..120).map(|row| f64::from(row % 60)).collect(),
                kinds: vec!["kind".into(); 120],
            }),
        }
    }

    fn with_episodes(fire: bool, levels: [f64; 2]) -> HeldOut {
        HeldOut {
            episodes: Some(EpisodePredictions {
                validation: timed(fire, levels),
                test: timed(true, levels),
            }),
            ..held_out(&[0.1, 0.9, 0.2, 0.8])
        }
    }

    #[test]
    fn the_best_member_outweighs_the_worst_by_e_cubed() {
        let good = predictions(&[0.1, 0.9, 0.2, 0.8]);
        let bad = predictions(&[0.9, 0.1, 0.8, 0.2]);
        let weights = choose_weights(&[&good, &bad], EXPONENTIAL).unwrap();
        assert!(
            (weights[0] / weights[1] - 3f64.exp()).abs() < 1e-9,
            "{weights:?}"
        );
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let equal = choose_weights(&[&good, &good], EXPONENTIAL).unwrap();
        assert_eq!(equal, [0.5, 0.5]);
    }

    #[test]
    fn stacking_gives_a_harmful_member_almost_no_weight() {
        let good = predictions(&[0.1, 0.9, 0.2, 0.8]);
        let bad = predictions(&[0.9, 0.1, 0.8, 0.2]);
        let policy = EnsemblePolicy {
            weighting: Weighting::Stacked,
            ..EXPONENTIAL
        };
        let weights = choose_weights(&[&good, &bad], policy).unwrap();
        assert!(weights[0] > 0.99, "{weights:?}");
    }

    #[test]
    fn soft_voting_is_the_weighted_mean_of_each_row() {
        let a = predictions(&[0.0, 1.0, 0.5, 0.25]);
        let b = predictions(&[1.0, 0.0, 0.5, 0.75]);
        let mean = mean(&[&a, &b], &[0.25, 0.75]).unwrap();
        assert_eq!(mean.probabilities, [0.75, 0.25, 0.5, 0.625]);
        assert_eq!((mean.ids, mean.labels), (a.ids, a.labels));
    }

    #[test]
    fn only_members_with_the_same_rows_in_every_partition_can_be_combined() {
        let whole = with_episodes(true, [0.1, 0.9]);
        let changed = |change: fn(&mut HeldOut)| {
            let mut changed = whole.clone();
            change(&mut changed);
            have_same_rows(&whole, &changed)
        };
        assert!(changed(|_| {}));
        assert!(changed(|member| member.validation.probabilities[0] = 0.7));
        assert!(changed(|member| member.episodes = None));
        assert!(!changed(|member| member.validation.ids[0] = 9));
        assert!(!changed(|member| member.test.labels[0] = 1));
        assert!(!changed(|member| {
            let episodes = member.episodes.as_mut().unwrap();
            episodes.test.ids[0] = 999;
        }));
    }

    #[test]
    fn weights_and_threshold_do_not_depend_on_test_predictions() {
        let good = held_out(&[0.1, 0.9, 0.2, 0.8]);
        let fair = held_out(&[0.1, 0.3, 0.4, 0.8]);
        let misled = HeldOut {
            test: predictions(&[0.9, 0.1, 0.8, 0.2]),
            ..good.clone()
        };
        let choose = |member: &HeldOut| Voting::choose(&[member, &fair], EXPONENTIAL).unwrap();
        let (before, after) = (choose(&good), choose(&misled));
        assert_eq!(before.weights, after.weights);
        assert_eq!(before.threshold.to_bits(), after.threshold.to_bits());
        assert_eq!(before.validation, after.validation);
        assert!(before.test.auc > after.test.auc);
    }

    #[test]
    fn an_alarm_rule_needs_episodes_from_every_member_and_a_fire() {
        let (a, b) = (
            with_episodes(true, [0.1, 0.9]),
            with_episodes(true, [0.2, 0.7]),
        );
        let trial = choose_alarm(&[&a, &b], &[0.5, 0.5]).unwrap().unwrap();
        let test = trial.test.unwrap();
        assert_eq!(test.rule, trial.choice.rule);
        assert_eq!(test.all.detection.unwrap().events, 1);

        let without = held_out(&[0.1, 0.9, 0.2, 0.8]);
        let calm = with_episodes(false, [0.1, 0.9]);
        for other in [without, calm.clone()] {
            let members = [&calm, &other];
            assert_eq!(choose_alarm(&members, &[0.5, 0.5]).unwrap(), None);
        }
    }
}
