//! The commands and facts needed to reproduce the results.

use std::collections::BTreeMap;

use ensemble::{Algorithm, Params};
use maud::{Markup, html};
use sensor_model::episode::{EpisodeParams, Scenario};

use super::{Contents, Table};
use crate::models::Trained;

pub(super) fn section(contents: &Contents) -> Markup {
    let (report, manifest) = (contents.report, contents.manifest);
    html! {
        p { "The same seed, settings and version give the same rows and the same models with any number of threads; "
            "only the last digits of logistic regression may differ between machines." }
        pre tabindex="0" { code { (commands(contents).join("\n")) } }
        (facts(contents).markup())
        @if manifest.profile == "data" {
            p.note { "The rows came from files, which are also needed; the fingerprints of the partitions show whether they "
                "are the same." }
        }
        @if let Some(ensemble) = &report.ensemble {
            p { "The model is at " code { (ensemble.model_uri) } "." }
        }
    }
}

/// The commands that reproduce the results, without most flags that have their default value.
fn commands(contents: &Contents) -> Vec<String> {
    let (report, manifest) = (contents.report, contents.manifest);
    let backend = match report.backend.as_str() {
        "local" => None,
        other => Some(format!("--backend {other}")),
    };
    let mut train = vec![format!("train-100k --run {}", report.run)];
    if manifest.profile == "data" {
        train.push("--data FILES".to_owned());
    } else {
        train.push(format!(
            "--profile {} --samples {}",
            manifest.profile, manifest.samples
        ));
    }
    train.push(format!("--seed {}", report.seed));
    train.extend(settings(&manifest.settings));
    train.extend(learners(contents.trained));
    train.push("--wait".to_owned());
    let mut commands = vec![train];
    if report.ensemble.is_some() {
        let uris = contents
            .trained
            .iter()
            .map(|model| format!("--model-uri {}", model.uri));
        let deploy = std::iter::once("deploy-100k".to_owned()).chain(uris);
        commands.push(deploy.chain(["--wait --test".to_owned()]).collect());
    }
    commands.push(vec![format!("report-100k --run {}", report.run)]);
    let whole = |mut words: Vec<String>| {
        words.extend(backend.clone());
        words.join(" \\\n    ")
    };
    commands.into_iter().map(whole).collect()
}

/// The flags that determine the rows, apart from profile, seed and number of rows.
fn settings(settings: &BTreeMap<String, String>) -> Vec<String> {
    let mut flags = Vec::new();
    for (name, value) in settings {
        if name == "scenario_weights" {
            let usual = EpisodeParams::default().scenario_weights;
            let usual: Vec<_> = Scenario::ALL
                .into_iter()
                .map(|scenario| format!("{scenario}={}", usual[scenario.index()]))
                .collect();
            let weights = value
                .split(',')
                .filter(|weight| !usual.iter().any(|usual| usual == weight));
            flags.extend(weights.map(|weight| format!("--scenario {weight}")));
        } else {
            flags.push(format!("--{} {value}", name.replace('_', "-")));
        }
    }
    flags
}

/// The flags for algorithms and hyperparameters.
fn learners(trained: &[Trained]) -> Vec<String> {
    let members = trained.iter().flat_map(|model| &model.artifact.members);
    let members: Vec<_> = members.collect();
    let mut flags = Vec::new();
    if members.len() < Algorithm::ALL.len() {
        let names: Vec<_> = members
            .iter()
            .map(|member| member.algorithm().short())
            .collect();
        flags.push(format!("--only {}", names.join(",")));
    }
    for member in members {
        let usual = Params::defaults(member.algorithm()).entries();
        let others = member
            .hyperparameters
            .iter()
            .filter(|entry| !usual.contains(entry));
        let name = member.algorithm().short();
        flags.extend(others.map(|(key, value)| format!("--set {name}.{key}={value}")));
    }
    flags
}

fn facts(contents: &Contents) -> Table {
    let (report, manifest) = (contents.report, contents.manifest);
    let fact = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        fact("run", report.run.clone()),
        fact("profile", manifest.profile.clone()),
        fact("seed", report.seed.to_string()),
        fact("samples", report.samples.to_string()),
        fact("feature schema", manifest.schema.chars().take(12).collect()),
        fact("program version", env!("CARGO_PKG_VERSION").to_owned()),
        fact(
            "commit",
            contents
                .commit
                .unwrap_or("unknown; pass it with --commit or FIRE_COMMIT")
                .to_owned(),
        ),
    ];
    rows.extend(
        manifest
            .settings
            .iter()
            .map(|(name, value)| fact(&format!("setting {name}"), value.clone())),
    );
    Table {
        texts: vec![1],
        ..Table::new("What the results depend on", &["name", "value"], rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_converted_back_to_their_flags() {
        let usual = EpisodeParams::default().scenario_weights;
        let weights: Vec<_> = Scenario::ALL
            .into_iter()
            .map(|scenario| match scenario {
                Scenario::Smouldering => format!("{scenario}=9"),
                other => format!("{other}={}", usual[other.index()]),
            })
            .collect();
        let given = [
            ("fire_share", "0.4".to_owned()),
            ("keep_one_in", "5".to_owned()),
            ("scenario_weights", weights.join(",")),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value)).into();
        let expected = [
            "--fire-share 0.4",
            "--keep-one-in 5",
            "--scenario smouldering=9",
        ];
        assert_eq!(settings(&given), expected);
    }
}
