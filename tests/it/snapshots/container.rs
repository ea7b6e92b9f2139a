//! What `fire-container` says about jobs, models and files that it cannot use.

use std::fmt::Write as _;
use std::fs;

use super::shell::Shell;
use super::{check, check_lines};
use crate::bad_input::{Change, csv};

/// Hyperparameters of jobs that must fail, by the job's name.
const SETTINGS: [(&str, &str); 11] = [
    ("list", "[1]"),
    ("cut", "{"),
    ("none", "{}"),
    ("svm", r#"{"algorithm": "svm"}"#),
    (
        "names",
        r#"{"algorithm": "random_forest", "depth": "3", "trees": "9"}"#,
    ),
    (
        "word",
        r#"{"algorithm": "random_forest", "max_depth": "ten"}"#,
    ),
    ("seed", r#"{"algorithm": "random_forest", "seed": "-1"}"#),
    (
        "list-value",
        r#"{"algorithm": "random_forest", "max_depth": [3]}"#,
    ),
    (
        "rate",
        r#"{"algorithm": "gradient_boosting", "learning_rate": "fast"}"#,
    ),
    (
        "bins",
        r#"{"algorithm": "gradient_boosting", "max_bins": "9999"}"#,
    ),
    ("no-data", FOREST),
];

const FOREST: &str = r#"{"algorithm": "random_forest", "n_estimators": "5"}"#;

/// Writes a job's hyperparameters.
pub(super) fn job(shell: &Shell, name: &str, settings: &str) {
    let config = shell.path(name).join("input/config");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("hyperparameters.json"), settings).unwrap();
}

/// Writes a channel of a job as one CSV file.
pub(super) fn channel(shell: &Shell, job: &str, name: &str, text: &str) {
    let folder = shell.path(job).join("input/data").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("rows.csv"), text).unwrap();
}

/// Trains a logistic regression, the fastest model to fit, in the job's folder.
pub(super) fn train(shell: &Shell, name: &str) {
    job(shell, name, r#"{"algorithm": "logistic_regression"}"#);
    for part in ["train", "validation"] {
        channel(shell, name, part, &csv(&[]));
    }
    shell.call(&format!("fire-container train --opt-ml {name}"));
}

#[test]
fn predict_export_and_serve_explain_bad_files() {
    let shell = Shell::new();
    for name in ["text.tar.gz", "text.fire", "text.csv"] {
        fs::write(shell.path(name), "no model and no rows\n").unwrap();
    }
    fs::write(shell.path("rows.csv"), csv(&[])).unwrap();
    train(&shell, "good");
    check_lines(
        &shell,
        "fire-container",
        &[
            "fire-container",
            "fire-container bake",
            "fire-container train --opt-ml nothing",
            "fire-container serve --opt-ml nothing",
            "fire-container predict rows.csv",
            "fire-container predict rows.csv --model nothing.tar.gz",
            "fire-container predict rows.csv --model text.tar.gz",
            "fire-container predict rows.csv --model text.fire",
            "fire-container predict rows.csv --model good/model --explain",
            "fire-container predict rows.csv --model good/model --output xml",
            "fire-container predict nothing.csv --model good/model",
            "fire-container predict text.csv --model good/model",
            "fire-container export --model text.fire --out model.onnx",
            "fire-container export --model good/model --out nowhere/model.onnx",
        ],
    );
}

#[test]
fn a_training_job_explains_why_it_fails() {
    let shell = Shell::new();
    let mut names = Vec::new();
    for (name, settings) in SETTINGS {
        job(&shell, name, settings);
        names.push(name);
    }
    for (name, changed, text) in [
        ("one-class", "train", csv(&[Change::OneClass])),
        ("bad-cell", "validation", csv(&[Change::Cell(3, 2, "warm")])),
        (
            "bad-column",
            "validation",
            csv(&[Change::WithColumn("humidity")]),
        ),
        ("bad-test", "test", csv(&[Change::Short(4)])),
    ] {
        job(&shell, name, FOREST);
        for good in ["train", "validation"] {
            channel(&shell, name, good, &csv(&[]));
        }
        channel(&shell, name, changed, &text);
        names.push(name);
    }
    job(&shell, "no-validation", FOREST);
    channel(&shell, "no-validation", "train", &csv(&[]));
    names.push("no-validation");
    let lines: Vec<String> = names
        .iter()
        .map(|name| format!("fire-container train --opt-ml {name}"))
        .collect();
    check_lines(&shell, "fire-container-train", &lines);
    // What SageMaker shows as the reason of the failure.
    let mut reasons = String::new();
    for name in names {
        let reason = fs::read_to_string(shell.path(name).join("output/failure")).unwrap();
        writeln!(reasons, "{name}: {}", shell.redacted(&reason)).unwrap();
    }
    check("errors/fire-container-failure", &reasons);
}
