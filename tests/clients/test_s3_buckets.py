"""Buckets: names, regions, and what S3 says of a bucket that has not been configured."""

import uuid

import boto3
import pytest
from botocore.exceptions import ClientError

from conftest import REGION, error_of


def in_region(server, region: str):
    return boto3.client("s3", endpoint_url=server.url, region_name=region, aws_access_key_id="a", aws_secret_access_key="b")


def test_a_bucket_is_in_its_region(server, s3, bucket):
    # The oldest region has no name here.
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == REGION
    frankfurt = in_region(server, "eu-central-1")
    name = f"frankfurt-{uuid.uuid4()}"
    frankfurt.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert frankfurt.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-central-1"
    assert frankfurt.head_bucket(Bucket=name)["BucketRegion"] == "eu-central-1"
    again = {"Bucket": name, "CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
    assert error_of(frankfurt.create_bucket, **again) == (409, "BucketAlreadyOwnedByYou")


def test_buckets_are_listed_in_order_and_in_pages(s3):
    prefix = f"many-{uuid.uuid4()}"
    names = [f"{prefix}-{letter}" for letter in "abcde"]
    for name in reversed(names):
        s3.create_bucket(Bucket=name)
    everything = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert everything == sorted(everything) and set(names) <= set(everything)
    first = s3.list_buckets(Prefix=prefix, MaxBuckets=2)
    assert ([bucket["Name"] for bucket in first["Buckets"]], first["Prefix"]) == (names[:2], prefix)
    pages = s3.get_paginator("list_buckets").paginate(Prefix=prefix, PaginationConfig={"PageSize": 2})
    assert [bucket["Name"] for page in pages for bucket in page["Buckets"]] == names
    s3.delete_bucket(Bucket=names[1])
    assert error_of(s3.head_bucket, Bucket=names[1]) == (404, "404")
    assert [bucket["Name"] for bucket in s3.list_buckets(Prefix=prefix)["Buckets"]] == [names[0], *names[2:]]


@pytest.mark.parametrize("name", ["ab", "a" * 64, "Upper-case", "under_score", "-first", "last-", "a..b", "192.168.5.4"])
def test_a_bucket_name_follows_the_rules(server, name):
    # The client checks some of the rules itself.
    response = server.http("PUT", f"/{name}")
    assert (response.status, b"<Code>InvalidBucketName</Code>" in response.body) == (400, True)


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("get_bucket_policy", "NoSuchBucketPolicy"),
        ("get_bucket_policy_status", "NoSuchBucketPolicy"),
        ("get_bucket_cors", "NoSuchCORSConfiguration"),
        ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
        ("get_bucket_website", "NoSuchWebsiteConfiguration"),
        ("get_bucket_tagging", "NoSuchTagSet"),
        ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
        ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError"),
    ],
)
def test_what_has_not_been_configured_is_not_found(s3, bucket, operation, code):
    assert error_of(getattr(s3, operation), Bucket=bucket) == (404, code)
    assert error_of(getattr(s3, operation), Bucket="no-such-bucket") == (404, "NoSuchBucket")


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("get_bucket_versioning", {}),
        ("get_bucket_logging", {}),
        ("get_bucket_accelerate_configuration", {}),
        ("get_bucket_notification_configuration", {}),
        ("get_bucket_request_payment", {"Payer": "BucketOwner"}),
        (
            "get_bucket_ownership_controls",
            {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
        ),
        (
            "get_public_access_block",
            {
                "PublicAccessBlockConfiguration": dict.fromkeys(
                    ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True
                )
            },
        ),
    ],
)
def test_what_every_new_bucket_has(s3, bucket, operation, expected):
    found = getattr(s3, operation)(Bucket=bucket)
    assert {name: value for name, value in found.items() if name != "ResponseMetadata"} == expected
    assert error_of(getattr(s3, operation), Bucket="no-such-bucket") == (404, "NoSuchBucket")


