use axum::http::Method;
use serde_json::{Value, json};

use crate::world::World;

const REGION: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=AK/20260101/eu-central-1/sagemaker/aws4_request, Signature=0",
);

#[tokio::test]
async fn an_unknown_call_is_rejected_in_the_format_of_the_service() {
    let world = World::new().await;
    for (target, body, code, message) in [
        (
            "SageMaker.CreateNotebookInstance",
            "{}",
            "UnknownOperationException",
            "SageMaker.CreateNotebookInstance",
        ),
        (
            "Logs_20140328.CreateLogGroup",
            "{}",
            "UnknownOperationException",
            "Logs_20140328.CreateLogGroup",
        ),
        (
            "Lambda.Invoke",
            "{}",
            "UnknownOperationException",
            "Lambda.Invoke",
        ),
        (
            "SageMaker.CreateModel",
            "{",
            "SerializationException",
            "EOF",
        ),
        (
            "SageMaker.CreateModel",
            "{\"ModelName\": 7}",
            "SerializationException",
            "The value 7 at 'modelName' has the wrong type; expected a string.",
        ),
        (
            "SageMaker.DescribeModel",
            "{}",
            "ValidationException",
            "Value null at 'modelName'",
        ),
    ] {
        let answer = world
            .send(Method::POST, "/", &[("x-amz-target", target)], body)
            .await;
        let (status, body) = (answer.status, answer.json());
        assert_eq!(
            (status.as_u16(), body["__type"].as_str()),
            (400, Some(code)),
            "{target}: {body}"
        );
        assert!(
            body["message"].as_str().unwrap().contains(message),
            "{target}: {body}"
        );
    }
}

#[tokio::test]
async fn every_path_of_sagemaker_and_its_runtime_is_answered_in_json() {
    let world = World::new().await;
    let target = ("x-amz-target", "SageMaker.ListModels");
    let unknown = "UnknownOperationException";
    for (method, path, headers, status, code) in [
        (
            Method::POST,
            "/endpoints/e/invocations",
            &[][..],
            400,
            "ValidationError",
        ),
        (Method::POST, "/endpoints/e/invocations/", &[], 404, unknown),
        (Method::GET, "/endpoints/e/invocations", &[], 405, unknown),
        (
            Method::DELETE,
            "/endpoints/e/invocations",
            &[REGION],
            405,
            unknown,
        ),
        (Method::POST, "/endpoints/e/other", &[REGION], 404, unknown),
        (
            Method::POST,
            "/endpoints/e/async-invocations",
            &[],
            400,
            unknown,
        ),
        (
            Method::POST,
            "/endpoints/e/invocations-response-stream",
            &[REGION],
            400,
            unknown,
        ),
        (Method::GET, "/", &[target], 405, unknown),
        (Method::POST, "/", &[REGION], 404, unknown),
        (Method::PUT, "/models", &[REGION], 404, unknown),
    ] {
        let answer = world.send(method.clone(), path, headers, "{}").await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        let body = answer.json();
        assert_eq!(body["__type"], code, "{method} {path}: {body}");
        assert_eq!(answer.headers["x-amzn-errortype"], code, "{method} {path}");
    }
}

