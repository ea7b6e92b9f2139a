"""The aws CLI on whole folders, with file names that are hard on lists."""

import json
import os

import pytest

from conftest import REGION

# Relative paths, each the content of its file.
FILES = [
    "100%.txt",
    "a b.txt",
    "a%20b.txt",
    "a+b.txt",
    "sub/c+d.txt",
    "sub/deep/q'uote.txt",
    "sub/deep/x&y.txt",
    "t=2026-11-23T10:00:00+01:00.csv",
    "é.txt",
]


def tree(folder) -> dict[str, str]:
    """Relative paths and contents of the files in a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "up"
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


@pytest.fixture
def aws(server):
    """Runs the command, which must succeed, and returns what it printed."""

    def run(*arguments: object) -> str:
        done = server.cli(*map(str, arguments), "--region", REGION)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_folder_is_synchronised_both_ways_and_removed(aws, s3, bucket, folder, tmp_path):
    there = f"s3://{bucket}/t"
    aws("s3", "sync", folder, there, "--no-progress")
    listed = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == [f"t/{name}" for name in FILES]
    assert aws("s3", "sync", folder, there, "--no-progress") == ""
    aws("s3", "sync", there, tmp_path / "down", "--no-progress")
    assert tree(tmp_path / "down") == tree(folder) == {name: name for name in FILES}
    (folder / "a+b.txt").unlink()
    assert aws("s3", "sync", folder, there, "--delete", "--no-progress").split() == ["delete:", f"{there}/a+b.txt"]
    removed = aws("s3", "rm", "--recursive", there).splitlines()
    assert sorted(removed) == sorted(f"delete: {there}/{name}" for name in FILES if name != "a+b.txt")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_big_file_is_copied_moved_and_counted(aws, s3, bucket, tmp_path):
    big, back = tmp_path / "big", tmp_path / "back"
    big.write_bytes(os.urandom(20_000_000))
    aws("s3", "cp", big, f"s3://{bucket}/big", "--no-progress", "--storage-class", "STANDARD_IA")
    aws("s3", "cp", f"s3://{bucket}/big", f"s3://{bucket}/big2", "--no-progress")
    aws("s3", "mv", f"s3://{bucket}/big2", f"s3://{bucket}/m+v %41", "--no-progress")
    aws("s3", "cp", f"s3://{bucket}/m+v %41", back, "--no-progress")
    assert back.read_bytes() == big.read_bytes()
    assert s3.head_object(Bucket=bucket, Key="big")["StorageClass"] == "STANDARD_IA"
    summary = aws("s3", "ls", "--recursive", "--summarize", f"s3://{bucket}")
    assert "Total Objects: 2" in summary and "Total Size: 40000000" in summary


def test_lists_show_folders(aws, s3, bucket):
    for key in FILES:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    lines = [line.split(maxsplit=1) for line in aws("s3", "ls", f"s3://{bucket}/").splitlines()]
    assert [line[1] for line in lines if line[0] == "PRE"] == ["sub/"]
    assert len(lines) == 1 + len([key for key in FILES if "/" not in key])


def test_a_bucket_is_made_described_and_removed_with_all_that_it_contains(aws, s3, bucket):
    name = f"cli-{bucket}"
    aws("s3", "mb", f"s3://{name}")
    for key in ("a+b", "c/d"):
        s3.put_object(Bucket=name, Key=key, Body=b"1")
    assert aws("s3api", "get-bucket-versioning", "--bucket", name) == ""
    versions = json.loads(aws("s3api", "list-object-versions", "--bucket", name))["Versions"]
    assert [(version["Key"], version["VersionId"]) for version in versions] == [("a+b", "null"), ("c/d", "null")]
    aws("s3", "rb", "--force", f"s3://{name}")
    assert name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
