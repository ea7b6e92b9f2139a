//! The documents agree with the code.

use std::collections::BTreeMap;

use fire_cli::Exit;
use serde_json::Value;

use crate::tidy::{files_below, root};
use crate::world::World;

fn document(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn no_document_contains_a_mark_of_unfinished_work() {
    let marks = [
        ["MEAS", "URED"].concat(),
        ["TO", "DO"].concat(),
        ["TB", "D"].concat(),
        ["FIX", "ME"].concat(),
    ];
    let mut documents = 0;
    for folder in [root(), root().join("docs")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "md") {
                continue;
            }
            documents += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            for mark in &marks {
                assert!(!text.contains(mark), "{mark} in {}", path.display());
            }
        }
    }
    assert!(
        documents >= 8,
        "the search found only {documents} documents"
    );
}

/// All Rust and Python sources below these folders.
fn sources(folders: &[&str]) -> String {
    folders
        .iter()
        .flat_map(|folder| files_below(&root().join(folder)))
        .filter(|path| {
            path.extension()
                .is_some_and(|kind| kind == "rs" || kind == "py")
        })
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

fn is_defined(name: &str, sources: &str) -> bool {
    let defined = [format!("fn {name}("), format!("def {name}(")];
    defined.iter().any(|one| sources.contains(one))
}

/// A clause of the container's contract: section, number, and the tests that prove it.
fn clause(line: &str) -> Option<(&str, usize, Vec<&str>)> {
    let (name, rest) = line.strip_prefix("| **")?.split_once("** | ")?;
    let digits = name.find(|letter: char| letter.is_ascii_digit())?;
    let (section, number) = name.split_at(digits);
    let tests = rest.strip_suffix(" |")?.rsplit_once(" | ")?.1;
    let tests = tests.split('`').skip(1).step_by(2).collect();
    Some((section, number.parse().ok()?, tests))
}

/// Clauses are cited by number, so a number must not be missing, moved or used twice.
#[test]
fn each_clause_of_the_containers_contract_has_the_next_number_and_an_existing_test() {
    let text = document("docs/CONTAINER.md");
    let sources = sources(&["crates", "bins", "tests", "xtask"]);
    let mut last = BTreeMap::<&str, usize>::new();
    let mut section_of_the_line_before = None;
    for line in text.lines() {
        let Some((section, number, tests)) = clause(line) else {
            assert!(!line.starts_with("| **"), "not a clause: {line}");
            section_of_the_line_before = None;
            continue;
        };
        let counted = last.entry(section).or_default();
        *counted += 1;
        assert_eq!(number, *counted, "after {section}{}: {line}", number - 1);
        let is_first = number == 1;
        assert!(
            is_first || section_of_the_line_before == Some(section),
            "{section}{number} is separated from its section"
        );
        section_of_the_line_before = Some(section);
        assert!(!tests.is_empty(), "{section}{number} names no test");
        for test in tests {
            assert!(
                is_defined(test, &sources),
                "{section}{number} names the test {test}, which does not exist"
            );
        }
    }
    let sections: Vec<_> = last.keys().copied().collect();
    assert_eq!(
        sections,
        ["C", "E", "G", "I", "L", "P", "Q", "R", "S", "T", "X"]
    );
}

/// A claim without a test would only be a promise.
#[test]
fn each_claim_in_the_tables_names_an_existing_test() {
    let sources = sources(&["crates", "bins", "tests"]);
    let mut claims = 0;
    for (path, column) in [("docs/COMPARISON.md", 2), ("docs/RUNBOOK.md", 3)] {
        let text = document(path);
        let rows = text.lines().filter(|line| line.starts_with("| "));
        for cell in rows.filter_map(|row| row.split('|').nth(column)) {
            let Some(name) = cell
                .split('`')
                .nth(1)
                .filter(|_| cell.contains("yes: ") || path.contains("RUNBOOK"))
            else {
                continue;
            };
            if path.contains("RUNBOOK") && !name.contains('_') {
                continue;
            }
            claims += 1;
            assert!(
                is_defined(name, &sources),
                "{path} names the test {name}, which does not exist"
            );
        }
    }
    assert!(claims >= 25, "the search found only {claims} claims");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_of_the_json_results_is_documented() {
    let world = World::new();
    let uris = world.trained("keys", "600").await;
    let trained = std::fs::read(world.state_dir().join("runs/keys/train.json")).unwrap();
    let job = "flir-scd41-rf-100k-keys";
    // A room at 20 °C: two seconds of raw frames at 10 frames per second.
    let frames = world.path("room.y16");
    std::fs::write(&frames, 29_315_u16.to_le_bytes().repeat(20 * 160 * 120)).unwrap();
    let rows = world.path("rows.csv");
    let [frames, rows] = [&frames, &rows].map(|path| path.to_str().unwrap());
    let results = [
        serde_json::from_slice(&trained).unwrap(),
        world
            .monitor(&[job, "--metrics"])
            .await
            .ended(Exit::Done)
            .json(),
        world
            .deploy(&["--model-uri", &uris[0], "--model-uri", &uris[1], "--test"])
            .await
            .json(),
        world
            .report(&["--run", "keys"])
            .await
            .ended(Exit::Done)
            .json(),
        world
            .extract(&[
                "--frames", frames, "--scale", "0.01K", "--fps", "10", "--out", rows,
            ])
            .await
            .ended(Exit::Done)
            .json(),
    ];
    let text = document("docs/OUTPUT.md");
    for result in &results {
        for key in result.as_object().unwrap().keys() {
            assert!(
                text.contains(&format!("`{key}`")),
                "{key} is not in docs/OUTPUT.md"
            );
        }
    }
    let scores: Vec<&Value> = results[3]["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["test"])
        .collect();
    for key in scores[0].as_object().unwrap().keys() {
        assert!(
            text.contains(&format!("`{key}`")),
            "{key} is not in docs/OUTPUT.md"
        );
    }
}
