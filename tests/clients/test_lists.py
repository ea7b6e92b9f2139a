"""Lists through boto3: pages, filters and tags, whatever happens in between."""

import datetime

import boto3
import pytest
from botocore.config import Config

from conftest import ACCOUNT, IMAGE, REGION
from test_errors import refusal


@pytest.fixture
def models(own_server):
    sagemaker = own_server.client("sagemaker")
    for number in range(25):
        sagemaker.create_model(ModelName=f"m{number:02}", PrimaryContainer={"Image": IMAGE})
    return sagemaker


@pytest.mark.parametrize("order", [{}, {"SortBy": "Name"}, {"SortBy": "Name", "SortOrder": "Ascending"}], ids=str)
def test_a_list_can_be_emptied_page_by_page(models, order):
    for page in models.get_paginator("list_models").paginate(PaginationConfig={"PageSize": 10}, **order):
        for model in page["Models"]:
            models.delete_model(ModelName=model["ModelName"])
    assert models.list_models()["Models"] == []


def test_a_page_has_neither_gaps_nor_repetitions_while_models_come_and_go(models):
    order = {"SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 10}
    first = models.list_models(**order)
    models.delete_model(ModelName="m09")
    models.create_model(ModelName="m00-new", PrimaryContainer={"Image": IMAGE})
    second = models.list_models(**order, NextToken=first["NextToken"])
    assert [model["ModelName"] for model in second["Models"]] == [f"m{number}" for number in range(10, 20)]


def test_a_token_belongs_to_its_list(models):
    token = models.list_models(MaxResults=1)["NextToken"]
    for call, more in (
        (models.list_endpoints, {}),
        (models.list_endpoint_configs, {}),
        (models.list_training_jobs, {}),
        (models.list_models, {"SortBy": "Name"}),
    ):
        code, message, _ = refusal(call, NextToken=token, **more)
        assert code == "ValidationException" and message.startswith("Invalid pagination token"), message
    assert refusal(models.list_models, NextToken="m01")[0] == "ValidationException"


def test_filters_apply_and_words_are_checked(models):
    names = lambda **filters: [model["ModelName"] for model in models.list_models(**filters)["Models"]]
    # botocore sends whole seconds, so the bounds are further away.
    created, hour = models.describe_model(ModelName="m12")["CreationTime"], datetime.timedelta(hours=1)
    assert names(NameContains="12") == ["m12"]
    assert len(names(CreationTimeAfter=created - hour, CreationTimeBefore=created + hour, MaxResults=100)) == 25
    assert names(CreationTimeAfter=created + hour) == names(CreationTimeBefore=created - hour) == []
    for call, wrong in (
        (models.list_training_jobs, {"StatusEquals": "blah"}),
        (models.list_training_jobs, {"WarmPoolStatusEquals": "blah"}),
        (models.list_endpoints, {"StatusEquals": "blah"}),
        (models.list_models, {"SortBy": "Status"}),
        (models.list_endpoint_configs, {"SortOrder": "blah"}),
    ):
        code, message, _ = refusal(call, **wrong)
        assert code == "ValidationException" and "enum value set" in message, message


def test_one_rule_for_tags_at_creation_and_later(models, own_server):
    config = Config(retries={"max_attempts": 1}, parameter_validation=False)
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    unchecked = boto3.client("sagemaker", endpoint_url=own_server.url, region_name=REGION, config=config, **keys)
    arn = models.describe_model(ModelName="m00")["ModelArn"]
    tags = lambda *keys: [{"Key": key, "Value": ""} for key in keys]
    many = tags(*(str(number) for number in range(51)))
    for number, wrong in enumerate((tags("aws:mine"), tags("a", "a"), tags(""), tags("a" * 129), tags("a*"), many)):
        later = refusal(unchecked.add_tags, ResourceArn=arn, Tags=wrong)
        first = refusal(unchecked.create_model, ModelName=f"tagged{number}", PrimaryContainer={"Image": IMAGE}, Tags=wrong)
        assert later == first and later[0] == "ValidationException", (wrong[0], later, first)
    assert models.list_tags(ResourceArn=arn)["Tags"] == []
    models.add_tags(ResourceArn=arn, Tags=many[:30])
    assert refusal(models.add_tags, ResourceArn=arn, Tags=many[29:])[0] == "ResourceLimitExceeded"
    assert len(models.list_tags(ResourceArn=arn)["Tags"]) == 30


def test_an_arn_matches_in_any_case(models):
    models.create_model(ModelName="MixedCase", PrimaryContainer={"Image": IMAGE})
    arn = models.describe_model(ModelName="MixedCase")["ModelArn"]
    for spelled in (arn, arn.replace("mixedcase", "MixedCase"), f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/MIXEDCASE"):
        models.add_tags(ResourceArn=spelled, Tags=[{"Key": "as", "Value": spelled[-9:]}])
        assert models.list_tags(ResourceArn=spelled)["Tags"] == [{"Key": "as", "Value": spelled[-9:]}]
    again = refusal(models.create_model, ModelName="mixedcase", PrimaryContainer={"Image": IMAGE})
    assert "already existing model" in again[1]
