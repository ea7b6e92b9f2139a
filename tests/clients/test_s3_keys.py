"""Any UTF-8 text of up to 1,024 bytes is a key, and different texts are different objects."""

import pytest

from conftest import error_of

# In the order of their bytes, as lists have it.
KEYS = [
    "/",
    "/a",
    "//",
    "/a",
    "100%",
    "a",
    "a b",
    "a%20b",
    "a%2Fb",
    "a&b<c>\"d'",
    "a+b",
    "a/",
    "a//b",
    "a/b",
    "a?b#c",
    "a\\b",
    "folder/",
    "t=2026-11-23T10:00:00+01:00/x.csv",
    "é",
    "日本/🔥",
]
KEYS = sorted(set(KEYS), key=str.encode)

# XML 1.0 has no way to write these, so they are left out of requests that name keys in a document.
CONTROL_KEYS = ["control\x01", "control\t", "control\n", "control\r", "control\x7f"]


def fill(s3, bucket: str, keys: list[str]):
    """Objects that contain their keys."""
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())


def body(s3, bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def listed(s3, bucket: str, **arguments) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, **arguments).get("Contents", [])]


def test_every_key_is_an_object_of_its_own(s3, bucket):
    keys = sorted(KEYS + CONTROL_KEYS, key=str.encode)
    fill(s3, bucket, keys)
    assert listed(s3, bucket) == keys
    for key in keys:
        assert body(s3, bucket, key) == key.encode()
        assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(key.encode())
    while keys:
        s3.delete_object(Bucket=bucket, Key=keys.pop(len(keys) // 2))
        assert listed(s3, bucket) == keys


def test_every_key_is_copied_and_found_by_itself_as_a_prefix(s3, bucket):
    fill(s3, bucket, KEYS)
    for key in KEYS:
        s3.copy_object(Bucket=bucket, Key=f"copies/{key}", CopySource={"Bucket": bucket, "Key": key})
        assert body(s3, bucket, f"copies/{key}") == key.encode()
        assert listed(s3, bucket, Prefix=key) == sorted(
            [other for other in KEYS if other.startswith(key)], key=str.encode
        )


def test_one_request_deletes_all_keys(s3, bucket):
    fill(s3, bucket, KEYS)
    deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in [*KEYS, "missing"]]})
    assert sorted(entry["Key"] for entry in deleted["Deleted"]) == sorted([*KEYS, "missing"])
    assert "Errors" not in deleted
    assert listed(s3, bucket) == []


@pytest.mark.parametrize("character", ["k", "é", "火"])
def test_a_key_has_at_most_1024_bytes(s3, bucket, character):
    count, rest = divmod(1024, len(character.encode()))
    longest = character * count + "k" * rest
    fill(s3, bucket, [longest])
    assert body(s3, bucket, longest) == longest.encode()
    assert listed(s3, bucket) == [longest]
    for call in (s3.put_object, s3.create_multipart_upload):
        assert error_of(call, Bucket=bucket, Key=longest + "k") == (400, "KeyTooLongError")
    assert listed(s3, bucket) == [longest]


def test_a_folder_marker_is_an_object_and_not_the_folder(s3, bucket):
    s3.put_object(Bucket=bucket, Key="mark/train/")
    head = s3.head_object(Bucket=bucket, Key="mark/train/")
    assert (head["ContentLength"], head["ETag"]) == (0, '"d41d8cd98f00b204e9800998ecf8427e"')
    assert error_of(s3.get_object, Bucket=bucket, Key="mark/train") == (404, "NoSuchKey")
    assert listed(s3, bucket) == ["mark/train/"]
    fill(s3, bucket, ["mark/train/rows.csv", "mark/train"])
    grouped = s3.list_objects_v2(Bucket=bucket, Prefix="mark/", Delimiter="/")
    assert [entry["Key"] for entry in grouped["Contents"]] == ["mark/train"]
    assert [entry["Prefix"] for entry in grouped["CommonPrefixes"]] == ["mark/train/"]
    inside = s3.list_objects_v2(Bucket=bucket, Prefix="mark/train/", Delimiter="/")
    assert [entry["Key"] for entry in inside["Contents"]] == ["mark/train/", "mark/train/rows.csv"]
    s3.delete_object(Bucket=bucket, Key="mark/train/")
    assert listed(s3, bucket) == ["mark/train", "mark/train/rows.csv"]


def test_deleting_a_key_that_is_a_prefix_of_others_leaves_them(s3, bucket):
    fill(s3, bucket, ["data/train/rows.csv"])
    for key in ("data", "data/", "data/train", "data/train/"):
        s3.delete_object(Bucket=bucket, Key=key)
    assert listed(s3, bucket) == ["data/train/rows.csv"]


def test_a_bucket_in_the_host_name_is_not_in_the_path(server, s3, bucket):
    fill(s3, bucket, ["data/a+b", "data/x"])
    port = server.url.rsplit(":", 1)[1]
    host = {"Host": f"{bucket}.localhost:{port}"}
    assert server.http("GET", "/data/a%2Bb", headers=host).body == b"data/a+b"
    assert server.http("PUT", "//lead", b"//", headers=host).status == 200
    assert listed(s3, bucket) == ["/lead", "data/a+b", "data/x"]
    assert b"<Key>data/x</Key>" in server.http("GET", "/?list-type=2&prefix=data/x", headers=host).body
    assert server.http("DELETE", "/data/x", headers=host).status == 204
    missing = server.http("GET", "/data/x", headers=host)
    assert (missing.status, b"<Key>data/x</Key>" in missing.body) == (404, True)
    other = {"Host": f"other-{bucket}.localhost:{port}"}
    assert server.http("PUT", "/", headers=other).status == 200
    s3.head_bucket(Bucket=f"other-{bucket}")
