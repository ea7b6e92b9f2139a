"""A `local-sagemaker` of its own for the suite, and the clients that users have: boto3 and the aws CLI.

FIRE_BIN_DIR names the folder with the programs `local-sagemaker` and `fire-container`.
"""

import contextlib
import dataclasses
import http.client
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
ACCOUNT = "691595239825"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/SageMakerExecutionRole"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/fire-container:latest"
BUCKET = f"fire-detection-training-{ACCOUNT}"
FEATURES = (
    "t_mean t_std t_max t_p95 t_hot_area_pct t_hot_largest_blob_pct t_grad_mean t_grad_std t_diff_mean t_diff_std "
    "flow_mag_mean flow_mag_std tproxy_val tproxy_delta tproxy_vel gas_val gas_delta gas_vel"
).split()


@dataclasses.dataclass(frozen=True)
class Response:
    """What travels back over HTTP, before a client makes something of it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Server:
    """One server process on a state directory of its own."""

    def __init__(self, state_dir: pathlib.Path, *options: str):
        self.state_dir = state_dir
        self.options = options
        self.start()

    def start(self):
        program = pathlib.Path(os.environ["FIRE_BIN_DIR"]) / "local-sagemaker"
        self.process = subprocess.Popen(
            self.command(program),
            stdout=subprocess.PIPE,
            stderr=open(self.state_dir.with_suffix(".log"), "ab"),
            text=True,
        )
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), f"the server did not start: {line!r}"
        self.url = line.removeprefix("listening on ").strip()

    def command(self, program: pathlib.Path) -> list:
        """The command that starts the server."""
        return [program, "--port", "0", "--state-dir", self.state_dir, *self.options]

    def stop(self, with_signal=signal.SIGTERM):
        self.process.send_signal(with_signal)
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def client(self, service: str):
        """A client with credentials that somebody made up, as users do."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="anything",
            aws_secret_access_key="at-all",
            config=Config(retries={"max_attempts": 1}),
        )

    def http(self, method: str, path: str, body: bytes = b"", headers: dict | None = None) -> Response:
        """A request exactly as it is given, which clients would change."""
        host = self.url.removeprefix("http://")
        with contextlib.closing(http.client.HTTPConnection(host, timeout=60)) as connection:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())

    def cli(self, *arguments: str) -> subprocess.CompletedProcess:
        """The aws command, with nothing of the user's configuration."""
        program = pathlib.Path(sys.executable).with_name("aws")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.state_dir),
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "dummy",
            "AWS_SECRET_ACCESS_KEY": "dummy",
        }
        return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="session", autouse=True)
def clean_environment():
    """What the user has set up for AWS is none of the suite's business."""
    for name in [name for name in os.environ if name.startswith("AWS_")] + ["FIRE_STATE_DIR", "FIRE_IMAGES", "FIRE_REAL_PATHS"]:
        os.environ.pop(name, None)
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


@pytest.fixture(scope="session")
def server(clean_environment, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("state") / "fire")
    yield server
    server.stop()


@pytest.fixture
def own_server(clean_environment, tmp_path):
    """A server that a test may kill."""
    server = Server(tmp_path / "fire")
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture(scope="session")
def s3(server):
    client = server.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def bucket(s3):
    """An empty bucket for one test."""
    name = f"test-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    return name


def error_of(call, **arguments) -> tuple[int, str]:
    """HTTP status and code of a rejected call."""
    with pytest.raises(ClientError) as rejected:
        call(**arguments)
    response = rejected.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.fixture(scope="session")
def sagemaker(server):
    return server.client("sagemaker")


# Relative paths of files, in the order of S3's lists. Each file contains its path.
FILES = [
    "100%.txt",
    "a b.txt",
    "a%20b.txt",
    "a+b.txt",
    "sub/c+d.txt",
    "sub/deep/q'uote.txt",
    "sub/deep/x&y.txt",
    "t=2026-11-23T10:00:00+01:00.csv",
    "é.txt",
]


