"""The SageMaker Python SDK, version 3, trains, deploys and predicts through AWS_ENDPOINT_URL."""

import json

import pytest

from conftest import BUCKET, FEATURES, IMAGE, REGION, ROLE, await_endpoint, upload_data

ROW = ",".join(["25.0"] * len(FEATURES))


@pytest.fixture(scope="module")
def sdk(server, s3, tmp_path_factory):
    """A session of the SDK as a user makes it; its telemetry, which asks the outside, is off."""
    home = tmp_path_factory.mktemp("home")
    config = home / "config.yaml"
    config.write_text("SchemaVersion: '1.0'\nSageMaker:\n  PythonSDK:\n    Modules:\n      TelemetryOptOut: true\n")
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(config),
            "HOME": str(home),
        }.items():
            monkeypatch.setenv(name, value)
        from sagemaker.core.helper.session_helper import Session

        yield Session(default_bucket=BUCKET)


@pytest.fixture(scope="module")
def job(sdk, s3):
    """A finished job of ModelTrainer."""
    from sagemaker.train import ModelTrainer
    from sagemaker.train.configs import Compute, InputData, OutputDataConfig

    data = upload_data(s3, "sdk3")
    trainer = ModelTrainer(
        training_image=IMAGE,
        role=ROLE,
        sagemaker_session=sdk,
        base_job_name="sdk3",
        hyperparameters={"algorithm": "random_forest", "n_estimators": 10, "seed": 7},
        compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=1),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{BUCKET}/sdk3/models"),
        input_data_config=[
            InputData(channel_name=name, data_source=f"{data}/{name}/", content_type="text/csv")
            for name in ("train", "validation")
        ],
    )
    # Waits and follows the log, as it does at AWS.
    trainer.train(wait=True, logs=True)
    return trainer._latest_training_job


def test_a_model_trainer_trains(job, s3):
    assert job.training_job_status == "Completed"
    key = job.model_artifacts.s3_model_artifacts.removeprefix(f"s3://{BUCKET}/")
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] > 0


def test_resources_are_found_by_name_and_listed(job):
    from sagemaker.core.resources import TrainingJob

    found = TrainingJob.get(job.training_job_name)
    assert found.training_job_arn == job.training_job_arn
    assert found.hyper_parameters["n_estimators"] == "10"
    assert [listed.training_job_name for listed in TrainingJob.get_all()] == [job.training_job_name]


def test_a_model_builder_deploys_and_its_endpoint_predicts(sdk, job, sagemaker):
    from sagemaker.core.resources import Endpoint
    from sagemaker.serve import ModelBuilder

    builder = ModelBuilder(
        image_uri=IMAGE,
        s3_model_data_url=job.model_artifacts.s3_model_artifacts,
        role_arn=ROLE,
        sagemaker_session=sdk,
        instance_type="ml.m5.large",
    )
    builder.build(model_name="sdk3")
    endpoint = builder.deploy(endpoint_name="sdk3", instance_type="ml.m5.large", initial_instance_count=1)
    assert await_endpoint(sagemaker, "sdk3")["EndpointStatus"] == "InService"
    response = endpoint.invoke(body=ROW, content_type="text/csv", accept="application/json")
    [prediction] = json.loads(response.body.read())["predictions"]
    assert 0.0 <= prediction["fire_probability"] <= 1.0
    Endpoint.get("sdk3").delete()


def test_the_permissions_that_it_simulates_are_allowed(server, sdk):
    actions = ["s3:PutObject", "s3:GetObject"]
    found = server.client("iam").simulate_principal_policy(
        PolicySourceArn=ROLE, ActionNames=actions, ResourceArns=[f"arn:aws:s3:::{BUCKET}/*"]
    )
    results = [(result["EvalActionName"], result["EvalDecision"]) for result in found["EvaluationResults"]]
    assert results == [(action, "allowed") for action in actions]
