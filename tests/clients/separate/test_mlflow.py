"""MLflow: artifacts on S3, and its deployments client with a container that serves MLflow's models."""

import pathlib
import shlex
import sys

import pytest

from conftest import ACCOUNT, REGION, ROLE, Server

BUCKET = "mlflow-artifacts"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/mlflow-pyfunc:1"
CONTAINER = pathlib.Path(__file__).with_name("mlflow_container.py")
SETTINGS = {
    "image_url": IMAGE,
    "execution_role_arn": ROLE,
    "bucket": BUCKET,
    "instance_type": "ml.m5.large",
    "instance_count": 1,
    "region_name": REGION,
    "synchronous": True,
    "timeout_seconds": 120,
}
TEXTS = ["100%.txt", "a b.txt", "a+b.txt", "é.txt"]


@pytest.fixture(scope="module")
def mlflow(clean_environment, tmp_path_factory):
    """MLflow with an empty tracking database and a server of its own."""
    home = tmp_path_factory.mktemp("home")
    program = f"{shlex.quote(sys.executable)} {shlex.quote(str(CONTAINER))}"
    server = Server(home / "fire", "--image", f"mlflow-pyfunc={program}")
    server.client("s3").create_bucket(Bucket=BUCKET)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(home)
        for name, value in {
            "AWS_ENDPOINT_URL": server.url,
            "MLFLOW_S3_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_DEFAULT_REGION": REGION,
            "HOME": str(home),
            "MLFLOW_TRACKING_URI": f"sqlite:///{home}/mlflow.db",
            # Its telemetry asks the outside.
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }.items():
            monkeypatch.setenv(name, value)
        import mlflow

        yield mlflow
    server.stop()


@pytest.fixture
def s3(mlflow):
    import boto3

    return boto3.client("s3")


def saved_model(mlflow, path: pathlib.Path, value: float) -> str:
    """A model that always predicts the same."""

    class Constant(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return [value] * len(model_input)

    mlflow.pyfunc.save_model(path, python_model=Constant(), pip_requirements=[])
    return str(path)


def test_artifacts_are_logged_listed_and_downloaded(mlflow, tmp_path):
    experiment = mlflow.create_experiment("names", artifact_location=f"s3://{BUCKET}/artifacts")
    with mlflow.start_run(experiment_id=experiment) as run:
        for text in TEXTS:
            mlflow.log_text(text, f"d/{text}")
    listed = mlflow.MlflowClient().list_artifacts(run.info.run_id, "d")
    assert sorted(artifact.path for artifact in listed) == [f"d/{text}" for text in TEXTS]
    down = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="d", dst_path=tmp_path)
    assert {path.name: path.read_text() for path in pathlib.Path(down).iterdir()} == {text: text for text in TEXTS}


def test_a_deployment_is_created_queried_replaced_and_deleted(mlflow, s3, tmp_path):
    import pandas
    from mlflow.deployments import get_deploy_client

    client = get_deploy_client(f"sagemaker:/{REGION}")

    def predictions() -> list[float]:
        rows = pandas.DataFrame({"a": [1, 2, 3]})
        return client.predict("constant", rows).get_predictions("ndarray").ravel().tolist()

    def names() -> list[str]:
        return [endpoint["EndpointName"] for endpoint in client.list_deployments()]

    client.create_deployment("constant", saved_model(mlflow, tmp_path / "half", 0.5), config=SETTINGS)
    assert client.get_deployment("constant")["EndpointStatus"] == "InService"
    assert names() == ["constant"]
    assert predictions() == [0.5] * 3
    archives = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"] if entry["Key"].endswith(".tar.gz")]
    for key in archives:
        assert s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"] == [{"Key": "SageMaker", "Value": "true"}]
    assert archives

    other = saved_model(mlflow, tmp_path / "quarter", 0.25)
    client.update_deployment("constant", other, config={**SETTINGS, "mode": "replace"})
    assert client.get_deployment("constant")["EndpointStatus"] == "InService"
    assert predictions() == [0.25] * 3

    client.delete_deployment("constant", config={"region_name": REGION, "synchronous": True, "timeout_seconds": 120})
    assert names() == []
