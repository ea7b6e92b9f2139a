//! What people and programs read, word for word: help texts, output, documents, object keys, error messages, predictions.
//!
//! Each wording is written down once, in a `.snap` file below `snapshots/`; other tests check meaning only. To accept a
//! change, run `INSTA_UPDATE=always cargo test --workspace --test it snapshots` and read the difference in git.
//!
//! Names in brackets replace whatever differs from run to run: paths, ports, times, digests of models. `shell.rs` does
//! that for text and `document.rs` for JSON.

// Programs called as in a shell, and what is replaced in their output.
mod document;
mod shell;

// Help texts, and the output of one small run.
mod help;
mod predictions;
mod run;

// Error messages and exit codes.
mod backend;
mod container;
mod files;
mod flags;
mod requests;

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::path::Path;

use shell::Shell;

/// Stands for `MODEL` in command lines.
const MODEL: &str = "s3://fire-detection-training-691595239825/flir_scd41_training/models/flir-scd41-rf-100k-base/output/model.tar.gz";

/// Compares a text with `snapshots/<place>.snap`.
#[track_caller]
fn check(place: &str, text: &str) {
    let place = Path::new("snapshots").join(place);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(place.parent().unwrap());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let name = place.file_name().unwrap().to_str().unwrap();
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Compares every text whose place begins with `start`, and names all that differ.
#[track_caller]
fn check_all(texts: &BTreeMap<String, String>, start: &str) {
    let mut chosen = texts.iter().filter(|(place, _)| place.starts_with(start));
    let different: Vec<_> = chosen
        .clone()
        .filter(|(place, text)| catch_unwind(|| check(place, text)).is_err())
        .map(|(place, _)| place)
        .collect();
    assert!(chosen.next().is_some(), "there is no {start}");
    assert!(different.is_empty(), "these differ: {different:?}");
}

/// Runs each command line and compares output and exit codes with one snapshot.
#[track_caller]
fn check_lines(shell: &Shell, name: &str, lines: &[impl AsRef<str>]) {
    let lines = lines
        .iter()
        .map(|line| line.as_ref().replace("MODEL", MODEL));
    let outputs: Vec<String> = lines.map(|line| shell.call(&line).to_string()).collect();
    check(&format!("errors/{name}"), &outputs.join("\n"));
}
