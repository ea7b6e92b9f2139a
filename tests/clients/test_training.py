"""Training jobs through boto3: from their creation to what they leave in S3."""

import io
import json
import tarfile
import time
import urllib.request

import pytest
from botocore.exceptions import WaiterError

from conftest import BUCKET, training_request, train


def members(s3, uri: str) -> list[str]:
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
        return archive.getnames()


def test_a_job_leaves_its_model_where_sagemaker_does(s3, trained):
    uri = trained["ModelArtifacts"]["S3ModelArtifacts"]
    assert uri == f"s3://{BUCKET}/flir_scd41_training/models/{trained['TrainingJobName']}/output/model.tar.gz"
    names = members(s3, uri)
    assert names
    assert not any(name.startswith(("/", "..")) or "opt/ml" in name for name in names)
    assert members(s3, uri.replace("model.tar.gz", "output.tar.gz"))


def test_a_job_goes_through_its_statuses_in_order(trained):
    transitions = trained["SecondaryStatusTransitions"]
    assert [step["Status"] for step in transitions] == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    for earlier, later in zip(transitions, transitions[1:]):
        assert earlier["StartTime"] <= earlier["EndTime"] == later["StartTime"]
    assert trained["TrainingStartTime"] <= trained["TrainingEndTime"]
    assert trained["BillableTimeInSeconds"] >= 1
    assert trained["TrainingTimeInSeconds"] >= 1


def test_the_metrics_are_those_that_the_program_printed(server, trained):
    metrics = {metric["MetricName"]: metric["Value"] for metric in trained["FinalMetricDataList"]}
    assert set(metrics) == {"validation:auc", "train:auc"}
    # The rows are easy, apart from one in ten that is wrong.
    assert 0.8 < metrics["validation:auc"] <= 1.0
    with urllib.request.urlopen(f"{server.url}/_local/jobs/{trained['TrainingJobName']}/log") as answer:
        log = answer.read().decode()
    assert f"validation:auc={metrics['validation:auc']:.3f}"[:-1] in log


def test_the_longest_names_fit_into_a_key(sagemaker, data):
    name, path = "j" * 63, f"s3://{BUCKET}/" + "p" * 200
    described = train(sagemaker, training_request(name, data, OutputDataConfig={"S3OutputPath": path}))
    assert described["TrainingJobStatus"] == "Completed"
    assert described["ModelArtifacts"]["S3ModelArtifacts"] == f"{path}/{name}/output/model.tar.gz"


def test_the_request_is_described_as_it_was_sent(trained):
    assert trained["HyperParameters"]["algorithm"] == "random_forest"
    assert trained["ResourceConfig"]["InstanceType"] == "ml.m5.4xlarge"
    assert [channel["ChannelName"] for channel in trained["InputDataConfig"]] == ["train", "validation"]


def test_a_failed_job_says_why(sagemaker, data):
    parameters = {"algorithm": "gradient_descent"}
    with pytest.raises(WaiterError):
        train(sagemaker, training_request("failing", data, HyperParameters=parameters))
    described = sagemaker.describe_training_job(TrainingJobName="failing")
    assert described["TrainingJobStatus"] == "Failed"
    assert described["SecondaryStatus"] == "Failed"
    assert described["FailureReason"].startswith("AlgorithmError: ")
    assert "gradient_descent" in described["FailureReason"]
    assert described["FailureReason"].rsplit(", ", 1)[1].startswith("exit code: ")


def test_a_stopped_job_ends_as_stopped(sagemaker, data):
    parameters = {"algorithm": "random_forest", "n_estimators": "10000", "max_depth": "16"}
    sagemaker.create_training_job(**training_request("stopping", data, HyperParameters=parameters))
    wait_for_secondary(sagemaker, "stopping", "Training")
    sagemaker.stop_training_job(TrainingJobName="stopping")
    assert sagemaker.describe_training_job(TrainingJobName="stopping")["TrainingJobStatus"] in ("Stopping", "Stopped")
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName="stopping", WaiterConfig={"Delay": 1, "MaxAttempts": 130})
    described = sagemaker.describe_training_job(TrainingJobName="stopping")
    assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Stopped", "Stopped")


def test_jobs_run_beside_each_other(sagemaker, data):
    names = [f"parallel-{number}" for number in range(3)]
    for name in names:
        sagemaker.create_training_job(**training_request(name, data))
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    for name in names:
        waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    jobs = sagemaker.list_training_jobs(NameContains="parallel-", SortBy="Name", StatusEquals="Completed")
    assert [job["TrainingJobName"] for job in jobs["TrainingJobSummaries"]] == names


def test_lists_come_in_pages(sagemaker, trained):
    pages = sagemaker.get_paginator("list_training_jobs").paginate(PaginationConfig={"PageSize": 1})
    names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    assert trained["TrainingJobName"] in names
    assert len(names) == len(set(names))


def wait_for_secondary(sagemaker, name: str, wanted: str):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        described = sagemaker.describe_training_job(TrainingJobName=name)
        if described["SecondaryStatus"] == wanted:
            return
        assert described["TrainingJobStatus"] == "InProgress", json.dumps(described, default=str)
        time.sleep(0.05)
    raise AssertionError(f"{name} is not {wanted} after a minute")
