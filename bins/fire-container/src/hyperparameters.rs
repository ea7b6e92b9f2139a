//! The job's settings: `input/config/hyperparameters.json`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use ensemble::{Algorithm, CheckedParams, Params};
use serde_json::{Map, Value};

/// Seed of a job that does not set one.
const DEFAULT_SEED: u64 = 42;

/// Set by SageMaker in tuning jobs: the metric to optimize.
const TUNING: &str = "_tuning_objective_metric";

/// Set by SDKs that run a script of the user's: the script's name.
const SCRIPT: &str = "sagemaker_program";

/// The prefix of everything that SDKs add for their own containers.
const SDK_PREFIX: &str = "sagemaker_";

/// The settings of a training job.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The learner.
    pub algorithm: Algorithm,
    /// Seed of all randomness in the job.
    pub seed: u64,
    /// The learner's hyperparameters, with defaults for those that are not set.
    pub params: CheckedParams,
}

impl Settings {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// If the file is not a JSON object, `algorithm` is missing, or names or values are invalid; the message lists all
    /// invalid names and values.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the hyperparameters in {shown}"))?;
        let map = object(&text)
            .with_context(|| format!("{shown} is not a JSON object of hyperparameters"))?;
        Self::from_map(&map)
    }

    /// Parses and checks the text of the file.
    ///
    /// # Errors
    /// As for [`read`](Self::read), except for file errors.
    pub fn parse(text: &str) -> Result<Self> {
        Self::from_map(&object(text)?)
    }

    /// Applies the settings one by one and collects all problems.
    fn from_map(map: &Map<String, Value>) -> Result<Self> {
        let algorithm: Algorithm = match map.get("algorithm") {
            Some(value) => plain(value).context("hyperparameter algorithm")?.parse()?,
            None => bail!(
                "hyperparameter algorithm is missing; expected one of {}",
                Algorithm::ALL.map(Algorithm::name).join(", ")
            ),
        };
        let mut seed = DEFAULT_SEED;
        let mut params = Params::defaults(algorithm);
        // All problems are reported at once, because each attempt on AWS takes minutes to fail.
        let mut problems = Vec::new();
        for (name, value) in map {
            let applied = match name.as_str() {
                "algorithm" | TUNING => Ok(()),
                SCRIPT => Err(anyhow!(
                    "this container trains its own learners and runs no scripts; leave out the entry point"
                )),
                added if added.starts_with(SDK_PREFIX) => Ok(()),
                "seed" => read_seed(value).map(|given| seed = given),
                _ => plain(value).and_then(|value| Ok(params.set(name, &value)?)),
            };
            if let Err(problem) = applied {
                problems.push(format!("hyperparameter {name}: {problem:#}"));
            }
        }
        ensure!(problems.is_empty(), "{}", problems.join("; "));
        Ok(Self {
            algorithm,
            seed,
            params: params.check()?,
        })
    }
}

fn object(text: &str) -> serde_json::Result<Map<String, Value>> {
    serde_json::from_str(text)
}

/// Parses a seed, which can be any unsigned 64-bit number.
fn read_seed(value: &Value) -> Result<u64> {
    let text = plain(value)?;
    text.parse()
        .with_context(|| format!("`{text}` is not a whole number from 0 to 2^64 - 1"))
}

/// A value as plain text. The API passes `"5"`, some client libraries encode it twice (`"\"5\""`), and hand-written
/// files have `5`. Python's `True` and `False` are spelled as elsewhere.
fn plain(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => {
            // Only a string within the string was encoded twice; `5` and `true` keep their text.
            let text = serde_json::from_str::<String>(text).unwrap_or_else(|_| text.clone());
            Ok(match text.as_str() {
                "True" => "true".to_owned(),
                "False" => "false".to_owned(),
                _ => text,
            })
        }
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => bail!("`{value}` is not a single value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(settings: &Value) -> Result<Settings> {
        Settings::from_map(settings.as_object().unwrap())
    }

    #[test]
    fn three_spellings_of_a_value_are_equal() {
        for value in [json!(5), json!("5"), json!("\"5\"")] {
            let settings = read(&json!({
                "algorithm": "random_forest", "seed": value, "max_depth": value
            }))
            .unwrap();
            assert_eq!(
                (settings.algorithm, settings.seed),
                (Algorithm::RandomForest, 5)
            );
            let entries = settings.params.params().entries();
            assert!(
                entries.contains(&("max_depth".into(), "5".into())),
                "{entries:?}"
            );
        }
        let quoted = read(&json!({ "algorithm": "\"logistic_regression\"" })).unwrap();
        assert_eq!(
            (quoted.algorithm, quoted.seed),
            (Algorithm::LogisticRegression, 42)
        );
    }

    #[test]
    fn the_setting_added_by_a_tuning_run_is_ignored() {
        let settings = json!({
            "algorithm": "random_forest", "_tuning_objective_metric": "validation:auc"
        });
        assert!(read(&settings).is_ok());
    }

    #[test]
    fn what_sdks_add_for_their_own_containers_is_ignored() {
        let settings = json!({
            "algorithm": "random_forest", "sagemaker_region": "\"us-east-1\"", "sagemaker_container_log_level": "20"
        });
        assert!(read(&settings).is_ok());
    }

    #[test]
    fn truth_values_may_be_spelled_as_in_python() {
        for value in [json!("True"), json!("\"True\""), json!("true"), json!(true)] {
            let settings = read(&json!({ "algorithm": "random_forest", "oob_score": value }));
            let entries = settings.unwrap().params.params().entries();
            assert!(entries.contains(&("oob_score".into(), "true".into())));
        }
    }

    fn check(settings: &Value, expected: &[&str]) {
        let error = format!("{:#}", read(settings).unwrap_err());
        for part in expected {
            assert!(error.contains(part), "`{part}` is not in `{error}`");
        }
    }

    #[test]
    fn every_invalid_name_and_value_is_named() {
        check(
            &json!({}),
            &[
                "hyperparameter algorithm is missing",
                "random_forest, gradient_boosting, logistic_regression",
            ],
        );
        check(
            &json!({ "algorithm": "svm" }),
            &["svm", "gradient_boosting"],
        );
        check(
            &json!({ "algorithm": "random_forest", "depth": "3", "trees": "9" }),
            &[
                "hyperparameter depth",
                "hyperparameter trees",
                "n_estimators",
            ],
        );
        check(
            &json!({ "algorithm": "random_forest", "max_depth": "ten" }),
            &["hyperparameter max_depth", "`ten`"],
        );
        check(
            &json!({ "algorithm": "random_forest", "seed": "-1" }),
            &["hyperparameter seed: `-1` is not a whole number from 0 to 2^64 - 1"],
        );
        check(
            &json!({ "algorithm": "random_forest", "sagemaker_program": "train.py" }),
            &["hyperparameter sagemaker_program: this container trains its own learners"],
        );
        check(
            &json!({ "algorithm": "random_forest", "max_depth": [3] }),
            &["hyperparameter max_depth: `[3]` is not a single value"],
        );
    }
}
