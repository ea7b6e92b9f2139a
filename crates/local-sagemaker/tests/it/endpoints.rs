use axum::http::Method;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn a_request_reaches_the_container_with_only_the_allowed_headers() {
    let world = World::new().await;
    world.deploy("echo", json!({"GREETING": "hello"})).await;
    assert_eq!(
        world.settled_endpoint("echo").await["EndpointStatus"],
        "InService"
    );
    let headers = [
        ("content-type", "text/csv"),
        ("accept", "application/json"),
        ("x-amzn-sagemaker-custom-attributes", "c"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sagemaker/aws4_request, Signature=0",
        ),
        ("x-own", "stays here"),
    ];
    let answer = world.invoke("echo", &headers, "1,2").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.headers["x-amzn-invoked-production-variant"],
        "AllTraffic"
    );
    assert!(answer.headers.get("x-secret").is_none());
    let seen = answer.json();
    assert_eq!(
        (&seen["body"], &seen["greeting"]),
        (&json!("1,2"), &json!("hello"))
    );
    let passed = seen["headers"].as_object().unwrap();
    for (name, passes) in [
        ("content-type", true),
        ("accept", true),
        ("x-amzn-sagemaker-custom-attributes", true),
        ("authorization", false),
        ("x-own", false),
    ] {
        assert_eq!(passed.contains_key(name), passes, "{name}");
    }
}

#[tokio::test]
async fn a_container_listens_on_the_loopback_interface_whatever_its_model_says() {
    let world = World::new().await;
    for (name, environment) in [
        ("silent", json!({})),
        ("open", json!({"FIRE_BIND_ADDRESS": "0.0.0.0"})),
    ] {
        world.deploy(name, environment).await;
        world.settled_endpoint(name).await;
        let seen = world.invoke(name, &[], "1").await.json();
        assert_eq!(seen["address"], "127.0.0.1", "{name}");
    }
}

#[tokio::test]
async fn a_request_rejected_by_the_container_is_a_model_error() {
    let world = World::new().await;
    world.deploy("echo", json!({})).await;
    world.settled_endpoint("echo").await;
    let answer = world.invoke("echo", &[], "bad").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["x-amzn-errortype"]),
        (424, &"ModelError".parse().unwrap())
    );
    let body = answer.json();
    assert_eq!(
        (&body["OriginalStatusCode"], &body["OriginalMessage"]),
        (&json!(400), &json!("row 1 has 3 numbers"))
    );
    let message = body["Message"].as_str().unwrap();
    assert!(
        message.starts_with(
            "Received client error (400) from primary with message \"row 1 has 3 numbers\""
        ),
        "{message}"
    );
    let missing = world.invoke("nobody", &[], "1").await;
    assert_eq!(
        missing.json()["message"],
        "Endpoint nobody of account 691595239825 not found."
    );
}

#[tokio::test]
async fn a_container_that_exits_before_it_answers_fails_its_endpoint_at_once() {
    let world = World::new().await;
    world.deploy("broken", json!({"BEHAVIOUR": "exit"})).await;
    let endpoint = world.settled_endpoint("broken").await;
    assert_eq!(endpoint["EndpointStatus"], "Failed");
    assert_eq!(
        endpoint["FailureReason"],
        "The primary container for production variant AllTraffic did not pass the ping health check. \
         Please check CloudWatch logs for this endpoint. The container exited with code 4 before it answered /ping. \
         The log ends: the container starts | no model in here"
    );
    let log = world
        .ok(Method::GET, "/_local/endpoints/broken/log", &[], "")
        .await
        .text();
    assert!(log.contains("no model in here"), "{log}");
    let update = world
        .error_message(
            "UpdateEndpoint",
            json!({"EndpointName": "broken", "EndpointConfigName": "broken"}),
        )
        .await;
    assert!(update.contains("in status Failed"), "{update}");
    delete(&world, "broken").await;
}

