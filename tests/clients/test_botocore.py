"""Every paginator and every waiter that botocore has for an operation of the server, found by asking botocore."""

import pathlib
import re

import pytest
from botocore import xform_name
from conftest import BUCKET, ROLE, await_endpoint, create_config, create_model

SERVICES = ["s3", "sagemaker", "logs", "cloudwatch", "application-autoscaling", "ecr", "iam", "sts"]
REPOSITORY = pathlib.Path(__file__).parents[2]
LOG_GROUP = "/aws/sagemaker/TrainingJobs"


def operations() -> set[str]:
    """What the server says it can do."""
    source = (REPOSITORY / "crates/local-sagemaker/src/faults/operations.rs").read_text()
    table = source[source.index("OPERATIONS:") : source.index("\n];")]
    return set(re.findall(r'"([A-Z]\w+)"', table))


@pytest.fixture(scope="module")
def several(sagemaker, s3, trained, endpoint, data):
    """More than one of everything that can be listed by pages."""
    uri = trained["ModelArtifacts"]["S3ModelArtifacts"]
    tags = [{"Key": f"key-{number}", "Value": "v"} for number in range(3)]
    for number in range(3):
        create_model(sagemaker, f"paged-{number}", uri)
        create_config(sagemaker, f"paged-{number}", f"paged-{number}", InstanceType="ml.m5.large")
    sagemaker.create_endpoint(EndpointName="paged", EndpointConfigName="paged-0", Tags=tags)
    return await_endpoint(sagemaker, "paged")


def paged(client) -> list[str]:
    known = operations()
    names = [name for name in client.meta.service_model.operation_names if name in known]
    return [name for name in names if client.can_paginate(xform_name(name))]


def requests(stream: str, upload: str, arn: str) -> dict[str, dict]:
    """What the operations must be told, where they must be told anything."""
    return {
        "ListObjects": {"Bucket": BUCKET},
        "ListObjectsV2": {"Bucket": BUCKET},
        "ListParts": {"Bucket": BUCKET, "Key": "paged", "UploadId": upload},
        "ListMultipartUploads": {"Bucket": BUCKET},
        "ListObjectVersions": {"Bucket": BUCKET},
        "SimulatePrincipalPolicy": {"PolicySourceArn": ROLE, "ActionNames": ["s3:GetObject"]},
        "ListTags": {"ResourceArn": arn},
        "DescribeLogStreams": {"logGroupName": LOG_GROUP},
        "FilterLogEvents": {"logGroupName": LOG_GROUP},
        "GetLogEvents": {"logGroupName": LOG_GROUP, "logStreamName": stream},
        "DescribeScalableTargets": {"ServiceNamespace": "sagemaker"},
        "DescribeScalingActivities": {"ServiceNamespace": "sagemaker"},
        "DescribeScalingPolicies": {"ServiceNamespace": "sagemaker"},
        "DescribeImages": {"repositoryName": "fire-container"},
        # Needs a query, and has one page here: test_metrics.py.
        "GetMetricData": None,
    }


# Operations whose pages cannot be made shorter.
WHOLE = {"ListMetrics", "ListTags"}


def test_pages_of_one_hold_what_one_page_holds(server, several, s3):
    logs = server.client("logs")
    streams = logs.describe_log_streams(logGroupName=LOG_GROUP)["logStreams"]
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="paged")["UploadId"]
    for number in (1, 2):
        s3.upload_part(Bucket=BUCKET, Key="paged", UploadId=upload, PartNumber=number, Body=b"p" * (5 << 20))
    told = requests(streams[0]["logStreamName"], upload, several["EndpointArn"])
    seen = {}
    for client in map(server.client, SERVICES):
        for name in paged(client):
            request = told.get(name, {})
            if request is None:
                continue
            paginator = client.get_paginator(xform_name(name))
            key = paginator.result_keys[0]
            whole = paginator.paginate(**request).build_full_result()
            small = {} if name in WHOLE else {"PaginationConfig": {"PageSize": 1}}
            pages = list(paginator.paginate(**request, **small))
            items = [item for page in pages for item in key.search(page) or []]
            expected = key.search(whole) or []
            assert items == expected, name
            if not small:
                assert items, name
            elif len(items) > 1:
                assert len(pages) >= len(items), name
            seen[name] = len(items)
    s3.abort_multipart_upload(Bucket=BUCKET, Key="paged", UploadId=upload)
    assert len(seen) >= 14, seen
    for name in ("ListModels", "ListEndpointConfigs", "ListEndpoints", "ListObjectsV2", "ListTags", "ListParts"):
        assert seen[name] >= 2, seen


def test_every_waiter_ends_when_it_should(server, sagemaker, s3, trained, several):
    s3.put_object(Bucket=BUCKET, Key="waited", Body=b"1")
    sagemaker.create_endpoint(EndpointName="leaving", EndpointConfigName="paged-1")
    await_endpoint(sagemaker, "leaving")
    sagemaker.delete_endpoint(EndpointName="leaving")
    role = ROLE.rsplit("/", 1)[1]
    table = {
        "bucket_exists": {"Bucket": BUCKET},
        "bucket_not_exists": {"Bucket": "nobody-has-this-bucket"},
        "object_exists": {"Bucket": BUCKET, "Key": "waited"},
        "object_not_exists": {"Bucket": BUCKET, "Key": "never"},
        "endpoint_in_service": {"EndpointName": several["EndpointName"]},
        "endpoint_deleted": {"EndpointName": "leaving"},
        "training_job_completed_or_stopped": {"TrainingJobName": trained["TrainingJobName"]},
        "role_exists": {"RoleName": role},
    }
    known, waited = operations(), set()
    for client in map(server.client, SERVICES):
        for name in client.waiter_names:
            waiter = client.get_waiter(name)
            if waiter.config.operation in known:
                waiter.wait(**table[name], WaiterConfig={"Delay": 1, "MaxAttempts": 30})
                waited.add(name)
    assert waited == set(table)
