"""Preconditions hold at the moment of the read or write that they are on."""

import datetime

import pytest

from conftest import error_of

NONE = '"00000000000000000000000000000000"'
DAY = datetime.timedelta(days=1)
FAILED = (412, "PreconditionFailed")


@pytest.fixture
def old(s3, bucket) -> dict:
    """An object, as HEAD describes it."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    return s3.head_object(Bucket=bucket, Key="k")


def body(s3, bucket: str, key: str = "k") -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def conditions(old: dict, names: dict) -> dict:
    """Conditions, with the values that the words mean for this object."""
    etag, time = old["ETag"], old["LastModified"]
    values = {"same": etag, "other": NONE, "any": "*", "before": time - DAY, "then": time}
    return {name: values[word] for name, word in names.items()}


READS = [
    ({"IfMatch": "same"}, 200),
    ({"IfMatch": "any"}, 200),
    ({"IfMatch": "other"}, 412),
    ({"IfNoneMatch": "same"}, 304),
    ({"IfNoneMatch": "any"}, 304),
    ({"IfNoneMatch": "other"}, 200),
    ({"IfModifiedSince": "before"}, 200),
    ({"IfModifiedSince": "then"}, 304),
    ({"IfUnmodifiedSince": "before"}, 412),
    ({"IfUnmodifiedSince": "then"}, 200),
    # Where both are given, the ETag decides.
    ({"IfMatch": "same", "IfUnmodifiedSince": "before"}, 200),
    ({"IfNoneMatch": "same", "IfModifiedSince": "before"}, 304),
    ({"IfNoneMatch": "other", "IfModifiedSince": "then"}, 200),
    ({"IfMatch": "other", "IfNoneMatch": "same"}, 412),
]


@pytest.mark.parametrize(("names", "status"), READS)
def test_reads(s3, bucket, old, names, status):
    given = {"Bucket": bucket, "Key": "k", **conditions(old, names)}
    if status == 200:
        assert s3.head_object(**given)["ETag"] == old["ETag"]
        assert s3.get_object(**given)["Body"].read() == b"old"
        return
    # A response to HEAD has no document, so the client names the status.
    assert error_of(s3.head_object, **given) == (status, str(status))
    assert error_of(s3.get_object, **given) == (FAILED if status == 412 else (304, "304"))


def test_a_response_that_nothing_changed_names_the_object(server, old, bucket):
    response = server.http("GET", f"/{bucket}/k", headers={"If-None-Match": old["ETag"]})
    assert (response.status, response.headers["ETag"], response.body) == (304, old["ETag"], b"")


@pytest.mark.parametrize(("names", "status"), [read for read in READS if "any" not in read[0].values()])
def test_the_source_of_a_copy(s3, bucket, old, names, status):
    given = {f"CopySource{name}": value for name, value in conditions(old, names).items()}
    given |= {"Bucket": bucket, "Key": "copy", "CopySource": {"Bucket": bucket, "Key": "k"}}
    upload = s3.create_multipart_upload(Bucket=bucket, Key="copy")["UploadId"]
    part = {"UploadId": upload, "PartNumber": 1}
    if status == 200:
        assert s3.copy_object(**given)["CopyObjectResult"]["ETag"] == old["ETag"]
        assert s3.upload_part_copy(**given, **part)["CopyPartResult"]["ETag"] == old["ETag"]
        return
    # A copy has no "not modified".
    assert error_of(s3.copy_object, **given) == FAILED
    assert error_of(s3.upload_part_copy, **given, **part) == FAILED
    assert error_of(s3.head_object, Bucket=bucket, Key="copy") == (404, "404")


def finish(s3, bucket: str, key: str, **condition):
    """An object written in parts, with a condition on the last step."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    part = {"Bucket": bucket, "Key": key, "UploadId": upload}
    etag = s3.upload_part(PartNumber=1, Body=b"new", **part)["ETag"]
    return s3.complete_multipart_upload(MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}, **part, **condition)


WRITES = {
    "put": lambda s3, bucket, key, **condition: s3.put_object(Bucket=bucket, Key=key, Body=b"new", **condition),
    "complete": finish,
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(
    ("names", "key", "outcome"),
    [
        ({"IfNoneMatch": "any"}, "k", FAILED),
        ({"IfNoneMatch": "any"}, "new", None),
        ({"IfNoneMatch": "other"}, "k", (501, "NotImplemented")),
        ({"IfMatch": "same"}, "k", None),
        ({"IfMatch": "other"}, "k", FAILED),
        ({"IfMatch": "same"}, "new", (404, "NoSuchKey")),
    ],
)
def test_writes(s3, bucket, old, write, names, key, outcome):
    given = {"s3": s3, "bucket": bucket, "key": key, **conditions(old, names)}
    if outcome is None:
        WRITES[write](**given)
        assert body(s3, bucket, key) == b"new"
        return
    assert error_of(WRITES[write], **given) == outcome
    assert body(s3, bucket) == b"old"
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["k"]


def test_a_complete_whose_condition_fails_may_be_repeated_without_it(s3, bucket, old):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    part = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    etag = s3.upload_part(PartNumber=1, Body=b"new", **part)["ETag"]
    whole = {**part, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]}}
    assert error_of(s3.complete_multipart_upload, IfNoneMatch="*", **whole) == FAILED
    assert body(s3, bucket) == b"old"
    s3.complete_multipart_upload(**whole)
    assert body(s3, bucket) == b"new"


@pytest.mark.parametrize(("word", "deleted"), [("same", True), ("any", True), ("other", False)])
def test_deletions(s3, bucket, old, word, deleted):
    given = {"Bucket": bucket, "Key": "k", **conditions(old, {"IfMatch": word})}
    if deleted:
        s3.delete_object(**given)
        assert error_of(s3.head_object, Bucket=bucket, Key="k") == (404, "404")
    else:
        assert error_of(s3.delete_object, **given) == FAILED
        assert body(s3, bucket) == b"old"


def test_a_list_of_deletions_has_a_condition_for_each_object(s3, bucket, old):
    s3.put_object(Bucket=bucket, Key="other", Body=b"other")
    objects = [{"Key": "k", "ETag": old["ETag"]}, {"Key": "other", "ETag": NONE}]
    response = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [entry["Key"] for entry in response["Deleted"]] == ["k"]
    assert [(entry["Key"], entry["Code"]) for entry in response["Errors"]] == [("other", "PreconditionFailed")]
    assert body(s3, bucket, "other") == b"other"
