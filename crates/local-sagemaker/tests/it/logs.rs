use serde_json::{Value, json};

use crate::world::World;

const LOGS: &str = "Logs_20140328";
const TRAINING: &str = "/aws/sagemaker/TrainingJobs";

fn messages(answer: &Value) -> Vec<&str> {
    let events = answer["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["message"].as_str().unwrap())
        .collect()
}

/// The names of the streams of a group.
async fn streams(world: &World, group: &str, prefix: &str) -> Vec<String> {
    let request = json!({"logGroupName": group, "logStreamNamePrefix": prefix});
    let answer = world.succeed(LOGS, "DescribeLogStreams", request).await;
    let streams = answer["logStreams"].as_array().unwrap();
    streams
        .iter()
        .map(|stream| stream["logStreamName"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_lines_of_a_job_are_events_with_times_during_its_run() {
    let world = World::with_data().await;
    world.train("printer", json!({}), json!({})).await;
    let job = world.ended_job("printer").await;
    let streams = streams(&world, TRAINING, "printer/").await;
    let [stream] = streams.as_slice() else {
        panic!("{streams:?}");
    };
    let epoch = stream.strip_prefix("printer/algo-1-").unwrap();
    assert_eq!(epoch.len(), 10, "{stream}");
    let request = json!({"logGroupName": TRAINING, "logStreamName": stream, "startFromHead": true});
    let answer = world.succeed(LOGS, "GetLogEvents", request).await;
    assert_eq!(
        messages(&answer),
        ["validation:auc=0.5;", "validation:auc=0.75;"]
    );
    let millis = |seconds: &Value| seconds.as_f64().unwrap() * 1000.0;
    for event in answer["events"].as_array().unwrap() {
        let at = event["timestamp"].as_f64().unwrap();
        assert!(
            at + 1.0 >= millis(&job["TrainingStartTime"]),
            "{event} {job}"
        );
        assert!(at <= millis(&job["TrainingEndTime"]) + 1.0, "{event} {job}");
    }
}

#[tokio::test]
async fn the_log_of_a_running_job_is_followed_by_token() {
    let world = World::with_data().await;
    world.train("live", json!({"do": "wait"}), json!({})).await;
    world.waiting_job("live").await;
    let stream = streams(&world, TRAINING, "live/").await.remove(0);
    let mut request =
        json!({"logGroupName": TRAINING, "logStreamName": stream, "startFromHead": true});
    let first = world.succeed(LOGS, "GetLogEvents", request.clone()).await;
    assert_eq!(messages(&first), ["validation:auc=0.5;", "waiting"]);
    request["nextToken"] = first["nextForwardToken"].clone();
    let nothing = world.succeed(LOGS, "GetLogEvents", request.clone()).await;
    assert_eq!(messages(&nothing), [""; 0]);
    assert_eq!(nothing["nextForwardToken"], first["nextForwardToken"]);
    std::fs::write(
        world.state_dir().join("jobs/live/opt/ml/checkpoints/go"),
        "",
    )
    .unwrap();
    world.ended_job("live").await;
    let rest = world.succeed(LOGS, "GetLogEvents", request).await;
    assert_eq!(messages(&rest), ["validation:auc=0.75;"]);
}

#[tokio::test]
async fn events_of_several_jobs_are_filtered_in_pages_without_loss() {
    let world = World::with_data().await;
    for name in ["run-a", "run-b", "other"] {
        world.train(name, json!({}), json!({})).await;
        world.ended_job(name).await;
    }
    let mut request = json!({"logGroupName": TRAINING, "logStreamNamePrefix": "run-", "limit": 1,
        "filterPattern": "\"auc=0.75\""});
    let mut found = Vec::new();
    loop {
        let page = world
            .succeed(LOGS, "FilterLogEvents", request.clone())
            .await;
        for event in page["events"].as_array().unwrap() {
            let stream = event["logStreamName"].as_str().unwrap();
            found.push(stream.split('/').next().unwrap().to_owned());
        }
        match page.get("nextToken") {
            Some(token) => request["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(found, ["run-a", "run-b"]);
    let later = json!({"logGroupName": TRAINING, "startTime": u64::MAX / 2});
    assert_eq!(
        messages(&world.succeed(LOGS, "FilterLogEvents", later).await),
        [""; 0]
    );
}

#[tokio::test]
async fn the_log_of_an_endpoint_stays_after_it_failed_and_was_deleted() {
    let world = World::new().await;
    world.deploy("broken", json!({"BEHAVIOUR": "exit"})).await;
    world.settled_endpoint("broken").await;
    world
        .sagemaker("DeleteEndpoint", json!({"EndpointName": "broken"}))
        .await;
    let gone = async || {
        world
            .call("DescribeEndpoint", json!({"EndpointName": "broken"}))
            .await
            .0
            == 400
    };
    world.until(gone).await;
    let group = "/aws/sagemaker/Endpoints/broken";
    let groups = world
        .succeed(
            LOGS,
            "DescribeLogGroups",
            json!({"logGroupNamePrefix": "/aws/sagemaker/E"}),
        )
        .await;
    assert_eq!(groups["logGroups"][0]["logGroupName"], group);
    let names = streams(&world, group, "AllTraffic/i-").await;
    assert_eq!(names.len(), 1, "{names:?}");
    let request = json!({"logGroupName": group, "logStreamName": names[0]});
    let answer = world.succeed(LOGS, "GetLogEvents", request).await;
    assert_eq!(
        messages(&answer),
        ["the container starts", "no model in here"]
    );
}

#[tokio::test]
async fn missing_and_invalid_values_are_rejected_in_the_words_of_the_service() {
    let world = World::with_data().await;
    world.train("one", json!({}), json!({})).await;
    world.ended_job("one").await;
    let (missing, invalid) = ("ResourceNotFoundException", "InvalidParameterException");
    for (operation, request, code, message) in [
        (
            "DescribeLogStreams",
            json!({"logGroupName": "/aws/lambda/x"}),
            missing,
            "The specified log group does not exist.",
        ),
        (
            "DescribeLogStreams",
            json!({"logGroupName": "/aws/sagemaker/Endpoints/../TrainingJobs"}),
            missing,
            "The specified log group does not exist.",
        ),
        (
            "GetLogEvents",
            json!({"logGroupName": TRAINING, "logStreamName": "one/algo-1-0"}),
            missing,
            "The specified log stream does not exist.",
        ),
        (
            "GetLogEvents",
            json!({"logGroupName": TRAINING, "logStreamName": "x", "nextToken": "x"}),
            invalid,
            "nextToken is invalid",
        ),
        (
            "DescribeLogStreams",
            json!({"logGroupName": TRAINING, "orderBy": "LastEventTime", "logStreamNamePrefix": "o"}),
            invalid,
            "Cannot order by LastEventTime with a logStreamNamePrefix.",
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": TRAINING, "limit": 0}),
            invalid,
            "'limit'",
        ),
        ("FilterLogEvents", json!({}), invalid, "logGroupName"),
    ] {
        let (status, answer) = world
            .json(&format!("{LOGS}.{operation}"), request.clone())
            .await;
        assert_eq!(
            (status, answer["__type"].as_str()),
            (400, Some(code)),
            "{operation} {request}"
        );
        assert!(
            answer["message"].as_str().unwrap().contains(message),
            "{operation}: {answer}"
        );
    }
}
