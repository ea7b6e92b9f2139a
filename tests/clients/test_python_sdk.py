"""The SageMaker Python SDK, version 2, trains, deploys and predicts through AWS_ENDPOINT_URL, with our image and no other setting."""

import boto3
import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, BUCKET, FEATURES, IMAGE, REGION, ROLE, await_endpoint, rows

ROW = [25.0] * len(FEATURES)
DEFAULT_BUCKET = f"sdk-default-{ACCOUNT}"


def sdk_session(server, monkeypatch, tmp_path):
    """A session of the SDK as a user makes it; its telemetry, which asks the outside, is off."""
    config = tmp_path / "sagemaker.yaml"
    config.write_text(
        "SchemaVersion: '1.0'\nSageMaker:\n  PythonSDK:\n    Modules:\n      TelemetryOptOut: true\n"
        f"      Session:\n        DefaultS3Bucket: {DEFAULT_BUCKET}\n"
    )
    for name, value in {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_DEFAULT_REGION": REGION,
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(config),
        "HOME": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    import sagemaker

    return sagemaker.Session(boto_session=boto3.Session(region_name=REGION))


@pytest.fixture
def sdk(server, s3, monkeypatch, tmp_path):
    """The suite's server."""
    return sdk_session(server, monkeypatch, tmp_path)


def test_a_session_creates_the_default_bucket_of_its_settings(sdk, s3):
    assert sdk.default_bucket() == DEFAULT_BUCKET
    s3.head_bucket(Bucket=DEFAULT_BUCKET)


def test_an_estimator_trains_deploys_and_predicts(sdk, s3, tmp_path):
    from sagemaker.deserializers import JSONDeserializer
    from sagemaker.estimator import Estimator
    from sagemaker.inputs import TrainingInput
    from sagemaker.model import Model
    from sagemaker.predictor import Predictor
    from sagemaker.serializers import CSVSerializer

    channels = {}
    for seed, part in enumerate(("train", "validation")):
        path = tmp_path / f"{part}.csv"
        path.write_text(rows(300, seed))
        uri = sdk.upload_data(str(path), bucket=BUCKET, key_prefix=f"sdk/{part}")
        assert uri == f"s3://{BUCKET}/sdk/{part}/{part}.csv"
        channels[part] = TrainingInput(f"s3://{BUCKET}/sdk/{part}/", content_type="text/csv")
    estimator = Estimator(
        image_uri=IMAGE,
        role=ROLE,
        instance_count=1,
        instance_type="ml.m5.large",
        output_path=f"s3://{BUCKET}/sdk/models",
        hyperparameters={"algorithm": "random_forest", "n_estimators": 10, "seed": 7},
        metric_definitions=[{"Name": "validation:auc", "Regex": "validation:auc=([0-9.eE+-]+);"}],
        sagemaker_session=sdk,
    )
    # Waits and follows the log, as it does at AWS.
    estimator.fit(channels, wait=True, logs="All")
    assert estimator.model_data.endswith("/output/model.tar.gz")
    figures = estimator.training_job_analytics.dataframe()
    assert list(figures["metric_name"]) == ["validation:auc"] and 0.5 < figures["value"][0] <= 1.0

    # Another process goes on with the job, which it knows by its name only.
    attached = Estimator.attach(estimator.latest_training_job.name, sagemaker_session=sdk)
    assert attached.model_data == estimator.model_data
    assert attached.hyperparameters()["n_estimators"] == "10"
    assert (attached.role, attached.instance_type, attached.output_path) == (ROLE, "ml.m5.large", f"s3://{BUCKET}/sdk/models")

    ways = {"serializer": CSVSerializer(), "deserializer": JSONDeserializer()}
    predictor = attached.deploy(initial_instance_count=1, instance_type="ml.m5.large", **ways, wait=False)
    # The SDK looks only every 30 s.
    await_endpoint(sdk.sagemaker_client, predictor.endpoint_name)
    first = predictor.predict(ROW)["predictions"][0]["fire_probability"]
    assert 0.0 <= first <= 1.0
    predictor.update_endpoint(initial_instance_count=2, instance_type="ml.m5.large", wait=False)
    [variant] = await_endpoint(sdk.sagemaker_client, predictor.endpoint_name)["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == 2
    assert predictor.predict(ROW)["predictions"][0]["fire_probability"] == first
    predictor.delete_endpoint()

    model = Model(
        image_uri=IMAGE, model_data=estimator.model_data, role=ROLE, sagemaker_session=sdk, predictor_cls=Predictor
    )
    predictor = model.deploy(
        initial_instance_count=1, instance_type="ml.m5.large", endpoint_name="sdk-model", **ways
    )
    assert predictor.predict(ROW)["predictions"][0]["fire_probability"] == first
    predictor.delete_model()
    predictor.delete_endpoint()
    assert "sdk-model" not in [found["EndpointName"] for found in sdk.sagemaker_client.list_endpoints()["Endpoints"]
                               if found["EndpointStatus"] != "Deleting"]


def test_invocations_that_the_local_server_lacks_are_rejected_by_name(sdk, server):
    runtime = server.client("sagemaker-runtime")
    for name, call, arguments in [
        ("InvokeEndpointAsync", runtime.invoke_endpoint_async, {"InputLocation": f"s3://{BUCKET}/k"}),
        ("InvokeEndpointWithResponseStream", runtime.invoke_endpoint_with_response_stream, {"Body": b"1"}),
    ]:
        with pytest.raises(ClientError) as rejected:
            call(EndpointName="none", **arguments)
        assert name in rejected.value.response["Error"]["Message"]
