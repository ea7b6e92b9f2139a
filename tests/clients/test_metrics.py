"""CloudWatch through boto3 (JSON, and CBOR as the other SDKs speak it) and the aws CLI: what endpoints and jobs are measured by."""

import datetime
import json
import time
import urllib.error
import urllib.request

import pytest
from botocore import parsers, serialize
from botocore.exceptions import ClientError

from conftest import REGION
from test_endpoints import ROW, invoke


@pytest.fixture(scope="module")
def cloudwatch(server):
    return server.client("cloudwatch")


def span() -> dict:
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"StartTime": now - datetime.timedelta(minutes=30), "EndTime": now + datetime.timedelta(minutes=1)}


def query(name: str, namespace: str, metric: str, stat: str, dimensions: dict) -> dict:
    dimensions = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    metric = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}


def test_an_endpoint_is_measured_for_each_variant(server, cloudwatch, endpoint):
    name = endpoint["EndpointName"]
    variant = endpoint["ProductionVariants"][0]["VariantName"]
    of = {"EndpointName": name, "VariantName": variant}
    calls = [query(f"m{number}", "AWS/SageMaker", *metric, of) for number, metric in enumerate([
        ("Invocations", "Sum"),
        ("Invocation4XXErrors", "Sum"),
        ("Invocation5XXErrors", "Sum"),
        ("ModelLatency", "Average"),
        ("OverheadLatency", "p99"),
        ("InvocationsPerInstance", "Sum"),
    ])]

    def sums() -> list:
        results = cloudwatch.get_metric_data(MetricDataQueries=calls, **span())["MetricDataResults"]
        assert [result["Id"] for result in results] == [call["Id"] for call in calls]
        assert all(result["StatusCode"] == "Complete" for result in results)
        assert all(isinstance(at, datetime.datetime) for result in results for at in result["Timestamps"])
        return [sum(result["Values"]) for result in results]

    before = sums()
    for _ in range(5):
        invoke(server, name)
    with pytest.raises(ClientError):
        invoke(server, name, "1,2,3")
    after = sums()
    assert [b - a for a, b in zip(before, after)][:3] == [6, 1, 0]
    assert after[3] > 0 and after[4] > 0 and after[5] >= 6


def test_the_machine_behind_an_endpoint_is_measured(cloudwatch, endpoint):
    variant = endpoint["ProductionVariants"][0]["VariantName"]
    of = {"EndpointName": endpoint["EndpointName"], "VariantName": variant}
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        calls = [query(name, "/aws/sagemaker/Endpoints", metric, "Maximum", of) for name, metric in [("c", "CPUUtilization"), ("m", "MemoryUtilization")]]
        results = cloudwatch.get_metric_data(MetricDataQueries=calls, **span())["MetricDataResults"]
        if all(result["Values"] for result in results):
            break
        time.sleep(0.5)
    assert all(result["Values"] for result in results), results
    assert 0 < results[1]["Values"][0] < 100


def test_a_jobs_metrics_are_the_last_in_its_description(cloudwatch, trained):
    statistics = cloudwatch.get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="validation:auc",
        Dimensions=[{"Name": "TrainingJobName", "Value": trained["TrainingJobName"]}],
        Period=60,
        Statistics=["Maximum", "SampleCount"],
        ExtendedStatistics=["p50"],
        **span(),
    )
    final = {metric["MetricName"]: metric["Value"] for metric in trained["FinalMetricDataList"]}
    assert statistics["Label"] == "validation:auc"
    assert max(point["Maximum"] for point in statistics["Datapoints"]) >= final["validation:auc"] - 1e-6
    assert all(point["Unit"] == "None" and "p50" in point["ExtendedStatistics"] for point in statistics["Datapoints"])


def test_metrics_are_listed(cloudwatch, endpoint, trained):
    pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace="/aws/sagemaker/TrainingJobs")
    names = {metric["MetricName"] for page in pages for metric in page["Metrics"]}
    assert {"validation:auc", "train:auc"} <= names
    nothing = cloudwatch.list_metrics(Namespace="AWS/SageMaker", Dimensions=[{"Name": "EndpointName", "Value": "nobody"}])
    assert nothing["Metrics"] == []


def test_a_wrong_question_is_refused(cloudwatch):
    with pytest.raises(ClientError) as refused:
        cloudwatch.get_metric_data(MetricDataQueries=[query("m", "n", "m", "Median", {})], **span())
    # The code of the protocol that CloudWatch spoke first, as AWS still answers it.
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert "Median" in refused.value.response["Error"]["Message"]


def in_cbor(server, operation: str, parameters: dict) -> tuple[int, dict]:
    """A call in the protocol that the AWS SDKs for other languages speak, written and read by botocore."""
    model = server.client("cloudwatch").meta.service_model.operation_model(operation)
    request = serialize.create_serializer("smithy-rpc-v2-cbor").serialize_to_request(parameters, model)
    asked = urllib.request.Request(server.url + request["url_path"], data=request["body"], headers=request["headers"], method="POST")
    try:
        answer = urllib.request.urlopen(asked)
    except urllib.error.HTTPError as error:
        answer = error
    headers = {name.lower(): value for name, value in answer.headers.items()}
    assert headers["smithy-protocol"] == "rpc-v2-cbor"
    parser = parsers.create_parser("smithy-rpc-v2-cbor")
    return answer.status, parser.parse({"headers": headers, "body": answer.read(), "status_code": answer.status}, model.output_shape)


def test_cbor_says_the_same_as_json(server, cloudwatch, endpoint):
    invoke(server, endpoint["EndpointName"])
    variant = endpoint["ProductionVariants"][0]["VariantName"]
    of = {"EndpointName": endpoint["EndpointName"], "VariantName": variant}
    asked = {"MetricDataQueries": [query("m", "AWS/SageMaker", "ModelLatency", "Average", of)], **span()}
    status, answer = in_cbor(server, "GetMetricData", asked)
    expected = cloudwatch.get_metric_data(**asked)["MetricDataResults"]
    assert status == 200 and expected[0]["Values"]
    assert answer["MetricDataResults"] == expected
    status, listed = in_cbor(server, "ListMetrics", {"Namespace": "AWS/SageMaker"})
    assert listed["Metrics"] == cloudwatch.list_metrics(Namespace="AWS/SageMaker")["Metrics"]
    status, refused = in_cbor(server, "GetMetricData", {**asked, "MetricDataQueries": [query("m", "n", "m", "Median", {})]})
    assert (status, refused["Error"]["Code"]) == (400, "InvalidParameterValue")


def test_the_aws_cli_asks_too(server, endpoint):
    invoke(server, endpoint["EndpointName"], ROW)
    listed = server.cli("cloudwatch", "list-metrics", "--namespace", "AWS/SageMaker", "--region", REGION, "--output", "json")
    assert listed.returncode == 0, listed.stderr
    assert "Invocations" in {metric["MetricName"] for metric in json.loads(listed.stdout)["Metrics"]}
