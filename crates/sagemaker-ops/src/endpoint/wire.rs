//! Conversion of a deployment to the service's types.

use aws_sdk_sagemaker::types;

use super::{Capacity, Deployment, NewVariant, Shift};

/// A variant of the configuration.
pub(super) fn variant(variant: &NewVariant) -> types::ProductionVariant {
    let startup = variant
        .startup_timeout_seconds
        .map(|seconds| seconds as i32);
    let built = types::ProductionVariant::builder()
        .variant_name(variant.name.as_str())
        .model_name(variant.model.as_str())
        .initial_variant_weight(variant.weight as f32)
        .set_container_startup_health_check_timeout_in_seconds(startup);
    match &variant.capacity {
        Capacity::Instances {
            instance_type,
            count,
        } => built
            .instance_type(types::ProductionVariantInstanceType::from(
                instance_type.as_str(),
            ))
            .initial_instance_count(*count as i32),
        Capacity::Serverless(size) => built.serverless_config(
            types::ProductionVariantServerlessConfig::builder()
                .memory_size_in_mb(size.memory_mb() as i32)
                .max_concurrency(size.max_concurrency() as i32)
                .build(),
        ),
    }
    .build()
}

/// The data capture configuration.
pub(super) fn capture(deployment: &Deployment) -> Option<types::DataCaptureConfig> {
    let capture = deployment.capture.as_ref()?;
    let option = |mode| types::CaptureOption::builder().capture_mode(mode).build();
    let config = types::DataCaptureConfig::builder()
        .enable_capture(true)
        .initial_sampling_percentage(capture.percent() as i32)
        .destination_s3_uri(capture.destination().to_string())
        .capture_options(option(types::CaptureMode::Input))
        .capture_options(option(types::CaptureMode::Output));
    Some(config.build())
}

/// The rollout configuration; without it, the service shifts all traffic at once.
pub(super) fn rollout(deployment: &Deployment) -> Option<types::DeploymentConfig> {
    let rollout = &deployment.rollout;
    if rollout.shift == Shift::AllAtOnce && rollout.alarms.is_empty() {
        return None;
    }
    let alarm = |name: &String| types::Alarm::builder().alarm_name(name).build();
    let alarms: Vec<_> = rollout.alarms.iter().map(alarm).collect();
    let rollback = types::AutoRollbackConfig::builder()
        .set_alarms(Some(alarms))
        .build();
    let policy = types::BlueGreenUpdatePolicy::builder()
        .traffic_routing_configuration(routing(rollout.shift))
        .build();
    let config = types::DeploymentConfig::builder()
        .blue_green_update_policy(policy)
        .set_auto_rollback_configuration(Some(rollback).filter(|_| !rollout.alarms.is_empty()));
    Some(config.build())
}

fn routing(shift: Shift) -> types::TrafficRoutingConfig {
    use types::TrafficRoutingConfigType::{AllAtOnce, Canary, Linear};
    let share = |percent: u32| {
        types::CapacitySize::builder()
            .r#type(types::CapacitySizeType::CapacityPercent)
            .value(percent as i32)
            .build()
    };
    let routing = types::TrafficRoutingConfig::builder();
    match shift {
        Shift::AllAtOnce => routing.r#type(AllAtOnce).wait_interval_in_seconds(0),
        Shift::Canary {
            percent,
            wait_seconds,
        } => routing
            .r#type(Canary)
            .canary_size(share(percent))
            .wait_interval_in_seconds(wait_seconds as i32),
        Shift::Linear {
            percent,
            wait_seconds,
        } => routing
            .r#type(Linear)
            .linear_step_size(share(percent))
            .wait_interval_in_seconds(wait_seconds as i32),
    }
    .build()
}

