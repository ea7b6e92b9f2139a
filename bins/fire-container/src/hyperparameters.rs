//! The job's settings: `input/config/hyperparameters.json`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use ensemble::{Algorithm, CheckedParams, Params};
use serde_json::{Map, Value};

/// Seed of a job that does not set one.
const DEFAULT_SEED: u64 = 42;

/// Set by SageMaker in tuning jobs: the metric to optimize.
const TUNING: &str = "_tuning_objective_metric";

/// Set by SDKs to run a script of the user: the name of the script.
const SCRIPT: &str = "sagemaker_program";

/// The prefix of everything that SDKs add for containers that run scripts.
const SDK_PREFIX: &str = "sagemaker_";

/// Why a script has no effect.
const NO_SCRIPTS: &str =
    "this container has no script mode and trains its own algorithms; leave out the entry point";

/// The settings of a training job.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The learner.
    pub algorithm: Algorithm,
    /// Seed of all randomness in the job.
    pub seed: u64,
    /// The learner's hyperparameters, with defaults for those that are not set.
    pub params: CheckedParams,
    /// Names in the file that SDKs and tuning jobs add and that have no effect here.
    pub ignored: Vec<String>,
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
            None if map.contains_key(SCRIPT) => bail!(
                "hyperparameter algorithm is missing, and {SCRIPT} is not used: {NO_SCRIPTS}; expected one of {}",
                Algorithm::ALL.map(Algorithm::name).join(", ")
            ),
            None => bail!(
                "hyperparameter algorithm is missing; expected one of {}",
                Algorithm::ALL.map(Algorithm::name).join(", ")
            ),
        };
        let mut seed = DEFAULT_SEED;
        let mut params = Params::defaults(algorithm);
        // All problems are reported at once, because each attempt on AWS takes minutes to fail.
        let (mut problems, mut ignored) = (Vec::new(), Vec::new());
        for (name, value) in map {
            let applied = match name.as_str() {
                "algorithm" => Ok(()),
                added if added == TUNING || added.starts_with(SDK_PREFIX) => {
                    ignored.push(name.clone());
                    Ok(())
                }
                "seed" => read_seed(value).map(|given| seed = given),
                _ => plain(value).and_then(|value| Ok(params.set(name, &value)?)),
            };
            if let Err(problem) = applied {
                problems.push(format!("hyperparameter {name}: {problem:#}"));
            }
        }
        ensure!(problems.is_empty(), "{}", problems.join("; "));
        ignored.sort();
        Ok(Self {
            algorithm,
            seed,
            params: params.check()?,
            ignored,
        })
    }

    /// Lines for the log about names in the file that have no effect.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.ignored.is_empty() {
            notes.push(format!(
                "ignored hyperparameters, which SDKs and tuning jobs add: {}",
                self.ignored.join(", ")
            ));
        }
        if self.ignored.iter().any(|name| name == SCRIPT) {
            notes.push(format!("{SCRIPT} is not used: {NO_SCRIPTS}"));
        }
        notes
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
/// files have `5`.
fn plain(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => {
            // Only a string within the string was encoded twice; `5` and `true` keep their text.
            Ok(serde_json::from_str::<String>(text).unwrap_or_else(|_| text.clone()))
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
    fn numbers_and_booleans_are_read_as_sdks_write_them() {
        for (name, value, expected) in [
            ("oob_score", json!("True"), "true"),
            ("oob_score", json!("\"True\""), "true"),
            ("oob_score", json!("true"), "true"),
            ("oob_score", json!("\"true\""), "true"),
            ("oob_score", json!(true), "true"),
            ("bootstrap", json!("False"), "false"),
            ("bootstrap", json!("\"False\""), "false"),
            ("bootstrap", json!("\"false\""), "false"),
            ("bootstrap", json!(false), "false"),
            ("n_estimators", json!("\"30\""), "30"),
            ("max_features", json!("\"all\""), "all"),
        ] {
            let settings = read(&json!({ "algorithm": "\"random_forest\"", name: value }));
            let entries = settings.unwrap().params.params().entries();
            let entry = (name.to_owned(), expected.to_owned());
            assert!(entries.contains(&entry), "{name} {value}: {entries:?}");
        }
        let rate = json!({ "algorithm": "gradient_boosting", "learning_rate": "\"0.05\"" });
        let entries = read(&rate).unwrap().params.params().entries();
        assert!(entries.contains(&("learning_rate".into(), "0.05".into())));
    }

    #[test]
    fn what_sdks_and_tuning_jobs_add_is_ignored_and_logged() {
        let check = |added: Value, expected: &[&str]| {
            let mut settings = added;
            settings["algorithm"] = json!("random_forest");
            assert_eq!(read(&settings).unwrap().notes(), expected, "{settings}");
        };
        check(json!({}), &[]);
        check(
            json!({ "_tuning_objective_metric": "validation:auc" }),
            &["ignored hyperparameters, which SDKs and tuning jobs add: _tuning_objective_metric"],
        );
        check(
            json!({
                "sagemaker_region": "\"us-east-1\"",
                "sagemaker_container_log_level": "20",
                "sagemaker_job_name": "\"forest-1\"",
                "sagemaker_mpi_enabled": ["not", "read"],
            }),
            &[
                "ignored hyperparameters, which SDKs and tuning jobs add: sagemaker_container_log_level, \
                 sagemaker_job_name, sagemaker_mpi_enabled, sagemaker_region",
            ],
        );
        check(
            json!({
                "sagemaker_program": "\"train.py\"",
                "sagemaker_submit_directory": "s3://bucket/source.tar.gz",
            }),
            &[
                "ignored hyperparameters, which SDKs and tuning jobs add: sagemaker_program, \
                 sagemaker_submit_directory",
                "sagemaker_program is not used: this container has no script mode and trains its own algorithms; \
                 leave out the entry point",
            ],
        );
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
            &json!({ "sagemaker_program": "train.py" }),
            &[
                "hyperparameter algorithm is missing",
                "sagemaker_program is not used: this container has no script mode",
                "random_forest, gradient_boosting, logistic_regression",
            ],
        );
        check(
            &json!({ "algorithm": "random_forest", "oob_score": "yes" }),
            &["hyperparameter oob_score", "`yes`", "true or false"],
        );
        // Only what SDKs and tuning jobs add is ignored.
        check(
            &json!({ "algorithm": "random_forest", "sagemakerprogram": "1", "_depth": "3" }),
            &["hyperparameter sagemakerprogram", "hyperparameter _depth"],
        );
        check(
            &json!({ "algorithm": "random_forest", "max_depth": [3] }),
            &["hyperparameter max_depth: `[3]` is not a single value"],
        );
    }
}
