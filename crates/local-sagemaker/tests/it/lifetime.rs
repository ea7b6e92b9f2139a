use std::time::Duration;

use axum::http::Method;
use local_sagemaker::{Config, Error, Server};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::world::World;

#[tokio::test]
async fn a_state_directory_has_one_server() {
    let world = World::new().await;
    let error = Server::start(world.config()).await.unwrap_err();
    assert!(matches!(error, Error::Held { .. }), "{error:?}");
    let port = world.url().rsplit(':').next().unwrap();
    for part in [
        format!("pid {}", std::process::id()),
        format!("port {port}"),
        "--stop".into(),
    ] {
        assert!(error.to_string().contains(&part), "{part}: {error}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_named_and_the_directory_is_unlocked_again() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let dir = tempfile::tempdir().unwrap();
    let error = Server::start(Config {
        port,
        ..Config::new(dir.path())
    })
    .await
    .unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{error}"
    );
    Server::start(Config::new(dir.path()))
        .await
        .unwrap()
        .stop()
        .await;
}

#[tokio::test]
async fn an_idle_server_stops() {
    let world = World::new().await;
    let dir = tempfile::tempdir().unwrap();
    let idle = Some(Duration::from_millis(200));
    let config = Config {
        idle,
        state_dir: dir.path().into(),
        ..world.config()
    };
    let mut server = Server::start(config.clone()).await.unwrap();
    timeout(Duration::from_secs(20), server.wait())
        .await
        .unwrap();
    assert!(!dir.path().join("server.json").exists());
}

#[tokio::test]
async fn a_running_job_keeps_an_idle_server_alive() {
    let mut world = World::with_data().await;
    world.train("work", json!({"do": "wait"}), json!({})).await;
    world.waiting_job("work").await;
    world.stop().await;
    let idle = Some(Duration::from_millis(100));
    let mut server = Server::start(Config {
        idle,
        ..world.config()
    })
    .await
    .unwrap();
    assert!(
        timeout(Duration::from_secs(1), server.wait())
            .await
            .is_err(),
        "the server stopped although a job was running"
    );
    let go = world.state_dir().join("jobs/work/opt/ml/checkpoints/go");
    std::fs::write(go, "").unwrap();
    timeout(Duration::from_secs(20), server.wait())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_interrupted_job_is_restarted() {
    let mut world = World::with_data().await;
    world.train("cut", json!({"do": "wait"}), json!({})).await;
    world.waiting_job("cut").await;
    world.stop().await;
    world.start().await;
    let steps = async || {
        let job = world.job("cut").await;
        let steps = job["SecondaryStatusTransitions"].as_array().unwrap();
        let status = |step: &Value| step["Status"].as_str().unwrap().to_owned();
        steps.iter().map(status).collect::<Vec<_>>()
    };
    let expected = [
        "Starting",
        "Downloading",
        "Training",
        "Restarting",
        "Downloading",
        "Training",
    ];
    world.until(async || steps().await == expected).await;
    world.waiting_job("cut").await;
    world
        .sagemaker("StopTrainingJob", json!({"TrainingJobName": "cut"}))
        .await;
    assert_eq!(world.ended_job("cut").await["TrainingJobStatus"], "Stopped");
}

#[tokio::test]
async fn finished_jobs_survive_a_restart_and_endpoints_serve_again() {
    let mut world = World::with_data().await;
    world.train("done", json!({}), json!({})).await;
    let before = world.ended_job("done").await;
    world.deploy("echo", json!({"GREETING": "again"})).await;
    world.settled_endpoint("echo").await;
    // A running endpoint does not need its configuration and model any more.
    world
        .sagemaker(
            "DeleteEndpointConfig",
            json!({"EndpointConfigName": "echo"}),
        )
        .await;
    world
        .sagemaker("DeleteModel", json!({"ModelName": "echo"}))
        .await;
    world.stop().await;
    world.start().await;
    assert_eq!(world.job("done").await, before);
    world
        .ok(
            Method::GET,
            "/bucket/models/done/output/model.tar.gz",
            &[],
            "",
        )
        .await;
    assert_eq!(
        world.invoke("echo", &[], "1").await.json()["greeting"],
        "again"
    );
    assert_eq!(
        world.settled_endpoint("echo").await["EndpointStatus"],
        "InService"
    );
}

#[tokio::test]
async fn no_process_outlives_the_server() {
    let mut world = World::with_data().await;
    world.train("job", json!({"do": "wait"}), json!({})).await;
    world.waiting_job("job").await;
    world.deploy("echo", json!({})).await;
    world.settled_endpoint("echo").await;
    let running = |world: &World| {
        let state_dir = world.state_dir().display().to_string();
        let environments = std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| std::fs::read(entry.ok()?.path().join("environ")).ok());
        environments
            .filter(|environment| String::from_utf8_lossy(environment).contains(&state_dir))
            .count()
    };
    assert_eq!(running(&world), 2);
    world.stop().await;
    assert_eq!(running(&world), 0);
}

#[tokio::test]
async fn the_health_check_reports_the_process_the_build_and_whether_it_is_idle() {
    let world = World::with_data().await;
    let health = world
        .ok(Method::GET, "/_local/health", &[], "")
        .await
        .json();
    assert_eq!(health["pid"], std::process::id());
    assert_eq!(health["build_id"], local_sagemaker::build_id());
    assert_eq!(health["idle"], true);
    world.train("work", json!({"do": "wait"}), json!({})).await;
    assert_eq!(
        world
            .ok(Method::GET, "/_local/health", &[], "")
            .await
            .json()["idle"],
        false
    );
    assert_eq!(
        world
            .send(Method::GET, "/_local/jobs/nobody/log", &[], "")
            .await
            .status,
        404
    );
}
