"""What reads return: ranges, parts, headers, storage classes and encryption."""

import datetime

import pytest

from conftest import error_of

TEN = b"0123456789"
SIXTEEN = datetime.datetime(2016, 1, 1, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize(
    ("wanted", "expected", "content_range"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=7-1000", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        # Readers of Parquet footers ask for the last 64 KiB, however short the file is.
        ("bytes=-10", TEN, "bytes 0-9/10"),
        ("bytes=-65536", TEN, "bytes 0-9/10"),
    ],
)
def test_a_range_is_part_of_the_object(s3, bucket, wanted, expected, content_range):
    s3.put_object(Bucket=bucket, Key="k", Body=TEN)
    for call in (s3.get_object, s3.head_object):
        found = call(Bucket=bucket, Key="k", Range=wanted)
        assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert (found["ContentRange"], found["ContentLength"]) == (content_range, len(expected))
        assert found["AcceptRanges"] == "bytes"
    assert s3.get_object(Bucket=bucket, Key="k", Range=wanted)["Body"].read() == expected


def test_a_range_outside_the_object_is_rejected(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=TEN)
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    for key, wanted in [("k", "bytes=10-"), ("k", "bytes=-0"), ("k", "bytes=100-200"), ("empty", "bytes=0-"), ("empty", "bytes=-5")]:
        assert error_of(s3.get_object, Bucket=bucket, Key=key, Range=wanted) == (416, "InvalidRange"), (key, wanted)


def test_an_invalid_range_is_ignored(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=TEN)
    for wanted in ("bytes=5-2", "bytes=a-b", "lines=0-1"):
        found = s3.get_object(Bucket=bucket, Key="k", Range=wanted)
        assert (found["ResponseMetadata"]["HTTPStatusCode"], found["Body"].read()) == (200, TEN), wanted


def test_an_object_without_a_content_type_is_binary(server, s3, bucket):
    s3.put_object(Bucket=bucket, Key="client", Body=TEN)
    server.http("PUT", f"/{bucket}/raw", TEN)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    etag = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=TEN)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload=parts)
    for key in ("client", "raw", "parts"):
        assert s3.head_object(Bucket=bucket, Key=key)["ContentType"] == "binary/octet-stream", key


HEADERS = {
    "CacheControl": "max-age=5",
    "ContentDisposition": 'attachment; filename="a.csv"',
    "ContentEncoding": "gzip",
    "ContentLanguage": "de",
    "ContentType": "text/csv",
    "Expires": SIXTEEN,
    "Metadata": {"run": "1", "camera": "flir"},
    "WebsiteRedirectLocation": "/elsewhere",
}


def headers(head: dict) -> dict:
    """Of a response, the headers that a client may set."""
    return {name: value for name, value in head.items() if name in HEADERS}


def test_headers_of_an_object_are_kept_by_every_kind_of_write(s3, bucket):
    s3.put_object(Bucket=bucket, Key="put", Body=TEN, **HEADERS)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts", **HEADERS)["UploadId"]
    etag = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=TEN)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload=parts)
    for key in ("put", "parts"):
        for call in (s3.head_object, s3.get_object):
            assert headers(call(Bucket=bucket, Key=key)) == HEADERS, key
        s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
        # A copy never takes the redirection with it.
        kept = {name: value for name, value in HEADERS.items() if name != "WebsiteRedirectLocation"}
        assert headers(s3.head_object(Bucket=bucket, Key="copy")) == kept


def test_a_copy_replaces_headers_only_when_it_is_told_to(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=TEN, ContentType="text/csv", Metadata={"run": "1"}, Tagging="a=1")
    source = {"Bucket": bucket, "Key": "k"}
    new = {"ContentType": "text/x", "Metadata": {"run": "2"}, "MetadataDirective": "REPLACE"}
    s3.copy_object(Bucket=bucket, Key="new", CopySource=source, Tagging="b=2", TaggingDirective="REPLACE", **new)
    assert headers(s3.head_object(Bucket=bucket, Key="new")) == {"ContentType": "text/x", "Metadata": {"run": "2"}}
    assert s3.get_object_tagging(Bucket=bucket, Key="new")["TagSet"] == [{"Key": "b", "Value": "2"}]
    s3.copy_object(Bucket=bucket, Key="same", CopySource=source)
    assert s3.get_object_tagging(Bucket=bucket, Key="same")["TagSet"] == [{"Key": "a", "Value": "1"}]
    assert error_of(s3.copy_object, Bucket=bucket, Key="k", CopySource=source) == (400, "InvalidRequest")
    copied = s3.copy_object(Bucket=bucket, Key="k", CopySource=source, **new)["CopyObjectResult"]
    assert copied["ETag"] == s3.head_object(Bucket=bucket, Key="k")["ETag"]
    assert headers(s3.head_object(Bucket=bucket, Key="k"))["ContentType"] == "text/x"
    missing = {"Bucket": bucket, "Key": "missing"}
    assert error_of(s3.copy_object, Bucket=bucket, Key="x", CopySource=missing) == (404, "NoSuchKey")


