//! The project's own rules about its files: sizes, names, lints, marks of the unfinished.

use std::path::{Path, PathBuf};

/// Longest file without its tests; a list of data may be longer, with a reason here.
const LONGEST_FILE: usize = 450;
const LONGEST_LIB: usize = 150;
const LONGEST_MAIN: usize = 40;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// All files below a folder, build artifacts left out, in a stable order.
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
fn rust_files() -> Vec<(PathBuf, String)> {
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

/// Lines above the unit tests.
fn own_lines(text: &str) -> usize {
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .count()
}

#[test]
fn files_stay_short_enough_to_be_one_thing() {
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
            _ => (own_lines(&text), LONGEST_FILE),
        };
        if lines > limit {
            too_long.push(format!("{}: {lines} lines, limit {limit}", path.display()));
        }
    }
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
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
fn nothing_is_unfinished_ignored_or_silently_allowed() {
    // Put together here, so that this file does not accuse itself.
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
fn every_member_takes_the_workspaces_lints_and_versions() {
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
                "a version is named in {}",
                path.display()
            );
            assert!(
                !text.contains("description = \"\""),
                "no description in {}",
                path.display()
            );
        }
    }
    assert!(members >= 13, "the search found only {members} members");
}
