//! What people and programs read, word for word: help texts, output, documents, object keys, error messages, predictions.
//!
//! A wording is written down once, in a `.snap` file below `snapshots/`, and other tests ask for its meaning only. After a
//! change on purpose, accept it with `INSTA_UPDATE=always cargo test --workspace --test it snapshots` and read the
//! difference in git. What differs from run to run (paths, ports, times, digests of models) is replaced by a name in
//! brackets; see `shell.rs` for text and `document.rs` for JSON.

mod document;
mod errors;
mod help;
mod predictions;
mod requests;
mod run;
mod shell;

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::path::Path;

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

/// Compares all texts whose places begin so, and names each that differs.
#[track_caller]
fn check_all(texts: &BTreeMap<String, String>, start: &str) {
    let mut those = texts.iter().filter(|(place, _)| place.starts_with(start));
    let different: Vec<_> = those
        .clone()
        .filter(|(place, text)| catch_unwind(|| check(place, text)).is_err())
        .map(|(place, _)| place)
        .collect();
    assert!(those.next().is_some(), "there is no {start}");
    assert!(different.is_empty(), "these differ: {different:?}");
}