def test_a_read_may_replace_headers_of_the_response(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=TEN, ContentType="text/csv")
    found = s3.get_object(
        Bucket=bucket, Key="k", ResponseContentType="text/x", ResponseContentDisposition="inline", ResponseCacheControl="no-cache"
    )
    assert (found["ContentType"], found["ContentDisposition"], found["CacheControl"]) == ("text/x", "inline", "no-cache")


CLASSES = ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "REDUCED_REDUNDANCY"]


@pytest.mark.parametrize("storage_class", CLASSES)
def test_a_storage_class_is_kept(s3, bucket, storage_class):
    s3.put_object(Bucket=bucket, Key="put", Body=TEN, StorageClass=storage_class)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts", StorageClass=storage_class)["UploadId"]
    part = {"Bucket": bucket, "Key": "parts", "UploadId": upload}
    etag = s3.upload_part(PartNumber=1, Body=TEN, **part)["ETag"]
    assert s3.list_parts(**part)["StorageClass"] == storage_class
    s3.complete_multipart_upload(MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}, **part)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "put"}, StorageClass=storage_class)
    found = {entry["Key"]: entry["StorageClass"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert found == dict.fromkeys(["copy", "parts", "put"], storage_class)
    # S3 leaves the header out for the usual class.
    expected = None if storage_class == "STANDARD" else storage_class
    for key in found:
        assert s3.head_object(Bucket=bucket, Key=key).get("StorageClass") == expected
        attributes = s3.get_object_attributes(Bucket=bucket, Key=key, ObjectAttributes=["StorageClass"])
        assert attributes["StorageClass"] == storage_class


def test_an_unknown_storage_class_is_rejected(s3, bucket):
    assert error_of(s3.put_object, Bucket=bucket, Key="k", Body=TEN, StorageClass="CELLAR") == (400, "InvalidStorageClass")
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


KEY_ID = "arn:aws:kms:us-east-1:691595239825:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    "given",
    [
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY_ID},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY_ID, "BucketKeyEnabled": True},
    ],
)
def test_encryption_is_named_by_every_response(s3, bucket, given):
    def shown(response: dict) -> dict:
        return {name: response[name] for name in given if name in response}

    assert shown(s3.put_object(Bucket=bucket, Key="put", Body=TEN, **given)) == given
    created = s3.create_multipart_upload(Bucket=bucket, Key="parts", **given)
    assert shown(created) == given
    part = {"Bucket": bucket, "Key": "parts", "UploadId": created["UploadId"]}
    uploaded = s3.upload_part(PartNumber=1, Body=TEN, **part)
    assert shown(uploaded) == given
    parts = {"Parts": [{"PartNumber": 1, "ETag": uploaded["ETag"]}]}
    assert shown(s3.complete_multipart_upload(MultipartUpload=parts, **part)) == given
    source = {"Bucket": bucket, "Key": "put"}
    assert shown(s3.copy_object(Bucket=bucket, Key="copy", CopySource=source, **given)) == given
    for key in ("put", "parts", "copy"):
        for call in (s3.head_object, s3.get_object):
            assert shown(call(Bucket=bucket, Key=key)) == given, key


def test_encryption_is_aes256_unless_something_else_is_asked_for(s3, bucket):
    assert s3.put_object(Bucket=bucket, Key="k", Body=TEN)["ServerSideEncryption"] == "AES256"
    assert s3.head_object(Bucket=bucket, Key="k")["ServerSideEncryption"] == "AES256"


def test_tags_of_objects(s3, bucket):
    def tags() -> list[tuple[str, str]]:
        return [(tag["Key"], tag["Value"]) for tag in s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]]

    s3.put_object(Bucket=bucket, Key="k", Body=TEN, Tagging="a=1&b=x%20y%2Bz&c=")
    assert tags() == [("a", "1"), ("b", "x y+z"), ("c", "")]
    assert s3.get_object(Bucket=bucket, Key="k")["TagCount"] == 3
    etag = s3.head_object(Bucket=bucket, Key="k")["ETag"]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "é", "Value": "ü"}]})
    assert tags() == [("é", "ü")]
    assert s3.head_object(Bucket=bucket, Key="k")["ETag"] == etag
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": []})
    assert tags() == []
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "d", "Value": "4"}]})
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert tags() == []
    assert "TagCount" not in s3.get_object(Bucket=bucket, Key="k")
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "d", "Value": "4"}]})
    s3.put_object(Bucket=bucket, Key="k", Body=TEN)
    assert tags() == []
    assert error_of(s3.get_object_tagging, Bucket=bucket, Key="missing") == (404, "NoSuchKey")


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([(f"k{number}", "v") for number in range(11)], "BadRequest"),
        ([("k" * 129, "v")], "InvalidTag"),
        ([("k", "v" * 257)], "InvalidTag"),
        ([("k", "1"), ("k", "2")], "InvalidTag"),
    ],
)
def test_invalid_tags_are_rejected_and_leave_the_old_ones(s3, bucket, tags, code):
    s3.put_object(Bucket=bucket, Key="k", Body=TEN, Tagging="kept=1")
    tags = {"TagSet": [{"Key": key, "Value": value} for key, value in tags]}
    assert error_of(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=tags) == (400, code)
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "kept", "Value": "1"}]
