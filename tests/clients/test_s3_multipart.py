"""Objects that are uploaded in parts."""

import dataclasses
import hashlib
import io
import signal

from boto3.s3.transfer import TransferConfig

from conftest import error_of

# S3 wants at least this much in every part but the last.
SMALLEST = 5 << 20
NO_UPLOAD = (404, "NoSuchUpload")


@dataclasses.dataclass
class Upload:
    """One upload, and the ETags of its parts."""

    s3: object
    name: dict
    etags: dict[int, str] = dataclasses.field(default_factory=dict)

    def put(self, number: int, body: bytes) -> str:
        self.etags[number] = self.s3.upload_part(PartNumber=number, Body=body, **self.name)["ETag"]
        return self.etags[number]

    def request(self, *parts: tuple[int, str]) -> dict:
        """The arguments of Complete."""
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        return {**self.name, "MultipartUpload": {"Parts": parts}}

    def complete(self) -> dict:
        return self.s3.complete_multipart_upload(**self.request(*sorted(self.etags.items())))

    def parts(self) -> list[int]:
        return [part["PartNumber"] for part in self.s3.list_parts(**self.name).get("Parts", [])]


def begin(s3, bucket: str, key: str = "k", **arguments) -> Upload:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **arguments)["UploadId"]
    return Upload(s3, {"Bucket": bucket, "Key": key, "UploadId": upload})


def body(s3, bucket: str, key: str = "k") -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def etag_of(*parts: bytes) -> str:
    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    return f'"{hashlib.md5(digests).hexdigest()}-{len(parts)}"'


