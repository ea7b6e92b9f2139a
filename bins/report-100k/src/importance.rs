//! Inspects the run's main model on the validation partition; test rows are not used.

use std::cell::RefCell;
use std::path::Path;

use anyhow::Context as _;
use ensemble::artifact::Artifact;
use ensemble::inspection::{Dependence, Importance, partial_dependence, permutation_importance};
use ensemble::{Error, Matrix, Prepared, Samples};
use fire_cli::Project;
use fire_run::{Channel, RunName, layout};
use sagemaker_ops::Clients;
use sensor_model::{FEATURE_COUNT, Feature, Rows};

/// Maximum number of rows for importances, evenly spaced in the partition.
const IMPORTANCE_ROWS: usize = 4_000;
/// Number of times each feature is shuffled.
pub(crate) const REPEATS: usize = 5;
/// Maximum number of rows for partial dependences.
const DEPENDENCE_ROWS: usize = 1_000;
/// Number of values of a feature in its partial dependence.
const VALUES: usize = 21;
/// Number of features whose partial dependence is shown.
const STRONGEST: usize = 4;
/// Fixed: the same model and rows give the same numbers in every report.
const SEED: u64 = 0;

/// The inspection of a model.
pub(crate) struct Inspection {
    /// Name of the model.
    pub(crate) name: String,
    /// Number of validation rows used for importances.
    pub(crate) rows: usize,
    /// All features, the most important first.
    pub(crate) importances: Vec<(Feature, Importance)>,
    /// Partial dependences of the most important features, over the middle 98 % of their values.
    pub(crate) dependences: Vec<(Feature, Vec<Dependence>)>,
}

/// Downloads the rows of the validation partition.
pub(crate) async fn validation_rows(
    clients: &Clients,
    project: &Project,
    run: &RunName,
) -> anyhow::Result<Rows> {
    let dir = tempfile::tempdir().context("cannot create a directory for the validation rows")?;
    let prefix = project.uri(&layout::channel(run, Channel::Validation));
    for object in sagemaker_ops::storage::list(clients, &prefix).await? {
        let name = Path::new(object.uri.key()).file_name();
        // A folder created in the AWS console is an empty object.
        if let Some(name) = name.filter(|_| object.size > 0) {
            let path = dir.path().join(name);
            sagemaker_ops::storage::download_file(clients, &object.uri, &path).await?;
        }
    }
    Ok(sensor_model::read_channel(dir.path())?.rows)
}

impl Inspection {
    /// Inspects a model on validation rows.
    pub(crate) fn of(name: &str, artifact: &Artifact, validation: &Rows) -> Result<Self, Error> {
        let prepared = Prepared::new(artifact.clone());
        let probabilities = RefCell::new(Vec::new());
        let predict = |x: &Matrix| -> Result<Vec<f64>, Error> {
            prepared.predict_into(x, &mut probabilities.borrow_mut())?;
            Ok(probabilities.take())
        };
        let rows = evenly(validation, IMPORTANCE_ROWS);
        let x = Matrix::new(&rows.features, FEATURE_COUNT)?;
        let samples = Samples::new(x, &rows.labels)?;
        let found = permutation_importance(&samples, predict, REPEATS, SEED)?;
        let mut importances: Vec<_> = Feature::ALL.into_iter().zip(found).collect();
        importances.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean));
        let few = evenly(&rows, DEPENDENCE_ROWS);
        let x = Matrix::new(&few.features, FEATURE_COUNT)?;
        let mut dependences = Vec::new();
        for &(feature, _) in importances.iter().take(STRONGEST) {
            let values = middle_values(&rows, feature);
            let curve = partial_dependence(&x, predict, feature.index(), &values)?;
            dependences.push((feature, curve));
        }
        Ok(Self {
            name: name.to_owned(),
            rows: rows.len(),
            importances,
            dependences,
        })
    }
}

/// At most `most` rows, evenly spaced.
fn evenly(rows: &Rows, most: usize) -> Rows {
    let taken = rows.len().min(most);
    let positions: Vec<usize> = (0..taken).map(|i| i * rows.len() / taken).collect();
    rows.select(&positions)
}

/// Evenly spaced values from the 1st to the 99th percentile of a feature, ignoring missing values.
fn middle_values(rows: &Rows, feature: Feature) -> Vec<f32> {
    let column = rows.features.iter().skip(feature.index());
    let mut known: Vec<f32> = column
        .step_by(FEATURE_COUNT)
        .copied()
        .filter(|value| !value.is_nan())
        .collect();
    known.sort_unstable_by(f32::total_cmp);
    let Some(last) = known.len().checked_sub(1) else {
        return Vec::new();
    };
    let (low, high) = (known[last / 100], known[last - last / 100]);
    if low >= high {
        return vec![low];
    }
    let share = |step: usize| step as f32 / (VALUES - 1) as f32;
    (0..VALUES)
        .map(|step| low + (high - low) * share(step))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Rows {
        let mut rows = Rows::with_capacity(count);
        for i in 0..count {
            rows.ids.push(i as u64);
            rows.groups.push(i as u64);
            rows.labels.push(u8::from(i % 2 == 1));
            rows.features.extend([i as f32; FEATURE_COUNT]);
        }
        rows
    }

    #[test]
    fn rows_are_evenly_spaced_and_distinct() {
        assert_eq!(evenly(&rows(10), 4).ids, [0, 2, 5, 7]);
        assert_eq!(evenly(&rows(3), 4).ids, [0, 1, 2]);
        assert!(evenly(&rows(0), 4).is_empty());
    }

    #[test]
    fn values_span_the_middle_of_the_known_ones() {
        let mut rows = rows(201);
        let first = Feature::ALL[0];
        rows.features[0] = f32::NAN;
        let values = middle_values(&rows, first);
        assert_eq!(values.len(), VALUES);
        assert_eq!((values[0], values[VALUES - 1]), (2.0, 199.0));
        for row in 0..201 {
            rows.features[row * FEATURE_COUNT] = 7.0;
        }
        assert_eq!(middle_values(&rows, first), [7.0]);
        for row in 0..201 {
            rows.features[row * FEATURE_COUNT] = f32::NAN;
        }
        assert!(middle_values(&rows, first).is_empty());
    }
}
