use axum::http::Method;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn each_call_is_a_line_with_its_service_its_name_and_its_answer() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calls.jsonl");
    std::fs::write(&file, "{\"an earlier\":\"line\"}\n").unwrap();
    let world = World::started(|config| {
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
    let asked = "Action=GetCallerIdentity";
    world.send(Method::POST, "/", &form, asked).await;
    world.send(Method::GET, "/_local/health", &[], "").await;

    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["an earlier"], "line");
    let told = lines[1..].iter().map(|line| {
        assert!(line["time"].as_f64().unwrap() > 1e9, "{line}");
        let text = |key: &str| line[key].as_str().unwrap().to_owned();
        let number = |key: &str| line[key].as_u64();
        let name = format!("{}:{}", text("service"), text("operation"));
        (name, text("path"), number("bytes"), number("status"))
    });
    let told: Vec<_> = told.collect();
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
    assert_eq!(told, expected);
}
