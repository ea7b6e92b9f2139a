//! The default profile: simulated episodes, from the rows to the alarm rule of the deployed model.

use fire_cli::Exit;
use serde_json::Value;

use crate::world::{World, texts};

const SMALL: [&str; 4] = ["--set", "rf.n_estimators=20", "--set", "gb.n_estimators=20"];

#[tokio::test(flavor = "multi_thread")]
async fn the_alarm_rule_is_chosen_on_one_set_of_episodes_and_evaluated_on_another() {
    let world = World::new();
    let flags = [
        "--run",
        "alarm",
        "--samples",
        "4000",
        "--alarm-hours",
        "2",
        "--wait",
    ];
    let trained = world
        .train(&[&flags[..], &SMALL].concat())
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(trained["dataset"]["profile"], "episode");
    let uris = texts(&trained["jobs"], "model_uri");
    let mut flags = vec!["--test"];
    flags.extend(uris.iter().flat_map(|uri| ["--model-uri", uri]));
    // A model of so few rows may get a probe row wrong; here it only has to respond.
    let deployed = world.deploy(&flags).await.json();
    let report = world
        .report(&["--run", "alarm"])
        .await
        .ended(Exit::Done)
        .json();

    let alarm = &report["alarm"];
    let of_alarm_test = trained["dataset"]["parts"]["alarm-test"]["rows"]
        .as_u64()
        .unwrap();
    assert_eq!(alarm["test"]["rule"], alarm["choice"]["rule"]);
    let figures = &alarm["test"]["all"];
    assert!(
        figures["detection"]["events"].as_u64().unwrap() > 0,
        "{figures}"
    );
    let days = figures["false_alarms"]["days"].as_f64().unwrap();
    assert!(
        days > 0.0 && days * 86_400.0 <= of_alarm_test as f64,
        "{days} of {of_alarm_test} s"
    );
    assert_eq!(deployed["model"]["alarm"], *alarm);
    for job in report["jobs"].as_array().unwrap() {
        assert!(
            job["alarm"]["choice"]["rule"]["threshold"].is_number(),
            "{job}"
        );
        // The job and the ensemble evaluated their rules on alarm-test, not where they were chosen.
        assert_eq!(
            job["alarm"]["test"]["all"]["false_alarms"]["days"], figures["false_alarms"]["days"],
            "{job}"
        );
    }
    let uri = report["ensemble"]["model_uri"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let packed = fire_cli::fetch_model(&world.clients().await, &uri, sensor_model::fingerprint())
        .await
        .unwrap();
    let rule = packed.package.artifact.extras["alarm"].clone();
    assert_eq!(rule, alarm["choice"]["rule"]);

    rows_are_told_by_scenario(&report);
    let alone = report["single_features"].as_object().unwrap();
    assert!(alone.len() > 10, "{alone:?}");
    the_documented_request_lies_outside(&report);
}

/// Its values are far from what a sensor measures, and the response warns about them.
#[track_caller]
fn the_documented_request_lies_outside(report: &Value) {
    let answers = report["endpoint"]["test"].as_array().unwrap();
    let documented = answers
        .iter()
        .find(|answer| answer["name"] == "documented sample")
        .unwrap();
    let warnings = documented["warnings"].as_array().unwrap();
    let outside = |warning: &Value| {
        let text = warning.as_str().unwrap();
        text.starts_with("flow_mag_mean")
    };
    assert!(warnings.iter().any(outside), "{documented}");
}

#[track_caller]
fn rows_are_told_by_scenario(report: &Value) {
    let scenarios = report["scenarios"].as_object().unwrap();
    let rows: u64 = scenarios
        .values()
        .map(|kind| kind["rows"].as_u64().unwrap())
        .sum();
    assert_eq!(rows, report["split"]["test"].as_u64().unwrap());
    assert!(
        scenarios.keys().any(|name| name == "smouldering"),
        "{scenarios:?}"
    );
    let people = &scenarios["people"];
    assert_eq!(
        (&people["positives"], &people["recall"]),
        (&Value::from(0), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_episodes_are_simulated_once() {
    let world = World::new();
    let flags = |run, samples| ["--run", run, "--samples", samples, "--alarm-hours", "0.1"];
    let first = world
        .train(&flags("one", "1500"))
        .await
        .ended(Exit::Done)
        .json();
    let second = world
        .train(&flags("two", "1500"))
        .await
        .ended(Exit::Done)
        .json();
    let other = world
        .train(&flags("three", "1600"))
        .await
        .ended(Exit::Done)
        .json();
    assert!(first["timings_seconds"]["generate"].is_number());
    assert!(second["timings_seconds"]["generate"].is_null(), "{second}");
    assert!(other["timings_seconds"]["generate"].is_number());
    assert_eq!(first["dataset"]["parts"], second["dataset"]["parts"]);
    assert_eq!(second["dataset"]["run"], "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_of_several_machines_become_the_dataset_of_one() {
    let world = World::new();
    let flags = ["--samples", "1500", "--seed", "7", "--alarm-hours", "0.2"];
    let folder = |name: &str| world.path(name).to_str().unwrap().to_owned();
    let [whole, shards] = [folder("whole"), folder("shards")];
    let one = world
        .train(&[&flags[..], &["--out", &whole]].concat())
        .await
        .ended(Exit::Done)
        .json();
    for shard in ["2/2", "1/2"] {
        if shard == "1/2" {
            let early = ["--parts", &shards, "--out", &folder("x")].map(str::to_owned);
            let early: Vec<&str> = early.iter().map(String::as_str).collect();
            // --out says where generated parts go; parts that exist are trained on.
            world.train(&early).await.ended(Exit::Usage);
            let missing = world.train(&["--parts", &shards]).await.ended(Exit::Usage);
            missing.said(&["--shard 1/2"]);
        }
        let words = [&flags[..], &["--out", &shards, "--shard", shard]].concat();
        world.train(&words).await.ended(Exit::Done);
    }
    let joined = ["--run", "joined", "--seed", "7", "--parts", &shards];
    let joined = world
        .train(&[&joined[..], &SMALL].concat())
        .await
        .ended(Exit::Done)
        .json();
    let dataset = &joined["dataset"];
    assert_eq!(dataset["parts"], one["parts"]);
    assert_eq!(
        (&dataset["profile"], &dataset["settings"]),
        (&one["profile"], &one["settings"])
    );
    assert_eq!(dataset["audit"], one["audit"]);
    let whole = ["--run", "whole", "--seed", "7", "--parts", &whole];
    let whole = world
        .train(&[&whole[..], &SMALL].concat())
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(whole["dataset"]["parts"], one["parts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_modified_part_is_rejected_by_name() {
    let world = World::new();
    let [good, other] = ["good", "other"].map(|name| world.path(name));
    for (folder, seed) in [(&good, "1"), (&other, "2")] {
        let flags = [
            "--profile",
            "original",
            "--samples",
            "300",
            "--seed",
            seed,
            "--out",
        ];
        let flags = [&flags[..], &[folder.to_str().unwrap()]].concat();
        world.train(&flags).await.ended(Exit::Done);
    }
    let part = "test/part-00000.parquet";
    std::fs::copy(other.join(part), good.join(part)).unwrap();
    world
        .train(&["--parts", good.to_str().unwrap()])
        .await
        .ended(Exit::Usage)
        .said(&[part]);
}
