//! Resumes a run: reads its stored recipe and checks the flags of this call against it.

use anyhow::{Context as _, anyhow, ensure};
use fire_cli::{shell_word, usage};
use fire_run::{RunName, layout};
use sagemaker_ops::{if_found, storage};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cli::Args;
use crate::plan::Plan;
use crate::recipe::Recipe;
use crate::session::Session;

/// `recipe.json` of a run.
#[derive(Debug, Serialize, Deserialize)]
struct Document {
    /// Version of this format; 1 is the only one so far.
    format: u32,
    /// The flags that were given, by their names without `--`.
    flags: Map<String, Value>,
}

/// The recipe that the run was started with; `None` for a new run, or for one started by a version
/// that stored no recipe.
///
/// # Errors
/// Exit code 2 for a recipe that this version cannot read, 3 for a backend that fails.
pub(crate) async fn stored_recipe(
    run: &RunName,
    session: &Session<'_, '_>,
) -> anyhow::Result<Option<Recipe>> {
    let uri = session.project.uri(&layout::recipe(run));
    // Before the first run, not even the bucket exists.
    let Some(bytes) = if_found(storage::get_bytes(&session.clients, &uri).await)? else {
        return Ok(None);
    };
    let recipe = read(&bytes).with_context(|| {
        format!("cannot use {uri}; resume the run with the version that started it, or pass another --run")
    });
    recipe.map(Some).map_err(usage)
}

fn read(bytes: &[u8]) -> anyhow::Result<Recipe> {
    let document: Document = serde_json::from_slice(bytes)?;
    ensure!(
        document.format == 1,
        "its format version is {}",
        document.format
    );
    Recipe::from_flags(&document.flags)
}

/// The context for starting or resuming a run.
pub(crate) struct Start<'a> {
    /// The flags of this call, with absolute paths.
    pub(crate) given: &'a Recipe,
    /// Whether the run has no recipe yet.
    pub(crate) is_new: bool,
    pub(crate) resume_command: String,
}

impl Start<'_> {
    /// Stores the recipe of a new run, and sets the notice that tells an interrupted user how to resume.
    ///
    /// If two calls start a run with the same name at the same moment, neither finds a recipe, and
    /// the later recipe replaces the earlier one: the local server has no conditional writes that
    /// could prevent it. A call with other flags is then rejected only if a job with other
    /// hyperparameters exists; if both upload rows at once, the fingerprints in the manifest reveal
    /// rows that do not belong to it.
    pub(crate) async fn begin(
        &self,
        run: &RunName,
        session: &mut Session<'_, '_>,
    ) -> anyhow::Result<()> {
        if self.is_new {
            let flags = self.given.to_flags()?;
            let bytes = serde_json::to_vec_pretty(&Document { format: 1, flags })?;
            let uri = session.project.uri(&layout::recipe(run));
            storage::put_bytes(&session.clients, &uri, bytes).await?;
        }
        session.console.notice().set(self.notice());
        Ok(())
    }

    /// The message for an interrupted user.
    pub(crate) fn notice(&self) -> String {
        format!("Nothing is lost; resume with: {}", self.resume_command)
    }
}

/// The plan of a stored recipe, if the flags of this call agree with it.
///
/// A flag agrees if it would not change the run: it may repeat the stored value, spell out a default
/// or be left out.
///
/// # Errors
/// Exit code 2; the message names each conflicting flag with its stored and its given value.
pub(crate) fn plan(run: &RunName, stored: &Recipe, given: &Recipe) -> anyhow::Result<Plan> {
    let plan = Plan::new(run, stored)?;
    let stored = stored.to_flags()?;
    let disagrees = |name: &str, value: &Value| {
        let mut flags = stored.clone();
        flags.insert(name.to_owned(), value.clone());
        let merged = Recipe::from_flags(&flags).and_then(|recipe| Plan::new(run, &recipe));
        merged.ok().as_ref() != Some(&plan)
    };
    let differences: Vec<String> = given
        .to_flags()?
        .iter()
        .filter(|(name, value)| disagrees(name, value))
        .map(|(name, value)| {
            let old = stored.get(name).map(|old| as_typed(name, old));
            let old = old.unwrap_or_else(|| format!("no --{name}"));
            format!("{old}, not {}", as_typed(name, value))
        })
        .collect();
    if differences.is_empty() {
        return Ok(plan);
    }
    Err(usage(anyhow!(
        "run {run} exists and was started with {}; leave these flags out to resume it, or pass another --run",
        differences.join("; ")
    )))
}