#[tokio::test]
async fn every_response_has_a_request_id() {
    let world = World::new().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (method, path, headers) in [
        (
            Method::POST,
            "/",
            &[("x-amz-target", "SageMaker.ListModels")][..],
        ),
        (Method::POST, "/", &[("x-amz-target", "SageMaker.Nonsense")]),
        (Method::POST, "/", &[form]),
        (Method::POST, "/endpoints/e/async-invocations", &[]),
        (Method::GET, "/", &[]),
        (Method::GET, "/no-such-bucket/key", &[]),
        (Method::GET, "/_local/health", &[]),
    ] {
        let answer = world.send(method.clone(), path, headers, "{}").await;
        let named = |name| answer.headers.contains_key(name);
        assert!(
            named("x-amzn-requestid") || named("x-amz-request-id"),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn names_of_resources_have_the_region_of_the_signature() {
    let world = World::new().await;
    let body =
        json!({"ModelName": "M", "PrimaryContainer": {"Image": "x/fire-container"}}).to_string();
    let headers = [REGION, ("x-amz-target", "SageMaker.CreateModel")];
    let answer = world.ok(Method::POST, "/", &headers, body).await.json();
    assert_eq!(
        answer["ModelArn"],
        "arn:aws:sagemaker:eu-central-1:691595239825:model/m"
    );
}

#[tokio::test]
async fn every_caller_is_the_user_of_the_one_account() {
    let world = World::new().await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = world
        .ok(
            Method::POST,
            "/",
            &form,
            "Action=GetCallerIdentity&Version=2011-06-15",
        )
        .await
        .text();
    assert!(
        answer.contains("<Account>691595239825</Account>"),
        "{answer}"
    );
    assert!(
        answer.contains("<Arn>arn:aws:iam::691595239825:user/local</Arn>"),
        "{answer}"
    );
}

#[tokio::test]
async fn of_equal_concurrent_calls_only_one_succeeds() {
    let world = World::new().await;
    let model = json!({"ModelName": "once", "PrimaryContainer": {"Image": "x/fire-container"}});
    let calls: Vec<_> = (0..8)
        .map(|_| world.call("CreateModel", model.clone()))
        .collect();
    let mut accepted = 0;
    for (status, answer) in join(calls).await {
        accepted += u32::from(status == 200);
        assert!(
            status == 200
                || answer["message"]
                    .as_str()
                    .unwrap()
                    .starts_with("Cannot create already existing model")
        );
    }
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn of_concurrent_updates_only_one_succeeds() {
    let world = World::new().await;
    world.deploy("busy", json!({})).await;
    world.settled_endpoint("busy").await;
    let update = json!({"EndpointName": "busy", "EndpointConfigName": "busy"});
    let calls: Vec<_> = (0..8)
        .map(|_| world.call("UpdateEndpoint", update.clone()))
        .collect();
    let answers = join(calls).await;
    let accepted = answers.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(accepted, 1, "{answers:?}");
    assert_eq!(
        world.settled_endpoint("busy").await["EndpointStatus"],
        "InService"
    );
}

#[tokio::test]
async fn each_call_is_logged_with_its_service_operation_and_status() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calls.jsonl");
    std::fs::write(&file, "{\"an earlier\":\"line\"}\n").unwrap();
    let world = World::with_config(|config| {
        config.calls = Some(file.clone());
        config.faults = vec!["ListModels:1:reset".into(), "PutObject:2:SlowDown".into()];
    })
    .await;
    world.ok(Method::PUT, "/bucket", &[], "").await;
    world.ok(Method::PUT, "/bucket/a/key", &[], "text").await;
    world.send(Method::PUT, "/bucket/slow", &[], "text").await;
    let target = [("x-amz-target", "SageMaker.ListModels")];
    let lost = world.try_send(Method::POST, "/", &target, "{}").await;
    assert!(lost.is_none());
    world
        .json("Logs_20140328.DescribeLogGroups", json!({}))
        .await;
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let form_body = "Action=GetCallerIdentity";
    world.send(Method::POST, "/", &form, form_body).await;
    world.send(Method::GET, "/_local/health", &[], "").await;

    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["an earlier"], "line");
    let found = lines[1..].iter().map(|line| {
        assert!(line["time"].as_f64().unwrap() > 1e9, "{line}");
        let text = |key: &str| line[key].as_str().unwrap().to_owned();
        let number = |key: &str| line[key].as_u64();
        let name = format!("{}:{}", text("service"), text("operation"));
        (name, text("path"), number("bytes"), number("status"))
    });
    let found: Vec<_> = found.collect();
    let expected = [
        ("s3:CreateBucket", "/bucket", None, Some(200)),
        ("s3:PutObject", "/bucket/a/key", Some(4), Some(200)),
        ("s3:PutObject", "/bucket/slow", Some(4), Some(503)),
        ("sagemaker:ListModels", "/", Some(2), None),
        ("logs:DescribeLogGroups", "/", Some(2), Some(200)),
        ("sts:GetCallerIdentity", "/", Some(24), Some(200)),
    ];
    let expected = expected
        .map(|(name, path, bytes, status)| (name.to_owned(), path.to_owned(), bytes, status));
    assert_eq!(found, expected);
}

/// Makes all calls concurrently.
async fn join<F: Future>(calls: Vec<F>) -> Vec<F::Output> {
    let mut calls: Vec<_> = calls.into_iter().map(Box::pin).collect();
    let mut results: Vec<Option<F::Output>> = calls.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (call, result) in calls.iter_mut().zip(&mut results) {
            if result.is_none()
                && let std::task::Poll::Ready(output) = call.as_mut().poll(context)
            {
                *result = Some(output);
            }
        }
        let done = results.iter().all(Option::is_some);
        if done {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    results.into_iter().flatten().collect()
}
