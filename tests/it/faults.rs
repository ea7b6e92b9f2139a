//! Programs that are killed, and servers that are: nothing is lost, nothing is doubled.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ensemble::Algorithm;
use fire_cli::Exit;
use sagemaker_ops::JobName;
use sagemaker_ops::endpoint::Payload;
use sagemaker_ops::training::{JobFilter, JobStatus};

use crate::world::{World, job_names, program, texts};

/// Moments at which `train-100k` is killed: while it starts, generates, uploads, submits.
const KILL_AFTER_MS: [u64; 5] = [20, 80, 160, 240, 400];

/// A forest that takes some seconds whatever is done to make ours faster: the slow reference.
const SLOW: [&str; 4] = [
    "--set",
    "rf.engine=smartcore",
    "--set",
    "rf.n_estimators=40",
];

fn start(name: &str, flags: &[&str], world: &World) -> Child {
    Command::new(program(name))
        .args(flags)
        .arg("--state-dir")
        .arg(world.state_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn kill(child: &mut Child, signal: &str) {
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &pid])
            .status()
            .unwrap()
            .success()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn train_100k_killed_at_any_point_is_resumed_and_doubles_nothing() {
    let world = World::new();
    // A server of its own start, so that the kill hits the program and not its server's birth.
    let clients = world.clients().await;
    let flags = [
        "--profile",
        "original",
        "--samples",
        "60000",
        "--set",
        "rf.n_estimators=5",
        "--set",
        "gb.n_estimators=5",
    ];
    let mut cut_off = 0;
    for after in KILL_AFTER_MS {
        let run = format!("killed-{after}");
        let flags = [&flags[..], &["--run", &run]].concat();
        let mut child = start("train-100k", &flags, &world);
        std::thread::sleep(Duration::from_millis(after));
        cut_off += usize::from(child.try_wait().unwrap().is_none());
        drop(child.kill());
        child.wait().unwrap();
        let resumed = world
            .train(&[&flags[..], &["--wait"]].concat())
            .await
            .ended(Exit::Done)
            .json();
        assert_eq!(texts(&resumed["jobs"], "name"), job_names(&run));
        let filter = JobFilter {
            name_contains: Some(run.clone()),
            ..JobFilter::default()
        };
        let jobs = sagemaker_ops::training::list(&clients, &filter)
            .await
            .unwrap();
        assert_eq!(jobs.len(), Algorithm::ALL.len(), "{run}: {jobs:?}");
    }
    assert!(cut_off >= 3, "only {cut_off} kills hit a running program");
}

/// A dataset's manifest is written last: no manifest, no dataset.
#[tokio::test(flavor = "multi_thread")]
async fn a_torn_upload_has_no_manifest_and_is_made_whole() {
    let world = World::new();
    drop(world.clients().await);
    let data = "flir_scd41_training/data/torn";
    let flags = [
        "--run",
        "torn",
        "--profile",
        "original",
        "--samples",
        "300000",
        "--set",
        "rf.n_estimators=5",
        "--set",
        "gb.n_estimators=5",
    ];
    let mut child = start("train-100k", &flags, &world);
    let part = format!("{data}/train/part-00000.parquet");
    let started = Instant::now();
    while !world.has_object(&part) {
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "no part appears below {data}"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(world.has_object(&part));
    assert!(
        !world.has_object(&format!("{data}/manifest.json")),
        "the manifest came before the last part"
    );
    let resumed = world
        .train(&[&flags[..], &["--wait"]].concat())
        .await
        .ended(Exit::Done)
        .json();
    assert_eq!(resumed["dataset"]["samples"], 300_000);
    assert!(data.join("manifest.json").is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_or_interrupting_the_watcher_loses_no_job() {
    let world = World::new();
    let flags = [
        &[
            "--run",
            "watched",
            "--profile",
            "original",
            "--samples",
            "20000",
        ][..],
        &SLOW,
    ]
    .concat();
    let trained = world.train(&flags).await.ended(Exit::Done).json();
    let jobs = texts(&trained["jobs"], "name");
    let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
    let watch = [&jobs[..], &["--wait"]].concat();

    let mut killed = start("monitor-100k", &watch, &world);
    std::thread::sleep(Duration::from_millis(300));
    kill(&mut killed, "-9");
    killed.wait().unwrap();

    let mut interrupted = start("monitor-100k", &watch, &world);
    std::thread::sleep(Duration::from_millis(300));
    kill(&mut interrupted, "-INT");
    let ended = interrupted.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(
        said.contains("monitor-100k") && said.contains(jobs[0]),
        "{said}"
    );

    let done = world.monitor(&watch).await.ended(Exit::Done).last_json();
    assert_eq!(
        texts(&done["jobs"], "status"),
        Algorithm::ALL.map(|_| "Completed")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_comes_back_with_every_job_object_and_endpoint() {
    let world = World::new();
    let uris = world.trained("kept", "2000").await;
    let deploy = ["--model-uri", &uris[0], "--model-uri", &uris[1], "--wait"];
    world.deploy(&deploy).await.ended(Exit::Done);
    let before = world
        .report(&["--run", "kept"])
        .await
        .ended(Exit::Done)
        .json();
    let old = world.server()["pid"].clone();
    world.kill_server();
    let mut after = world
        .report(&["--run", "kept"])
        .await
        .ended(Exit::Done)
        .json();
    assert_ne!(world.server()["pid"], old, "the same server still runs");
    // The endpoint may be on its way back still; that it comes is asserted below.
    after["endpoint"]["status"] = before["endpoint"]["status"].clone();
    assert_eq!(before, after);
    let clients = world.clients().await;
    let endpoint = "flir-scd41-best-model-endpoint".parse().unwrap();
    let started = Instant::now();
    loop {
        let status = sagemaker_ops::endpoint::describe(&clients, &endpoint)
            .await
            .unwrap()
            .status;
        if status.as_str() == "InService" {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "still {status}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let payload = Payload {
        content_type: "text/csv".to_owned(),
        accept: Some("text/csv".to_owned()),
        body: [b"25,".repeat(17), b"25".to_vec()].concat(),
    };
    let response = sagemaker_ops::endpoint::invoke(&clients, &endpoint, None, payload)
        .await
        .unwrap();
    let probability: f64 = String::from_utf8(response.body)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert!((0.0..=1.0).contains(&probability), "{probability}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_ran_when_the_server_was_killed_is_not_lost() {
    let world = World::new();
    let flags = [
        &[
            "--run",
            "cut",
            "--profile",
            "original",
            "--samples",
            "20000",
        ][..],
        &SLOW,
    ]
    .concat();
    world.train(&flags).await.ended(Exit::Done);
    let job: JobName = "flir-scd41-rf-100k-cut".parse().unwrap();
    let before = world.clients().await;
    let started = Instant::now();
    loop {
        let found = sagemaker_ops::training::describe(&before, &job)
            .await
            .unwrap();
        assert_eq!(
            found.status,
            JobStatus::InProgress,
            "the job is over before the server can be killed"
        );
        if found.secondary_status == "Training" {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.kill_server();
    let jobs = job_names("cut");
    let mut watch: Vec<&str> = jobs.iter().map(String::as_str).collect();
    watch.push("--wait");
    let done = world.monitor(&watch).await.ended(Exit::Done).last_json();
    assert_eq!(
        texts(&done["jobs"], "status"),
        Algorithm::ALL.map(|_| "Completed")
    );
}