def test_the_owner_has_full_control(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    for found in (s3.get_bucket_acl(Bucket=bucket), s3.get_object_acl(Bucket=bucket, Key="k")):
        [grant] = found["Grants"]
        assert (grant["Permission"], grant["Grantee"]["ID"]) == ("FULL_CONTROL", found["Owner"]["ID"])


def test_encryption_of_a_bucket_is_that_of_its_new_objects(s3, bucket):
    def algorithm() -> str:
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        return rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]

    assert algorithm() == "AES256"
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    assert algorithm() == "aws:kms"
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"")["ServerSideEncryption"] == "aws:kms"
    s3.delete_bucket_encryption(Bucket=bucket)
    assert algorithm() == "AES256"


def test_tags_of_buckets(s3, bucket):
    tags = [{"Key": "team", "Value": "fire"}, {"Key": "é", "Value": ""}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags[1:]})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags[1:]
    s3.delete_bucket_tagging(Bucket=bucket)
    assert error_of(s3.get_bucket_tagging, Bucket=bucket) == (404, "NoSuchTagSet")


def test_a_bucket_without_versions_has_one_of_each_object(s3, bucket):
    keys = ["a+b", "c", "d/1", "d/2"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"1", StorageClass="STANDARD_IA")
    found = s3.list_object_versions(Bucket=bucket)
    assert [version["Key"] for version in found["Versions"]] == keys
    for version in found["Versions"]:
        assert (version["VersionId"], version["IsLatest"], version["StorageClass"]) == ("null", True, "STANDARD_IA")
        assert (version["ETag"], version["Size"]) == ('"c4ca4238a0b923820dcc509a6f75849b"', 1)
    assert "DeleteMarkers" not in found
    grouped = s3.list_object_versions(Bucket=bucket, Delimiter="/")
    assert [prefix["Prefix"] for prefix in grouped["CommonPrefixes"]] == ["d/"]
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    assert [version["Key"] for page in pages for version in page["Versions"]] == keys


def test_a_version_is_named_null(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"1"
    s3.delete_object(Bucket=bucket, Key="k", VersionId="null")
    assert error_of(s3.get_object, Bucket=bucket, Key="k") == (404, "NoSuchKey")


def test_a_resource_deletes_everything_that_a_bucket_contains(server, s3, bucket):
    resource = boto3.resource(
        "s3", endpoint_url=server.url, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b"
    ).Bucket(bucket)
    for collection in (resource.objects, resource.object_versions):
        for key in ("v/a+b", "v/100%", "v/é", "//"):
            resource.put_object(Key=key, Body=b"1")
        collection.all().delete()
        assert list(resource.objects.all()) == []
    resource.delete()
    assert error_of(s3.head_bucket, Bucket=bucket) == (404, "404")


NOT_IMPLEMENTED = {
    "PutBucketAccelerateConfiguration": ("put_bucket_accelerate_configuration", {"AccelerateConfiguration": {"Status": "Enabled"}}),
    "PutBucketAcl": ("put_bucket_acl", {"ACL": "private"}),
    "PutBucketCors": ("put_bucket_cors", {"CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}}),
    "PutBucketLifecycleConfiguration": (
        "put_bucket_lifecycle_configuration",
        {"LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}},
    ),
    "PutBucketPolicy": ("put_bucket_policy", {"Policy": "{}"}),
    "PutBucketVersioning": ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
    "PutBucketWebsite": ("put_bucket_website", {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}}),
    "PutObjectLegalHold": ("put_object_legal_hold", {"Key": "k", "LegalHold": {"Status": "ON"}}),
    "PutPublicAccessBlock": ("put_public_access_block", {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}),
    "RestoreObject": ("restore_object", {"Key": "k", "RestoreRequest": {"Days": 1}}),
    "SelectObjectContent": (
        "select_object_content",
        {
            "Key": "k",
            "Expression": "select * from s3object",
            "ExpressionType": "SQL",
            "InputSerialization": {"CSV": {}},
            "OutputSerialization": {"CSV": {}},
        },
    ),
}


@pytest.mark.parametrize("name", NOT_IMPLEMENTED)
def test_what_the_local_server_lacks_is_rejected_by_name(s3, bucket, name):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    method, arguments = NOT_IMPLEMENTED[name]
    with pytest.raises(ClientError) as rejected:
        getattr(s3, method)(Bucket=bucket, **arguments)
    response = rejected.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (501, "NotImplemented")
    assert name in response["Error"]["Message"]
