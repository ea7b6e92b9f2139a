"""Checksums: those of whole objects, of parts, in headers and in trailers. A wrong one changes nothing."""

import base64
import binascii
import hashlib
import struct
import zlib

import boto3
import pytest
from botocore.config import Config

from conftest import REGION, error_of
from test_s3_multipart import SMALLEST, begin

NINE = b"123456789"


def reflected(polynomial: int) -> list[int]:
    """The table of a CRC whose polynomial is written with its lowest power first."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
        table.append(value)
    return table


def crc(table: list[int], bits: int, body: bytes) -> int:
    value = (1 << bits) - 1
    for byte in body:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ (1 << bits) - 1


CRC32C_TABLE = reflected(0x82F63B78)
CRC64NVME_TABLE = reflected(0x9A6C9329AC4BC9B5)

DIGESTS = {
    "CRC32": lambda body: struct.pack(">I", zlib.crc32(body)),
    "CRC32C": lambda body: struct.pack(">I", crc(CRC32C_TABLE, 32, body)),
    "CRC64NVME": lambda body: struct.pack(">Q", crc(CRC64NVME_TABLE, 64, body)),
    "SHA1": lambda body: hashlib.sha1(body).digest(),
    "SHA256": lambda body: hashlib.sha256(body).digest(),
}


def checksum(algorithm: str, body: bytes) -> str:
    return base64.b64encode(DIGESTS[algorithm](body)).decode()


def shown(response: dict) -> dict:
    """The checksums that a response has."""
    return {name: value for name, value in response.items() if name.startswith("Checksum") and name != "ChecksumType"}


@pytest.fixture
def plain(server):
    """A client that adds no checksum of its own."""
    config = Config(request_checksum_calculation="when_required", retries={"max_attempts": 0})
    names = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": REGION}
    return boto3.client("s3", endpoint_url=server.url, config=config, **names)


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        ("CRC32", "cbf43926"),
        ("CRC32C", "e3069283"),
        ("CRC64NVME", "ae8b14860a799888"),
        ("SHA1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("SHA256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ],
)
def test_the_tests_know_published_checksums(algorithm, digest):
    assert DIGESTS[algorithm](NINE) == binascii.unhexlify(digest)


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_a_checksum_is_compared_and_kept(s3, bucket, algorithm):
    right = {f"Checksum{algorithm}": checksum(algorithm, NINE)}
    put = s3.put_object(Bucket=bucket, Key="k", Body=NINE, **right)
    assert (shown(put), put["ChecksumType"]) == (right, "FULL_OBJECT")
    for call in (s3.head_object, s3.get_object):
        found = call(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert (shown(found), found["ChecksumType"]) == (right, "FULL_OBJECT")
    assert shown(s3.head_object(Bucket=bucket, Key="k")) == {}
    wrong = {f"Checksum{algorithm}": checksum(algorithm, b"other")}
    assert error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"new", **wrong) == (400, "BadDigest")
    short = {f"Checksum{algorithm}": "AAA="}
    assert error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"new", **short) == (400, "InvalidRequest")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == NINE
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
    assert shown(s3.head_object(Bucket=bucket, Key="copy", ChecksumMode="ENABLED")) == right
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [entry["ChecksumAlgorithm"] for entry in listed] == [[algorithm]] * 2


def test_an_object_without_a_checksum_gets_one(plain, bucket):
    plain.put_object(Bucket=bucket, Key="k", Body=NINE)
    found = plain.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert shown(found) == {"ChecksumCRC64NVME": checksum("CRC64NVME", NINE)}


def test_content_md5_is_compared(plain, bucket):
    right, wrong = (base64.b64encode(hashlib.md5(body).digest()).decode() for body in (NINE, b"other"))
    plain.put_object(Bucket=bucket, Key="k", Body=NINE, ContentMD5=right)
    for given, code in [(wrong, "BadDigest"), ("not base64", "InvalidDigest"), ("AAAA", "InvalidDigest")]:
        assert error_of(plain.put_object, Bucket=bucket, Key="k", Body=b"new", ContentMD5=given) == (400, code)
    assert plain.get_object(Bucket=bucket, Key="k")["Body"].read() == NINE


def chunked(body: bytes, algorithm: str, value: str) -> tuple[bytes, dict]:
    """A body in chunks with its checksum after it, and the headers that say so."""
    name = f"x-amz-checksum-{algorithm.lower()}"
    cut = [body[: len(body) // 2], body[len(body) // 2 :], b""]
    lines = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in cut if chunk)
    headers = {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(len(body)),
        "x-amz-trailer": name,
    }
    return lines + f"0\r\n{name}:{value}\r\n\r\n".encode(), headers


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_a_trailing_checksum_is_compared_and_kept(server, s3, bucket, algorithm):
    body, headers = chunked(NINE, algorithm, checksum(algorithm, NINE))
    assert server.http("PUT", f"/{bucket}/k", body, headers).status == 200
    found = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert found["Body"].read() == NINE
    assert shown(found) == {f"Checksum{algorithm}": checksum(algorithm, NINE)}
    assert "ContentEncoding" not in found
    body, headers = chunked(b"new", algorithm, checksum(algorithm, b"other"))
    response = server.http("PUT", f"/{bucket}/k", body, headers)
    assert (response.status, b"<Code>BadDigest</Code>" in response.body) == (400, True)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == NINE


PARTS = [b"a" * SMALLEST, NINE]


def upload_parts(s3, bucket: str, algorithm: str, kind: str) -> tuple:
    """An upload that only has to be completed, and its parts as Complete names them."""
    upload = begin(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    parts = []
    for number, body in enumerate(PARTS, start=1):
        given = {f"Checksum{algorithm}": checksum(algorithm, body)}
        etag = s3.upload_part(PartNumber=number, Body=body, **given, **upload.name)["ETag"]
        parts.append({"PartNumber": number, "ETag": etag, **given})
    return upload, parts


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256"])
def test_a_composite_checksum_is_that_of_the_checksums_of_the_parts(s3, bucket, algorithm):
    upload, parts = upload_parts(s3, bucket, algorithm, "COMPOSITE")
    listed = s3.list_parts(**upload.name)
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (algorithm, "COMPOSITE")
    assert [shown(part) for part in listed["Parts"]] == [shown(part) for part in parts]
    done = s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload.name)
    digests = b"".join(DIGESTS[algorithm](body) for body in PARTS)
    expected = {f"Checksum{algorithm}": f"{checksum(algorithm, digests)}-2"}
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    for found in (done, head):
        assert (shown(found), found["ChecksumType"]) == (expected, "COMPOSITE")


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
def test_a_full_object_checksum_is_that_of_the_whole(s3, bucket, algorithm):
    upload, parts = upload_parts(s3, bucket, algorithm, "FULL_OBJECT")
    parts = {"MultipartUpload": {"Parts": parts}, "ChecksumType": "FULL_OBJECT"}
    wrong = {f"Checksum{algorithm}": checksum(algorithm, NINE)}
    assert error_of(s3.complete_multipart_upload, **parts, **wrong, **upload.name) == (400, "BadDigest")
    assert upload.parts() == [1, 2]
    right = {f"Checksum{algorithm}": checksum(algorithm, b"".join(PARTS))}
    done = s3.complete_multipart_upload(**parts, **right, **upload.name)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    for found in (done, head):
        assert (shown(found), found["ChecksumType"]) == (right, "FULL_OBJECT")
    assert s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["Body"].read() == b"".join(PARTS)


@pytest.mark.parametrize(("algorithm", "kind"), [("SHA1", "FULL_OBJECT"), ("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")])
def test_some_algorithms_have_only_one_kind(s3, bucket, algorithm, kind):
    given = {"ChecksumAlgorithm": algorithm, "ChecksumType": kind}
    assert error_of(s3.create_multipart_upload, Bucket=bucket, Key="k", **given) == (400, "InvalidRequest")


def test_a_part_with_a_wrong_checksum_leaves_the_former_part(s3, bucket):
    upload, parts = upload_parts(s3, bucket, "CRC32", "COMPOSITE")
    wrong = {"ChecksumCRC32": checksum("CRC32", b"other")}
    assert error_of(s3.upload_part, PartNumber=2, Body=b"new", **wrong, **upload.name) == (400, "BadDigest")
    changed = [parts[0], {**parts[1], **wrong}]
    status, code = error_of(s3.complete_multipart_upload, MultipartUpload={"Parts": changed}, **upload.name)
    assert (status, code) in [(400, "InvalidPart"), (400, "BadDigest")]
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload.name)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"".join(PARTS)


ATTRIBUTES = ["ETag", "Checksum", "ObjectParts", "ObjectSize", "StorageClass"]


def test_attributes_are_those_that_were_asked_for(s3, bucket):
    upload, parts = upload_parts(s3, bucket, "SHA256", "COMPOSITE")
    done = s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload.name)
    expected = {
        "ETag": done["ETag"].strip('"'),
        "Checksum": {"ChecksumSHA256": done["ChecksumSHA256"].split("-")[0], "ChecksumType": "COMPOSITE"},
        "ObjectSize": SMALLEST + len(NINE),
        "StorageClass": "STANDARD",
    }
    everything = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=ATTRIBUTES)
    # The count of parts may be written behind the checksum or not.
    everything["Checksum"]["ChecksumSHA256"] = everything["Checksum"]["ChecksumSHA256"].split("-")[0]
    assert {name: everything[name] for name in expected} == expected
    assert everything["LastModified"] == s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert everything["ObjectParts"]["TotalPartsCount"] == 2
    assert [(part["PartNumber"], part["Size"], shown(part)) for part in everything["ObjectParts"]["Parts"]] == [
        (number, len(body), shown(part)) for number, (body, part) in enumerate(zip(PARTS, parts), start=1)
    ]
    for name in ATTRIBUTES:
        found = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=[name])
        assert set(found) & set(ATTRIBUTES) == {name}
    second = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts"], MaxParts=1, PartNumberMarker=1)
    assert [part["PartNumber"] for part in second["ObjectParts"]["Parts"]] == [2]
    assert second["ObjectParts"]["IsTruncated"] is False
    assert error_of(s3.get_object_attributes, Bucket=bucket, Key="x", ObjectAttributes=["ETag"]) == (404, "NoSuchKey")