def test_a_rejected_complete_loses_nothing(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    upload = begin(s3, bucket)
    first, second, small = upload.put(1, b"a" * SMALLEST), upload.put(2, b"b" * SMALLEST), upload.put(3, b"c")
    for parts, code in [
        ([(2, second), (1, first)], "InvalidPartOrder"),
        ([(1, first), (1, first)], "InvalidPartOrder"),
        ([(1, second), (2, first)], "InvalidPart"),
        ([(1, first), (2, '"00000000000000000000000000000000"')], "InvalidPart"),
        ([(1, first), (4, first)], "InvalidPart"),
        ([(3, small), (4, first)], "InvalidPart"),
        ([], "MalformedXML"),
    ]:
        assert error_of(s3.complete_multipart_upload, **upload.request(*parts)) == (400, code), parts
        assert upload.parts() == [1, 2, 3], parts
        assert body(s3, bucket) == b"old"
    upload.put(4, b"d")
    too_small = upload.request((1, first), (3, small), (4, upload.etags[4]))
    assert error_of(s3.complete_multipart_upload, **too_small) == (400, "EntityTooSmall")
    assert upload.parts() == [1, 2, 3, 4]
    del upload.etags[3]
    assert upload.complete()["ETag"] == etag_of(b"a" * SMALLEST, b"b" * SMALLEST, b"d")
    assert body(s3, bucket) == b"a" * SMALLEST + b"b" * SMALLEST + b"d"


def test_numbers_may_have_gaps_and_come_in_any_order(s3, bucket):
    upload = begin(s3, bucket)
    upload.put(10_000, b"c")
    upload.put(2, b"lost")
    upload.put(700, b"b" * SMALLEST)
    upload.put(2, b"a" * SMALLEST)
    assert upload.parts() == [2, 700, 10_000]
    done = upload.complete()
    assert done["ETag"] == etag_of(b"a" * SMALLEST, b"b" * SMALLEST, b"c")
    assert body(s3, bucket) == b"a" * SMALLEST + b"b" * SMALLEST + b"c"
    for number in (0, 10_001, -1):
        assert error_of(upload.s3.upload_part, PartNumber=number, Body=b"", **begin(s3, bucket, "x").name) == (400, "InvalidArgument")


def test_complete_twice_responds_twice(s3, bucket):
    upload = begin(s3, bucket, "a+b/é")
    upload.put(1, b"new")
    first, second = upload.complete(), upload.complete()
    for member in ("ETag", "Bucket", "Key", "Location"):
        assert first[member] == second[member], member
    assert (first["Bucket"], first["Key"]) == (bucket, "a+b/é")
    assert error_of(s3.list_parts, **upload.name) == NO_UPLOAD


def test_an_upload_that_does_not_exist_is_not_found(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    aborted = begin(s3, bucket)
    aborted.put(1, b"new")
    s3.abort_multipart_upload(**aborted.name)
    other_key = {**begin(s3, bucket, "x").name, "Key": "y"}
    unknown = {**aborted.name, "UploadId": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}
    strange = {**aborted.name, "UploadId": "no upload/1"}
    parts = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": aborted.etags[1]}]}}
    for name in (aborted.name, other_key, unknown, strange):
        assert error_of(s3.upload_part, PartNumber=1, Body=b"", **name) == NO_UPLOAD, name
        assert error_of(s3.list_parts, **name) == NO_UPLOAD, name
        assert error_of(s3.complete_multipart_upload, **parts, **name) == NO_UPLOAD, name
        assert error_of(s3.abort_multipart_upload, **name) == NO_UPLOAD, name
    assert body(s3, bucket) == b"old"


def test_an_object_appears_only_when_its_upload_is_complete(s3, bucket):
    upload = begin(s3, bucket)
    upload.put(1, b"new")
    assert error_of(s3.get_object, Bucket=bucket, Key="k") == (404, "NoSuchKey")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    # An upload does not keep its bucket.
    s3.delete_bucket(Bucket=bucket)
    assert error_of(upload.s3.upload_part, PartNumber=2, Body=b"", **upload.name) == (404, "NoSuchBucket")


def test_parts_are_listed_in_pages(s3, bucket):
    upload = begin(s3, bucket)
    for number in (1, 3, 7, 8, 20):
        upload.put(number, b"x" * number)
    pages = list(s3.get_paginator("list_parts").paginate(PaginationConfig={"PageSize": 2}, **upload.name))
    assert [[part["PartNumber"] for part in page["Parts"]] for page in pages] == [[1, 3], [7, 8], [20]]
    sizes = [(part["Size"], part["ETag"]) for page in pages for part in page["Parts"]]
    assert sizes == [(number, upload.etags[number]) for number in (1, 3, 7, 8, 20)]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]
    assert pages[0]["Initiator"]["ID"] and pages[0]["Owner"]["ID"]


def test_uploads_are_listed_in_pages_and_by_delimiter(s3, bucket):
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    keys = ["a+b", "a+b", "c", "d/1", "d/2", "é"]
    begun = [(key, begin(s3, bucket, key).name["UploadId"]) for key in keys]
    pages = list(s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1}))
    found = [(upload["Key"], upload["UploadId"]) for page in pages for upload in page["Uploads"]]
    assert sorted(found) == sorted(begun) and [key for key, _ in found] == keys
    grouped = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/", Prefix="")
    assert [upload["Key"] for upload in grouped["Uploads"]] == ["a+b", "a+b", "c", "é"]
    assert [prefix["Prefix"] for prefix in grouped["CommonPrefixes"]] == ["d/"]
    below = s3.list_multipart_uploads(Bucket=bucket, Prefix="d/")
    assert [upload["Key"] for upload in below["Uploads"]] == ["d/1", "d/2"]


