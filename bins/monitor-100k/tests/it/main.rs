//! Runs the whole program in process against an HTTP server with scripted jobs and endpoints.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot continue should panic"
)]

mod server;

use clap::Parser;
use fire_cli::{Console, Exit, exit_of};
use monitor_100k::Args;
use serde_json::{Value, json};
use server::Server;

/// Exit status and output of the program.
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
    let (exit, message) = match ended {
        Ok(exit) => (exit, String::new()),
        Err(error) => (exit_of(&error), format!("{error:#}")),
    };
    let err = String::from_utf8(err).unwrap() + &message;
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
        "a job that has ended is not described again"
    );
}

#[tokio::test]
async fn without_wait_each_job_is_described_once() {
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
async fn a_stopped_job_counts_as_failed() {
    let server = Server::start([("a", vec![state("Stopped", "Stopped")])]).await;
    assert_eq!(run(&server, &["a", "--wait"]).await.exit, Exit::WorkFailed);
}

/// Parses JSON lines.
fn documents(out: &str) -> Vec<Value> {
    let document = |line| serde_json::from_str(line).unwrap();
    out.lines().map(document).collect()
}

#[tokio::test]
async fn json_output_has_a_line_per_change_and_the_result_at_the_end() {
    let training = state("InProgress", "Training");
    let mut with_metrics = training.clone();
    with_metrics["FinalMetricDataList"] = json!([{"MetricName": "validation:auc", "Value": 0.5}]);
    let life = vec![training.clone(), training, with_metrics, completed(0.7)];
    let server = Server::start([("a", life)]).await;
    let ran = run(&server, &["a", "--wait", "--metrics", "--output", "json"]).await;
    let documents = documents(&ran.out);
    let kind = |document: &Value| format!("{} {}", document["event"], document["status"]);
    let kinds: Vec<String> = documents.iter().map(kind).collect();
    let expected = [
        "\"job\" \"InProgress\"",
        "\"job\" \"InProgress\"",
        "\"job\" \"Completed\"",
        "\"result\" null",
    ];
    assert_eq!(kinds, expected, "{}", ran.out);
    assert_eq!(documents[1]["metrics"]["validation:auc"], 0.5);
    let result = &documents[3];
    assert_eq!(result["jobs"][0]["name"], "a");
    assert_eq!(result["best"]["job"], "a");
    let command = result["commands"]["deploy_best"].as_str().unwrap();
    assert!(
        command.contains(&format!("--state-dir {}", server.state_dir().display())),
        "{command}"
    );
    assert!(result["commands"]["deploy_ensemble"].is_null());
}

#[tokio::test]
async fn json_output_without_wait_is_one_document() {
    let server = Server::start([("a", vec![completed(0.7)])]).await;
    let ran = run(&server, &["a", "--output", "json"]).await;
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["jobs"][0]["status"], "Completed");
}

#[tokio::test]
async fn logs_of_all_jobs_are_shown_with_their_names_and_each_line_once() {
    let life = || vec![state("InProgress", "Training"), completed(0.7)];
    let server = Server::start([("a", life()), ("b", life())]).await;
    let ran = run(&server, &["a", "b", "--wait", "--logs"]).await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    for job in ["a", "b"] {
        for line in [1, 50] {
            let shown = ran.out.matches(&format!("[{job}] line {line}\n")).count();
            assert_eq!(shown, 1, "{job} {line}: {}", ran.out);
        }
    }
    let ran = run(&server, &["a", "--wait", "--logs", "--output", "json"]).await;
    let documents = documents(&ran.out);
    let logs: Vec<&Value> = documents
        .iter()
        .filter(|one| one["event"] == "log")
        .collect();
    assert_eq!(logs.len(), 50);
    assert_eq!(
        (&logs[49]["source"], &logs[49]["text"]),
        (&json!("a"), &json!("line 50"))
    );
}

#[tokio::test]
async fn denied_access_to_logs_does_not_end_the_watch() {
    let server =
        Server::start([("a", vec![state("InProgress", "Training"), completed(0.7)])]).await;
    server.deny_logs();
    let ran = run(&server, &["a", "--wait", "--logs"]).await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(
        ran.err.matches("cannot show logs").count(),
        1,
        "{}",
        ran.err
    );
    for text in ["logs:GetLogEvents", "aws logs tail"] {
        assert!(ran.err.contains(text), "{}", ran.err);
    }
}

#[tokio::test]
async fn stopping_asks_running_jobs_to_stop_and_is_not_a_failure() {
    let running = vec![
        state("InProgress", "Training"),
        state("Stopping", "Stopping"),
        state("Stopped", "Stopped"),
    ];
    let server = Server::start([("a", running), ("b", vec![completed(0.7)])]).await;
    let ran = run(&server, &["a", "b", "--stop", "--wait"]).await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(server.stopped(), ["a"]);
    assert!(ran.err.contains("asked a to stop"), "{}", ran.err);
    assert!(ran.out.contains("Stopped"), "{}", ran.out);
}

