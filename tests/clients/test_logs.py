"""CloudWatch Logs through boto3 and the aws CLI: what jobs and endpoints print."""

import json
import subprocess

import pytest
from botocore.exceptions import ClientError

from conftest import REGION

TRAINING = "/aws/sagemaker/TrainingJobs"


@pytest.fixture(scope="module")
def logs(server):
    return server.client("logs")


def stream_of(logs, job: str) -> str:
    streams = logs.describe_log_streams(logGroupName=TRAINING, logStreamNamePrefix=f"{job}/")["logStreams"]
    assert len(streams) == 1
    return streams[0]["logStreamName"]


def test_a_job_has_a_stream_with_times(logs, trained):
    name = trained["TrainingJobName"]
    streams = logs.describe_log_streams(logGroupName=TRAINING, logStreamNamePrefix=f"{name}/")["logStreams"]
    assert streams[0]["logStreamName"].startswith(f"{name}/algo-1-")
    assert streams[0]["firstEventTimestamp"] <= streams[0]["lastEventTimestamp"]
    assert streams[0]["arn"].endswith(f"log-group:{TRAINING}:log-stream:{streams[0]['logStreamName']}")
    begin, end = (trained[time].timestamp() * 1000 for time in ("TrainingStartTime", "TrainingEndTime"))
    events = logs.get_log_events(logGroupName=TRAINING, logStreamName=streams[0]["logStreamName"], startFromHead=True)["events"]
    assert events and all(begin - 1 <= event["timestamp"] <= end + 1 for event in events)
    assert any("validation:auc=" in event["message"] for event in events)


def test_tokens_lead_through_a_stream_both_ways(logs, trained):
    place = {"logGroupName": TRAINING, "logStreamName": stream_of(logs, trained["TrainingJobName"])}
    whole = [event["message"] for event in logs.get_log_events(**place, startFromHead=True)["events"]]
    forward, page = [], logs.get_log_events(**place, startFromHead=True, limit=3)
    while True:
        forward += [event["message"] for event in page["events"]]
        following = logs.get_log_events(**place, nextToken=page["nextForwardToken"], limit=3)
        if following["nextForwardToken"] == page["nextForwardToken"]:
            break
        page = following
    assert forward == whole
    last = logs.get_log_events(**place, limit=2)
    before = logs.get_log_events(**place, nextToken=last["nextBackwardToken"], limit=10_000)
    assert [event["message"] for event in before["events"] + last["events"]] == whole


def test_filters_and_pages(logs, trained):
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=TRAINING,
        logStreamNamePrefix=f"{trained['TrainingJobName']}/",
        filterPattern='"validation:auc="',
        PaginationConfig={"PageSize": 1},
    )
    events = [event for page in pages for event in page["events"]]
    assert events and all("validation:auc=" in event["message"] for event in events)
    assert len({event["eventId"] for event in events}) == len(events)
    later = logs.filter_log_events(logGroupName=TRAINING, startTime=events[-1]["timestamp"] + 86_400_000)
    assert later["events"] == []


def test_groups_and_streams_come_in_pages(logs, endpoint):
    group = f"/aws/sagemaker/Endpoints/{endpoint['EndpointName']}"
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 1})
    groups = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    assert {TRAINING, group} <= set(groups) and groups == sorted(groups)
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, orderBy="LastEventTime", descending=True)
    streams = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    assert streams and all(stream.split("/")[1].startswith("i-") for stream in streams)


def test_what_is_not_there(logs, trained):
    for call, arguments, message in [
        (logs.describe_log_streams, {"logGroupName": "/aws/lambda/x"}, "The specified log group does not exist."),
        (logs.filter_log_events, {"logGroupName": "/aws/sagemaker/Endpoints/nobody"}, "The specified log group does not exist."),
        (logs.get_log_events, {"logGroupName": TRAINING, "logStreamName": "x/algo-1-1"}, "The specified log stream does not exist."),
    ]:
        with pytest.raises(logs.exceptions.ResourceNotFoundException) as refused:
            call(**arguments)
        assert refused.value.response["Error"]["Message"] == message
    with pytest.raises(ClientError) as refused:
        logs.filter_log_events(logGroupName=TRAINING, filterPattern="{ $.a = 1 }")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def test_the_aws_cli_tails_and_reads(server, logs, trained):
    name = trained["TrainingJobName"]
    prefix = ["--region", REGION, "--output", "json"]
    got = server.cli(
        "logs", "get-log-events", "--log-group-name", TRAINING, "--log-stream-name", stream_of(logs, name), "--start-from-head", *prefix
    )
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout)["events"]
    filtered = server.cli("logs", "filter-log-events", "--log-group-name", TRAINING, "--log-stream-name-prefix", name, *prefix)
    assert isinstance(filtered, subprocess.CompletedProcess) and filtered.returncode == 0, filtered.stderr
    assert len(json.loads(filtered.stdout)["events"]) == len(json.loads(got.stdout)["events"])
