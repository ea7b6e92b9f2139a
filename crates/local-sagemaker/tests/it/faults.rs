use axum::http::Method;
use local_sagemaker::{Error, Server};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::world::World;

#[tokio::test]
async fn a_fault_rejects_the_named_call_in_the_format_of_its_service() {
    let world = World::with_faults(&[
        "DescribeTrainingJob:2:ThrottlingException",
        "CreateTrainingJob:1:ResourceLimitExceeded",
        "GetObject:1:SlowDown",
        "GetCallerIdentity:1:ExpiredToken",
    ])
    .await;
    let missing = async || {
        world
            .call("DescribeTrainingJob", json!({"TrainingJobName": "no"}))
            .await
            .1
    };
    assert_eq!(missing().await["__type"], "ValidationException");
    let throttled = missing().await;
    assert_eq!(
        (&throttled["__type"], &throttled["message"]),
        (&json!("ThrottlingException"), &json!("Rate exceeded"))
    );
    assert_eq!(missing().await["__type"], "ValidationException");
    let request = json!({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}});
    let (_, quota) = world.call("CreateTrainingJob", request).await;
    assert_eq!(quota["__type"], "ResourceLimitExceeded");
    let text = quota["message"].as_str().unwrap();
    assert!(
        text.contains("'ml.m5.large for training job usage' is 0 Instances"),
        "{text}"
    );
    let slow = world
        .send(Method::GET, "/bucket/data/train/part-0.csv", &[], "")
        .await;
    assert_eq!(slow.status, 503);
    assert!(
        slow.text().contains("<Code>SlowDown</Code>"),
        "{}",
        slow.text()
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let expired = world
        .send(Method::POST, "/", &form, "Action=GetCallerIdentity")
        .await;
    assert!(
        expired.text().contains("<Code>ExpiredToken</Code>"),
        "{}",
        expired.text()
    );
}

#[tokio::test]
async fn a_reset_loses_the_request_or_only_its_response() {
    let world = World::with_faults(&["PutObject:2:reset", "PutObject:3:reset-after"]).await;
    for (path, exists) in [("/bucket/lost", false), ("/bucket/kept", true)] {
        let sent = world.try_send(Method::PUT, path, &[], "text").await;
        assert!(
            sent.is_none(),
            "{path}: {:?}",
            sent.map(|answer| answer.status)
        );
        let found = world.send(Method::GET, path, &[], "").await.status == 200;
        assert_eq!(found, exists, "{path}");
    }
    world.ok(Method::PUT, "/bucket/lost", &[], "text").await;
}

#[tokio::test]
async fn a_delay_takes_time_and_changes_nothing_else() {
    let world = World::with_faults(&["ListModels:1:delay-300ms"]).await;
    let time = async || {
        let begin = Instant::now();
        assert_eq!(
            world.sagemaker("ListModels", json!({})).await["Models"],
            json!([])
        );
        begin.elapsed().as_millis()
    };
    assert!(time().await >= 300);
    assert!(time().await < 300);
}

#[tokio::test]
async fn the_process_that_answers_the_named_invocation_is_killed_and_restarted() {
    let world = World::with_faults(&["serve:crash-after:3"]).await;
    world.deploy("fragile", json!({})).await;
    world.settled_endpoint("fragile").await;
    let before = world.pids("fragile", 3).await;
    assert_eq!(before.len(), 1);
    let other = async || {
        let answer = world.invoke("fragile", &[], "1").await;
        answer.status == 200 && !before.contains(&answer.json()["pid"].as_i64().unwrap())
    };
    world.until(other).await;
}

#[tokio::test]
async fn every_operation_that_a_fault_can_name_is_implemented() {
    // Called without faults, because a rejected call does not show that the operation is implemented.
    let world = World::new().await;
    for (service, operations) in [
        (
            "SageMaker",
            vec![
                "AddTags",
                "ListTags",
                "DeleteTags",
                "DeleteTrainingJob",
                "UpdateEndpointWeightsAndCapacities",
            ],
        ),
        (
            "Logs_20140328",
            vec![
                "DescribeLogGroups",
                "DescribeLogStreams",
                "GetLogEvents",
                "FilterLogEvents",
            ],
        ),
        (
            "GraniteServiceVersion20100801",
            vec!["GetMetricData", "GetMetricStatistics", "ListMetrics"],
        ),
        (
            "AnyScaleFrontendService",
            vec![
                "RegisterScalableTarget",
                "DescribeScalableTargets",
                "DeregisterScalableTarget",
                "PutScalingPolicy",
                "DescribeScalingPolicies",
                "DeleteScalingPolicy",
                "DescribeScalingActivities",
            ],
        ),
        (
            "AmazonEC2ContainerRegistry_V20150921",
            vec![
                "DescribeImages",
                "BatchGetImage",
                "GetAuthorizationToken",
                "DescribeRepositories",
            ],
        ),
    ] {
        for operation in operations {
            let (_, answer) = world
                .json(&format!("{service}.{operation}"), json!({}))
                .await;
            assert_ne!(answer["__type"], "UnknownOperationException", "{operation}");
            let script = format!("{operation}:1:reset");
            let config = local_sagemaker::Config {
                faults: vec![script],
                state_dir: world.state_dir().join(operation),
                ..world.config()
            };
            Server::start(config).await.unwrap().stop().await;
        }
    }
}

#[tokio::test]
async fn an_invalid_script_keeps_the_server_from_starting_and_shows_the_grammar() {
    let world = World::new().await;
    let config = local_sagemaker::Config {
        faults: vec!["PutObject:1:reset".into(), "PutObjects:1:reset".into()],
        state_dir: world.state_dir().join("other"),
        ..world.config()
    };
    let error = Server::start(config).await.unwrap_err();
    assert!(matches!(error, Error::Fault { .. }), "{error:?}");
    let text = error.to_string();
    for part in [
        "'PutObjects:1:reset'",
        "no operation 'PutObjects'",
        "OPERATION:WHEN:EFFECT",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn faults_do_not_carry_over_to_the_next_server() {
    let mut world = World::with_faults(&["ListModels:1:InternalFailure"]).await;
    world.config.faults.clear();
    world.stop().await;
    world.start().await;
    let (status, answer): (u16, Value) = world.call("ListModels", json!({})).await;
    assert_eq!(status, 200, "{answer}");
}
