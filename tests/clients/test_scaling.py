"""Application Auto Scaling and endpoints of several instances, through boto3 and the aws CLI."""

import json
import time

import pytest
from botocore.exceptions import ClientError

from conftest import BUCKET, REGION, Server, await_endpoint, create_config, create_model, train, training_request, upload_data
from test_endpoints import invoke

POLICY = {
    "TargetValue": 70.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    "ScaleInCooldown": 60,
    "ScaleOutCooldown": 60,
}


def place(name: str, variant: str = "AllTraffic") -> dict:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/{variant}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


@pytest.fixture(scope="module")
def scalable(sagemaker, trained):
    """An endpoint on instances that can be scaled."""
    create_model(sagemaker, "scalable", trained["ModelArtifacts"]["S3ModelArtifacts"])
    create_config(sagemaker, "scalable", "scalable", InstanceType="ml.m5.large")
    sagemaker.create_endpoint(EndpointName="scalable", EndpointConfigName="scalable")
    yield await_endpoint(sagemaker, "scalable")["EndpointName"]
    sagemaker.delete_endpoint(EndpointName="scalable")


@pytest.fixture(scope="module")
def autoscaling(server):
    return server.client("application-autoscaling")


def test_a_target_and_its_policy_live_until_they_are_removed(autoscaling, scalable):
    autoscaling.register_scalable_target(**place(scalable), MinCapacity=1, MaxCapacity=4)
    put = autoscaling.put_scaling_policy(
        **place(scalable),
        PolicyName="SagemakerEndpointInvocationScalingPolicy",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=POLICY,
    )
    assert len(put["Alarms"]) == 2
    targets = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[place(scalable)["ResourceId"]])
    assert [(target["MinCapacity"], target["MaxCapacity"]) for target in targets["ScalableTargets"]] == [(1, 4)]
    pages = autoscaling.get_paginator("describe_scaling_policies").paginate(ServiceNamespace="sagemaker")
    policies = [policy for page in pages for policy in page["ScalingPolicies"]]
    assert [policy["TargetTrackingScalingPolicyConfiguration"] for policy in policies] == [POLICY]
    assert policies[0]["PolicyARN"] == put["PolicyARN"]
    assert autoscaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"] == []
    autoscaling.delete_scaling_policy(**place(scalable), PolicyName="SagemakerEndpointInvocationScalingPolicy")
    autoscaling.deregister_scalable_target(**place(scalable))
    with pytest.raises(autoscaling.exceptions.ObjectNotFoundException):
        autoscaling.deregister_scalable_target(**place(scalable))


def test_burstable_instances_are_refused(autoscaling, endpoint):
    with pytest.raises(autoscaling.exceptions.ValidationException) as refused:
        variant = endpoint["ProductionVariants"][0]["VariantName"]
        autoscaling.register_scalable_target(**place(endpoint["EndpointName"], variant), MinCapacity=1, MaxCapacity=2)
    assert "burstable" in refused.value.response["Error"]["Message"]
    with pytest.raises(autoscaling.exceptions.ValidationException):
        autoscaling.register_scalable_target(**place("nobody"), MinCapacity=1, MaxCapacity=2)


def test_weights_and_capacities_change_while_the_endpoint_serves(server, sagemaker, scalable):
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=scalable, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    )
    while sagemaker.describe_endpoint(EndpointName=scalable)["EndpointStatus"] == "Updating":
        invoke(server, scalable)
    variant = await_endpoint(sagemaker, scalable)["ProductionVariants"][0]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (3, 3)
    logs = server.client("logs").describe_log_streams(logGroupName=f"/aws/sagemaker/Endpoints/{scalable}")
    assert len(logs["logStreams"]) == 3
    with pytest.raises(ClientError) as refused:
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=scalable, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 500}]
        )
    assert refused.value.response["Error"]["Code"] == "ResourceLimitExceeded"


def test_the_aws_cli_registers(server, scalable):
    arguments = [word for pair in place(scalable).items() for word in (f"--{kebab(pair[0])}", pair[1])]
    done = server.cli("application-autoscaling", "register-scalable-target", *arguments, "--min-capacity", "1", "--max-capacity", "2", "--region", REGION)
    assert done.returncode == 0, done.stderr
    listed = server.cli("application-autoscaling", "describe-scalable-targets", "--service-namespace", "sagemaker", "--region", REGION, "--output", "json")
    assert [target["ResourceId"] for target in json.loads(listed.stdout)["ScalableTargets"]] == [place(scalable)["ResourceId"]]


def kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")


def test_a_fleet_follows_its_load(clean_environment, monkeypatch, tmp_path):
    monkeypatch.setenv("FIRE_SCALING_MINUTE", "0.2")
    server = Server(tmp_path / "fire")
    try:
        s3, sagemaker = server.client("s3"), server.client("sagemaker")
        s3.create_bucket(Bucket=BUCKET)
        model = train(sagemaker, training_request("load", upload_data(s3, "data")))["ModelArtifacts"]["S3ModelArtifacts"]
        create_model(sagemaker, "load", model)
        create_config(sagemaker, "load", "load", InstanceType="ml.m5.large")
        sagemaker.create_endpoint(EndpointName="load", EndpointConfigName="load")
        await_endpoint(sagemaker, "load")
        autoscaling = server.client("application-autoscaling")
        autoscaling.register_scalable_target(**place("load"), MinCapacity=1, MaxCapacity=2)
        policy = {**POLICY, "TargetValue": 3.0, "ScaleInCooldown": 0, "ScaleOutCooldown": 0}
        autoscaling.put_scaling_policy(
            **place("load"), PolicyName="p", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=policy
        )
        runtime = server.client("sagemaker-runtime")

        def count() -> int:
            return sagemaker.describe_endpoint(EndpointName="load")["ProductionVariants"][0]["CurrentInstanceCount"]

        deadline = time.monotonic() + 60
        while count() < 2 and time.monotonic() < deadline:
            for _ in range(10):
                runtime.invoke_endpoint(EndpointName="load", ContentType="text/csv", Body=",".join(["30.0"] * 18))
        assert count() == 2
        while count() > 1 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert count() == 1
        activities = autoscaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
        assert {activity["StatusCode"] for activity in activities} == {"Successful"} and len(activities) >= 2
    finally:
        server.stop()
