"""Errors are documents that every client can read, and every response has an id."""

import xml.etree.ElementTree

import pytest

ERRORS = {
    "no key": ("GET", "/{bucket}/missing", 404, "NoSuchKey"),
    "no bucket": ("GET", "/no-such-bucket/k", 404, "NoSuchBucket"),
    "no bucket to write to": ("PUT", "/no-such-bucket/k", 404, "NoSuchBucket"),
    "no bucket to list": ("GET", "/no-such-bucket?list-type=2", 404, "NoSuchBucket"),
    "a bucket's name": ("PUT", "/Not_A_Bucket", 400, "InvalidBucketName"),
    "no upload": ("GET", "/{bucket}/k?uploadId=none", 404, "NoSuchUpload"),
    "a range outside the object": ("GET", "/{bucket}/k", 416, "InvalidRange"),
    "a failed condition": ("GET", "/{bucket}/k", 412, "PreconditionFailed"),
    "a list that is too long": ("GET", "/{bucket}?list-type=2&max-keys=-1", 400, "InvalidArgument"),
    "a key that is too long": ("PUT", "/{bucket}/" + "k" * 1025, 400, "KeyTooLongError"),
    "a document that is not XML": ("POST", "/{bucket}?delete", 400, "MalformedXML"),
    "a bucket with objects": ("DELETE", "/{bucket}", 409, "BucketNotEmpty"),
    "no policy": ("GET", "/{bucket}?policy", 404, "NoSuchBucketPolicy"),
    "not implemented": ("PUT", "/{bucket}?versioning", 501, "NotImplemented"),
    "no version": ("GET", "/{bucket}/k?versionId=3HL4kqtJlcpXroDTDmJrmSpXd3dIbrHY", 404, "NoSuchVersion"),
}

BODIES = {
    "a document that is not XML": b"<not xml",
    "not implemented": b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
}

HEADERS = {
    "a range outside the object": {"Range": "bytes=10-"},
    "a failed condition": {"If-Match": '"00000000000000000000000000000000"'},
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_a_document_with_a_code_a_message_and_an_id(server, s3, bucket, name):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    method, path, status, code = ERRORS[name]
    response = server.http(method, path.format(bucket=bucket), BODIES.get(name, b""), HEADERS.get(name))
    assert response.status == status, response.body
    assert response.headers["Content-Type"] == "application/xml"
    document = xml.etree.ElementTree.fromstring(response.body)
    # S3's errors, unlike its other documents, are in no namespace.
    assert (document.tag, document.findtext("Code")) == ("Error", code)
    assert document.findtext("Message")
    assert document.findtext("RequestId") == response.headers["x-amz-request-id"]
    assert document.findtext("HostId") == response.headers["x-amz-id-2"]


@pytest.mark.parametrize(
    ("name", "element", "text"),
    [
        ("no key", "Key", "missing"),
        ("no bucket", "BucketName", "no-such-bucket"),
        ("no policy", "BucketName", "{bucket}"),
        ("no upload", "UploadId", "none"),
        ("a range outside the object", "ActualObjectSize", "1"),
        ("a range outside the object", "RangeRequested", "bytes=10-"),
        ("a failed condition", "Condition", "If-Match"),
    ],
)
def test_an_error_says_what_it_is_about(server, s3, bucket, name, element, text):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    method, path, _, _ = ERRORS[name]
    response = server.http(method, path.format(bucket=bucket), headers=HEADERS.get(name))
    assert xml.etree.ElementTree.fromstring(response.body).findtext(element) == text.format(bucket=bucket)


def test_a_strange_key_does_not_break_its_error(server, bucket):
    response = server.http("GET", f"/{bucket}/a%26b%3Cc%3E%22%C3%A9")
    assert xml.etree.ElementTree.fromstring(response.body).findtext("Key") == 'a&b<c>"é'


@pytest.mark.parametrize("path", ["/{bucket}/missing", "/no-such-bucket/k", "/no-such-bucket"])
def test_an_error_of_head_has_no_document(server, bucket, path):
    response = server.http("HEAD", path.format(bucket=bucket))
    assert (response.status, response.body) == (404, b"")
    assert response.headers["x-amz-request-id"]


def test_every_response_has_an_id_of_its_own(server, bucket):
    requests = [
        ("PUT", "/{bucket}/k", {}, 200),
        ("GET", "/{bucket}/k", {}, 200),
        ("GET", "/{bucket}/k", {"If-None-Match": "*"}, 304),
        ("GET", "/{bucket}/k", {"Range": "bytes=0-0"}, 416),
        ("HEAD", "/{bucket}/k", {}, 200),
        ("GET", "/{bucket}", {}, 200),
        ("GET", "/", {}, 200),
        ("GET", "/{bucket}?location", {}, 200),
        ("POST", "/{bucket}/k?uploads", {}, 200),
        ("PUT", "/{bucket}/copy", {"x-amz-copy-source": "/{bucket}/k"}, 200),
        ("DELETE", "/{bucket}/k", {}, 204),
        ("DELETE", "/{bucket}/k", {}, 204),
        ("GET", "/{bucket}/k", {}, 404),
        ("HEAD", "/{bucket}", {}, 200),
        ("PUT", "/{bucket}?acl", {}, 501),
    ]
    ids = []
    for method, path, headers, status in requests:
        headers = {name: value.format(bucket=bucket) for name, value in headers.items()}
        response = server.http(method, path.format(bucket=bucket), headers=headers)
        assert response.status == status, (method, path, response.body)
        assert response.headers["x-amz-id-2"], (method, path)
        ids.append(response.headers["x-amz-request-id"])
    assert all(ids) and len(set(ids)) == len(ids)