/// A flag with its value, as on the command line.
fn as_typed(name: &str, value: &Value) -> String {
    match value {
        Value::Bool(_) => format!("--{name}"),
        Value::String(text) => format!("--{name} {text}"),
        Value::Array(values) => {
            let each = values.iter().map(|value| as_typed(name, value));
            each.collect::<Vec<_>>().join(" ")
        }
        other => format!("--{name} {other}"),
    }
}

/// The command that resumes this run, with the flags for its bucket and backend.
pub(crate) fn command(run: &RunName, args: &Args) -> anyhow::Result<String> {
    let program = fire_cli::sibling_program("train-100k");
    let bucket = args.recipe.project.bucket.as_ref();
    let bucket = bucket.map(|bucket| format!("--bucket {} ", shell_word(bucket.as_str())));
    let backend = args.common.backend_flags()?;
    Ok(format!(
        "{program} --run {run} {}{backend}",
        bucket.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn recipe(flags: &str) -> Recipe {
        let words = std::iter::once("train-100k").chain(flags.split_whitespace());
        Args::parse_from(words).recipe
    }

    fn resume(stored: &str, given: &str) -> Result<Plan, String> {
        let plan = plan(&"a".parse().unwrap(), &recipe(stored), &recipe(given));
        plan.map_err(|error| error.to_string())
    }

    #[test]
    fn a_run_is_resumed_by_its_name_or_with_flags_that_agree() {
        let started = "--samples 500 --seed 7 --set rf.max_depth=8 --only rf,gb";
        let whole = Plan::new(&"a".parse().unwrap(), &recipe(started)).unwrap();
        for given in [
            "",
            started,
            "--seed 7",
            "--only gb,rf",
            // Defaults that are spelled out.
            "--profile episode --volume-gb 30 --alarm-hours 24",
            // The bucket, --wait and cost limits are not part of a recipe.
            "--bucket another --wait --max-cost 1",
        ] {
            assert_eq!(resume(started, given).as_ref(), Ok(&whole), "{given}");
        }
    }

    #[test]
    fn each_flag_that_disagrees_is_named_with_both_values() {
        for (stored, given, expected) in [
            (
                "--samples 500",
                "--samples 600",
                "--samples 500, not --samples 600",
            ),
            (
                "",
                "--seed 7 --severity 0.9",
                "no --seed, not --seed 7; no --severity, not --severity 0.9",
            ),
            (
                "--set rf.max_depth=8 --set gb.max_depth=3",
                "--set rf.max_depth=9 --seed 42",
                "--set rf.max_depth=8 --set gb.max_depth=3, not --set rf.max_depth=9",
            ),
            ("", "--only rf", "no --only, not --only random_forest"),
            ("", "--spot", "no --spot, not --spot"),
            (
                "--data x.csv",
                "--data y.csv",
                "--data x.csv, not --data y.csv",
            ),
            (
                "--data x.csv",
                "--samples 500",
                "no --samples, not --samples 500",
            ),
            ("--samples 500", "--parts x", "no --parts, not --parts x"),
            ("", "--tag team=fire", "no --tag, not --tag team=fire"),
        ] {
            let error = resume(stored, given).unwrap_err();
            let expected =
                format!("run a exists and was started with {expected}; leave these flags out");
            assert!(error.starts_with(&expected), "{error}");
            assert!(error.ends_with("another --run"), "{error}");
        }
    }

    #[test]
    fn a_stored_recipe_is_read_back_and_other_documents_are_rejected() {
        let recipe = recipe("--samples 500 --set rf.max_depth=8");
        let flags = recipe.to_flags().unwrap();
        let bytes = serde_json::to_vec(&Document { format: 1, flags }).unwrap();
        assert_eq!(read(&bytes).unwrap(), recipe);
        for other in ["{\"flags\":", "{\"format\": 2, \"flags\": {}}"] {
            assert!(read(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn the_resume_command_names_the_run_the_bucket_and_the_backend() {
        let flags = "train-100k --samples 500 --set rf.max_depth=8 --bucket a-bucket --state-dir /tmp/state";
        let command = command(&"a".parse().unwrap(), &Args::parse_from(flags.split(' '))).unwrap();
        assert!(
            command.ends_with("train-100k --run a --bucket a-bucket --state-dir /tmp/state"),
            "{command}"
        );
    }
}