fn endpoint(status: &str) -> Value {
    json!({
        "EndpointName": "e", "EndpointStatus": status, "CreationTime": 1000.0,
        "ProductionVariants": [
            {"VariantName": "old", "CurrentWeight": 0.75, "CurrentInstanceCount": 1},
            {"VariantName": "new", "CurrentWeight": 0.25, "CurrentInstanceCount": 1},
        ],
    })
}

#[tokio::test]
async fn an_endpoint_has_a_line_for_every_variant_even_without_metrics() {
    let server = Server::start([("e", vec![endpoint("InService")])]).await;
    let ran = run(&server, &["--endpoint", "e"]).await;
    assert_eq!(
        (ran.exit, server.described("e")),
        (Exit::Done, 1),
        "{}",
        ran.err
    );
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("e  InService"), "{}", ran.out);
    assert!(
        lines[2].starts_with("old      0.75    1          -"),
        "{}",
        ran.out
    );
    assert!(
        lines[3].starts_with("new      0.25    1          -"),
        "{}",
        ran.out
    );
    let ran = run(&server, &["--endpoint", "e", "--output", "json"]).await;
    let document: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(document["endpoint"]["variants"][1]["name"], "new");
    assert_eq!(document["figures"], json!([]));
    let ran = run(&server, &["--endpoint", "nobody"]).await;
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.err.contains("`deploy-100k` creates one"), "{}", ran.err);
}

#[tokio::test]
async fn waiting_for_an_endpoint_ends_when_it_is_ready_or_has_failed() {
    let life = |end: &str| vec![endpoint("Creating"), endpoint("Creating"), endpoint(end)];
    let server = Server::start([("e", life("InService"))]).await;
    let ran = run(&server, &["--endpoint", "e", "--wait", "--output", "json"]).await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let kinds: Vec<Value> = documents(&ran.out)
        .iter()
        .map(|one| one["event"].clone())
        .collect();
    assert_eq!(kinds, ["endpoint", "result"], "{}", ran.out);

    let server = Server::start([("e", life("Failed"))]).await;
    let ran = run(&server, &["--endpoint", "e", "--wait"]).await;
    assert_eq!(ran.exit, Exit::WorkFailed, "{}", ran.err);
    for text in ["returned 503", "GET /ping 503\n  no model here"] {
        assert!(ran.out.contains(text), "{}", ran.out);
    }
}

#[tokio::test]
async fn following_an_endpoint_continues_until_the_timeout() {
    let life = vec![
        endpoint("InService"),
        endpoint("InService"),
        endpoint("Updating"),
    ];
    let server = Server::start([("e", life)]).await;
    let ran = run(&server, &["--endpoint", "e", "--follow", "--timeout", "3"]).await;
    assert_eq!(ran.exit, Exit::TimedOut, "{}", ran.err);
    let seen: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.starts_with("e  "))
        .collect();
    assert_eq!(seen.len(), 2, "{}", ran.out);
    assert!(seen[1].starts_with("e  Updating"), "{}", ran.out);
}

#[tokio::test]
async fn an_unknown_job_is_a_usage_error_that_suggests_the_other_backend() {
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
async fn a_timeout_ends_the_wait_and_prints_how_to_resume() {
    let server = Server::start([("a", vec![state("InProgress", "Training")])]).await;
    let ran = run(
        &server,
        &["a", "--wait", "--timeout", "1", "--output", "json"],
    )
    .await;
    assert_eq!(ran.exit, Exit::TimedOut);
    assert!(
        ran.err.contains("the jobs continue; watch them with: "),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains("monitor-100k a --wait --state-dir /"),
        "{}",
        ran.err
    );
    let documents = documents(&ran.out);
    let result = documents.last().unwrap();
    assert_eq!(result["event"], "result");
    assert_eq!(result["jobs"][0]["status"], "InProgress");
}

#[tokio::test]
async fn last_selects_the_jobs_of_the_newest_run() {
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
    assert!(ran.err.contains("`train-100k` creates one"), "{}", ran.err);
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
async fn a_failed_poll_does_not_end_the_wait() {
    let broken = json!("InternalFailure");
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

#[tokio::test]
async fn throttling_beyond_all_retries_of_a_call_is_tolerated() {
    let mut life = vec![state("InProgress", "Training")];
    // The SDK tries a call eight times, so the ninth error hits the next poll.
    life.extend(std::iter::repeat_n(json!("ThrottlingException"), 9));
    life.push(completed(0.7));
    let server = Server::start([("a", life)]).await;
    let ran = run(&server, &["a", "--wait"]).await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(server.described("a"), 11);
}
