use std::time::Duration;

use serde_json::{Value, json};

use crate::world::World;

const SCALING: &str = "AnyScaleFrontendService";

fn request_for(endpoint: &str, more: &Value) -> Value {
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
    let request = request_for(endpoint, &json!({"MinCapacity": min, "MaxCapacity": max}));
    world
        .succeed(SCALING, "RegisterScalableTarget", request)
        .await;
}

async fn instances(world: &World, endpoint: &str) -> i64 {
    world.endpoint(endpoint).await["ProductionVariants"][0]["CurrentInstanceCount"]
        .as_i64()
        .unwrap()
}

/// The code and message of an error.
async fn rejection(world: &World, operation: &str, request: Value) -> (String, String) {
    let (status, answer) = world.json(&format!("{SCALING}.{operation}"), request).await;
    assert_eq!(status, 400, "{operation}: {answer}");
    let text = |member: &str| answer[member].as_str().unwrap().to_owned();
    (text("__type"), text("message"))
}

#[tokio::test]
async fn instances_are_added_under_load_and_removed_without_it() {
    let world = World::with_config(|config| config.minute = Duration::from_millis(100)).await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    register(&world, "e", 1, 3).await;
    world
        .succeed(
            SCALING,
            "PutScalingPolicy",
            request_for("e", &tracking(2.0, 0)),
        )
        .await;
    // A minute lasts a tenth of a second here, and the target is two requests per minute and instance.
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
        .succeed(
            SCALING,
            "DescribeScalingActivities",
            request_for("e", &json!({})),
        )
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
        .succeed(
            SCALING,
            "PutScalingPolicy",
            request_for("e", &tracking(70.0, 60)),
        )
        .await;
    assert_eq!(put["Alarms"].as_array().unwrap().len(), 2, "{put}");
    // Registering again changes only the given members.
    world
        .succeed(
            SCALING,
            "RegisterScalableTarget",
            request_for("e", &json!({"MaxCapacity": 5})),
        )
        .await;
    world.stop().await;
    world.start().await;
    world.settled_endpoint("e").await;
    let ids = json!({"ServiceNamespace": "sagemaker", "ResourceIds": ["endpoint/e/variant/A"]});
    let targets = world.succeed(SCALING, "DescribeScalableTargets", ids).await;
    let target = &targets["ScalableTargets"][0];
    assert_eq!(
        (&target["MinCapacity"], &target["MaxCapacity"]),
        (&json!(1), &json!(5))
    );
    let policies = world
        .succeed(
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
        .succeed(SCALING, "DeleteScalingPolicy", request_for("e", &name))
        .await;
    let (code, _) = rejection(&world, "DeleteScalingPolicy", request_for("e", &name)).await;
    assert_eq!(code, "ObjectNotFoundException");
    world
        .succeed(
            SCALING,
            "DeregisterScalableTarget",
            request_for("e", &json!({})),
        )
        .await;
    let (code, message) = rejection(
        &world,
        "DeregisterScalableTarget",
        request_for("e", &json!({})),
    )
    .await;
    assert_eq!(code, "ObjectNotFoundException");
    assert!(
        message.starts_with("No scalable target registered for service namespace: sagemaker"),
        "{message}"
    );
}

#[tokio::test]
async fn invalid_targets_and_policies_are_rejected() {
    let world = World::new().await;
    world.deploy("burst", json!({})).await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    let both = json!({"MinCapacity": 1, "MaxCapacity": 2});
    let mut burst = request_for("burst", &both);
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
            request_for("nobody", &both),
            "Could not find endpoint \"nobody\"",
        ),
        (
            "RegisterScalableTarget",
            request_for("e", &json!({"MinCapacity": 1})),
            "must be specified",
        ),
        (
            "RegisterScalableTarget",
            request_for("e", &json!({"MinCapacity": 3, "MaxCapacity": 2})),
            "at most the maximum",
        ),
        (
            "RegisterScalableTarget",
            request_for("e", &json!({"MinCapacity": 0, "MaxCapacity": 2})),
            "at least 1",
        ),
    ] {
        let (code, found) = rejection(&world, operation, request).await;
        assert_eq!(code, "ValidationException", "{operation}: {found}");
        assert!(found.contains(message), "{operation}: {found}");
    }
    let (code, _) = rejection(
        &world,
        "PutScalingPolicy",
        request_for("e", &tracking(70.0, 0)),
    )
    .await;
    assert_eq!(
        code, "ObjectNotFoundException",
        "the target is not registered"
    );
    register(&world, "e", 1, 2).await;
    let (_, found) = rejection(&world, "PutScalingPolicy", request_for("e", &other)).await;
    assert!(
        found.contains("does not support PolicyType StepScaling"),
        "{found}"
    );
}

#[tokio::test]
async fn a_registered_variant_keeps_its_instance_type_and_is_removed_with_its_endpoint() {
    let world = World::new().await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    register(&world, "e", 1, 2).await;
    world.configure("other", json!({})).await;
    let request = json!({"EndpointName": "e", "EndpointConfigName": "other"});
    let found = world.error_message("UpdateEndpoint", request).await;
    assert!(found.contains("must be deregistered"), "{found}");
    world
        .sagemaker("DeleteEndpoint", json!({"EndpointName": "e"}))
        .await;
    let targets = world
        .succeed(
            SCALING,
            "DescribeScalableTargets",
            json!({"ServiceNamespace": "sagemaker"}),
        )
        .await;
    assert_eq!(targets["ScalableTargets"], json!([]));
}