def tree(folder) -> dict[str, str]:
    """Relative paths and contents of the files in a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


@pytest.fixture
def folder(tmp_path):
    """A folder whose file names are hard on lists. The files are a minute old: S3 gives times in whole seconds, so
    `aws s3 sync` takes a file that is written and uploaded within a second for newer than the object."""
    written = time.time() - 60
    folder = tmp_path / "up"
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        os.utime(path, (written, written))
    return folder


def rows(count: int, seed: int) -> str:
    """A CSV part: hot rows burn, cold rows do not, and one in ten is wrong."""
    chance = random.Random(seed)
    lines = [",".join([*FEATURES, "fire_detected"])]
    for _ in range(count):
        fire = chance.random() < 0.5
        values = [chance.gauss(30.0 if fire else 10.0, 8.0) for _ in FEATURES]
        label = int(fire) if chance.random() < 0.9 else int(not fire)
        lines.append(",".join([*(f"{value:.3f}" for value in values), str(label)]))
    return "\n".join(lines) + "\n"


def upload_data(s3, prefix: str) -> str:
    """Train and validation parts below a prefix; gives its URI."""
    for seed, (channel, count) in enumerate({"train": 600, "validation": 200}.items()):
        key = f"{prefix}/{channel}/part-00000.csv"
        s3.put_object(Bucket=BUCKET, Key=key, Body=rows(count, seed).encode())
    return f"s3://{BUCKET}/{prefix}"


@pytest.fixture(scope="session")
def data(s3):
    return upload_data(s3, "flir_scd41_training/data/clients")


def channel(name: str, uri: str) -> dict:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}


def training_request(name: str, data: str, **changes) -> dict:
    """A small forest on the data below a prefix."""
    request = {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": "validation:auc", "Regex": r"validation:auc=([0-9.eE+-]+);"},
                {"Name": "train:auc", "Regex": r"train:auc=([0-9.eE+-]+);"},
            ],
        },
        "HyperParameters": {"algorithm": "random_forest", "n_estimators": "5", "max_depth": "4", "seed": "42"},
        "InputDataConfig": [channel("train", f"{data}/train/"), channel("validation", f"{data}/validation/")],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/flir_scd41_training/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    return {**request, **changes}


def train(sagemaker, request: dict) -> dict:
    """A job from its creation to its waiter's end."""
    sagemaker.create_training_job(**request)
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=request["TrainingJobName"], WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    return sagemaker.describe_training_job(TrainingJobName=request["TrainingJobName"])


@pytest.fixture(scope="session")
def trained(sagemaker, data):
    """A finished job's description."""
    return train(sagemaker, training_request("flir-scd41-rf-clients", data))


def create_model(sagemaker, name: str, model_uri: str):
    container = {"Image": IMAGE, "ModelDataUrl": model_uri}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)


def create_config(sagemaker, name: str, model: str, **changes):
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": model,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.t2.medium",
        **changes,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def await_endpoint(sagemaker, name: str) -> dict:
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    return sagemaker.describe_endpoint(EndpointName=name)


@pytest.fixture(scope="session")
def endpoint(sagemaker, trained):
    """The endpoint of the documentation, in service."""
    model = "flir-scd41-best-model"
    create_model(sagemaker, model, trained["ModelArtifacts"]["S3ModelArtifacts"])
    create_config(sagemaker, f"{model}-config", model)
    sagemaker.create_endpoint(EndpointName=f"{model}-endpoint", EndpointConfigName=f"{model}-config")
    return await_endpoint(sagemaker, f"{model}-endpoint")


def pytest_sessionfinish(session, exitstatus):
    """Nothing of a run is worth keeping once it has passed."""
    if exitstatus == 0:
        base = getattr(session.config, "_tmp_path_factory", None)
        if base is not None:
            shutil.rmtree(base.getbasetemp(), ignore_errors=True)
