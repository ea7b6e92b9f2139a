//! From rows to the endpoint's responses.

use ensemble::Algorithm;
use fire_cli::Exit;
use serde_json::Value;

use crate::world::{SMALL, World, job_names, texts};

const ENDPOINT: &str = "flir-scd41-best-model-endpoint";

fn metric(model: &Value, part: &str, name: &str) -> f64 {
    model[part][name]
        .as_f64()
        .unwrap_or_else(|| panic!("{part}.{name} in {model}"))
}

/// A run of full size keeps what the documents promise.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rows_become_an_ensemble_below_its_ceiling() {
    let world = World::new();
    let trained = world
        .train(&["--run", "full", "--profile", "original"])
        .await
        .ended(Exit::Done);
    let jobs = texts(&trained.json()["jobs"], "name");
    assert_eq!(jobs, job_names("full"));

    let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
    let watched = world
        .monitor(&[&jobs[..], &["--wait", "--metrics"]].concat())
        .await
        .ended(Exit::Done);
    assert_eq!(texts(&watched.last_json()["jobs"], "name"), jobs);

    let uris = texts(&trained.json()["jobs"], "model_uri");
    let mut flags = vec!["--test"];
    for uri in &uris {
        flags.extend(["--model-uri", uri]);
    }
    world.deploy(&flags).await.ended(Exit::Done);
    let report = world
        .report(&["--run", "full"])
        .await
        .ended(Exit::Done)
        .json();

    has_what_is_documented(&report);
    below_the_ceiling(&report);
    let kept = std::fs::read(world.state_dir().join("runs/full/report.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&kept).unwrap(), report);
}

#[track_caller]
fn has_what_is_documented(report: &Value) {
    assert_eq!(report["samples"], 100_000);
    assert_eq!(
        [
            &report["split"]["train"],
            &report["split"]["validation"],
            &report["split"]["test"]
        ],
        [70_000, 15_000, 15_000]
    );
    assert_eq!(report["split"]["audit"]["passed"], true);
    let weights = report["ensemble"]["weights"].as_object().unwrap();
    let sum: f64 = weights
        .values()
        .map(|weight| weight.as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-9, "{weights:?}");

    let ensemble = &report["ensemble"];
    assert!(metric(ensemble, "test", "auc") >= 0.755, "{ensemble}");

    assert_eq!(report["endpoint"]["name"], ENDPOINT);
    assert_eq!(report["endpoint"]["status"], "InService");
    let responses = report["endpoint"]["test"].as_array().unwrap();
    assert_eq!(responses.len(), 3);
    for response in responses {
        let (got, expected) = (
            &response["fire_probability"],
            &response["expected_probability"],
        );
        assert!(
            (got.as_f64().unwrap() - expected.as_f64().unwrap()).abs() < 1e-12,
            "{response}"
        );
    }
    for step in [
        "generate", "split", "upload", "train", "combine", "deploy", "test",
    ] {
        assert!(
            report["timings_seconds"][step].as_f64().unwrap() >= 0.0,
            "{step}"
        );
    }
}

/// A metric above that of the best possible classifier means leakage or a bug.
#[track_caller]
fn below_the_ceiling(report: &Value) {
    let ceiling = &report["ceiling"];
    let models = report["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .chain([&report["ensemble"]]);
    for model in models {
        let low = model["test"]["auc_interval"][0].as_f64().unwrap();
        assert!(low <= ceiling["auc"].as_f64().unwrap(), "{model}");
        // Four standard errors of a share of 15,000 rows.
        let slack = 4.0 * (0.25f64 / 15_000.0).sqrt();
        let limit = ceiling["accuracy"].as_f64().unwrap() + slack;
        assert!(metric(model, "test", "accuracy") <= limit, "{model}");
        // The F1 of the ceiling is the one at its best threshold, which bounds both.
        let best = ceiling["f1"].as_f64().unwrap() + slack;
        assert!(metric(model, "test", "f1") <= best, "{model}");
        let chosen = model["test"]["at_threshold"]["f1"].as_f64().unwrap();
        assert!(chosen <= best, "{model}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_models_and_another_seed_different_ones() {
    let mut models = Vec::new();
    for seed in ["7", "7", "8"] {
        let world = World::new();
        let flags = [
            "--run",
            "seeded",
            "--samples",
            "3000",
            "--alarm-hours",
            "0.2",
            "--seed",
            seed,
            "--wait",
        ];
        let small = ["--set", "rf.n_estimators=10", "--set", "gb.n_estimators=10"];
        let trained = world
            .train(&[&flags[..], &small[..]].concat())
            .await
            .ended(Exit::Done);
        let clients = world.clients().await;
        let mut bytes = Vec::new();
        for uri in texts(&trained.json()["jobs"], "model_uri") {
            let uri = uri.parse().unwrap();
            bytes.push(
                sagemaker_ops::storage::get_bytes(&clients, &uri)
                    .await
                    .unwrap(),
            );
        }
        models.push(bytes);
    }
    for (algorithm, name) in Algorithm::ALL.into_iter().enumerate() {
        assert!(
            models[0][algorithm] == models[1][algorithm],
            "{name}: same seed, other bytes"
        );
        assert!(
            models[0][algorithm] != models[2][algorithm],
            "{name}: another seed, same bytes"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn naming_a_run_again_creates_nothing_twice() {
    let world = World::new();
    let flags = [
        "--run",
        "again",
        "--samples",
        "2000",
        "--alarm-hours",
        "0.2",
        "--wait",
        "--set",
        "rf.n_estimators=5",
    ];
    let first = world.train(&flags).await.ended(Exit::Done).json();
    let second = world.train(&flags).await.ended(Exit::Done).json();
    assert_eq!(
        texts(&first["jobs"], "name"),
        texts(&second["jobs"], "name")
    );
    let created = |summary: &Value| -> Vec<bool> {
        let jobs = summary["jobs"].as_array().unwrap();
        jobs.iter()
            .map(|job| job["created"].as_bool().unwrap())
            .collect()
    };
    assert_eq!(created(&first), Algorithm::ALL.map(|_| true));
    assert_eq!(created(&second), Algorithm::ALL.map(|_| false));
    assert_eq!(first["dataset"], second["dataset"]);

    let other_rows = ["--run", "again", "--samples", "2001"];
    world
        .train(&other_rows)
        .await
        .ended(Exit::Usage)
        .said(&["again", "--samples 2000"]);
    let other_trees = [
        "--run",
        "again",
        "--samples",
        "2000",
        "--alarm-hours",
        "0.2",
        "--set",
        "rf.n_estimators=6",
    ];
    world.train(&other_trees).await.ended(Exit::Usage).said(&[
        "rf.n_estimators=5, not --set rf.n_estimators=6",
        "another --run",
    ]);
    let by_name = world
        .train(&["--run", "again"])
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(created(&by_name), Algorithm::ALL.map(|_| false));
    assert_eq!(first["dataset"], by_name["dataset"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_on_files_is_resumed_without_them_once_its_dataset_is_complete() {
    let world = World::new();
    let out = world.path("parts");
    world
        .train(&[&SMALL[..4], &["--out", out.to_str().unwrap()]].concat())
        .await
        .ended(Exit::Done);
    let file = out.join("train/part-00000.parquet");
    let small = ["--only", "rf", "--set", "rf.n_estimators=5"];
    let flags = ["--run", "own", "--data", file.to_str().unwrap()];
    let flags = [&flags[..], &small].concat();
    let first = world.train(&flags).await.ended(Exit::Done).json();
    // Files that are named again are compared with what was uploaded.
    std::fs::copy(out.join("test/part-00000.parquet"), &file).unwrap();
    let rejected = world.train(&flags).await.ended(Exit::Usage);
    rejected.said(&["run own exists", "its files have changed"]);
    std::fs::remove_file(&file).unwrap();
    let again = world.train(&["--run", "own"]).await.ended(Exit::Done);
    assert_eq!(first["dataset"], again.json()["dataset"]);
    // Without the dataset in S3 the files are needed.
    let key = "flir_scd41_training/data/own/manifest.json";
    world.remove_object(key);
    let rejected = world.train(&["--run", "own"]).await.ended(Exit::Usage);
    rejected.said(&["is not on this machine", file.to_str().unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_a_recipe_is_resumed_by_its_flags() {
    let world = World::new();
    let flags = [&SMALL[..], &["--run", "old", "--wait"]].concat();
    world.train(&flags).await.ended(Exit::Done);
    let recipe = "flir_scd41_training/data/old/recipe.json";
    world.remove_object(recipe);
    let other = world.train(&["--run", "old"]).await.ended(Exit::Usage);
    other.said(&["run old exists with --profile original", "--samples 3000"]);
    world.train(&flags).await.ended(Exit::Done);
    assert!(
        !world.has_object(recipe),
        "a wrong recipe would have been stored as well"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_own_rows_are_trained_on_and_one_model_is_deployed() {
    let world = World::new();
    let parts = world.path("parts");
    let out = parts.to_str().unwrap();
    world
        .train(&["--profile", "original", "--samples", "2000", "--out", out])
        .await
        .ended(Exit::Done);
    let file = parts.join("train/part-00000.parquet");
    let small = ["--set", "gb.n_estimators=5", "--set", "rf.n_estimators=5"];
    let flags = ["--run", "own", "--wait", "--data", file.to_str().unwrap()];
    let trained = world
        .train(&[&flags[..], &small[..]].concat())
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(trained["dataset"]["profile"], "data");
    assert_eq!(trained["dataset"]["samples"], 1400);
    assert!(trained["dataset"]["parts"]["test"]["ceiling"].is_null());

    let uri = texts(&trained["jobs"], "model_uri").remove(1);
    let flags = ["--model-uri", &uri, "--endpoint-name", "single", "--test"];
    let deployed = world.deploy(&flags).await.json();
    assert_eq!(deployed["endpoint"]["status"], "InService");
    assert_eq!(deployed["model"]["model_uri"], uri.as_str());

    // The same endpoint takes another model, then goes.
    let uri = texts(&trained["jobs"], "model_uri").remove(0);
    let flags = ["--model-uri", &uri, "--endpoint-name", "single", "--wait"];
    let updated = world.deploy(&flags).await.ended(Exit::Done).json();
    assert_eq!(updated["model"]["model_uri"], uri.as_str());
    let report = world
        .report(&["--run", "own"])
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(report["endpoint"]["status"], "InService");
    assert!(report["ensemble"].is_null());
    let gone = world
        .deploy(&["--endpoint-name", "single", "--delete"])
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(gone["deleted"]["endpoint"], true);
    let again = world
        .deploy(&["--endpoint-name", "single", "--delete"])
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(again["deleted"]["endpoint"], false);
    // The endpoint is deleted in the background; the report shows its current status.
    let report = world
        .report(&["--run", "own"])
        .await
        .ended(Exit::Done)
        .json();
    let status = report["endpoint"]["status"].as_str().unwrap();
    assert!(["Deleting", "Deleted"].contains(&status), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deploying_a_single_model_later_leaves_the_ensemble_in_the_report() {
    let world = World::new();
    let uris = world.trained("both", "2000").await;
    let all: Vec<&str> = uris.iter().flat_map(|uri| ["--model-uri", uri]).collect();
    world
        .deploy(&[&all[..], &["--wait"]].concat())
        .await
        .ended(Exit::Done);
    let first = world
        .report(&["--run", "both"])
        .await
        .ended(Exit::Done)
        .json();
    world
        .deploy(&["--model-uri", &uris[0], "--wait"])
        .await
        .ended(Exit::Done);
    let second = world
        .report(&["--run", "both"])
        .await
        .ended(Exit::Done)
        .json();
    assert!(first["ensemble"]["weights"].is_object(), "{first}");
    assert_eq!(first["ensemble"], second["ensemble"]);
    world
        .deploy(&["--model-uri", &uris[0], "--model-uri", &uris[0]])
        .await
        .ended(Exit::Usage)
        .said(&["twice"]);
}
