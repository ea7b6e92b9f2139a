//! Programs killed after each of their steps that others can see: the next step is held up by a
//! fault, and the program is killed while it waits. Made again, the call comes to the same end.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use ensemble::Algorithm;
use fire_cli::Exit;
use sagemaker_ops::training::{JobFilter, JobStatus};

use crate::world::{Ran, SMALL, World, job_names, program, texts};

/// Kills the program at the call that the fault holds up.
fn kill_at(world: &World, call: &str, (name, flags): (&str, &[&str])) {
    let (operation, number) = call.split_once(':').unwrap();
    let met = format!("fault at call {number} of {operation}:");
    // Servers of earlier kills wrote to the same log.
    let _ = std::fs::remove_file(world.state_dir().join("server.log"));
    world.restart_with_faults(&format!("{call}:delay-3600s"));
    let mut child = Command::new(program(name))
        .args(flags)
        .arg("--state-dir")
        .arg(world.state_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    world.wait_for_log(&met, 1);
    assert!(
        child.try_wait().unwrap().is_none(),
        "{name} had ended before {call}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Everything that a deployment leaves, by name.
fn left(world: &World) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for kind in [
        "models",
        "endpoint-configs",
        "endpoints",
        "scalable-targets",
    ] {
        let names = world.records(kind, "").into_iter();
        found.extend(names.map(|name| format!("{kind}/{name}")));
    }
    found.extend(world.keys("flir_scd41_training/models/"));
    found.retain(|name| !name.contains("/flir-scd41-"));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn deploy_100k_killed_after_any_step_comes_to_the_same_end_when_run_again() {
    let world = World::new();
    let uris = world.trained("crashed", "1500").await;
    let names = ["--model-name", "crashed", "--endpoint-name", "crashed"];
    let serving = ["--instance-type", "ml.m5.large", "--autoscale", "1..2"];
    let both = [format!("a={}:3", uris[0]), format!("b={}:1", uris[1])];
    let combined: &[&str] = &["--model-uri", &uris[0], "--model-uri", &uris[1], "--wait"];
    let variants: &[&str] = &["--variant", &both[0], "--variant", &both[1], "--wait"];
    let cases: [(&[&str], &[&str]); 2] = [
        (
            combined,
            &[
                "PutObject:1",
                "CreateModel:1",
                "CreateEndpointConfig:1",
                "CreateEndpoint:1",
                // Three ask what there is before anything is created; the fourth waits.
                "DescribeEndpoint:4",
                "RegisterScalableTarget:1",
                "PutScalingPolicy:1",
            ],
        ),
        (
            variants,
            &[
                "CreateModel:2",
                "CreateEndpointConfig:1",
                "PutScalingPolicy:2",
            ],
        ),
    ];
    for (models, points) in cases {
        let flags = [models, &names, &serving].concat();
        world.restart_with_faults("");
        world.deploy(&flags).await.ended(Exit::Done);
        let undisturbed = left(&world);
        assert!(undisturbed.contains("endpoints/crashed"), "{undisturbed:?}");
        world.delete_endpoint("crashed").await;
        for point in points {
            kill_at(&world, point, ("deploy-100k", &flags));
            world.deploy(&flags).await.ended(Exit::Done);
            assert_eq!(left(&world), undisturbed, "killed at {point}");
            world.delete_endpoint("crashed").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_or_a_deletion_killed_after_any_step_comes_to_the_same_end_when_run_again() {
    let world = World::new();
    let uris = world.trained("crashed", "1500").await;
    let names = ["--model-name", "crashed", "--endpoint-name", "crashed"];
    let serving = ["--instance-type", "ml.m5.large", "--autoscale", "1..2"];
    let with = |uri| [&["--model-uri", uri], &names[..], &serving].concat();
    let (old, new) = (with(uris[0].as_str()), with(uris[1].as_str()));
    let delete = [&names[2..], &["--delete"]].concat();
    let nothing = left(&world);
    let deployed = async |flags: &[&str]| -> Ran { world.deploy(flags).await.ended(Exit::Done) };
    world.restart_with_faults("");
    deployed(&old).await;
    deployed(&new).await;
    let undisturbed = left(&world);
    world.delete_endpoint("crashed").await;
    assert_eq!(left(&world), nothing);
    for point in [
        "CreateModel:1",
        "CreateEndpointConfig:1",
        "UpdateEndpoint:1",
        "DescribeEndpoint:4",
        "RegisterScalableTarget:1",
    ] {
        world.restart_with_faults("");
        deployed(&old).await;
        kill_at(&world, point, ("deploy-100k", &new));
        deployed(&new).await;
        assert_eq!(left(&world), undisturbed, "killed at {point}");
        world.delete_endpoint("crashed").await;
    }
    for point in [
        "DeleteEndpoint:1",
        "DeregisterScalableTarget:1",
        "DeleteModel:1",
        "DeleteEndpointConfig:1",
        "DeleteModel:2",
        "DeleteEndpointConfig:2",
    ] {
        world.restart_with_faults("");
        deployed(&old).await;
        deployed(&new).await;
        kill_at(&world, point, ("deploy-100k", &delete));
        world.delete_endpoint("crashed").await;
        assert_eq!(left(&world), nothing, "killed at {point}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn train_100k_killed_after_any_step_comes_to_the_same_end_when_run_again() {
    let world = World::new();
    drop(world.clients().await);
    let mut objects = BTreeSet::new();
    for (number, point) in [
        // The recipe, which is first.
        "PutObject:1",
        "PutObject:2",
        "PutObject:3",
        "PutObject:4",
        // The manifest, which is last.
        "PutObject:5",
        "CreateTrainingJob:1",
        "CreateTrainingJob:2",
        "CreateTrainingJob:3",
        // Watching: everything is created.
        "ListTrainingJobs:1",
    ]
    .into_iter()
    .enumerate()
    {
        let run = format!("crash-{number}");
        let flags = [&SMALL[..], &["--run", &run, "--wait"]].concat();
        if point.starts_with("List") {
            world.restart_with_faults("");
            world.train(&flags).await.ended(Exit::Done);
        } else {
            kill_at(&world, point, ("train-100k", &flags));
        }
        let stored =
            |name: &str| world.has_object(&format!("flir_scd41_training/data/{run}/{name}"));
        let is_stored = stored("recipe.json");
        assert_eq!(is_stored, point != "PutObject:1", "{point}");
        let whole = stored("manifest.json");
        assert_eq!(whole, !point.starts_with("PutObject"), "{point}");
        // By its name alone every other time; before the recipe is stored, there is only the command.
        let by_name = ["--run", run.as_str(), "--wait"];
        let again = if number % 2 == 1 {
            &by_name[..]
        } else {
            &flags[..]
        };
        if is_stored {
            let other = ["--run", run.as_str(), "--samples", "3001"];
            let rejected = world.train(&other).await.ended(Exit::Usage);
            rejected.said(&["--samples 3000, not --samples 3001", "another --run"]);
        }
        let ended = world.train(again).await.ended(Exit::Done).json();
        assert_eq!(texts(&ended["jobs"], "name"), job_names(&run));
        let filter = JobFilter {
            name_contains: Some(run.clone()),
            ..JobFilter::default()
        };
        let jobs = sagemaker_ops::training::list(&world.clients().await, &filter)
            .await
            .unwrap();
        assert_eq!(jobs.len(), Algorithm::ALL.len(), "{point}: {jobs:?}");
        assert!(jobs.iter().all(|job| job.status == JobStatus::Completed));
        let prefix = format!("flir_scd41_training/data/{run}/");
        let keys = world.keys(&prefix).into_iter();
        objects.insert(
            keys.map(|key| key[prefix.len()..].to_owned())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(
        objects.len(),
        1,
        "runs have left different files: {objects:?}"
    );
}
