//! The whole program, in process, against a server of the wire that plays a scripted life of jobs.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod server;

use clap::Parser;
use fire_cli::{Console, Exit, exit_of};
use monitor_100k::Args;
use serde_json::{Value, json};
use server::Server;

/// What the program left behind.
struct Ran {
    exit: Exit,
    out: String,
    err: String,
}

async fn run(server: &Server, flags: &[&str]) -> Ran {
    let state_dir = server.state_dir().display().to_string();
    let backend = ["--backend", "local", "--state-dir", &state_dir];
    let words = std::iter::once(&"monitor-100k")
        .chain(flags)
        .chain(&backend);
    let args = Args::try_parse_from(words).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console::new(&mut out, &mut err, args.common.style(false));
    let ended = monitor_100k::run(args, &mut console).await;
    let (exit, said) = match ended {
        Ok(exit) => (exit, String::new()),
        Err(error) => (exit_of(&error), format!("{error:#}")),
    };
    let err = String::from_utf8(err).unwrap() + &said;
    Ran {
        exit,
        out: String::from_utf8(out).unwrap(),
        err,
    }
}

fn state(status: &str, step: &str) -> Value {
    json!({"TrainingJobStatus": status, "SecondaryStatus": step, "CreationTime": 1000.0})
}

fn completed(auc: f64) -> Value {
    json!({
        "TrainingJobStatus": "Completed", "SecondaryStatus": "Completed", "CreationTime": 1000.0,
        "TrainingEndTime": 1012.0, "BillableTimeInSeconds": 10,
        "ResourceConfig": {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1},
        "ModelArtifacts": {"S3ModelArtifacts": "s3://bucket/m/output/model.tar.gz"},
        "FinalMetricDataList": [{"MetricName": "validation:auc", "Value": auc}],
    })
}

fn failed() -> Value {
    let reason = "AlgorithmError: no column co2_level, exit code: 1";
    json!({
        "TrainingJobStatus": "Failed", "SecondaryStatus": "Failed", "CreationTime": 1000.0,
        "FailureReason": reason,
    })
}

#[tokio::test]
async fn waiting_prints_a_line_per_change_and_then_the_table() {
    let server = Server::start([
        (
            "a",
            vec![
                state("InProgress", "Training"),
                state("InProgress", "Training"),
                completed(0.7),
            ],
        ),
        ("b", vec![completed(0.6)]),
    ])
    .await;
    let ran = run(&server, &["a", "b", "a", "--wait", "--metrics"]).await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(
        lines[0].starts_with("a  InProgress  Training  after"),
        "{}",
        ran.out
    );
    assert!(
        lines[1].starts_with("b  Completed  Completed  after 12 s"),
        "{}",
        ran.out
    );
    assert!(
        lines[2].starts_with("a  Completed  Completed"),
        "{}",
        ran.out
    );
    assert!(lines[3].starts_with("JOB  STATUS"), "{}", ran.out);
    assert!(
        ran.out.contains("best by validation AUC: a (0.7000)"),
        "{}",
        ran.out
    );
    assert_eq!(
        server.described("b"),
        1,
        "a job that has ended is not asked for again"
    );
}

#[tokio::test]
async fn without_wait_one_look_is_enough() {
    let server = Server::start([("a", vec![state("InProgress", "Starting"), failed()])]).await;
    let ran = run(&server, &["a"]).await;
    assert_eq!((ran.exit, server.described("a")), (Exit::Done, 1));
    assert!(ran.out.contains("InProgress"), "{}", ran.out);
}

#[tokio::test]
async fn a_failed_job_shows_its_reason_and_the_end_of_its_log() {
    let server = Server::start([("a", vec![failed()])]).await;
    let ran = run(&server, &["a", "--wait"]).await;
    assert_eq!(ran.exit, Exit::WorkFailed);
    assert!(
        ran.out
            .contains("a Failed: AlgorithmError: no column co2_level"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("the end of its log:\n  line 31\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.trim_end().ends_with("line 50"), "{}", ran.out);
}

#[tokio::test]
async fn a_stopped_job_is_failed_work() {
    let server = Server::start([("a", vec![state("Stopped", "Stopped")])]).await;
    assert_eq!(run(&server, &["a", "--wait"]).await.exit, Exit::WorkFailed);
}

#[tokio::test]
async fn json_is_one_document_and_nothing_else() {
    let server =
        Server::start([("a", vec![state("InProgress", "Training"), completed(0.7)])]).await;
    let ran = run(&server, &["a", "--wait", "--metrics", "--output", "json"]).await;
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["jobs"][0]["name"], "a");
    assert_eq!(document["best"]["job"], "a");
    let command = document["commands"]["deploy_best"].as_str().unwrap();
    assert!(
        command.contains(&format!("--state-dir {}", server.state_dir().display())),
        "{command}"
    );
    assert!(document["commands"]["deploy_ensemble"].is_null());
}

#[tokio::test]
async fn an_unknown_job_is_the_users_mistake_and_the_other_backend_is_suggested() {
    let server = Server::start([("a", vec![completed(0.7)])]).await;
    let ran = run(&server, &["a", "nobody", "--wait"]).await;
    assert_eq!(ran.exit, Exit::Usage);
    assert!(
        ran.err
            .contains("job nobody does not exist on the local backend"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("--backend aws"), "{}", ran.err);
    assert_eq!(ran.out, "");
}

#[tokio::test]
async fn the_time_limit_ends_the_wait_and_says_how_to_go_on() {
    let server = Server::start([("a", vec![state("InProgress", "Training")])]).await;
    let ran = run(
        &server,
        &["a", "--wait", "--timeout", "1", "--output", "json"],
    )
    .await;
    assert_eq!(ran.exit, Exit::TimedOut);
    assert!(
        ran.err.contains("the jobs go on; watch them with: "),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains("monitor-100k a --wait --state-dir /"),
        "{}",
        ran.err
    );
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["jobs"][0]["status"], "InProgress");
}

#[tokio::test]
async fn last_means_the_jobs_of_the_newest_run() {
    let names = [
        "flir-scd41-rf-100k-old",
        "flir-scd41-rf-100k-new",
        "flir-scd41-gb-100k-new",
    ];
    let server = Server::start(names.map(|name| (name, vec![completed(0.7)]))).await;
    let ran = run(&server, &["--last"]).await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(ran.out.contains("flir-scd41-rf-100k-new"), "{}", ran.out);
    assert!(ran.out.contains("flir-scd41-gb-100k-new"), "{}", ran.out);
    assert!(!ran.out.contains("old"), "{}", ran.out);

    let empty = Server::start([]).await;
    let ran = run(&empty, &["--last"]).await;
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.err.contains("`train-100k` makes one"), "{}", ran.err);
}

#[tokio::test]
async fn a_list_is_newest_first() {
    let server = Server::start(["a", "b"].map(|name| (name, vec![completed(0.7)]))).await;
    let ran = run(&server, &["--list"]).await;
    let names: Vec<&str> = ran
        .out
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!((ran.exit, names), (Exit::Done, vec!["b", "a"]));
    let ran = run(&server, &["--list", "--output", "json"]).await;
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["jobs"][1]["name"], "a");
}

#[tokio::test]
async fn a_look_that_fails_is_not_the_end_of_the_wait() {
    let broken = json!("500");
    let server = Server::start([(
        "a",
        vec![
            state("InProgress", "Training"),
            broken.clone(),
            broken,
            completed(0.7),
        ],
    )])
    .await;
    let ran = run(&server, &["a", "--wait"]).await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
}
