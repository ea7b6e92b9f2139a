use serde_json::{Value, json};

use crate::world::World;

const CLOUDWATCH: &str = "GraniteServiceVersion20100801";

/// The sum of a statistic over periods of a minute, from two minutes ago to a minute from now.
async fn total(
    world: &World,
    namespace: &str,
    metric: &str,
    dimensions: &Value,
    stat: &str,
) -> Option<f64> {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let metric = json!({"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions});
    let query = json!({"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}});
    let request =
        json!({"MetricDataQueries": [query], "StartTime": now - 120, "EndTime": now + 60});
    let answer = world.succeed(CLOUDWATCH, "GetMetricData", request).await;
    let result = &answer["MetricDataResults"][0];
    assert_eq!(
        (&result["Id"], &result["StatusCode"]),
        (&json!("m1"), &json!("Complete")),
        "{answer}"
    );
    let values = result["Values"].as_array().unwrap();
    assert_eq!(
        values.len(),
        result["Timestamps"].as_array().unwrap().len(),
        "{answer}"
    );
    (!values.is_empty()).then(|| values.iter().map(|value| value.as_f64().unwrap()).sum())
}

fn of_variant(endpoint: &str, variant: &str) -> Value {
    json!([{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}])
}

#[tokio::test]
async fn invocations_are_counted_by_variant_with_their_errors_and_latencies() {
    let mut world = World::new().await;
    world
        .deploy_variants("e", &[("A", 1.0, 2), ("B", 0.0, 1)])
        .await;
    for body in ["1", "1", "1", "bad"] {
        world.invoke("e", &[], body).await;
    }
    let check = async |world: &World| {
        for (metric, expected) in [
            ("Invocations", 4.0),
            ("InvocationsPerInstance", 2.0),
            ("Invocation4XXErrors", 1.0),
            ("Invocation5XXErrors", 0.0),
        ] {
            let found = total(world, "AWS/SageMaker", metric, &of_variant("e", "A"), "Sum").await;
            assert_eq!(found, Some(expected), "{metric}");
        }
        for metric in ["ModelLatency", "OverheadLatency"] {
            let found = total(world, "AWS/SageMaker", metric, &of_variant("e", "A"), "p50").await;
            // More than a microsecond, less than ten seconds.
            assert!(
                found.is_some_and(|micros| (1.0..1e7).contains(&micros)),
                "{metric}: {found:?}"
            );
        }
        assert_eq!(
            total(
                world,
                "AWS/SageMaker",
                "Invocations",
                &of_variant("e", "B"),
                "Sum"
            )
            .await,
            None
        );
    };
    check(&world).await;
    world.stop().await;
    world.start().await;
    check(&world).await;
}

#[tokio::test]
async fn the_resource_use_of_an_endpoint_is_measured() {
    let world = World::new().await;
    world.deploy_variants("e", &[("A", 1.0, 1)]).await;
    for metric in ["MemoryUtilization", "CPUUtilization"] {
        let measured = async || {
            total(
                &world,
                "/aws/sagemaker/Endpoints",
                metric,
                &of_variant("e", "A"),
                "Maximum",
            )
            .await
            .is_some()
        };
        world.until(measured).await;
    }
}

#[tokio::test]
async fn a_jobs_metrics_contain_every_value_it_printed() {
    let world = World::with_data().await;
    world.train("job", json!({}), json!({})).await;
    world.ended_job("job").await;
    let dimensions = json!([{"Name": "TrainingJobName", "Value": "job"}]);
    for (stat, expected) in [("SampleCount", 2.0), ("Minimum", 0.5), ("Maximum", 0.75)] {
        let found = total(
            &world,
            "/aws/sagemaker/TrainingJobs",
            "validation:auc",
            &dimensions,
            stat,
        )
        .await;
        assert_eq!(found, Some(expected), "{stat}");
    }
    let request = json!({"Namespace": "/aws/sagemaker/TrainingJobs", "Dimensions": [{"Name": "TrainingJobName"}]});
    let list = world.succeed(CLOUDWATCH, "ListMetrics", request).await;
    let expected = json!([{"Namespace": "/aws/sagemaker/TrainingJobs", "MetricName": "validation:auc", "Dimensions": dimensions}]);
    assert_eq!(list["Metrics"], expected);
}

#[tokio::test]
async fn invalid_queries_are_rejected() {
    let world = World::new().await;
    let metric = json!({"Namespace": "n", "MetricName": "m"});
    let query = |period: u64, stat: &str| json!([{"Id": "a", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}]);
    let expression = json!([{"Id": "a", "Expression": "m1/m2"}]);
    for (queries, start, message) in [
        (query(61, "Sum"), 0, "Period must be"),
        (
            query(60, "Median"),
            0,
            "does not support the statistic Median",
        ),
        (query(60, "Sum"), 100, "StartTime must be less than"),
        (expression, 0, "does not evaluate expressions"),
    ] {
        let request = json!({"MetricDataQueries": queries, "StartTime": start, "EndTime": 100});
        let (status, answer) = world
            .json(&format!("{CLOUDWATCH}.GetMetricData"), request)
            .await;
        assert_eq!(
            (status, &answer["__type"]),
            (400, &json!("InvalidParameterValueException")),
            "{answer}"
        );
        assert!(
            answer["message"].as_str().unwrap().contains(message),
            "{message}: {answer}"
        );
    }
    let statistics =
        json!({"Namespace": "n", "MetricName": "m", "StartTime": 0, "EndTime": 100, "Period": 60});
    let (_, answer) = world
        .json(&format!("{CLOUDWATCH}.GetMetricStatistics"), statistics)
        .await;
    assert_eq!(answer["__type"], "InvalidParameterCombinationException");
}
