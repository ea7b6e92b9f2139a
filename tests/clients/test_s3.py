"""S3 through boto3 and the aws CLI."""

import hashlib
import io
import random
import urllib.request

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from conftest import BUCKET, REGION

MEBIBYTE = 1 << 20


def random_bytes(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def code_of(call, **arguments) -> str:
    with pytest.raises(ClientError) as rejected:
        call(**arguments)
    return rejected.value.response["Error"]["Code"]


def test_the_aws_cli_copies_30_megabytes_both_ways(server, s3, tmp_path):
    there, back = tmp_path / "there.bin", tmp_path / "back.bin"
    there.write_bytes(random_bytes(30 * MEBIBYTE, 1))
    for source, target in [(there, f"s3://{BUCKET}/cli/big.bin"), (f"s3://{BUCKET}/cli/big.bin", back)]:
        done = server.cli("s3", "cp", str(source), str(target), "--region", REGION, "--no-progress")
        assert done.returncode == 0, done.stderr
    assert hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(there.read_bytes()).digest()
    listed = server.cli("s3", "ls", f"s3://{BUCKET}/cli/", "--region", REGION)
    assert str(30 * MEBIBYTE) in listed.stdout and "big.bin" in listed.stdout


def test_a_multipart_upload_comes_back_whole_and_in_ranges(s3):
    body = random_bytes(20 * MEBIBYTE + 7, 2)
    config = TransferConfig(multipart_threshold=5 * MEBIBYTE, multipart_chunksize=5 * MEBIBYTE)
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "multi/part.bin", Config=config)
    head = s3.head_object(Bucket=BUCKET, Key="multi/part.bin")
    assert head["ContentLength"] == len(body)
    assert head["ETag"].strip('"').endswith("-5")
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, "multi/part.bin", back, Config=config)
    assert back.getvalue() == body
    for wanted, expected in [("bytes=0-9", body[:10]), ("bytes=5242870-5242890", body[5242870:5242891]), ("bytes=-5", body[-5:])]:
        response = s3.get_object(Bucket=BUCKET, Key="multi/part.bin", Range=wanted)
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert response["Body"].read() == expected


def test_objects_keep_their_metadata_and_checksum(s3):
    s3.put_object(Bucket=BUCKET, Key="meta.txt", Body=b"hello", ContentType="text/plain", Metadata={"run": "1"})
    head = s3.head_object(Bucket=BUCKET, Key="meta.txt", ChecksumMode="ENABLED")
    assert (head["ContentType"], head["Metadata"]) == ("text/plain", {"run": "1"})
    assert head["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
    assert head["ChecksumCRC32"] == "NhCmhg=="


def test_an_upload_with_a_wrong_checksum_leaves_the_old_object(s3):
    s3.put_object(Bucket=BUCKET, Key="kept.txt", Body=b"old")
    wrong = {"Bucket": BUCKET, "Key": "kept.txt", "Body": b"new", "ChecksumCRC32": "AAAAAA=="}
    assert code_of(s3.put_object, **wrong) == "BadDigest"
    assert s3.get_object(Bucket=BUCKET, Key="kept.txt")["Body"].read() == b"old"


def test_lists_group_by_delimiter_and_come_in_pages(s3):
    keys = [f"list/{folder}/{number}.txt" for folder in "ab" for number in range(3)]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    grouped = s3.list_objects_v2(Bucket=BUCKET, Prefix="list/", Delimiter="/")
    assert [prefix["Prefix"] for prefix in grouped["CommonPrefixes"]] == ["list/a/", "list/b/"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 4})
    assert [entry["Key"] for page in pages for entry in page["Contents"]] == keys


def test_a_presigned_url_needs_no_credentials(s3):
    s3.put_object(Bucket=BUCKET, Key="signed.txt", Body=b"signed")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "signed.txt"})
    with urllib.request.urlopen(url) as response:
        assert response.read() == b"signed"


def test_copies_and_deletions(s3):
    s3.put_object(Bucket=BUCKET, Key="copy/a b", Body=b"x")
    s3.copy_object(Bucket=BUCKET, Key="copy/b", CopySource={"Bucket": BUCKET, "Key": "copy/a b"})
    assert s3.get_object(Bucket=BUCKET, Key="copy/b")["Body"].read() == b"x"
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "copy/a b"}, {"Key": "copy/b"}]})
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="copy/")["KeyCount"] == 0


def test_what_is_not_there_is_rejected(s3):
    s3.put_object(Bucket=BUCKET, Key="folder/file", Body=b"x")
    assert code_of(s3.get_object, Bucket=BUCKET, Key="missing") == "NoSuchKey"
    assert code_of(s3.get_object, Bucket=BUCKET, Key="folder") == "NoSuchKey"
    assert code_of(s3.head_object, Bucket=BUCKET, Key="folder") == "404"
    assert code_of(s3.put_object, Bucket="no-such-bucket", Key="k", Body=b"x") == "NoSuchBucket"
    assert code_of(s3.list_objects_v2, Bucket="no-such-bucket") == "NoSuchBucket"
    assert code_of(s3.delete_bucket, Bucket=BUCKET) == "BucketNotEmpty"


def test_a_bucket_may_be_created_again_by_its_owner(s3):
    s3.create_bucket(Bucket=BUCKET)
    assert BUCKET in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


@pytest.mark.parametrize("pieces", [[b"one ", b"two"], [], [b"x" * 70_000] * 3])
def test_a_body_without_a_length_is_stored_whole(server, s3, bucket, pieces):
    # http.client sends what it can only iterate over with `Transfer-Encoding: chunked` and without `Content-Length`.
    assert server.http("PUT", f"/{bucket}/k", iter(pieces)).status == 200
    found = s3.get_object(Bucket=bucket, Key="k")
    assert (found["ContentLength"], found["Body"].read()) == (sum(map(len, pieces)), b"".join(pieces))