#[tokio::test]
async fn an_update_takes_over_only_if_it_answers_the_ping() {
    let world = World::new().await;
    world.deploy("old", json!({"GREETING": "old"})).await;
    world.settled_endpoint("old").await;
    world.configure("new", json!({"GREETING": "new"})).await;
    world
        .configure("broken", json!({"BEHAVIOUR": "exit"}))
        .await;
    for (config, serves, failed) in [
        ("broken", "old", true),
        ("new", "new", false),
        ("broken", "new", true),
    ] {
        world
            .sagemaker(
                "UpdateEndpoint",
                json!({"EndpointName": "old", "EndpointConfigName": config}),
            )
            .await;
        let endpoint = world.settled_endpoint("old").await;
        assert_eq!(
            (&endpoint["EndpointStatus"], &endpoint["EndpointConfigName"]),
            (&json!("InService"), &json!(serves))
        );
        let reason = endpoint["FailureReason"].as_str().unwrap_or_default();
        let last = "The log ends: the container starts | no model in here";
        assert_eq!(reason.ends_with(last), failed, "{endpoint}");
        assert_eq!(
            world.invoke("old", &[], "1").await.json()["greeting"],
            serves
        );
    }
}

#[tokio::test]
async fn a_crashed_container_is_restarted() {
    let world = World::new().await;
    world.deploy("fragile", json!({})).await;
    world.settled_endpoint("fragile").await;
    let crash = world.invoke("fragile", &[], "crash").await;
    assert_eq!(crash.status, 503, "{}", crash.text());
    // Requests may fail until the supervisor has noticed the crash.
    world
        .until(async || world.invoke("fragile", &[], "1").await.status == 200)
        .await;
    assert_eq!(
        world.endpoint("fragile").await["EndpointStatus"],
        "InService"
    );
}

#[tokio::test]
async fn a_model_is_unpacked_for_its_container() {
    let world = World::with_data().await;
    world.train("source", json!({}), json!({})).await;
    let job = world.ended_job("source").await;
    let container = json!({"Image": "x/fire-container", "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]});
    world.configure("trained", json!({})).await;
    world
        .sagemaker("DeleteModel", json!({"ModelName": "trained"}))
        .await;
    world
        .sagemaker(
            "CreateModel",
            json!({"ModelName": "trained", "PrimaryContainer": container}),
        )
        .await;
    world
        .sagemaker(
            "CreateEndpoint",
            json!({"EndpointName": "trained", "EndpointConfigName": "trained"}),
        )
        .await;
    world.settled_endpoint("trained").await;
    assert_eq!(
        world.invoke("trained", &[], "1").await.json()["model"],
        json!(["seen.json"])
    );
}

#[tokio::test]
async fn a_model_that_is_not_an_archive_fails_the_endpoint_and_is_named() {
    let world = World::with_data().await;
    world
        .ok(Method::PUT, "/bucket/text.tar.gz", &[], "plain text")
        .await;
    let container = json!({"Image": "x/fire-container", "ModelDataUrl": "s3://bucket/text.tar.gz"});
    world.configure("text", json!({})).await;
    world
        .sagemaker("DeleteModel", json!({"ModelName": "text"}))
        .await;
    world
        .sagemaker(
            "CreateModel",
            json!({"ModelName": "text", "PrimaryContainer": container}),
        )
        .await;
    world
        .sagemaker(
            "CreateEndpoint",
            json!({"EndpointName": "text", "EndpointConfigName": "text"}),
        )
        .await;
    let reason = world.settled_endpoint("text").await["FailureReason"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        reason.starts_with("Failed to extract model data archive")
            && reason.contains("s3://bucket/text.tar.gz"),
        "{reason}"
    );
}

#[tokio::test]
async fn lists_show_the_newest_first() {
    let world = World::new().await;
    for name in ["one", "two"] {
        world.configure(name, json!({})).await;
    }
    for (operation, member, name) in [
        ("ListModels", "Models", "ModelName"),
        (
            "ListEndpointConfigs",
            "EndpointConfigs",
            "EndpointConfigName",
        ),
    ] {
        let list = world.sagemaker(operation, json!({})).await;
        let names: Vec<&Value> = list[member]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| &entry[name])
            .collect();
        assert_eq!(names, ["two", "one"], "{operation}");
    }
    assert_eq!(
        world.sagemaker("ListEndpoints", json!({})).await["Endpoints"],
        json!([])
    );
}

async fn delete(world: &World, name: &str) {
    world
        .sagemaker("DeleteEndpoint", json!({"EndpointName": name}))
        .await;
    world
        .until(async || {
            world
                .call("DescribeEndpoint", json!({"EndpointName": name}))
                .await
                .0
                == 400
        })
        .await;
    let gone = world
        .error_message("DeleteEndpoint", json!({"EndpointName": name}))
        .await;
    assert!(
        gone.starts_with("Could not find endpoint \"arn:aws:sagemaker:"),
        "{gone}"
    );
}
