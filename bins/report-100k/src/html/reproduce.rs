//! What somebody else needs to get the same figures.

use maud::{Markup, html};

use super::{Contents, Table};

/// The commit of the sources, where whoever built the program said so.
const COMMIT: Option<&str> = option_env!("FIRE_COMMIT");

pub(super) fn section(contents: &Contents) -> Markup {
    let (report, manifest) = (contents.report, contents.manifest);
    html! {
        p { "The same seed, settings and version give the same rows and the same models on any number of threads; "
            "only the last digits of logistic regression may differ between machines." }
        pre tabindex="0" { code { (commands(contents).join("\n")) } }
        (facts(contents).markup())
        @if manifest.profile == "data" {
            p.note { "The rows were given as files, which are needed too: the fingerprints of the parts tell whether they "
                "are the same." }
        }
        @if let Some(ensemble) = &report.ensemble {
            p { "The model lies at " code { (ensemble.model_uri) } "." }
        }
    }
}

/// The commands as far as the records tell them; hyperparameters stand in each model's own manifest.
fn commands(contents: &Contents) -> Vec<String> {
    let (report, manifest) = (contents.report, contents.manifest);
    let backend = if report.backend == "local" {
        String::new()
    } else {
        format!(" --backend {}", report.backend)
    };
    let source = if manifest.profile == "data" {
        "--data FILES".to_owned()
    } else {
        format!(
            "--profile {} --samples {}",
            manifest.profile, manifest.samples
        )
    };
    let train = format!(
        "train-100k --run {} {source} --seed {} --wait{backend}",
        report.run, report.seed
    );
    let uris = report
        .jobs
        .iter()
        .map(|job| format!("--model-uri MODEL_URI_OF_{}", job.name));
    let uris: Vec<_> = uris.collect();
    vec![
        train,
        format!("deploy-100k {} --wait --test{backend}", uris.join(" ")),
        format!("report-100k --run {}{backend}", report.run),
    ]
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
        fact(
            "version of the programs",
            env!("CARGO_PKG_VERSION").to_owned(),
        ),
        fact(
            "commit",
            COMMIT
                .unwrap_or("not said when the program was built")
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
        ..Table::new("What decides the figures", &["what", "value"], rows)
    }
}
