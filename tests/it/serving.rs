//! Endpoints with several variants, changing shares, scaling and data capture, and rejected deployments.

use std::collections::BTreeMap;

use fire_cli::Exit;
use sagemaker_ops::endpoint::{Payload, invoke};
use sagemaker_ops::training::JobFilter;
use sagemaker_ops::{Clients, EndpointName};
use serde_json::Value;

use crate::world::{World, job_names, texts};

const ENDPOINT: &str = "flir-scd41-best-model-endpoint";
const ROW: &str = "25,5,45,40,10,5,2,1,3,1.5,5,2,30,5,1,450,50,5";

/// Sends this many requests, and counts the responses of each variant.
async fn responses(clients: &Clients, requests: usize) -> BTreeMap<String, usize> {
    let endpoint: EndpointName = ENDPOINT.parse().unwrap();
    let mut counts = BTreeMap::new();
    for _ in 0..requests {
        let payload = Payload {
            content_type: "text/csv".to_owned(),
            accept: None,
            body: ROW.as_bytes().to_vec(),
        };
        let answer = invoke(clients, &endpoint, None, payload).await.unwrap();
        *counts.entry(answer.variant.unwrap()).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn two_models_share_the_requests_and_their_shares_change_while_they_serve() {
    let world = World::new();
    let uris = world.trained("shared", "2000").await;
    let [old, new] = [format!("old={}:3", uris[0]), format!("new={}:1", uris[1])];
    let flags = ["--variant", &old, "--variant", &new, "--test"];
    // Models of so few rows may get a probe row wrong; each variant has to respond as its own model does.
    let deployed = world.deploy(&flags).await.json();
    assert_eq!(texts(&deployed["variants"], "name"), ["old", "new"]);
    let answers = deployed["test"].as_array().unwrap();
    for variant in ["old", "new"] {
        let own = answers.iter().filter(|answer| answer["variant"] == variant);
        assert_eq!(own.count(), 3, "{variant}");
    }
    for answer in answers {
        let [got, expected] =
            ["fire_probability", "expected_probability"].map(|key| answer[key].as_f64().unwrap());
        assert!((got - expected).abs() < 1e-12, "{answer}");
    }

    let clients = world.clients().await;
    let counts = responses(&clients, 200).await;
    assert_eq!(counts.values().sum::<usize>(), 200);
    // Four standard deviations of a share of 3/4.
    assert!((125..=175).contains(&counts["old"]), "{counts:?}");
    let shifted = world
        .deploy(&["--shift", "old=0,new=1", "--wait"])
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(shifted["endpoint"]["status"], "InService");
    assert_eq!(
        responses(&clients, 20).await,
        BTreeMap::from([("new".to_owned(), 20)])
    );
    world
        .deploy(&["--shift", "old=1,newer=1"])
        .await
        .ended(Exit::Usage)
        .said(&["newer"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_it_would_do_and_creates_nothing() {
    let world = World::new();
    let planned = world
        .train(&["--run", "dry", "--dry-run"])
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(texts(&planned["jobs"], "job"), job_names("dry"));
    assert!(
        planned["preflight"]["cost_usd"].as_f64().unwrap() > 0.0,
        "{planned}"
    );
    assert_eq!(planned["jobs"][0]["channels"].as_array().unwrap().len(), 5);
    let listed = sagemaker_ops::training::list(&world.clients().await, &JobFilter::default()).await;
    assert!(listed.unwrap().is_empty());

    let uris = world.trained("wet", "1500").await;
    let flags = [
        "--model-uri",
        &uris[0],
        "--model-uri",
        &uris[1],
        "--dry-run",
    ];
    let planned = world.deploy(&flags).await.ended(Exit::Done).json();
    assert_eq!(planned["deployment"]["endpoint"], ENDPOINT);
    let endpoints = sagemaker_ops::endpoint::list(&world.clients().await).await;
    assert!(endpoints.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_cost_too_much_or_cannot_scale_is_refused_with_the_remedy() {
    let world = World::new();
    world
        .train(&["--max-cost", "0.01"])
        .await
        .ended(Exit::Usage)
        .said(&["USD", "--max-cost"]);
    let uris = world.trained("cheap", "1500").await;
    let model = ["--model-uri", uris[0].as_str()];
    let cases: [(&[&str], &[&str]); 4] = [
        (&["--max-cost", "0.01"], &["USD", "--max-cost"]),
        (&["--autoscale", "1..4"], &["ml.t2.medium", "ml.m5.large"]),
        (&["--serverless", "1000"], &["1024"]),
        (&["--capture", "s3://a-bucket/kept", "200"], &["200"]),
    ];
    for (flags, texts) in cases {
        let refused = world
            .deploy(&[&model[..], flags].concat())
            .await
            .ended(Exit::Usage);
        refused.said(texts);
    }
    let endpoints = sagemaker_ops::endpoint::list(&world.clients().await).await;
    assert!(endpoints.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_learners_are_trained_on_rows_in_s3_and_reported() {
    let world = World::new();
    let parts = world.path("parts");
    let flags = [
        "--profile",
        "original",
        "--samples",
        "1500",
        "--out",
        parts.to_str().unwrap(),
    ];
    world.train(&flags).await.ended(Exit::Done);
    // The first run creates the default bucket.
    world.trained("first", "1500").await;
    let clients = world.clients().await;
    let below = "s3://fire-detection-training-691595239825/own/rows/";
    for part in ["train", "test"] {
        let uri = format!("{below}{part}.parquet").parse().unwrap();
        let path = parts.join(part).join("part-00000.parquet");
        let bytes = std::fs::read(path).unwrap();
        sagemaker_ops::storage::put_bytes(&clients, &uri, bytes)
            .await
            .unwrap();
    }
    let flags = [
        "--run",
        "own",
        "--data",
        below,
        "--only",
        "rf,lr",
        "--tag",
        "team=fire",
        "--wait",
    ];
    let small = ["--set", "rf.n_estimators=5"];
    let trained = world
        .train(&[&flags[..], &small].concat())
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(trained["dataset"]["samples"], 1_050 + 225);
    assert_eq!(
        texts(&trained["jobs"], "algorithm"),
        ["random_forest", "logistic_regression"]
    );
    let report = world
        .report(&["--run", "own"])
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(report["jobs"].as_array().unwrap().len(), 2);
    world
        .train(&[
            "--run",
            "none",
            "--data",
            "s3://fire-detection-training-691595239825/nothing/",
        ])
        .await
        .ended(Exit::Usage)
        .said(&["nothing/"]);
    world
        .train(&["--data", below, "--out", "x"])
        .await
        .ended(Exit::Usage)
        .said(&["--out"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_scales_and_keeps_what_it_was_asked_to() {
    let world = World::new();
    let uris = world.trained("scaled", "1500").await;
    let kept = "s3://fire-detection-training-691595239825/kept";
    let flags = [
        "--model-uri",
        &uris[0],
        "--instance-type",
        "ml.m5.large",
        "--autoscale",
        "1..3",
        "--target-invocations",
        "100",
        "--capture",
        kept,
        "100",
    ];
    let deployed = world.deploy(&flags).await.ended(Exit::Done).json();
    assert_eq!(
        deployed["endpoint"]["autoscale"]["target_invocations"],
        100.0
    );
    let clients = world.clients().await;
    let endpoint: EndpointName = ENDPOINT.parse().unwrap();
    let variants = [sagemaker_ops::VariantName::all_traffic()];
    let registered = sagemaker_ops::scaling::describe(&clients, &endpoint, &variants)
        .await
        .unwrap();
    let found: Vec<Value> = registered
        .iter()
        .map(|one| serde_json::to_value(one).unwrap())
        .collect();
    assert_eq!(
        (found[0]["min"].as_u64(), found[0]["max"].as_u64()),
        (Some(1), Some(3))
    );
    responses(&clients, 3).await;
    let deleted = world
        .deploy(&["--endpoint-name", ENDPOINT, "--delete"])
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(deleted["deleted"]["endpoint"], true);
    let prefix = format!("{kept}/{ENDPOINT}/AllTraffic/").parse().unwrap();
    // They are written in batches, some time after the responses.
    let started = std::time::Instant::now();
    loop {
        let captured = sagemaker_ops::storage::list(&clients, &prefix)
            .await
            .unwrap();
        if !captured.is_empty() {
            break;
        }
        assert!(
            started.elapsed() < std::time::Duration::from_mins(2),
            "nothing was captured below {prefix}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}
