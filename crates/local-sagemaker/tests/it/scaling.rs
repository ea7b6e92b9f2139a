use std::time::Duration;

use serde_json::{Value, json};

use crate::world::World;

const SCALING: &str = "AnyScaleFrontendService";

fn place(endpoint: &str, more: &Value) -> Value {
    let mut request = json!({"ServiceNamespace": "sagemaker", "ResourceId": format!("endpoint/{endpoint}/variant/A"),
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"});
    for (member, value) in more.as_object().unwrap() {
        request[member] = value.clone();
    }
    request
}

fn tracking(target: f64, cooldown: u32) -> Value {
    json!({"PolicyName": "track", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": target,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleInCooldown": cooldown, "ScaleOutCooldown": cooldown,
    }})
}

async fn register(world: &World, endpoint: &str, min: i64, max: i64) {
    let request = place(endpoint, &json!({"MinCapacity": min, "MaxCapacity": max}));
    world.fine(SCALING, "RegisterScalableTarget", request).await;
}

async fn instances(world: &World, endpoint: &str) -> i64 {
    world.endpoint(endpoint).await["ProductionVariants"][0]["CurrentInstanceCount"]
        .as_i64()
        .unwrap()
}

/// A refusal's code and message.
async fn refused(world: &World, operation: &str, request: Value) -> (String, String) {
    let (status, answer) = world.json(&format!("{SCALING}.{operation}"), request).await;
    assert_eq!(status, 400, "{operation}: {answer}");
    let text = |member: &str| answer[member].as_str().unwrap().to_owned();
    (text("__type"), text("message"))
}

#[tokio::test]
async fn processes_come_with_load_and_go_without() {
    let world = World::started(|config| config.minute = Duration::from_millis(100)).await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    register(&world, "e", 1, 3).await;
    world
        .fine(SCALING, "PutScalingPolicy", place("e", &tracking(2.0, 0)))
        .await;
    // A tenth of a second is a minute, and two requests in it are all that an instance shall have.
    let grown = async || {
        for _ in 0..20 {
            assert_eq!(world.invoke("e", &[], "1").await.status, 200);
        }
        instances(&world, "e").await == 3
    };
    world.until(grown).await;
    world
        .until(async || instances(&world, "e").await == 1)
        .await;
    let activities = world
        .fine(SCALING, "DescribeScalingActivities", place("e", &json!({})))
        .await;
    let activities = activities["ScalingActivities"].as_array().unwrap();
    let last = activities[0]["Description"].as_str().unwrap();
    assert_eq!(last, "Setting desired instance count to 1.");
    assert!(activities.len() >= 2, "{activities:?}");
    assert!(
        activities[0]["Cause"]
            .as_str()
            .unwrap()
            .contains("AlarmLow"),
        "{activities:?}"
    );
}

#[tokio::test]
async fn targets_and_policies_are_described_until_they_are_removed() {
    let mut world = World::new().await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    register(&world, "e", 1, 4).await;
    let put = world
        .fine(SCALING, "PutScalingPolicy", place("e", &tracking(70.0, 60)))
        .await;
    assert_eq!(put["Alarms"].as_array().unwrap().len(), 2, "{put}");
    // Registering again changes what is given and keeps the rest.
    world
        .fine(
            SCALING,
            "RegisterScalableTarget",
            place("e", &json!({"MaxCapacity": 5})),
        )
        .await;
    world.stop().await;
    world.start().await;
    world.settled_endpoint("e").await;
    let ids = json!({"ServiceNamespace": "sagemaker", "ResourceIds": ["endpoint/e/variant/A"]});
    let targets = world.fine(SCALING, "DescribeScalableTargets", ids).await;
    let target = &targets["ScalableTargets"][0];
    assert_eq!(
        (&target["MinCapacity"], &target["MaxCapacity"]),
        (&json!(1), &json!(5))
    );
    let policies = world
        .fine(
            SCALING,
            "DescribeScalingPolicies",
            json!({"ServiceNamespace": "sagemaker"}),
        )
        .await;
    let policy = &policies["ScalingPolicies"][0];
    assert_eq!(policy["PolicyARN"], put["PolicyARN"]);
    assert_eq!(
        policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"],
        70.0
    );
    let name = json!({"PolicyName": "track"});
    world
        .fine(SCALING, "DeleteScalingPolicy", place("e", &name))
        .await;
    let (code, _) = refused(&world, "DeleteScalingPolicy", place("e", &name)).await;
    assert_eq!(code, "ObjectNotFoundException");
    world
        .fine(SCALING, "DeregisterScalableTarget", place("e", &json!({})))
        .await;
    let (code, message) = refused(&world, "DeregisterScalableTarget", place("e", &json!({}))).await;
    assert_eq!(code, "ObjectNotFoundException");
    assert!(
        message.starts_with("No scalable target registered for service namespace: sagemaker"),
        "{message}"
    );
}

#[tokio::test]
async fn what_cannot_be_scaled_is_refused() {
    let world = World::new().await;
    world.deploy("burst", json!({})).await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    let both = json!({"MinCapacity": 1, "MaxCapacity": 2});
    let mut burst = place("burst", &both);
    burst["ResourceId"] = "endpoint/burst/variant/AllTraffic".into();
    let mut other = tracking(70.0, 0);
    other["PolicyType"] = "StepScaling".into();
    for (operation, request, message) in [
        (
            "RegisterScalableTarget",
            burst,
            "burstable performance instances",
        ),
        (
            "RegisterScalableTarget",
            place("nobody", &both),
            "Could not find endpoint \"nobody\"",
        ),
        (
            "RegisterScalableTarget",
            place("e", &json!({"MinCapacity": 1})),
            "must be specified",
        ),
        (
            "RegisterScalableTarget",
            place("e", &json!({"MinCapacity": 3, "MaxCapacity": 2})),
            "at most the maximum",
        ),
        (
            "RegisterScalableTarget",
            place("e", &json!({"MinCapacity": 0, "MaxCapacity": 2})),
            "at least 1",
        ),
    ] {
        let (code, found) = refused(&world, operation, request).await;
        assert_eq!(code, "ValidationException", "{operation}: {found}");
        assert!(found.contains(message), "{operation}: {found}");
    }
    let (code, _) = refused(&world, "PutScalingPolicy", place("e", &tracking(70.0, 0))).await;
    assert_eq!(
        code, "ObjectNotFoundException",
        "the target is not registered"
    );
    register(&world, "e", 1, 2).await;
    let (_, found) = refused(&world, "PutScalingPolicy", place("e", &other)).await;
    assert!(found.contains("TargetTrackingScaling only"), "{found}");
}

#[tokio::test]
async fn a_registered_variant_keeps_its_kind_of_instances_and_goes_with_its_endpoint() {
    let world = World::new().await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    register(&world, "e", 1, 2).await;
    world.configure("other", json!({})).await;
    let request = json!({"EndpointName": "e", "EndpointConfigName": "other"});
    let found = world.refused("UpdateEndpoint", request).await;
    assert!(found.contains("must be deregistered"), "{found}");
    world
        .done("DeleteEndpoint", json!({"EndpointName": "e"}))
        .await;
    let targets = world
        .fine(
            SCALING,
            "DescribeScalableTargets",
            json!({"ServiceNamespace": "sagemaker"}),
        )
        .await;
    assert_eq!(targets["ScalableTargets"], json!([]));
}