/// The tags of every resource that the deployment creates.
pub(super) fn tags(deployment: &Deployment) -> Option<Vec<types::Tag>> {
    let tag =
        |(key, value): (&String, &String)| types::Tag::builder().key(key).value(value).build();
    Some(deployment.tags.iter().map(tag).collect()).filter(|tags: &Vec<_>| !tags.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::deployment::tests::{deployment, variant as named};
    use super::super::{Capture, Deployed, Rollout, Serverless, deploy};
    use super::*;
    use crate::scripted::{Reply, Scripted, ok, rejection};

    fn done() -> Reply {
        ok("{}")
    }

    fn no_endpoint() -> Reply {
        rejection("ValidationException", "Could not find endpoint \"arn\".")
    }

    #[tokio::test]
    async fn requests_are_sent_completely() {
        let server = Scripted::start([no_endpoint(), done(), done(), done()]).await;
        deploy(&server.clients(), &deployment()).await.unwrap();
        let model = json!({
            "ModelName": "m-1",
            "ExecutionRoleArn": "arn:aws:iam::691595239825:role/R",
            "PrimaryContainer": {
                "Image": "registry/fire-container:1", "ModelDataUrl": "s3://bucket/model.tar.gz",
            },
        });
        assert_eq!(server.json(1), model);
        let variant = json!({
            "VariantName": "AllTraffic", "ModelName": "m-1", "InstanceType": "ml.t2.medium",
            "InitialInstanceCount": 1, "InitialVariantWeight": 1.0,
            "ContainerStartupHealthCheckTimeoutInSeconds": 60,
        });
        let config = json!({"EndpointConfigName": "c-1", "ProductionVariants": [variant]});
        assert_eq!(server.json(2), config);
        assert_eq!(
            server.json(3),
            json!({"EndpointName": "e", "EndpointConfigName": "c-1"})
        );
    }

    #[tokio::test]
    async fn several_variants_with_capture_and_rollout_are_sent() {
        let deployment = Deployment {
            variants: vec![named("old", "m-1", 0.75), named("new", "m-2", 0.25)],
            capture: Some(Capture::new("s3://bucket/seen".parse().unwrap(), 20).unwrap()),
            rollout: Rollout {
                shift: Shift::Canary {
                    percent: 10,
                    wait_seconds: 300,
                },
                alarms: vec!["too-many-errors".to_owned()],
                keep_instances: true,
            },
            ..deployment()
        };
        let there = ok("{\"EndpointStatus\":\"InService\"}");
        let server = Scripted::start([there, done(), done(), done(), done()]).await;
        let done = deploy(&server.clients(), &deployment).await.unwrap();
        assert_eq!(done, Deployed::Updated);
        assert_eq!(server.operations()[1..3], ["CreateModel"; 2]);
        let config = server.json(3);
        let variants = config["ProductionVariants"].as_array().unwrap();
        let shares: Vec<_> = variants
            .iter()
            .map(|variant| (&variant["ModelName"], &variant["InitialVariantWeight"]))
            .collect();
        assert_eq!(
            shares,
            [(&json!("m-1"), &json!(0.75)), (&json!("m-2"), &json!(0.25))]
        );
        let capture = json!({
            "EnableCapture": true, "InitialSamplingPercentage": 20,
            "DestinationS3Uri": "s3://bucket/seen",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        });
        assert_eq!(config["DataCaptureConfig"], capture);
        let rollout = json!({
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {
                "Type": "CANARY", "WaitIntervalInSeconds": 300,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
            }},
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "too-many-errors"}]},
        });
        let update = server.json(4);
        assert_eq!(update["DeploymentConfig"], rollout);
        assert_eq!(update["RetainAllVariantProperties"], true);
        let weight = json!([{"VariantPropertyType": "DesiredWeight"}]);
        assert_eq!(update["ExcludeRetainedVariantProperties"], weight);
    }

    #[tokio::test]
    async fn a_serverless_variant_has_a_size_instead_of_instances() {
        let serverless = NewVariant {
            capacity: Capacity::Serverless(Serverless::new(2048, 5).unwrap()),
            ..named("AllTraffic", "m-1", 1.0)
        };
        let deployment = Deployment {
            variants: vec![serverless],
            ..deployment()
        };
        let server = Scripted::start([no_endpoint(), done(), done(), done()]).await;
        deploy(&server.clients(), &deployment).await.unwrap();
        let variant = &server.json(2)["ProductionVariants"][0];
        let size = json!({"MemorySizeInMB": 2048, "MaxConcurrency": 5});
        assert_eq!(variant["ServerlessConfig"], size);
        assert!(variant.get("InstanceType").is_none(), "{variant}");
        assert!(variant.get("InitialInstanceCount").is_none(), "{variant}");
    }
}
