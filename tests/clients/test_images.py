"""Mapped images: the scikit-learn example trains, is deployed and answers, through boto3 and the SageMaker Python SDK."""

import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

import pytest

from conftest import ACCOUNT, BUCKET, REGION, ROLE, Server, training_request
from test_python_sdk import sdk_session

EXAMPLE = pathlib.Path(__file__).parents[2] / "crates/local-sagemaker/examples/scikit"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
# Labels that a tree finds at once.
ROWS = "".join(f"{value},{value % 7},{'high' if value > 50 else 'low'}\n" for value in range(100))


def real_paths_work() -> bool:
    """Whether this machine has user namespaces in which mounts are allowed."""
    words = ["unshare", "--user", "--map-root-user", "--mount", "mount", "--bind", "/tmp", "/opt"]
    try:
        return subprocess.run(words, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module", params=["always", "never"])
def scikit(request, clean_environment, tmp_path_factory):
    """A server that runs the example for images named `scikit`, with real paths and without."""
    if request.param == "always" and not real_paths_work():
        pytest.skip("no user namespaces with mounts")
    images = tmp_path_factory.mktemp("images")
    (images / "program.py").symlink_to(EXAMPLE / "program.py")
    # The program's path is relative to the file.
    (images / "images.txt").write_text(f"# a comment\nscikit = {shlex.quote(sys.executable)} program.py\n")
    server = Server(images / "fire", "--images", str(images / "images.txt"), "--real-paths", request.param)
    server.client("s3").create_bucket(Bucket=BUCKET)
    for channel in ("train", "validation"):
        server.client("s3").put_object(Bucket=BUCKET, Key=f"rows/{channel}/rows.csv", Body=ROWS.encode())
    yield server
    server.stop()


def test_the_example_does_what_its_comment_says(scikit):
    environment = {**os.environ, "AWS_ENDPOINT_URL": scikit.url}
    words = [sys.executable, EXAMPLE / "client.py"]
    run = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].startswith("Completed: validation:accuracy 0.9"), run.stdout
    labels = [json.loads(line.split(" ", 1)[1])["predictions"][0]["label"] for line in lines[1:]]
    assert labels == ["setosa", "virginica"]


def test_the_python_sdk_trains_and_deploys_a_mapped_image(scikit, monkeypatch, tmp_path):
    sdk = sdk_session(scikit, monkeypatch, tmp_path)
    from sagemaker.deserializers import JSONDeserializer
    from sagemaker.estimator import Estimator
    from sagemaker.serializers import CSVSerializer

    estimator = Estimator(
        image_uri=f"{REGISTRY}/scikit:1",
        role=ROLE,
        instance_count=1,
        instance_type="ml.m5.large",
        hyperparameters={"n_estimators": 10},
        metric_definitions=[{"Name": "validation:accuracy", "Regex": "validation:accuracy=([0-9.]+);"}],
        sagemaker_session=sdk,
    )
    channels = {name: f"s3://{BUCKET}/rows/{name}/" for name in ("train", "validation")}
    estimator.fit(channels, wait=True, logs="All")
    assert estimator.training_job_analytics.dataframe()["value"][0] == 1.0
    predictor = estimator.deploy(
        initial_instance_count=1,
        instance_type="ml.m5.large",
        serializer=CSVSerializer(),
        deserializer=JSONDeserializer(),
    )
    found = predictor.predict([[99, 1], [1, 1]])["predictions"]
    assert [prediction["label"] for prediction in found] == ["high", "low"]
    with pytest.raises(sdk.sagemaker_runtime_client.exceptions.ModelError) as rejected:
        predictor.predict("one,2")
    assert rejected.value.response["OriginalStatusCode"] == 400
    assert "could not convert string to float" in rejected.value.response["OriginalMessage"]
    predictor.delete_model()
    predictor.delete_endpoint()


def ended(client, request: dict) -> dict:
    """A job from its creation to its end, which may be a failure."""
    client.create_training_job(**request)
    while True:
        found = client.describe_training_job(TrainingJobName=request["TrainingJobName"])
        if found["TrainingJobStatus"] not in ("InProgress", "Stopping"):
            return found
        time.sleep(0.2)


