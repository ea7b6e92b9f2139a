//! Wrong input: message and exit code for each case.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fire_cli::Exit;
use sagemaker_ops::training::TrainingRequest;
use sensor_model::{FEATURE_COUNT, Feature, REQUIRED_COUNT};

use crate::world::{World, execute, program};

/// A change to a valid file; lines count from 1, which is the header.
pub(crate) enum Change {
    Cell(usize, usize, &'static str),
    Short(usize),
    WithoutColumn(usize),
    WithColumn(&'static str),
    OneClass,
}

/// A CSV file with a header and 40 valid rows, after a change.
pub(crate) fn csv(changes: &[Change]) -> String {
    let mut header: Vec<String> = Feature::ALL[..REQUIRED_COUNT]
        .iter()
        .map(|feature| feature.name().to_owned())
        .collect();
    header.push("fire_detected".to_owned());
    let mut lines = vec![header];
    for row in 1..=40 {
        let value = |column: i32| (10.0 + f64::from(column) + 0.37 * f64::from(row)).to_string();
        let mut cells: Vec<String> = (0..18).map(value).collect();
        cells.push((row % 2).to_string());
        lines.push(cells);
    }
    for change in changes {
        apply(change, &mut lines);
    }
    let lines: Vec<String> = lines.iter().map(|cells| cells.join(",")).collect();
    lines.join("\n") + "\n"
}

fn apply(change: &Change, lines: &mut [Vec<String>]) {
    match *change {
        Change::Cell(line, column, text) => text.clone_into(&mut lines[line - 1][column]),
        Change::Short(line) => drop(lines[line - 1].pop()),
        Change::WithoutColumn(column) => lines
            .iter_mut()
            .for_each(|cells| drop(cells.remove(column))),
        Change::WithColumn(name) => lines
            .iter_mut()
            .for_each(|cells| cells.push(name.to_owned())),
        Change::OneClass => lines
            .iter_mut()
            .skip(1)
            .for_each(|cells| "1".clone_into(&mut cells[18])),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_a_data_file_is_located_before_any_call() {
    let cases: [(&str, Change, &[&str]); 7] = [
        (
            "text",
            Change::Cell(5, 2, "warm"),
            &["text.csv", "line 5", "t_max", "warm"],
        ),
        (
            "missing",
            Change::WithoutColumn(16),
            &["missing.csv", "gas_delta"],
        ),
        ("seventeen", Change::Short(4), &["seventeen.csv", "line 4"]),
        (
            "inf",
            Change::Cell(3, 0, "inf"),
            &["inf.csv", "line 3", "t_mean", "inf"],
        ),
        (
            "label",
            Change::Cell(2, 18, "2"),
            &["label.csv", "line 2", "fire_detected", "2"],
        ),
        (
            "extra",
            Change::WithColumn("humidity"),
            &["extra.csv", "humidity"],
        ),
        ("class", Change::OneClass, &["40", "fire_detected"]),
    ];
    let world = World::new();
    for (name, change, texts) in cases {
        let path = world.path(&format!("{name}.csv"));
        fs::write(&path, csv(&[change])).unwrap();
        let out = world.path("out");
        let flags = [
            "--data",
            path.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ];
        world.train(&flags).await.ended(Exit::Usage).said(texts);
        assert!(!out.exists(), "{name} left something behind");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_cell_and_nan_are_missing_values_not_errors() {
    let world = World::new();
    let path = world.path("gaps.csv");
    fs::write(
        &path,
        csv(&[Change::Cell(3, 0, ""), Change::Cell(4, 1, "NaN")]),
    )
    .unwrap();
    let out = world.path("out");
    let flags = [
        "--data",
        path.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let manifest = world.train(&flags).await.ended(Exit::Done).json();
    assert_eq!(manifest["samples"], 40);
    let parts =
        ["train", "validation", "test"].map(|part| out.join(part).join("part-00000.parquet"));
    let values: Vec<f32> = parts
        .iter()
        .flat_map(|path| sensor_model::read_rows(path).unwrap().features)
        .collect();
    let missing = values
        // Features that the file does not have are missing everywhere.
        .chunks(FEATURE_COUNT)
        .flat_map(|row| &row[..REQUIRED_COUNT])
        .filter(|value| value.is_nan())
        .count();
    assert_eq!(missing, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_arguments_never_reach_a_backend() {
    let world = World::new();
    let uri = "s3://fire-detection-training-691595239825/flir_scd41_training/models/m/output/model.tar.gz";
    world
        .train(&["--run", "bad_name"])
        .await
        .ended(Exit::Usage)
        .said(&["bad_name"]);
    world
        .train(&["--samples", "many"])
        .await
        .ended(Exit::Usage)
        .said(&["many"]);
    world
        .train(&["--profile", "fancy"])
        .await
        .ended(Exit::Usage)
        .said(&["fancy", "original"]);
    wrong_episode_flags_are_rejected(&world).await;
    world
        .train(&["--set", "rf.depth=3"])
        .await
        .ended(Exit::Usage)
        .said(&["depth", "max_depth"]);
    world
        .train(&["--instance-type", "ml.t2.medium"])
        .await
        .ended(Exit::Usage)
        .said(&["ml.t2", "ml.m5.large"]);
    world
        .train(&["--data", "/nowhere.csv"])
        .await
        .ended(Exit::Usage)
        .said(&["/nowhere.csv"]);
    world
        .monitor(&["bad_job"])
        .await
        .ended(Exit::Usage)
        .said(&["bad_job"]);
    world
        .deploy(&["--model-uri", "model.tar.gz"])
        .await
        .ended(Exit::Usage)
        .said(&["s3://"]);
    world
        .deploy(&["--model-uri", uri, "--model-name", "bad_name"])
        .await
        .ended(Exit::Usage)
        .said(&["bad_name"]);
    world
        .report(&["--run", "-"])
        .await
        .ended(Exit::Usage)
        .said(&["--run"]);
    assert!(
        !world.state_dir().exists(),
        "a server was started for wrong arguments"
    );
}

async fn wrong_episode_flags_are_rejected(world: &World) {
    for (flags, text) in [
        (&["--alarm-hours", "9000"][..], "8760"),
        (&["--scenario", "barbecue=1"], "flaming-near"),
        (&["--severity", "1.5"], "severity"),
        (&["--out", "x", "--shard", "5/4"], "5/4"),
        (
            &["--out", "x", "--shard", "1/4", "--profile", "original"],
            "--profile episode",
        ),
        (&["--parts", "/nowhere"], "/nowhere"),
        (&["--data", "Cargo.toml", "--mix", "1"], "--mix 1"),
    ] {
        world.train(flags).await.ended(Exit::Usage).said(&[text]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_thing_is_named_with_a_remedy() {
    let world = World::new();
    world
        .monitor(&["no-such-job"])
        .await
        .ended(Exit::Usage)
        .said(&["no-such-job", "--backend aws"]);
    let flags = [
        "--profile",
        "original",
        "--samples",
        "100",
        "--bucket",
        "a-bucket-that-is-not-there",
    ];
    world
        .train(&flags)
        .await
        .ended(Exit::Usage)
        .said(&["a-bucket-that-is-not-there"]);
    let missing = "s3://fire-detection-training-691595239825/nothing/model.tar.gz";
    world
        .deploy(&["--model-uri", missing])
        .await
        .ended(Exit::Usage)
        .said(&["nothing/model.tar.gz", "monitor-100k"]);
    world
        .report(&["--run", "never"])
        .await
        .ended(Exit::Usage)
        .said(&["never", "train-100k"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_only_exists_on_the_local_backend_is_found_there() {
    let world = World::new();
    world.trained("here", "400").await;
    // The real AWS must not be reached: the address refuses connections, and the credentials are invalid.
    let asked = Command::new(program("monitor-100k"))
        .args([
            "flir-scd41-rf-100k-here",
            "--backend",
            "aws",
            "--region",
            "us-east-1",
            "--state-dir",
        ])
        .arg(world.state_dir())
        .env("AWS_ENDPOINT_URL", other_server(&world).1)
        .env("AWS_ACCESS_KEY_ID", "nobody")
        .env("AWS_SECRET_ACCESS_KEY", "nobody")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&asked.stderr);
    assert_eq!(asked.status.code(), Some(2), "{said}");
    assert!(said.contains("--backend local"), "{said}");
}

/// Another server without jobs, in place of the other backend.
fn other_server(world: &World) -> (Server, String) {
    let server = Server::start(&world.path("other"), None);
    let record = fs::read(world.path("other").join("server.json")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    let url = record["url"].as_str().unwrap().to_owned();
    (server, url)
}

/// A `local-sagemaker` started by hand, which stops when this value is dropped.
struct Server(Child);

impl Server {
    fn start(state_dir: &Path, programs: Option<&Path>) -> Self {
        let mut command = Command::new(program("local-sagemaker"));
        command
            .arg("--state-dir")
            .arg(state_dir)
            .stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(folder) = programs {
            command.env("FIRE_BIN_DIR", folder);
        }
        let child = command.spawn().unwrap();
        let started = std::time::Instant::now();
        while !state_dir.join("server.json").is_file() {
            assert!(
                started.elapsed().as_secs() < 20,
                "the server does not start"
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Self(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_model_is_refused_before_anything_is_created() {
    let world = World::new();
    let uris = world.trained("models", "400").await;
    let clients = world.clients().await;
    let uri: sagemaker_ops::S3Uri = uris[0].parse().unwrap();
    let model = sagemaker_ops::storage::get_bytes(&clients, &uri)
        .await
        .unwrap();
    let cut = model[..model.len() / 2].to_vec();
    let cases = [("text", b"this is no archive".to_vec()), ("cut", cut)];
    for (name, bytes) in cases {
        let bad = uri.sibling(&format!("{name}.tar.gz"));
        sagemaker_ops::storage::put_bytes(&clients, &bad, bytes)
            .await
            .unwrap();
        let ran = world
            .deploy(&["--model-uri", &bad.to_string()])
            .await
            .ended(Exit::Usage);
        ran.said(&[&bad.to_string()]);
    }
    let endpoints = sagemaker_ops::endpoint::list(&clients).await.unwrap();
    assert!(endpoints.is_empty(), "{endpoints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_with_an_unknown_algorithm_fails_and_names_it() {
    let world = World::new();
    world.trained("base", "400").await;
    let clients = world.clients().await;
    let good =
        sagemaker_ops::training::describe(&clients, &"flir-scd41-rf-100k-base".parse().unwrap())
            .await
            .unwrap();
    let request = TrainingRequest {
        job: "flir-scd41-svm".parse().unwrap(),
        image: "691595239825.dkr.ecr.us-east-1.amazonaws.com/fire-container:1"
            .parse()
            .unwrap(),
        role: "arn:aws:iam::691595239825:role/SageMakerExecutionRole"
            .parse()
            .unwrap(),
        instance_type: "ml.m5.4xlarge".to_owned(),
        instance_count: 1,
        volume_gb: 30,
        max_runtime_seconds: 600,
        spot: None,
        hyperparameters: BTreeMap::from([("algorithm".to_owned(), "svm".to_owned())]),
        channels: good.channels,
        output: "s3://fire-detection-training-691595239825/flir_scd41_training/models"
            .parse()
            .unwrap(),
        metrics: Vec::new(),
        environment: BTreeMap::new(),
        tags: BTreeMap::new(),
    };
    sagemaker_ops::training::submit(&clients, &request)
        .await
        .unwrap();
    let ran = world
        .monitor(&["flir-scd41-svm", "--wait"])
        .await
        .ended(Exit::WorkFailed);
    let reason = ran.last_json()["jobs"][0]["failure_reason"]
        .as_str()
        .unwrap()
        .to_owned();
    for text in ["AlgorithmError", "svm", "random_forest"] {
        assert!(reason.contains(text), "{reason}");
    }
}

/// A folder whose container program trains as usual but fails to serve.
fn broken_serving(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let real = program("fire-container");
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = serve ]; then echo broken on purpose >&2; exit 3; fi\nexec {} \"$@\"\n",
        real.display()
    );
    let path = folder.join("fire-container");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_its_ping_ends_with_the_containers_last_words() {
    let world = World::new();
    let folder = world.path("programs");
    broken_serving(&folder);
    let server = Server::start(&world.state_dir(), Some(&folder));
    let uris = world.trained("broken", "400").await;
    let ran = world
        .deploy(&["--model-uri", &uris[0], "--wait"])
        .await
        .ended(Exit::WorkFailed);
    ran.said(&["ping", "broken on purpose"]);
    drop(server);
}

#[test]
fn a_used_port_and_a_locked_state_directory_are_reported() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let state = world.state_dir();
    let state = state.to_str().unwrap();
    let refused = execute("local-sagemaker", &["--state-dir", state, "--port", &port]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains(&port), "{said}");

    let holder = Server::start(&world.state_dir(), None);
    let refused = execute("local-sagemaker", &["--state-dir", state]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains(&holder.0.id().to_string()), "{said}");
}
