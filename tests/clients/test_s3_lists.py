"""Lists of objects: what is on a page, and where the next one starts."""

import re

import pytest

from conftest import error_of
from test_s3_keys import KEYS, fill, listed


def names(page: dict) -> tuple[list[str], list[str]]:
    """Keys and common prefixes of a page."""
    keys = [entry["Key"] for entry in page.get("Contents", [])]
    return keys, [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_keys_are_listed_as_they_were_stored(s3, bucket, operation, size):
    fill(s3, bucket, KEYS)
    pages = s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
    pages = list(pages)
    assert [key for page in pages for key in names(page)[0]] == KEYS
    assert len(pages) == -(-len(KEYS) // size)


def test_keys_are_encoded_on_the_wire_only_if_the_client_asks_for_it(server, s3, bucket):
    fill(s3, bucket, ["a+b c%é&/d"])
    query = "list-type=2&delimiter=%2B&start-after=a"
    plain = server.http("GET", f"/{bucket}?list-type=2").body.decode()
    assert "<Key>a+b c%é&amp;/d</Key>" in plain and "EncodingType" not in plain
    encoded = server.http("GET", f"/{bucket}?list-type=2&encoding-type=url&start-after=a").body.decode()
    assert "<EncodingType>url</EncodingType>" in encoded
    key = re.search("<Key>(.*)</Key>", encoded)[1]
    # S3 writes a space as +; %20 means the same to every client that decodes.
    assert key in ("a%2Bb+c%25%C3%A9%26/d", "a%2Bb%20c%25%C3%A9%26/d")
    grouped = server.http("GET", f"/{bucket}?{query}&encoding-type=url").body.decode()
    assert "<Prefix>a%2B</Prefix>" in grouped and "<Delimiter>%2B</Delimiter>" in grouped


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize(
    ("delimiter", "keys", "prefixes"),
    [
        ("", ["d/a--b", "d/aéb", "d/x+y", "d/x/y"], []),
        ("/", ["d/a--b", "d/aéb", "d/x+y"], ["d/x/"]),
        ("--", ["d/aéb", "d/x+y", "d/x/y"], ["d/a--"]),
        ("é", ["d/a--b", "d/x+y", "d/x/y"], ["d/aé"]),
        ("+", ["d/a--b", "d/aéb", "d/x/y"], ["d/x+"]),
        ("a", ["d/x+y", "d/x/y"], ["d/a"]),
        ("none", ["d/a--b", "d/aéb", "d/x+y", "d/x/y"], []),
        # It is looked for after the prefix only.
        ("d/", ["d/a--b", "d/aéb", "d/x+y", "d/x/y"], []),
    ],
)
def test_a_delimiter_may_be_any_text(s3, bucket, operation, delimiter, keys, prefixes):
    fill(s3, bucket, ["c", "d/a--b", "d/aéb", "d/x+y", "d/x/y", "e"])
    found = getattr(s3, operation)(Bucket=bucket, Prefix="d/", Delimiter=delimiter)
    assert names(found) == (keys, prefixes)
    assert found["IsTruncated"] is False


def test_an_empty_delimiter_does_not_cut_a_key_that_is_the_prefix(server, s3, bucket):
    fill(s3, bucket, ["data/rows.csv", "data/rows.csv.gz"])
    for query in ("list-type=2&", ""):
        page = server.http("GET", f"/{bucket}?{query}prefix=data/rows.csv&delimiter=").body
        assert (page.count(b"<Contents>"), page.count(b"<CommonPrefixes>")) == (2, 0)


def test_entries_say_what_clients_compare(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    plain = s3.list_objects_v2(Bucket=bucket)["Contents"][0]
    assert (plain["ETag"], plain["StorageClass"], plain["Size"]) == ('"c4ca4238a0b923820dcc509a6f75849b"', "STANDARD", 1)
    assert plain["LastModified"] == s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    assert "Owner" not in plain
    owner = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"][0]["Owner"]
    assert owner["ID"]
    assert s3.list_objects(Bucket=bucket)["Contents"][0]["Owner"] == owner
    assert s3.list_buckets()["Owner"]["ID"] == owner["ID"]


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
def test_the_next_page_starts_in_the_right_place_after_deletions(s3, bucket, operation):
    keys = [f"page/{number:02}" for number in range(25)]
    fill(s3, bucket, keys)
    seen = []
    pages = s3.get_paginator(operation).paginate(Bucket=bucket, Prefix="page/", PaginationConfig={"PageSize": 10})
    for page in pages:
        seen += names(page)[0]
        for key in names(page)[0]:
            s3.delete_object(Bucket=bucket, Key=key)
    assert seen == keys
    assert listed(s3, bucket) == []


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_prefix_with_many_keys_is_listed_once(s3, bucket, operation, size):
    fill(s3, bucket, ["a/1", "a/2", "a/3", "b", "c/1", "c/2", "d"])
    pages = s3.get_paginator(operation).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size})
    keys, prefixes = [], []
    for page in pages:
        found = names(page)
        assert 0 < len(found[0]) + len(found[1]) <= size
        keys += found[0]
        prefixes += found[1]
    assert (keys, prefixes) == (["b", "d"], ["a/", "c/"])


@pytest.mark.parametrize(
    ("arguments", "keys", "truncated"),
    [
        ({}, ["a", "b", "c/1", "c/2"], False),
        ({"StartAfter": "a"}, ["b", "c/1", "c/2"], False),
        ({"StartAfter": "aa"}, ["b", "c/1", "c/2"], False),
        ({"StartAfter": "z"}, [], False),
        ({"MaxKeys": 0}, [], False),
        ({"MaxKeys": 4}, ["a", "b", "c/1", "c/2"], False),
        ({"MaxKeys": 3}, ["a", "b", "c/1"], True),
        ({"Prefix": "c/", "StartAfter": "a"}, ["c/1", "c/2"], False),
        ({"Prefix": "nothing"}, [], False),
        ({"Prefix": "c/", "StartAfter": "c/1"}, ["c/2"], False),
    ],
)
def test_a_page_starts_after_a_key_and_ends_after_a_count(s3, bucket, arguments, keys, truncated):
    fill(s3, bucket, ["a", "b", "c/1", "c/2"])
    page = s3.list_objects_v2(Bucket=bucket, **arguments)
    assert (names(page)[0], page["IsTruncated"], page["KeyCount"]) == (keys, truncated, len(keys))
    assert ("NextContinuationToken" in page) == truncated
    assert (page["Name"], page["MaxKeys"]) == (bucket, arguments.get("MaxKeys", 1000))
    assert page["Prefix"] == arguments.get("Prefix", "")
    assert page.get("StartAfter") == arguments.get("StartAfter")


def test_version_1_names_the_next_marker_only_with_a_delimiter(s3, bucket):
    fill(s3, bucket, ["a", "b/1", "b/2", "c"])
    plain = s3.list_objects(Bucket=bucket, MaxKeys=2)
    assert (names(plain)[0], plain["IsTruncated"], "NextMarker" in plain) == (["a", "b/1"], True, False)
    grouped = s3.list_objects(Bucket=bucket, MaxKeys=2, Delimiter="/")
    assert (names(grouped), grouped["NextMarker"]) == ((["a"], ["b/"]), "b/")
    rest = s3.list_objects(Bucket=bucket, Marker="b/", Delimiter="/")
    assert (names(rest), rest["Marker"]) == ((["c"], []), "b/")


def test_invalid_arguments_of_lists_are_rejected(server, s3, bucket):
    for query in ("list-type=2&max-keys=-1", "list-type=2&max-keys=many", "list-type=2&encoding-type=base64"):
        response = server.http("GET", f"/{bucket}?{query}")
        assert (response.status, b"<Code>InvalidArgument</Code>" in response.body) == (400, True), query
    assert error_of(s3.list_objects_v2, Bucket=bucket, ContinuationToken="not-a-token") == (400, "InvalidArgument")
