"""Roles, images and tags through boto3 and the aws CLI: what clients look up before they begin."""

import base64
import datetime
import json

import pytest

from conftest import ACCOUNT, REGION, ROLE, training_request
from test_errors import refusal


def test_a_role_trusts_sagemaker(server):
    iam = server.client("iam")
    role = iam.get_role(RoleName="SageMakerExecutionRole")["Role"]
    assert role["Arn"] == ROLE
    statement = role["AssumeRolePolicyDocument"]["Statement"][0]
    assert (statement["Principal"], statement["Action"]) == ({"Service": "sagemaker.amazonaws.com"}, "sts:AssumeRole")
    with pytest.raises(iam.exceptions.NoSuchEntityException) as refused:
        iam.get_role(RoleName="missing-role")
    assert refused.value.response["Error"]["Message"] == "The role with name missing-role cannot be found."


def test_everybody_may_do_everything(server):
    iam = server.client("iam")
    actions = ["sagemaker:CreateTrainingJob", "s3:GetObject"]
    pages = iam.get_paginator("simulate_principal_policy").paginate(PolicySourceArn=ROLE, ActionNames=actions)
    results = [result for page in pages for result in page["EvaluationResults"]]
    assert [(result["EvalActionName"], result["EvalDecision"]) for result in results] == [(name, "allowed") for name in actions]
    code = refusal(iam.simulate_principal_policy, PolicySourceArn=ROLE.replace("role/", "role/missing-"), ActionNames=actions)[0]
    assert code == "NoSuchEntity"
    assert [role["Arn"] for role in iam.list_roles()["Roles"]] == [ROLE]


def test_an_image_is_fit_for_hosting(server):
    ecr = server.client("ecr")
    image = {"repositoryName": "fire-container", "imageIds": [{"imageTag": "latest"}]}
    detail = ecr.describe_images(**image)["imageDetails"][0]
    assert detail["imageManifestMediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    got = ecr.batch_get_image(**image)
    assert got["images"][0]["imageId"]["imageDigest"] == detail["imageDigest"]
    manifest = json.loads(got["images"][0]["imageManifest"])
    assert manifest["schemaVersion"] == 2 and manifest["layers"][0]["size"] == detail["imageSizeInBytes"]
    token = ecr.get_authorization_token()["authorizationData"][0]
    assert base64.b64decode(token["authorizationToken"]).startswith(b"AWS:")
    assert token["expiresAt"] > datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=11)
    pages = ecr.get_paginator("describe_repositories").paginate()
    assert [repository["repositoryName"] for page in pages for repository in page["repositories"]] == ["fire-container"]


def test_images_that_are_not_there(server):
    ecr = server.client("ecr")
    code, message, _ = refusal(ecr.describe_images, repositoryName="xgboost")
    assert code == "RepositoryNotFoundException"
    assert message == f"The repository with name 'xgboost' does not exist in the registry with id '{ACCOUNT}'"
    missing = {"repositoryName": "fire-container", "imageIds": [{"imageTag": "missing"}]}
    assert refusal(ecr.describe_images, **missing)[0] == "ImageNotFoundException"
    assert ecr.batch_get_image(**missing)["failures"][0]["failureCode"] == "ImageNotFound"


def test_the_aws_cli_looks_up(server):
    for arguments in (
        ["iam", "get-role", "--role-name", "SageMakerExecutionRole"],
        ["ecr", "describe-images", "--repository-name", "fire-container"],
        ["ecr", "get-login-password"],
        ["sagemaker", "list-tags", "--resource-arn", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/nobody"],
    ):
        done = server.cli(*arguments, "--region", REGION)
        wanted = 0 if arguments[0] != "sagemaker" else 255
        assert (done.returncode == 0) == (wanted == 0), (arguments, done.stdout, done.stderr)


def test_tags_come_with_a_job_and_change(sagemaker, data, trained):
    request = training_request("tagged", data, Tags=[{"Key": "run", "Value": "1"}])
    arn = sagemaker.create_training_job(**request)["TrainingJobArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "run", "Value": "1"}]
    added = sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "run", "Value": "2"}, {"Key": "more", "Value": ""}])["Tags"]
    assert added == [{"Key": "run", "Value": "2"}, {"Key": "more", "Value": ""}]
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["run"])
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    assert [tag["Key"] for page in pages for tag in page["Tags"]] == ["more"]
    assert sagemaker.list_tags(ResourceArn=trained["TrainingJobArn"])["Tags"] == []


def test_a_job_is_deleted_once_it_has_ended(sagemaker, data):
    request = training_request("deleted", data)
    sagemaker.create_training_job(**request)
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.delete_training_job(TrainingJobName="deleted")
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName="deleted", WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    sagemaker.delete_training_job(TrainingJobName="deleted")
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.delete_training_job(TrainingJobName="deleted")
