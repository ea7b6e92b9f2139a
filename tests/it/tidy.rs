//! The project's rules about its files: sizes, names, lints, marks of unfinished work.

use std::path::{Path, PathBuf};

/// Most lines of a file without its unit tests.
const LONGEST_FILE: usize = 450;
const LONGEST_LIB: usize = 150;
const LONGEST_MAIN: usize = 40;

/// The root folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// All files below a folder except build artifacts, in a stable order.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("target") && !path.ends_with("__pycache__"))
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// The Rust files of the project as (path, text).
pub(crate) fn rust_files() -> Vec<(PathBuf, String)> {
    let folders = ["crates", "bins", "xtask", "tests"].map(|folder| root().join(folder));
    let files: Vec<_> = folders
        .iter()
        .flat_map(|folder| files_below(folder))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect();
    assert!(
        files.len() > 50,
        "the search found only {} files",
        files.len()
    );
    files
}

fn is_test(path: &Path) -> bool {
    let below = path.strip_prefix(root()).unwrap();
    below
        .components()
        .any(|part| ["tests", "benches", "examples"].contains(&part.as_os_str().to_str().unwrap()))
}

/// A source file without its unit tests. Looking for the module, not for `#[cfg(test)]`, keeps what
/// follows a `use` or a function for tests only.
pub(crate) fn without_tests(text: &str) -> &str {
    text.split("\nmod tests").next().unwrap_or(text)
}

#[test]
fn files_are_short_enough_to_be_about_one_thing() {
    let mut too_long = Vec::new();
    for (path, text) in rust_files() {
        if is_test(&path) {
            continue;
        }
        let (lines, limit) = match path.file_name().and_then(|name| name.to_str()) {
            Some("main.rs") => (
                text.lines().count(),
                if path.starts_with(root().join("xtask")) {
                    98
                } else {
                    LONGEST_MAIN
                },
            ),
            Some("lib.rs") => (text.lines().count(), LONGEST_LIB),
            _ => (without_tests(&text).lines().count(), LONGEST_FILE),
        };
        if lines > limit {
            too_long.push(format!("{}: {lines} lines, limit {limit}", path.display()));
        }
    }
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}

#[test]
fn no_file_is_named_like_a_collection_of_odds_and_ends() {
    for (path, _) in rust_files() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            ![
                "util", "utils", "helpers", "helper", "common", "misc", "prelude"
            ]
            .contains(&name),
            "{}",
            path.display()
        );
    }
}

#[test]
fn no_code_is_unfinished_ignored_or_silently_allowed() {
    // Put together here, so that this file does not find itself.
    let marks = [
        ["to", "do!("].concat(),
        ["unimple", "mented!("].concat(),
        ["#[ign", "ore"].concat(),
        ["#[should_", "panic"].concat(),
        ["db", "g!("].concat(),
        ["FIX", "ME"].concat(),
        ["#[all", "ow("].concat(),
        ["#![all", "ow("].concat(),
    ];
    for (path, text) in rust_files() {
        for mark in &marks {
            assert!(!text.contains(mark), "{mark} in {}", path.display());
        }
        let glob = text
            .lines()
            .find(|line| line.trim_start().starts_with("pub use") && line.contains("::*"));
        assert!(glob.is_none(), "{glob:?} in {}", path.display());
    }
}

#[test]
fn every_crate_uses_the_lints_and_versions_of_the_workspace() {
    let mut members = 0;
    for folder in ["crates", "bins", "xtask", "tests"] {
        for path in files_below(&root().join(folder)) {
            if path.file_name().is_none_or(|name| name != "Cargo.toml") {
                continue;
            }
            members += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(
                text.contains("[lints]\nworkspace = true"),
                "{}",
                path.display()
            );
            assert!(
                !text.contains("version = \""),
                "{} names a version",
                path.display()
            );
            assert!(
                !text.contains("description = \"\""),
                "{} has no description",
                path.display()
            );
        }
    }
    assert!(members >= 16, "the search found only {members} crates");
}