def job(name: str, **algorithm) -> dict:
    request = training_request(name, f"s3://{BUCKET}/rows", HyperParameters={"n_estimators": "5"})
    specification = {"TrainingImage": f"{REGISTRY}/scikit", "TrainingInputMode": "File", **algorithm}
    return {**request, "AlgorithmSpecification": specification}


def test_an_entry_point_of_the_job_replaces_the_program(scikit):
    client = scikit.client("sagemaker")
    entry = [sys.executable, str(EXAMPLE / "program.py")]
    done = ended(client, job("own-entry", ContainerEntrypoint=entry, ContainerArguments=["train"]))
    assert done["TrainingJobStatus"] == "Completed", done.get("FailureReason")
    failed = ended(client, job("own-arguments", ContainerArguments=["fit"]))
    assert failed["FailureReason"].endswith("expected `train` or `serve`, exit code: 1")
    script = 'echo "$0 in $PWD" > "$SAGEMAKER_BASE_DIR/output/failure"; ls "$SAGEMAKER_BASE_DIR/input/data/train" >&2; exit 3'
    failed = ended(client, job("shell", ContainerEntrypoint=["/bin/sh", "-c", script]))
    assert failed["FailureReason"] == f"AlgorithmError: /bin/sh in {scikit.state_dir.parent}, exit code: 3"


def test_the_real_path_is_the_jobs_own(scikit):
    if scikit.options[-1] == "never":
        pytest.skip("no real paths")
    script = "ls /opt/ml/input/data > /opt/ml/output/failure; echo \"$SAGEMAKER_BASE_DIR\" >> /opt/ml/output/failure; exit 1"
    failed = ended(scikit.client("sagemaker"), job("real", ContainerEntrypoint=["/bin/sh", "-c", script]))
    assert failed["FailureReason"] == "AlgorithmError: train\nvalidation\n/opt/ml, exit code: 1"


def test_a_stopped_job_gets_the_signal_and_keeps_its_model(scikit):
    client = scikit.client("sagemaker")
    script = "trap 'echo saved > $FIRE_OPT_ML/model/state; exit 0' TERM; echo ready; while :; do sleep 0.1; done"
    client.create_training_job(**job("stopped", ContainerEntrypoint=["/bin/sh", "-c", script]))
    logs = scikit.client("logs")
    ready = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": "stopped/"}
    while not logs.filter_log_events(**ready)["events"]:
        assert client.describe_training_job(TrainingJobName="stopped")["TrainingJobStatus"] == "InProgress"
    client.stop_training_job(TrainingJobName="stopped")
    waiter = client.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName="stopped", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    stopped = client.describe_training_job(TrainingJobName="stopped")
    assert stopped["TrainingJobStatus"] == "Stopped"
    assert stopped["ModelArtifacts"]["S3ModelArtifacts"].endswith("/stopped/output/model.tar.gz")
    bucket, key = stopped["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").split("/", 1)
    assert scikit.client("s3").head_object(Bucket=bucket, Key=key)["ContentLength"] > 0


def test_the_registry_knows_mapped_repositories(scikit):
    ecr = scikit.client("ecr")
    names = [repository["repositoryName"] for repository in ecr.describe_repositories()["repositories"]]
    assert names == ["fire-container", "scikit"]
    image = {"repositoryName": "scikit", "imageIds": [{"imageTag": "1"}]}
    detail = ecr.describe_images(**image)["imageDetails"][0]
    got = ecr.batch_get_image(**image)["images"][0]
    assert got["imageId"]["imageDigest"] == detail["imageDigest"]
    assert detail["imageSizeInBytes"] > (EXAMPLE / "program.py").stat().st_size


def test_an_image_without_a_program_is_named_with_the_remedy(scikit):
    client = scikit.client("sagemaker")
    with pytest.raises(client.exceptions.ClientError) as rejected:
        client.create_training_job(**job("unmapped", TrainingImage=f"{REGISTRY}/team/xgboost:1.7"))
    message = rejected.value.response["Error"]["Message"]
    assert f"no program for image '{REGISTRY}/team/xgboost:1.7'" in message
    assert "`--image xgboost=PROGRAM`" in message and "Mapped are: scikit." in message
