"""What AWS refuses is refused here, in its words and shapes."""

import pytest
from botocore.exceptions import ClientError

from conftest import BUCKET, IMAGE, ROLE, channel, create_config, create_model, training_request


def refusal(call, **arguments) -> tuple[str, str, int]:
    """Code, message and HTTP status of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response = refused.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_an_unknown_job(sagemaker):
    for call in (sagemaker.describe_training_job, sagemaker.stop_training_job):
        assert refusal(call, TrainingJobName="nobody") == ("ValidationException", "Requested resource not found.", 400)


def test_a_bad_job_name(sagemaker, data):
    code, message, _ = refusal(sagemaker.create_training_job, **training_request("bad_name!", data))
    assert code == "ValidationException"
    assert message == (
        "1 validation error detected: Value 'bad_name!' at 'trainingJobName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )


def test_a_name_that_is_too_long(sagemaker, data):
    _, message, _ = refusal(sagemaker.create_training_job, **training_request("a" * 64, data))
    assert "Member must have length less than or equal to 63" in message


def test_a_job_that_exists(sagemaker, data, trained):
    name = trained["TrainingJobName"]
    code, message, _ = refusal(sagemaker.create_training_job, **training_request(name, data))
    assert code == "ResourceInUse"
    assert message == (
        "Training job names must be unique within an AWS account and region, "
        f"and a training job with this name already exists ({trained['TrainingJobArn']})"
    )


def test_an_instance_type_that_does_not_train(sagemaker, data):
    resources = {"InstanceType": "ml.t2.medium", "InstanceCount": 1, "VolumeSizeInGB": 30}
    code, message, _ = refusal(sagemaker.create_training_job, **training_request("t2", data, ResourceConfig=resources))
    assert code == "ValidationException"
    assert "Value 'ml.t2.medium' at 'resourceConfig.instanceType' failed to satisfy constraint" in message
    assert "Member must satisfy enum value set: [" in message and "ml.m5.4xlarge" in message


def test_a_prefix_without_objects(sagemaker, data):
    source = f"s3://{BUCKET}/nothing/here/"
    request = training_request("no-data", data, InputDataConfig=[channel("train", source)])
    code, message, _ = refusal(sagemaker.create_training_job, **request)
    assert code == "ValidationException"
    assert message.startswith(f'No S3 objects found under S3 URL "{source}" given in input data source.')
    assert "s3:ListBucket" in message and ROLE in message
    assert refusal(sagemaker.describe_training_job, TrainingJobName="no-data")[1] == "Requested resource not found."


def test_an_image_that_is_not_mapped(sagemaker, data):
    request = training_request("other-image", data)
    request["AlgorithmSpecification"]["TrainingImage"] = "registry/xgboost:1"
    code, message, _ = refusal(sagemaker.create_training_job, **request)
    assert code == "ValidationException"
    assert "registry/xgboost:1" in message and "fire-container" in message


def test_a_stop_of_a_finished_job(sagemaker, trained):
    _, message, _ = refusal(sagemaker.stop_training_job, TrainingJobName=trained["TrainingJobName"])
    assert message == "The request was rejected because the training job is in status Completed."


def test_models(sagemaker, trained):
    uri = trained["ModelArtifacts"]["S3ModelArtifacts"]
    create_model(sagemaker, "once", uri)
    container = {"Image": IMAGE, "ModelDataUrl": uri}
    again = refusal(sagemaker.create_model, ModelName="once", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    assert again[1].startswith('Cannot create already existing model "arn:aws:sagemaker:us-east-1:691595239825:model/once"')
    missing = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/no/model.tar.gz"}
    found = refusal(sagemaker.create_model, ModelName="no-data", PrimaryContainer=missing, ExecutionRoleArn=ROLE)
    assert found[1] == f"Could not find model data at s3://{BUCKET}/no/model.tar.gz."
    assert "Could not find model" in refusal(sagemaker.describe_model, ModelName="nobody")[1]
    sagemaker.delete_model(ModelName="once")
    assert "Could not find model" in refusal(sagemaker.delete_model, ModelName="once")[1]


def test_endpoint_configurations(sagemaker, trained):
    create_model(sagemaker, "for-config", trained["ModelArtifacts"]["S3ModelArtifacts"])
    create_config(sagemaker, "config-once", "for-config")
    variant = {"VariantName": "A", "ModelName": "for-config", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    call = sagemaker.create_endpoint_config
    again = refusal(call, EndpointConfigName="config-once", ProductionVariants=[variant])
    assert again[1].startswith("Cannot create already existing endpoint configuration")
    no_model = refusal(call, EndpointConfigName="c", ProductionVariants=[{**variant, "ModelName": "nobody"}])
    assert "Could not find model" in no_model[1]
    no_type = refusal(call, EndpointConfigName="c", ProductionVariants=[{**variant, "InstanceType": "ml.huge"}])
    assert "Member must satisfy enum value set" in no_type[1]
    assert "Could not find endpoint configuration" in refusal(sagemaker.describe_endpoint_config, EndpointConfigName="no")[1]


def test_missing_endpoints(server, sagemaker):
    assert "Could not find endpoint" in refusal(sagemaker.describe_endpoint, EndpointName="nobody")[1]
    assert "Could not find endpoint" in refusal(sagemaker.delete_endpoint, EndpointName="nobody")[1]
    no_config = refusal(sagemaker.create_endpoint, EndpointName="e", EndpointConfigName="nobody")
    assert "Could not find endpoint configuration" in no_config[1]
    runtime = server.client("sagemaker-runtime")
    invoked = refusal(runtime.invoke_endpoint, EndpointName="nobody", Body=b"1")
    assert invoked == ("ValidationError", "Endpoint nobody of account 691595239825 not found.", 400)


def test_runtime_operations_that_are_not_here(server):
    runtime = server.client("sagemaker-runtime")
    for call, arguments in (
        (runtime.invoke_endpoint_async, {"InputLocation": f"s3://{BUCKET}/rows.csv"}),
        (runtime.invoke_endpoint_with_response_stream, {"Body": b"1"}),
    ):
        code, message, status = refusal(call, EndpointName="any", **arguments)
        assert (code, status) == ("UnknownOperationException", 400)
        assert message.startswith("The local server does not support InvokeEndpoint")


def test_what_would_change_a_result_is_named(sagemaker, trained):
    create_model(sagemaker, "plain", trained["ModelArtifacts"]["S3ModelArtifacts"])
    variant = {"VariantName": "A", "ModelName": "plain", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
    output = {"OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/out"}}
    shap = {"ShapConfig": {"ShapBaselineConfig": {"ShapBaseline": "1"}}}
    for member, value in {
        "ShadowProductionVariants": [{**variant, "VariantName": "B"}],
        "AsyncInferenceConfig": output,
        "ExplainerConfig": {"ClarifyExplainerConfig": shap},
    }.items():
        code, message, _ = refusal(sagemaker.create_endpoint_config, EndpointConfigName="c", ProductionVariants=[variant], **{member: value})
        assert code == "ValidationException" and f"does not support {member}" in message
    serverless = {"VariantName": "A", "ModelName": "plain"}
    for size, expected in {(1111, 1): "memorySizeInMB", (99999, 1): "memorySizeInMB", (1024, 5000): "maxConcurrency"}.items():
        config = {"MemorySizeInMB": size[0], "MaxConcurrency": size[1]}
        variants = [{**serverless, "ServerlessConfig": config}]
        assert expected in refusal(sagemaker.create_endpoint_config, EndpointConfigName="c", ProductionVariants=variants)[1]


def test_an_operation_that_is_not_here(server, sagemaker):
    code, message, status = refusal(sagemaker.create_notebook_instance, NotebookInstanceName="n", InstanceType="ml.t2.medium", RoleArn=ROLE)
    assert (code, status) == ("UnknownOperationException", 400)
    assert "SageMaker.CreateNotebookInstance" in message
    created = refusal(server.client("ecr").create_repository, repositoryName="other")
    assert created[0] == "UnknownOperationException"
