//! The plan of a run: its recipe with the defaults applied and every value checked.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use ensemble::{Algorithm, Params};
use fire_cli::{ProjectArgs, usage};
use fire_run::RunName;
use sensor_model::Profile;

use crate::machine::{self, Machine};
use crate::recipe::Recipe;
use crate::source::{Mixed, Source};

const SAMPLES: u64 = 100_000;
const SEED: u64 = 42;

/// The checked settings of a run, which no step changes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub(crate) run: RunName,
    /// Where the rows come from.
    pub(crate) source: Source,
    /// The random seed for data generation, splitting and training.
    pub(crate) seed: u64,
    /// The learners to train, with their hyperparameters.
    pub(crate) learners: BTreeMap<Algorithm, Params>,
    /// The machine of each job.
    pub(crate) machine: Machine,
    /// The tags of the jobs, by key.
    pub(crate) tags: BTreeMap<String, String>,
    /// Role and image, if they differ from the account's defaults.
    pub(crate) project: ProjectArgs,
}

impl Plan {
    /// The plan of a recipe. Data files are not accessed, because a complete dataset does not need them.
    ///
    /// # Errors
    /// Exit code 2 for a value out of range, or for mutually exclusive flags.
    pub(crate) fn new(run: &RunName, recipe: &Recipe) -> anyhow::Result<Self> {
        Ok(Self {
            run: run.clone(),
            source: source(recipe)?,
            seed: recipe.seed.unwrap_or(SEED),
            learners: learners(recipe)?,
            machine: recipe.jobs.machine()?,
            tags: recipe.jobs.tags()?,
            project: recipe.project.clone(),
        })
    }
}

fn source(recipe: &Recipe) -> anyhow::Result<Source> {
    let generated = recipe.samples.is_some() || recipe.profile.is_some();
    // One command line cannot have both, but the merged flags of two calls can.
    if recipe.names_files() && (generated || (recipe.parts.is_some() && !recipe.data.is_empty())) {
        return Err(usage(anyhow!(
            "--data, --parts and generated rows (--samples, --profile) are mutually exclusive"
        )));
    }
    if let Some(dir) = &recipe.parts {
        return Ok(Source::Directory(dir.clone()));
    }
    let simulation = recipe.episodes.simulation()?;
    if !recipe.data.is_empty() {
        let mixed = recipe.mix.map(|share| Mixed::new(share, simulation));
        return Ok(Source::Files {
            files: recipe.data.clone(),
            mixed: mixed.transpose()?,
        });
    }
    let samples = recipe.samples.unwrap_or(SAMPLES);
    Ok(match recipe.profile.unwrap_or(Profile::Episode) {
        Profile::Original => Source::Original { samples },
        Profile::Episode => Source::Episodes {
            samples,
            simulation: Box::new(simulation),
        },
    })
}

/// The learners to train with their default hyperparameters, changed by `--set`.
fn learners(recipe: &Recipe) -> anyhow::Result<BTreeMap<Algorithm, Params>> {
    let mut learners: BTreeMap<_, _> = Algorithm::ALL
        .into_iter()
        .map(|algorithm| (algorithm, Params::defaults(algorithm)))
        .collect();
    // Applied before --only: a misspelled --set is rejected even for a learner that is not trained.
    for assignment in &recipe.set {
        set(&mut learners, assignment)
            .with_context(|| format!("--set {assignment}"))
            .map_err(usage)?;
    }
    let chosen = recipe.jobs.learners();
    learners.retain(|algorithm, _| chosen.contains(algorithm));
    for (algorithm, params) in &learners {
        params
            .clone()
            .check()
            .with_context(|| format!("--set for {algorithm}"))
            .map_err(usage)?;
    }
    Ok(learners)
}

fn set(learners: &mut BTreeMap<Algorithm, Params>, assignment: &str) -> anyhow::Result<()> {
    let syntax = "expected LEARNER.NAME=VALUE, such as rf.max_depth=8";
    let (path, value) = assignment.split_once('=').context(syntax)?;
    let (learner, name) = path.split_once('.').context(syntax)?;
    let algorithm = machine::learner(learner).map_err(anyhow::Error::msg)?;
    let params = learners
        .get_mut(&algorithm)
        .context("every algorithm has hyperparameters")?;
    Ok(params.set(name, value)?)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Args;

    fn plan(flags: &[&str]) -> anyhow::Result<Plan> {
        let words = std::iter::once("train-100k").chain(flags.iter().copied());
        Plan::new(&"a".parse().unwrap(), &Args::parse_from(words).recipe)
    }

    #[test]
    fn set_changes_only_the_learner_it_names() {
        let set = [
            "--set",
            "rf.max_depth=8",
            "--set",
            "gradient_boosting.learning_rate=0.05",
        ];
        let learners = plan(&set).unwrap().learners;
        let value = |algorithm, name: &str| {
            let entries: BTreeMap<_, _> = learners[&algorithm].entries().into_iter().collect();
            entries[name].clone()
        };
        assert_eq!(value(Algorithm::RandomForest, "max_depth"), "8");
        assert_eq!(value(Algorithm::GradientBoosting, "max_depth"), "6");
        assert_eq!(value(Algorithm::GradientBoosting, "learning_rate"), "0.05");
    }

    #[test]
    fn only_the_chosen_learners_are_planned() {
        let chosen = plan(&["--only", "gb"]).unwrap().learners;
        assert_eq!(
            chosen.into_keys().collect::<Vec<_>>(),
            [Algorithm::GradientBoosting]
        );
    }

    #[test]
    fn an_invalid_set_is_rejected_with_a_remedy() {
        let cases = [
            ("rf.max_depth", "LEARNER.NAME=VALUE"),
            ("max_depth=8", "LEARNER.NAME=VALUE"),
            ("svm.c=1", "expected one of rf, gb, lr"),
            ("rf.depth=8", "max_depth"),
            ("rf.max_depth=deep", "deep"),
            ("gb.learning_rate=-1", "learning_rate"),
        ];
        for (set, expected) in cases {
            let error = format!("{:#}", plan(&["--set", set]).unwrap_err());
            assert!(error.contains(set) || error.contains("--set"), "{error}");
            assert!(error.contains(expected), "{set}: {error}");
        }
    }

    #[test]
    fn the_flags_determine_the_source_of_the_rows() {
        let source = |flags: &[&str]| plan(flags).unwrap().source;
        assert!(matches!(
            source(&[]),
            Source::Episodes {
                samples: SAMPLES,
                ..
            }
        ));
        assert_eq!(
            source(&["--profile", "original", "--samples", "50"]),
            Source::Original { samples: 50 }
        );
        assert_eq!(source(&["--parts", "x"]), Source::Directory("x".into()));
        let Source::Files { files, mixed } = source(&["--data", "y", "z", "--mix", "0.2"]) else {
            panic!("--data must select files");
        };
        assert_eq!((files.len(), mixed.unwrap().share), (2, 0.2));
    }
}
