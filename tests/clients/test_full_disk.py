"""A server whose disk is full, in a file system of its own that only it sees."""

import pytest
from botocore.exceptions import ClientError
from conftest import BUCKET, Server

# Mounts a small file system on the state directory, then becomes the server.
SMALL_DISK = """
mount -t tmpfs -o size=8m tmpfs "$1"
shift
exec "$@"
"""


class SmallDisk(Server):
    """A server with 8 MiB of disk."""

    def command(self, program):
        self.state_dir.mkdir()
        namespaces = ["unshare", "--user", "--map-root-user", "--mount"]
        return [*namespaces, "sh", "-ec", SMALL_DISK, "sh", self.state_dir, *super().command(program)]


@pytest.fixture
def small_disk(tmp_path, clean_environment):
    server = SmallDisk(tmp_path / "state")
    yield server
    server.stop()


def fill(s3):
    """Stores objects until no more fit. Returns the keys and the last error."""
    keys = []
    while True:
        key = f"k{len(keys)}"
        try:
            s3.put_object(Bucket=BUCKET, Key=key, Body=bytes(1 << 20))
        except ClientError as error:
            return keys, error
        keys.append(key)


def test_a_full_disk_is_named_and_the_same_call_works_once_there_is_room(small_disk):
    s3 = small_disk.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    keys, error = fill(s3)
    assert 1 <= len(keys) < 8
    assert error.response["Error"]["Code"] == "InternalError"
    assert "no space is left on the server's disk" in error.response["Error"]["Message"]
    assert "no space is left on the server's disk" in small_disk.state_dir.with_suffix(".log").read_text()
    # Nothing half-written stays, and what was stored can be read.
    listed = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [entry["Key"] for entry in listed] == keys
    for key in keys:
        assert len(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) == 1 << 20
    s3.delete_object(Bucket=BUCKET, Key=keys[0])
    s3.put_object(Bucket=BUCKET, Key="again", Body=bytes(1 << 20))


def test_records_and_the_index_may_fill_the_disk_too(small_disk):
    s3 = small_disk.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    keys, _ = fill(s3)
    with pytest.raises(ClientError, match="no space is left on the server's disk"):
        for number in range(10_000):
            s3.put_object(Bucket=BUCKET, Key=f"small-{number}", Metadata={"m": "x" * 2000})
    s3.delete_object(Bucket=BUCKET, Key=keys[0])
    s3.put_object(Bucket=BUCKET, Key="again", Metadata={"m": "x" * 2000})
    assert s3.head_object(Bucket=BUCKET, Key="again")["Metadata"]["m"] == "x" * 2000
