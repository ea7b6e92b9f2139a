//! The report of a run, and the comparison of two runs.

use fire_cli::Exit;

use crate::world::World;

const ROWS: [&str; 4] = ["--samples", "2000", "--alarm-hours", "0.2"];
const SMALL: [&str; 5] = ["--only", "rf", "--set", "rf.n_estimators=10", "--wait"];

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_an_ensemble_has_a_page_here_and_in_s3() {
    let world = World::new();
    let flags = [&["--run", "single"], &ROWS[..], &SMALL[..]].concat();
    let trained = world.train(&flags).await.ended(Exit::Done).json();
    let report = world.report(&["--run", "single"]).await.ended(Exit::Done);
    assert!(report.json()["ensemble"].is_null());
    let kept = std::fs::read_to_string(world.state_dir().join("runs/single/report.html")).unwrap();
    for expected in [
        "<!DOCTYPE html>",
        "No ensemble of this run was deployed",
        "id=\"roc\"",
        "id=\"importances\"",
    ] {
        assert!(kept.contains(expected), "{expected}");
    }
    let manifest = trained["manifest_uri"].as_str().unwrap();
    let uri = manifest.replace("data/single/manifest.json", "results/single/report.html");
    let clients = world.clients().await;
    let stored = sagemaker_ops::storage::get_bytes(&clients, &uri.parse().unwrap()).await;
    assert_eq!(stored.unwrap(), kept.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_on_the_same_test_rows_are_compared_and_others_rejected() {
    let world = World::new();
    let runs = [
        ("first", &["--seed", "1"][..]),
        ("again", &["--seed", "1"]),
        ("other", &["--seed", "2"]),
    ];
    for (run, seed) in runs {
        let flags = [&["--run", run], seed, &ROWS[..], &SMALL[..]].concat();
        world.train(&flags).await.ended(Exit::Done);
    }
    let compared = world.report(&["--compare", "first", "again"]).await;
    let compared = compared.ended(Exit::Done).json();
    assert_eq!(compared["runs"][1], "again");
    let pairs = compared["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 1);
    // The same learner on the same rows with the same seed.
    for figure in ["auc", "f1", "logloss"] {
        let difference = &pairs[0]["differences"][figure];
        assert_eq!(difference["value"], 0.0, "{figure}");
        assert_eq!(difference["significant"], false, "{figure}");
    }
    let page = world.state_dir().join("runs/first/compare-again.html");
    assert!(std::fs::read_to_string(page).unwrap().contains("again"));

    let refused = world.report(&["--compare", "first", "other"]).await;
    refused
        .ended(Exit::Usage)
        .said(&["report-100k --run other"]);
}
