"""s3cmd on whole folders."""

import os
import subprocess

import pytest

from conftest import FILES, tree


@pytest.fixture
def s3cmd(server, tmp_path):
    """Runs s3cmd; gives the lines that it printed."""
    host = server.url.removeprefix("http://")
    config = tmp_path / "s3cfg"
    config.write_text(
        "[default]\naccess_key = any\nsecret_key = thing\nuse_https = False\nbucket_location = us-east-1\n"
        f"host_base = {host}\nhost_bucket = {host}\n"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}

    def run(*arguments: object) -> list[str]:
        command = ["s3cmd", "--config", str(config), "--no-progress", *map(str, arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    return run


def keys(lines: list[str]) -> list[str]:
    """Of a list, what comes after the bucket's name."""
    return [line.split("s3://", 1)[1].split("/", 1)[1] for line in lines]


def test_a_folder_is_synchronised_both_ways(s3cmd, bucket, folder, tmp_path):
    there = f"s3://{bucket}/t/"
    s3cmd("sync", f"{folder}/", there)
    assert keys(s3cmd("ls", "--recursive", there)) == [f"t/{name}" for name in FILES]
    assert s3cmd("sync", f"{folder}/", there) == []
    (tmp_path / "down").mkdir()
    s3cmd("sync", there, f"{tmp_path}/down/")
    assert tree(tmp_path / "down") == tree(folder)
    [line] = s3cmd("du", there)
    assert line.split()[:3] == [str(sum(len(name.encode()) for name in FILES)), str(len(FILES)), "objects"]
    (folder / "a+b.txt").unlink()
    s3cmd("sync", "--delete-removed", f"{folder}/", there)
    assert keys(s3cmd("ls", "--recursive", there)) == [f"t/{name}" for name in FILES if name != "a+b.txt"]


def test_a_big_file_is_copied_in_parts_and_moved(s3cmd, bucket, tmp_path):
    big, back = tmp_path / "big", tmp_path / "back"
    big.write_bytes(os.urandom(20_000_000))
    s3cmd("put", "--multipart-chunk-size-mb=5", big, f"s3://{bucket}/big")
    s3cmd("mv", f"s3://{bucket}/big", f"s3://{bucket}/m+v")
    assert keys(s3cmd("ls", f"s3://{bucket}")) == ["m+v"]
    s3cmd("get", f"s3://{bucket}/m+v", back)
    assert back.read_bytes() == big.read_bytes()
    # The heading alone: no upload is left.
    assert [line for line in s3cmd("multipart", f"s3://{bucket}") if "big" in line] == []
    assert any("20000000" in line for line in s3cmd("info", f"s3://{bucket}/m+v"))


def test_a_bucket_is_made_and_removed_with_all_that_it_contains(s3cmd, s3, bucket, folder):
    name = f"s3cmd-{bucket}"
    s3cmd("mb", f"s3://{name}")
    s3cmd("sync", f"{folder}/", f"s3://{name}/t/")
    s3cmd("rb", "--recursive", f"s3://{name}")
    assert name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
