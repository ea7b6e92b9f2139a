"""Our programs against somebody else's server: moto, which records what it is asked and runs nothing.

It agrees with the programs about the wire or this fails; what moto cannot do (train, serve) is not asked of it.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time

import boto3
import pytest

from conftest import REGION

MOTO_ACCOUNT = "123456789012"
RUN = "moto"
DONE, USAGE, BACKEND = 0, 2, 3


class Moto:
    """A moto server, and the programs that are pointed at it."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        log = folder / "moto.log"
        program = pathlib.Path(sys.executable).with_name("moto_server")
        self.process = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", "0"], stdout=open(log, "wb"), stderr=subprocess.STDOUT
        )
        started = time.monotonic()
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
            assert self.process.poll() is None and time.monotonic() - started < 60, log.read_text()
            time.sleep(0.1)
        self.url = found[0]

    def client(self, service: str):
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="y"
        )

    def run(self, name: str, *flags: str) -> subprocess.CompletedProcess:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "FIRE_STATE_DIR": str(self.folder / "state"),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        program = pathlib.Path(os.environ["FIRE_BIN_DIR"]) / name
        words = [program, "--backend", "aws", "--output", "json", *flags]
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def moto(clean_environment, tmp_path_factory):
    moto = Moto(tmp_path_factory.mktemp("moto"))
    yield moto
    moto.process.terminate()
    moto.process.wait(timeout=60)


def train(moto: Moto, *flags: str) -> subprocess.CompletedProcess:
    return moto.run("train-100k", "--profile", "original", "--samples", "600", "--run", RUN, *flags)


@pytest.fixture(scope="module")
def run_at_moto(moto):
    """A role that SageMaker may assume, an image in Docker's format, and a run with its jobs."""
    missing = train(moto)
    assert missing.returncode == USAGE, missing.stderr
    assert "SageMakerExecutionRole does not exist" in missing.stderr and "push-image" in missing.stderr
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    moto.client("iam").create_role(
        RoleName="SageMakerExecutionRole",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    trained = train(moto, "--skip-preflight")
    assert trained.returncode == DONE, trained.stderr
    return json.loads(trained.stdout)


def names(run: dict) -> list[str]:
    return [job["name"] for job in run["jobs"]]


def test_jobs_are_created_with_their_data_and_no_others(moto, run_at_moto):
    jobs = names(run_at_moto)
    assert jobs[0] == f"flir-scd41-rf-100k-{RUN}" and len(set(jobs)) == len(jobs) >= 3
    described = moto.client("sagemaker").describe_training_job(TrainingJobName=jobs[0])
    assert described["HyperParameters"]["n_estimators"] == "200"
    channels = {channel["ChannelName"]: channel for channel in described["InputDataConfig"]}
    uri = channels["train"]["DataSource"]["S3DataSource"]["S3Uri"]
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    listed = moto.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)
    assert [pathlib.Path(found["Key"]).name for found in listed["Contents"]] == ["part-00000.parquet"]
    # Nothing is doubled: moto would take a job of the same name again, but the names stay those of the run.
    again = train(moto, "--skip-preflight")
    assert again.returncode == DONE, again.stderr
    listed = moto.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert sorted(job["TrainingJobName"] for job in listed) == sorted(jobs)


def test_jobs_are_watched(moto, run_at_moto):
    jobs = names(run_at_moto)
    watched = moto.run("monitor-100k", *jobs, "--wait", "--interval", "1")
    assert watched.returncode == DONE, watched.stderr
    result = json.loads(watched.stdout.splitlines()[-1])
    assert {job["name"]: job["status"] for job in result["jobs"]} == dict.fromkeys(jobs, "Completed")
    listed = moto.run("monitor-100k", "--list")
    assert listed.returncode == DONE and all(job in listed.stdout for job in jobs), listed.stderr


def test_a_model_is_deployed_and_deleted(moto, run_at_moto, server, trained, s3):
    # moto trains nothing, so the model comes from our own server.
    ours = trained["ModelArtifacts"]["S3ModelArtifacts"]
    bucket, _, key = ours.removeprefix("s3://").partition("/")
    model = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    uri = run_at_moto["jobs"][0]["model_uri"]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    moto.client("s3").put_object(Bucket=bucket, Key=key, Body=model)
    deployed = moto.run("deploy-100k", "--model-uri", uri, "--skip-preflight", "--wait")
    assert deployed.returncode == DONE, deployed.stderr
    assert json.loads(deployed.stdout)["endpoint"]["status"] == "InService"
    described = moto.client("sagemaker").describe_endpoint(EndpointName="flir-scd41-best-model-endpoint")
    assert [variant["VariantName"] for variant in described["ProductionVariants"]] == ["AllTraffic"]
    deleted = moto.run("deploy-100k", "--endpoint-name", "flir-scd41-best-model-endpoint", "--delete")
    assert deleted.returncode == DONE, deleted.stderr
    assert json.loads(deleted.stdout)["deleted"]["endpoint"] is True
    left = moto.client("sagemaker").list_endpoints()["Endpoints"]
    assert left == []


def test_what_is_not_there_is_named_and_a_dead_server_is_no_fault_of_the_user(moto, run_at_moto):
    unknown = moto.run("monitor-100k", "no-such-job")
    assert unknown.returncode == USAGE and "no-such-job" in unknown.stderr, unknown.stderr
    nobody = Moto.__new__(Moto)
    nobody.folder, nobody.url = moto.folder, "http://127.0.0.1:9"
    gone = nobody.run("monitor-100k", names(run_at_moto)[0])
    assert gone.returncode == BACKEND, gone.stderr
