//! Every fault that the local server can simulate, and how the programs handle it. They wait for
//! passing faults to end and report others with an exit code. The same call without the fault then
//! finds nothing lost and nothing created twice.

use ensemble::Algorithm;
use fire_cli::Exit;
use sagemaker_ops::training::{JobFilter, JobStatus};
use serde_json::Value;

use crate::world::{SMALL, World, job_names, texts};

const ENDPOINT: &str = "flir-scd41-best-model-endpoint";

async fn jobs_of(world: &World, run: &str) -> Vec<JobStatus> {
    let filter = JobFilter {
        name_contains: Some(run.to_owned()),
        ..JobFilter::default()
    };
    let listed = sagemaker_ops::training::list(&world.clients().await, &filter).await;
    listed.unwrap().into_iter().map(|job| job.status).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn train_100k_waits_out_what_passes_and_says_what_does_not() {
    let world = World::new();
    drop(world.clients().await);
    for (number, (faults, exit, said)) in [
        ("PutObject:1:reset", Exit::Done, ""),
        ("PutObject:2:reset-after", Exit::Done, ""),
        ("PutObject:1-2:SlowDown", Exit::Done, ""),
        ("PutObject:5:delay-500ms", Exit::Done, ""),
        ("CreateTrainingJob:1-2:ThrottlingException", Exit::Done, ""),
        ("CreateTrainingJob:2:reset", Exit::Done, ""),
        ("CreateTrainingJob:2:reset-after", Exit::Done, ""),
        ("CreateTrainingJob:3:InternalFailure", Exit::Done, ""),
        ("PutObject:3+:AccessDenied", Exit::Backend, "PutObject"),
        ("PutObject:1+:reset", Exit::Backend, "recipe.json"),
        ("PutObject:5+:reset", Exit::Backend, "manifest.json"),
        (
            "CreateTrainingJob:2+:ResourceLimitExceeded",
            Exit::Backend,
            "quota",
        ),
        (
            "CreateTrainingJob:3+:InternalFailure",
            Exit::Backend,
            "CreateTrainingJob",
        ),
        ("train:capacity-after:1s", Exit::Done, ""),
        ("train:interrupt-after:1ms", Exit::Done, ""),
    ]
    .into_iter()
    .enumerate()
    {
        let run = format!("faulty-{number}");
        let on_spot: &[&str] = if faults.starts_with("train:") {
            &["--spot"]
        } else {
            &[]
        };
        let flags = [&SMALL[..], &["--run", &run, "--wait"], on_spot].concat();
        world.restart_with_faults(faults);
        let ran = world.train(&flags).await;
        assert_eq!(ran.exit, exit, "{faults}: {}", ran.err);
        ran.said(&[said]);
        world.restart_with_faults("");
        if exit != Exit::Done && faults.starts_with("PutObject") {
            assert_eq!(jobs_of(&world, &run).await, [], "{faults}");
        }
        let again = world.train(&flags).await.ended(Exit::Done).json();
        assert_eq!(texts(&again["jobs"], "name"), job_names(&run), "{faults}");
        let jobs = jobs_of(&world, &run).await;
        assert_eq!(
            jobs,
            Algorithm::ALL.map(|_| JobStatus::Completed),
            "{faults}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_lost_its_spot_instance_is_shown_as_interrupted_and_ends() {
    let world = World::new();
    world.restart_with_faults("train:interrupt-after:1ms");
    let flags = [&SMALL[..], &["--run", "spot", "--wait", "--spot"]].concat();
    world.train(&flags).await.ended(Exit::Done);
    let jobs = job_names("spot");
    let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
    let shown = world.monitor(&jobs).await.ended(Exit::Done).json();
    for job in shown["jobs"].as_array().unwrap() {
        let steps = texts(&job["transitions"], "status");
        let interrupted = steps.iter().filter(|step| *step == "Interrupted");
        assert_eq!(interrupted.count(), 1, "{steps:?}");
        assert_eq!(steps.last().unwrap(), "Completed");
        let saved = job["spot_savings"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&saved), "{job}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn monitor_100k_survives_passing_faults_and_reports_others() {
    let world = World::new();
    world.trained("watched", "400").await;
    let jobs = job_names("watched");
    let mut watch: Vec<&str> = jobs.iter().map(String::as_str).collect();
    watch.extend(["--wait", "--logs"]);
    for (faults, exit, said) in [
        (
            "DescribeTrainingJob:1-2:ThrottlingException",
            Exit::Done,
            "",
        ),
        ("DescribeTrainingJob:2:reset", Exit::Done, ""),
        ("DescribeTrainingJob:3:InternalFailure", Exit::Done, ""),
        ("DescribeTrainingJob:1:delay-1s", Exit::Done, ""),
        ("DescribeLogStreams:1:ThrottlingException", Exit::Done, ""),
        ("GetLogEvents:1:reset", Exit::Done, ""),
        (
            "DescribeTrainingJob:*:AccessDeniedException",
            Exit::Backend,
            "DescribeTrainingJob",
        ),
    ] {
        world.restart_with_faults(faults);
        let ran = world.monitor(&watch).await;
        assert_eq!(ran.exit, exit, "{faults}: {}", ran.err);
        ran.said(&[said]);
        if exit == Exit::Done {
            let done: Value = ran.last_json();
            let statuses = texts(&done["jobs"], "status");
            assert_eq!(statuses, Algorithm::ALL.map(|_| "Completed"), "{faults}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deploy_100k_waits_out_what_passes_and_leaves_nothing_of_what_does_not() {
    let world = World::new();
    let uris = world.trained("deployed", "1500").await;
    let flags = ["--model-uri", &uris[0], "--model-uri", &uris[1], "--wait"];
    let (nothing, one) = ([0; 3], [1; 3]);
    let kinds =
        || ["models", "endpoint-configs", "endpoints"].map(|kind| world.records(kind, "").len());
    for (faults, exit, said, left) in [
        ("GetObject:2:reset", Exit::Done, "", one),
        ("PutObject:1:reset-after", Exit::Done, "", one),
        ("CreateModel:1:ThrottlingException", Exit::Done, "", one),
        ("CreateModel:1:reset-after", Exit::Done, "", one),
        ("CreateEndpointConfig:1:reset-after", Exit::Done, "", one),
        ("CreateEndpoint:1:reset", Exit::Done, "", one),
        ("CreateEndpoint:1:reset-after", Exit::Done, "", one),
        ("CreateEndpoint:1:InternalFailure", Exit::Done, "", one),
        (
            "DescribeEndpoint:4-5:ThrottlingException",
            Exit::Done,
            "",
            one,
        ),
        (
            "CreateModel:1+:AccessDeniedException",
            Exit::Backend,
            "CreateModel",
            nothing,
        ),
        (
            "CreateEndpointConfig:1+:AccessDeniedException",
            Exit::Backend,
            "CreateEndpointConfig",
            nothing,
        ),
        (
            "CreateEndpoint:1+:ResourceLimitExceeded",
            Exit::Backend,
            "quota",
            nothing,
        ),
        // Without a response it is unknown which resources the endpoint will use.
        (
            "CreateEndpoint:1+:InternalFailure",
            Exit::Backend,
            "CreateEndpoint",
            [1, 1, 0],
        ),
    ] {
        world.restart_with_faults(faults);
        let ran = world.deploy(&flags).await;
        assert_eq!(ran.exit, exit, "{faults}: {}", ran.err);
        ran.said(&[said]);
        assert_eq!(kinds(), left, "{faults}");
        world.restart_with_faults("");
        world.deploy(&flags).await.ended(Exit::Done);
        assert_eq!(kinds(), one, "{faults}");
        world.delete_endpoint(ENDPOINT).await;
        assert_eq!(kinds(), nothing, "{faults}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_of_an_endpoint_whose_containers_die_says_whether_it_answered() {
    let world = World::new();
    let uris = world.trained("dying", "3000").await;
    let flags = ["--model-uri", &uris[0], "--test"];
    world.restart_with_faults("");
    let well = world.deploy(&flags).await;
    let answered = |answers: &Value| texts(answers, "name").len();
    assert_eq!(answered(&well.json()["test"]), 3);
    for (faults, exit) in [
        ("serve:crash-after:1", well.exit),
        ("InvokeEndpoint:1:reset", well.exit),
        ("InvokeEndpoint:1:ThrottlingException", well.exit),
        ("InvokeEndpoint:*:InternalFailure", Exit::Backend),
    ] {
        world.restart_with_faults(faults);
        let ran = world.deploy(&flags).await;
        assert_eq!(ran.exit, exit, "{faults}: {}", ran.err);
        if exit == well.exit {
            assert_eq!(answered(&ran.json()["test"]), 3, "{faults}");
        }
    }
}
