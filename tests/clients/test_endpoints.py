"""Endpoints through boto3: serving, updating, failing."""

import io
import json
import tarfile

import pytest
from botocore.exceptions import ClientError, WaiterError

from conftest import BUCKET, FEATURES, IMAGE, await_endpoint, create_config, create_model

ROW = ",".join(["30.0"] * len(FEATURES))


def invoke(server, name: str, body=ROW, **arguments) -> dict:
    runtime = server.client("sagemaker-runtime")
    return runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=body, **arguments)


def test_several_rows_are_answered_in_order(server, endpoint):
    cold = ",".join(["5.0"] * len(FEATURES))
    answer = invoke(server, endpoint["EndpointName"], f"{ROW}\n{cold}\n")
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    probabilities = [row["fire_probability"] for row in json.loads(answer["Body"].read())["predictions"]]
    assert len(probabilities) == 2 and probabilities[0] > 0.5 > probabilities[1]


def test_a_request_that_the_container_refuses_is_a_model_error(server, endpoint):
    with pytest.raises(ClientError) as refused:
        invoke(server, endpoint["EndpointName"], "1,2,3")
    response = refused.value.response
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert 400 <= response["OriginalStatusCode"] < 500
    assert response["OriginalMessage"] and response["OriginalMessage"] in response["Error"]["Message"]
    assert "/aws/sagemaker/Endpoints/" in response["LogStreamArn"]


def test_a_body_beyond_the_limit_is_refused(server, endpoint):
    with pytest.raises(ClientError) as refused:
        invoke(server, endpoint["EndpointName"], b"1" * (6 * 1024 * 1024 + 1))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_an_update_serves_throughout(server, sagemaker, trained, endpoint):
    create_model(sagemaker, "second", trained["ModelArtifacts"]["S3ModelArtifacts"])
    create_config(sagemaker, "second", "second", VariantName="Second")
    create_config(sagemaker, "first-again", "second")
    name = endpoint["EndpointName"]
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName="second")
    while sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Updating":
        invoke(server, name)
    described = sagemaker.describe_endpoint(EndpointName=name)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "second")
    assert invoke(server, name)["InvokedProductionVariant"] == "Second"
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName="first-again")
    await_endpoint(sagemaker, name)


def test_a_model_may_be_files_instead_of_an_archive(server, s3, sagemaker, trained):
    bucket, _, key = trained["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    archive = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files.getmembers():
            if member.isfile():
                s3.put_object(Bucket=BUCKET, Key=f"unpacked/{member.name}", Body=files.extractfile(member).read())
    s3.put_object(Bucket=BUCKET, Key="plain/archive", Body=archive)
    for name, source in {
        "files": {"S3DataType": "S3Prefix", "CompressionType": "None", "S3Uri": f"s3://{BUCKET}/unpacked/"},
        "archive": {"S3DataType": "S3Object", "CompressionType": "Gzip", "S3Uri": f"s3://{BUCKET}/plain/archive"},
    }.items():
        container = {"Image": IMAGE, "ModelDataSource": {"S3DataSource": source}}
        sagemaker.create_model(ModelName=f"of-{name}", PrimaryContainer=container)
        assert sagemaker.describe_model(ModelName=f"of-{name}")["PrimaryContainer"] == container
        create_config(sagemaker, f"of-{name}", f"of-{name}")
        sagemaker.create_endpoint(EndpointName=f"of-{name}", EndpointConfigName=f"of-{name}")
        await_endpoint(sagemaker, f"of-{name}")
        assert "predictions" in json.loads(invoke(server, f"of-{name}")["Body"].read())
        sagemaker.delete_endpoint(EndpointName=f"of-{name}")


def broken_model(s3, sagemaker, name: str):
    """A model.tar.gz that is an archive but no model."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("nothing.txt"))
    s3.put_object(Bucket=BUCKET, Key=f"broken/{name}.tar.gz", Body=buffer.getvalue())
    create_model(sagemaker, name, f"s3://{BUCKET}/broken/{name}.tar.gz")
    create_config(sagemaker, name, name)


def test_an_endpoint_whose_container_does_not_start_fails_with_its_log(s3, sagemaker):
    broken_model(s3, sagemaker, "broken")
    sagemaker.create_endpoint(EndpointName="broken", EndpointConfigName="broken")
    with pytest.raises(WaiterError):
        await_endpoint(sagemaker, "broken")
    described = sagemaker.describe_endpoint(EndpointName="broken")
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"].startswith(
        "The primary container for production variant AllTraffic did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )
    assert "The log ends: " in described["FailureReason"]
    sagemaker.delete_endpoint(EndpointName="broken")


def test_an_update_that_fails_leaves_the_old_model_serving(s3, server, sagemaker, endpoint):
    broken_model(s3, sagemaker, "broken-update")
    name = endpoint["EndpointName"]
    before = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName="broken-update")
    described = await_endpoint(sagemaker, name)
    assert described["EndpointConfigName"] == before
    assert "did not pass the ping health check" in described["FailureReason"]
    assert invoke(server, name)["InvokedProductionVariant"] == "AllTraffic"


def test_what_is_no_archive_is_named(s3, sagemaker):
    s3.put_object(Bucket=BUCKET, Key="broken/text.tar.gz", Body=b"plain text")
    create_model(sagemaker, "text", f"s3://{BUCKET}/broken/text.tar.gz")
    create_config(sagemaker, "text", "text")
    sagemaker.create_endpoint(EndpointName="text", EndpointConfigName="text")
    with pytest.raises(WaiterError):
        await_endpoint(sagemaker, "text")
    reason = sagemaker.describe_endpoint(EndpointName="text")["FailureReason"]
    assert reason.startswith("Failed to extract model data archive") and "broken/text.tar.gz" in reason


def test_variants_share_the_traffic_and_can_be_chosen(server, sagemaker, trained):
    create_model(sagemaker, "shared", trained["ModelArtifacts"]["S3ModelArtifacts"])
    variant = {"ModelName": "shared", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    variants = [{**variant, "VariantName": "A", "InitialVariantWeight": 3.0}, {**variant, "VariantName": "B", "InitialVariantWeight": 1.0}]
    sagemaker.create_endpoint_config(EndpointConfigName="shared", ProductionVariants=variants)
    sagemaker.create_endpoint(EndpointName="shared", EndpointConfigName="shared")
    await_endpoint(sagemaker, "shared")
    answered = [invoke(server, "shared")["InvokedProductionVariant"] for _ in range(20)]
    assert 13 <= answered.count("A") <= 17 and answered.count("B") == 20 - answered.count("A")
    assert invoke(server, "shared", TargetVariant="B")["InvokedProductionVariant"] == "B"
    sagemaker.delete_endpoint(EndpointName="shared")
