"""Writers and readers of one key at once: each sees one whole object."""

import concurrent.futures
import itertools

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def clients(server):
    """Eight clients, each with a connection of its own."""
    return [server.client("s3") for _ in range(8)]


def at_once(calls) -> list:
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def test_one_of_eight_writers_creates_the_object(clients, bucket):
    def create(number: int, key: str) -> int:
        try:
            clients[number].put_object(Bucket=bucket, Key=key, Body=f"{number}".encode(), IfNoneMatch="*")
            return 200
        except ClientError as rejected:
            return rejected.response["ResponseMetadata"]["HTTPStatusCode"]

    def creator(number: int):
        return lambda: [create(number, f"k{round}") for round in range(200)]

    outcomes = at_once([creator(number) for number in range(8)])
    for round in range(200):
        statuses = [writer[round] for writer in outcomes]
        # S3 also says 409 to a writer whose attempt overlaps with another's.
        assert statuses.count(200) == 1 and set(statuses) <= {200, 409, 412}, statuses
        winner = f"{statuses.index(200)}".encode()
        assert clients[0].get_object(Bucket=bucket, Key=f"k{round}")["Body"].read() == winner


def content(number: int) -> bytes:
    return bytes([65 + number]) * (1000 * (number + 1))


def is_whole(client, bucket: str, key: str) -> bool:
    """Whether content, size, metadata and checksum are those of the same writer. The client compares the checksum."""
    found = client.get_object(Bucket=bucket, Key=key)
    return found["Body"].read() == content(int(found["Metadata"]["writer"]))


def put(client, number: int, bucket: str, key: str):
    client.put_object(Bucket=bucket, Key=key, Body=content(number), Metadata={"writer": str(number)})


def test_four_writers_of_a_key_leave_one_whole_object(clients, bucket):
    def writer(number: int):
        return lambda: [put(clients[number], number, bucket, f"k{round}") for round in range(250)]

    at_once([writer(number) for number in range(4)])
    assert all(is_whole(clients[0], bucket, f"k{round}") for round in range(250))


def test_readers_see_whole_objects_while_they_are_replaced(clients, bucket):
    put(clients[0], 0, bucket, "k")

    def writer(number: int):
        return lambda: [put(clients[number], number, bucket, "k") for _ in range(150)]

    def reader(number: int):
        return lambda: all(is_whole(clients[number], bucket, "k") for _ in range(150))

    outcomes = at_once([*(writer(number) for number in range(4)), *(reader(number) for number in range(4, 8))])
    assert outcomes[4:] == [True] * 4


def test_a_read_that_has_begun_ends_with_the_object_that_it_began_with(s3, bucket):
    size = 8 << 20
    s3.put_object(Bucket=bucket, Key="k", Body=b"a" * size)
    begun = s3.get_object(Bucket=bucket, Key="k")["Body"]
    start = begun.read(1000)
    s3.put_object(Bucket=bucket, Key="k", Body=b"b" * size)
    s3.delete_object(Bucket=bucket, Key="k")
    assert start + begun.read() == b"a" * size


def test_a_list_that_is_read_while_keys_come_and_go_has_those_that_stay(clients, bucket):
    stay = [f"stay/{number:03}" for number in range(200)]
    for key in stay:
        clients[0].put_object(Bucket=bucket, Key=key, Body=b"")

    def change():
        for round in range(60):
            key = f"stay/{round:03}-gone"
            clients[1].put_object(Bucket=bucket, Key=key, Body=b"")
            clients[1].delete_object(Bucket=bucket, Key=key)

    def read() -> list[list[str]]:
        pages = clients[2].get_paginator("list_objects_v2")
        lists = (pages.paginate(Bucket=bucket, PaginationConfig={"PageSize": 17}) for _ in range(10))
        return [[entry["Key"] for page in pages for entry in page["Contents"]] for pages in lists]

    _, lists = at_once([change, read])
    for keys in lists:
        assert [key for key in keys if not key.endswith("-gone")] == stay
        assert all(earlier < later for earlier, later in itertools.pairwise(keys))
