//! What the documents say against what the code does.

use std::path::{Path, PathBuf};

use ensemble::{Algorithm, Params};
use fire_cli::Exit;
use serde_json::Value;

use crate::tidy::files_below;
use crate::world::World;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn document(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_containers_table_has_each_hyperparameter_with_its_default() {
    let text = document("docs/CONTAINER.md");
    for algorithm in Algorithm::ALL {
        assert!(text.contains(&format!("`{algorithm}`")), "{algorithm}");
        for (name, value) in Params::defaults(algorithm).entries() {
            let entry = format!("`{name}` {value}");
            assert!(
                text.contains(&entry),
                "{algorithm}: {entry} is not in docs/CONTAINER.md"
            );
        }
    }
}

#[test]
fn no_document_has_a_gap_to_be_filled() {
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

/// A claim without its test would be a promise.
#[test]
fn each_of_our_claims_in_the_tables_names_a_test_that_exists() {
    let sources: String = ["crates", "bins", "tests"]
        .iter()
        .flat_map(|folder| files_below(&root().join(folder)))
        .filter(|path| {
            path.extension()
                .is_some_and(|kind| kind == "rs" || kind == "py")
        })
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
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
            let defined = [format!("fn {name}("), format!("def {name}(")];
            assert!(
                defined.iter().any(|one| sources.contains(one)),
                "{path} names the test {name}, which does not exist"
            );
        }
    }
    assert!(claims >= 25, "the search found only {claims} claims");
}

/// Every key of the programs' JSON documents stands in docs/OUTPUT.md.
#[tokio::test(flavor = "multi_thread")]
async fn every_key_of_the_json_results_is_documented() {
    let world = World::new();
    let uris = world.trained("keys", "600").await;
    let trained = std::fs::read(world.state_dir().join("runs/keys/train.json")).unwrap();
    let job = "flir-scd41-rf-100k-keys";
    // A room of 20 C: two seconds of raw frames at ten a second.
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
    let figures: Vec<&Value> = results[3]["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["test"])
        .collect();
    for key in figures[0].as_object().unwrap().keys() {
        assert!(
            text.contains(&format!("`{key}`")),
            "{key} is not in docs/OUTPUT.md"
        );
    }
}