def test_one_part_of_an_object_is_read_by_its_number(s3, bucket):
    upload = begin(s3, bucket)
    parts = [b"a" * SMALLEST, b"b" * (SMALLEST + 1), b"c"]
    for number, part in enumerate(parts, start=1):
        upload.put(number, part)
    etag = upload.complete()["ETag"]
    start = 0
    for number, part in enumerate(parts, start=1):
        for call in (s3.get_object, s3.head_object):
            found = call(Bucket=bucket, Key="k", PartNumber=number)
            assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
            assert (found["ContentLength"], found["PartsCount"], found["ETag"]) == (len(part), 3, etag)
            assert found["ContentRange"] == f"bytes {start}-{start + len(part) - 1}/{sum(map(len, parts))}"
        assert s3.get_object(Bucket=bucket, Key="k", PartNumber=number)["Body"].read() == part
        start += len(part)
    assert error_of(s3.get_object, Bucket=bucket, Key="k", PartNumber=4) == (416, "InvalidPartNumber")
    both = {"PartNumber": 1, "Range": "bytes=0-1"}
    assert error_of(s3.get_object, Bucket=bucket, Key="k", **both) == (400, "InvalidRequest")


def test_an_object_that_was_put_whole_is_its_own_first_part(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"whole")
    found = s3.get_object(Bucket=bucket, Key="k", PartNumber=1)
    assert (found["Body"].read(), "PartsCount" in found) == (b"whole", False)
    assert error_of(s3.get_object, Bucket=bucket, Key="k", PartNumber=2) == (416, "InvalidPartNumber")


def test_parts_are_copied_from_ranges_of_objects(s3, bucket):
    s3.put_object(Bucket=bucket, Key="source +", Body=b"a" * SMALLEST + b"0123456789")
    upload = begin(s3, bucket)
    source = {"CopySource": {"Bucket": bucket, "Key": "source +"}}
    ranges = {1: f"bytes=0-{SMALLEST - 1}", 2: f"bytes={SMALLEST + 2}-{SMALLEST + 4}"}
    for number, wanted in ranges.items():
        copied = s3.upload_part_copy(PartNumber=number, CopySourceRange=wanted, **source, **upload.name)
        upload.etags[number] = copied["CopyPartResult"]["ETag"]
    assert upload.complete()["ETag"] == etag_of(b"a" * SMALLEST, b"234")
    assert body(s3, bucket) == b"a" * SMALLEST + b"234"
    outside = {"PartNumber": 1, "CopySourceRange": f"bytes=0-{2 * SMALLEST}", **source, **begin(s3, bucket).name}
    status, code = error_of(s3.upload_part_copy, **outside)
    assert (status, code) in [(400, "InvalidArgument"), (416, "InvalidRange")]


def test_an_object_grows_and_shrinks_over_former_uploads(s3, bucket):
    config = TransferConfig(multipart_threshold=SMALLEST, multipart_chunksize=SMALLEST)
    for size in (3, 9 << 20, 17 << 20, 3):
        s3.upload_fileobj(io.BytesIO(b"x" * size), bucket, "grown", Config=config)
        assert body(s3, bucket, "grown") == b"x" * size
        assert [entry["Size"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [size]


def test_metadata_and_tags_of_an_upload_are_those_of_its_object(s3, bucket):
    upload = begin(s3, bucket, Metadata={"run": "1"}, Tagging="a=1", ContentType="text/csv")
    upload.put(1, b"new")
    upload.complete()
    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["Metadata"], head["ContentType"]) == ({"run": "1"}, "text/csv")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}]


def test_an_upload_goes_on_after_the_server_is_killed(own_server):
    own_server.client("s3").create_bucket(Bucket="kept")
    upload = begin(own_server.client("s3"), "kept", Metadata={"run": "1"})
    upload.put(1, b"a" * SMALLEST)

    own_server.stop(signal.SIGKILL)
    own_server.start()

    s3 = upload.s3 = own_server.client("s3")
    assert upload.parts() == [1]
    upload.put(2, b"b")
    etag = upload.complete()["ETag"]

    own_server.stop(signal.SIGKILL)
    own_server.start()

    s3 = upload.s3 = own_server.client("s3")
    found = s3.get_object(Bucket="kept", Key="k")
    assert (found["ETag"], found["Metadata"], found["Body"].read()) == (etag, {"run": "1"}, b"a" * SMALLEST + b"b")
    assert upload.complete()["ETag"] == etag
