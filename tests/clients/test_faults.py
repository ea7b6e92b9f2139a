"""What botocore does when the server is told to let things go wrong."""

import os
import pathlib
import subprocess

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from conftest import BUCKET, REGION, Server, await_endpoint, create_config, create_model, train, training_request, upload_data
from test_endpoints import invoke


@pytest.fixture
def faulty(clean_environment, monkeypatch, tmp_path):
    """Starts a server that meets faults."""
    servers = []

    def start(*faults: str) -> Server:
        monkeypatch.setenv("FIRE_FAULTS", ";".join(faults))
        servers.append(Server(tmp_path / f"fire-{len(servers)}"))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def client(server: Server, service: str, attempts: int):
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name=REGION,
        aws_access_key_id="anything",
        aws_secret_access_key="at-all",
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
    )


@pytest.mark.parametrize(
    ("service", "fault", "call", "code"),
    [
        ("sagemaker", "ListModels:1:ThrottlingException", lambda client: client.list_models(), "ThrottlingException"),
        ("sagemaker", "ListModels:1:InternalFailure", lambda client: client.list_models(), "InternalFailure"),
        ("logs", "DescribeLogGroups:1:ServiceUnavailableException", lambda client: client.describe_log_groups(), "ServiceUnavailableException"),
        ("cloudwatch", "ListMetrics:1:InternalServiceFault", lambda client: client.list_metrics(), "InternalServiceFault"),
        ("application-autoscaling", "DescribeScalableTargets:1:ThrottlingException", lambda client: client.describe_scalable_targets(ServiceNamespace="sagemaker"), "ThrottlingException"),
        ("ecr", "DescribeRepositories:1:ServerException", lambda client: client.describe_repositories(), "ServerException"),
        ("iam", "GetRole:1:Throttling", lambda client: client.get_role(RoleName="r"), "Throttling"),
        ("sts", "GetCallerIdentity:1:Throttling", lambda client: client.get_caller_identity(), "Throttling"),
        ("s3", "ListBuckets:1:SlowDown", lambda client: client.list_buckets(), "SlowDown"),
    ],
)
def test_a_fault_has_the_shape_of_its_service_and_is_gone_the_next_time(faulty, service, fault, call, code):
    server = faulty(fault, fault.replace(":1:", ":3:"))
    with pytest.raises(ClientError) as refused:
        call(client(server, service, 1))
    assert refused.value.response["Error"]["Code"] == code
    call(client(server, service, 1))
    # The third call meets it again, and botocore's own retry gets past it.
    assert call(client(server, service, 3))["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_quota_is_told_in_the_words_of_the_service(faulty):
    server = faulty("CreateTrainingJob:1:ResourceLimitExceeded")
    s3, sagemaker = server.client("s3"), server.client("sagemaker")
    s3.create_bucket(Bucket=BUCKET)
    request = training_request("limited", upload_data(s3, "data"))
    with pytest.raises(sagemaker.exceptions.ResourceLimitExceeded) as refused:
        sagemaker.create_training_job(**request)
    assert "'ml.m5.4xlarge for training job usage' is 0 Instances" in refused.value.response["Error"]["Message"]
    assert train(sagemaker, request)["TrainingJobStatus"] == "Completed"


def test_a_reset_connection_is_seen_as_one(faulty):
    server = faulty("PutObject:1:reset", "PutObject:2:reset-after", "ListBuckets:1:delay-500ms")
    once = client(server, "s3", 1)
    once.create_bucket(Bucket=BUCKET)
    for key, there in [("lost", False), ("kept", True)]:
        with pytest.raises(ConnectionClosedError):
            once.put_object(Bucket=BUCKET, Key=key, Body=b"x")
        assert ("Contents" in once.list_objects_v2(Bucket=BUCKET, Prefix=key)) == there
    client(server, "s3", 1).list_buckets()


def test_botocore_retries_through_a_reset(faulty):
    server = faulty("PutObject:1:reset")
    s3 = client(server, "s3", 3)
    s3.create_bucket(Bucket=BUCKET)
    assert s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_container_that_is_killed_is_replaced(faulty):
    server = faulty("serve:crash-after:3")
    s3, sagemaker = server.client("s3"), server.client("sagemaker")
    s3.create_bucket(Bucket=BUCKET)
    model = train(sagemaker, training_request("m", upload_data(s3, "data")))["ModelArtifacts"]["S3ModelArtifacts"]
    create_model(sagemaker, "m", model)
    create_config(sagemaker, "m", "m")
    sagemaker.create_endpoint(EndpointName="m", EndpointConfigName="m")
    await_endpoint(sagemaker, "m")
    for _ in range(10):
        invoke(server, "m")
    streams = server.client("logs").describe_log_streams(logGroupName="/aws/sagemaker/Endpoints/m")["logStreams"]
    assert len(streams) == 1


def test_a_spot_job_is_interrupted_and_completes(faulty):
    server = faulty("train:interrupt-after:1ms")
    s3, sagemaker = server.client("s3"), server.client("sagemaker")
    s3.create_bucket(Bucket=BUCKET)
    request = training_request(
        "spot",
        upload_data(s3, "data"),
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 600},
        CheckpointConfig={"S3Uri": f"s3://{BUCKET}/checkpoints"},
    )
    job = train(sagemaker, request)
    steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Downloading", "Training", "Interrupted", "Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["BillableTimeInSeconds"] <= job["TrainingTimeInSeconds"]


def test_a_wrong_script_is_refused_with_the_grammar(tmp_path):
    program = pathlib.Path(os.environ["FIRE_BIN_DIR"]) / "local-sagemaker"
    done = subprocess.run([program, "--state-dir", tmp_path, "--fault", "PutObjects:1:reset"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "no operation 'PutObjects'" in done.stderr and "OPERATION:WHEN:EFFECT" in done.stderr
    helped = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=30)
    assert "serve:crash-after:10" in helped.stdout
