"""rclone on whole folders."""

import os
import subprocess

import pytest

from conftest import FILES, tree


@pytest.fixture
def rclone(server, tmp_path):
    """Runs rclone with one remote, `local`; gives what it printed."""
    config = tmp_path / "rclone.conf"
    config.write_text(
        "[local]\ntype = s3\nprovider = Other\naccess_key_id = any\nsecret_access_key = thing\n"
        f"endpoint = {server.url}\nregion = us-east-1\n"
    )
    # With nothing of the caller's configuration; rclone 1.60 does not even start with some of AWS's variables.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RCLONE_CONFIG": str(config)}

    def run(*arguments: object) -> str:
        command = ["rclone", "--retries", "1", "--low-level-retries", "1", *map(str, arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_a_folder_is_listed_as_it_was_copied(rclone, bucket, folder):
    there = f"local:{bucket}/t"
    rclone("copy", folder, there)
    assert sorted(rclone("lsf", "-R", "--files-only", there).splitlines()) == FILES
    sizes = [line.strip().split(" ", 1) for line in rclone("ls", there).splitlines()]
    assert sorted((name, int(size)) for size, name in sizes) == [(name, len(name.encode())) for name in FILES]
    assert len(rclone("lsl", there).splitlines()) == len(FILES)
    assert f'"count":{len(FILES)},"bytes":{sum(len(name.encode()) for name in FILES)}' in rclone("size", "--json", there)
    assert sorted(rclone("hashsum", "md5", there).splitlines()) == sorted(rclone("hashsum", "md5", folder).splitlines())


@pytest.mark.parametrize("lister", ["--fast-list", "--disable=ListR"])
def test_a_folder_is_synchronised_both_ways(rclone, bucket, folder, tmp_path, lister):
    there = f"local:{bucket}/t"
    rclone("sync", lister, folder, there)
    assert "Copied" not in rclone("sync", lister, "-v", folder, there)
    rclone("check", folder, there)
    (folder / "a+b.txt").unlink()
    rclone("sync", lister, folder, there)
    assert "a+b.txt" not in rclone("lsf", there)
    rclone("sync", lister, there, tmp_path / "down")
    assert tree(tmp_path / "down") == tree(folder)


def test_a_big_file_is_copied_in_parts_and_on_the_server(rclone, bucket, tmp_path):
    (tmp_path / "big").write_bytes(os.urandom(20_000_000))
    chunks = ["--s3-chunk-size", "5M", "--s3-upload-cutoff", "5M", "--s3-copy-cutoff", "6M"]
    rclone("copyto", *chunks, tmp_path / "big", f"local:{bucket}/big")
    rclone("moveto", *chunks, f"local:{bucket}/big", f"local:{bucket}/moved +%41")
    assert rclone("lsf", f"local:{bucket}") == "moved +%41\n"
    rclone("copyto", f"local:{bucket}/moved +%41", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == (tmp_path / "big").read_bytes()
    rclone("cleanup", f"local:{bucket}")


def test_a_folder_and_its_bucket_are_purged(rclone, s3, bucket, folder):
    name = f"rclone-{bucket}"
    rclone("mkdir", f"local:{name}")
    for path in ("t", "u"):
        rclone("copy", folder, f"local:{name}/{path}")
    rclone("purge", f"local:{name}/t")
    assert rclone("lsf", f"local:{name}") == "u/\n"
    rclone("purge", f"local:{name}")
    assert name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
