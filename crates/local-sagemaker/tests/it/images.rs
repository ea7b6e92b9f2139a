use std::path::Path;

use axum::http::Method;
use local_sagemaker::{Config, Error, ImageMapping, RealPaths, Server};
use serde_json::{Value, json};

use crate::world::World;

/// A server on which the images `team/mine` run `container.py`, with these paths; `None` if real paths are
/// wanted where this machine does not allow them.
async fn world(real_paths: RealPaths) -> Option<World> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/container.py");
    let program = vec!["python3".to_owned(), program.display().to_string()];
    let mapping = ImageMapping::new("team/mine", program, "/").unwrap();
    if real_paths == RealPaths::Always {
        let dir = tempfile::tempdir().unwrap();
        let config = Config {
            images: vec![mapping.clone()],
            real_paths,
            ..Config::new(dir.path())
        };
        match Server::start(config).await {
            Ok(server) => server.stop().await,
            Err(Error::RealPaths { reason }) => {
                println!("not checked: {reason}");
                return None;
            }
            Err(error) => panic!("{error}"),
        }
    }
    let world = World::with_config(|config| {
        config.images = vec![mapping];
        config.real_paths = real_paths;
    })
    .await;
    world.ok(Method::PUT, "/bucket", &[], "").await;
    let (path, text) = ("/bucket/data/train/part-0.csv", "a,b\n1,2\n");
    world.ok(Method::PUT, path, &[], text).await;
    Some(world)
}

/// A job's algorithm with the mapped image.
fn algorithm(changes: &Value) -> Value {
    let mut algorithm = json!({"TrainingImage": "x/team/mine:1", "TrainingInputMode": "File"});
    for (member, value) in changes.as_object().unwrap() {
        algorithm[member] = value.clone();
    }
    json!({"AlgorithmSpecification": algorithm})
}

#[tokio::test]
async fn mapped_programs_train_and_serve_with_and_without_real_paths() {
    for real_paths in [RealPaths::Never, RealPaths::Always] {
        let Some(world) = world(real_paths).await else {
            continue;
        };
        let real = real_paths == RealPaths::Always;
        let environment =
            json!({"FIRE_OPT_ML": "/elsewhere", "PATH": "/usr/bin:/bin", "stage": "mine"});
        let mut changes = algorithm(&json!({}));
        changes["Environment"] = environment;
        world.train("job", json!({"seed": "7"}), changes).await;
        let job = world.ended_job("job").await;
        assert_eq!(job["TrainingJobStatus"], "Completed", "{job}");
        let own = world
            .state_dir()
            .join("jobs/job/opt/ml")
            .display()
            .to_string();
        // What the program has seen is in its model, which the endpoint's container lists.
        let base = if real { "/opt/ml" } else { &own };
        let script = "test \"$SAGEMAKER_BASE_DIR $FIRE_OPT_ML $PWD\" = \"$0\" && cat $SAGEMAKER_BASE_DIR/input/data/train/*";
        let own = own.replace("jobs/job/", "jobs/paths/");
        let base = base.replace("jobs/job/", "jobs/paths/");
        let entry = json!({"ContainerEntrypoint": ["sh", "-c", script], "ContainerArguments": [format!("{base} {own} /")]});
        world.train("paths", json!({}), algorithm(&entry)).await;
        let job = world.ended_job("paths").await;
        assert_eq!(job["TrainingJobStatus"], "Completed", "{job}");

        let container = json!({"Image": "x/team/mine:1", "ModelDataUrl": "s3://bucket/models/job/output/model.tar.gz"});
        let role = "arn:aws:iam::691595239825:role/SageMakerExecutionRole";
        world
            .sagemaker(
                "CreateModel",
                json!({"ModelName": "m", "PrimaryContainer": container, "ExecutionRoleArn": role}),
            )
            .await;
        let variant = json!({"VariantName": "A", "ModelName": "m", "InitialInstanceCount": 2, "InstanceType": "ml.m5.large"});
        world
            .sagemaker(
                "CreateEndpointConfig",
                json!({"EndpointConfigName": "e", "ProductionVariants": [variant]}),
            )
            .await;
        let request = json!({"EndpointName": "e", "EndpointConfigName": "e"});
        world.sagemaker("CreateEndpoint", request).await;
        let endpoint = world.settled_endpoint("e").await;
        assert_eq!(endpoint["EndpointStatus"], "InService", "{endpoint}");
        let answer = world.invoke("e", &[], "1").await.json();
        assert_eq!(answer["model"], json!(["seen.json"]), "{answer}");
        // The programs are the server's own children, with nothing in between.
        assert_eq!(world.pids("e", 4).await.len(), 2);
        assert_eq!(world.processes(), 2);
        world
            .sagemaker("DeleteEndpoint", json!({"EndpointName": "e"}))
            .await;
        world.until(async || world.processes() == 0).await;
    }
}

#[tokio::test]
async fn a_stopped_job_with_real_paths_gets_the_signal() {
    let Some(world) = world(RealPaths::Always).await else {
        return;
    };
    world
        .train("job", json!({"do": "wait"}), algorithm(&json!({})))
        .await;
    world.waiting_job("job").await;
    world
        .sagemaker("StopTrainingJob", json!({"TrainingJobName": "job"}))
        .await;
    let job = world.ended_job("job").await;
    assert_eq!(job["TrainingJobStatus"], "Stopped", "{job}");
    // Its handler of SIGTERM has written the model.
    let path = "/bucket/models/job/output/model.tar.gz";
    world.ok(Method::GET, path, &[], "").await;
}

#[tokio::test]
async fn the_registry_lists_mapped_repositories() {
    let Some(world) = world(RealPaths::Never).await else {
        return;
    };
    let ecr = "AmazonEC2ContainerRegistry_V20150921";
    let found = world.succeed(ecr, "DescribeRepositories", json!({})).await;
    let names: Vec<_> = found["repositories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|repository| &repository["repositoryName"])
        .collect();
    assert_eq!(names, ["fire-container", "team/mine"]);
    let image = |name: &str| json!({"repositoryName": name, "imageIds": [{"imageTag": "1"}]});
    let mine = world
        .succeed(ecr, "DescribeImages", image("team/mine"))
        .await;
    let other = world
        .succeed(ecr, "DescribeImages", image("fire-container"))
        .await;
    assert_ne!(
        mine["imageDetails"][0]["imageDigest"],
        other["imageDetails"][0]["imageDigest"]
    );
}
