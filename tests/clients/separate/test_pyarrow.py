"""pyarrow's own S3 client: folders, datasets and streams."""

import pyarrow
import pyarrow.dataset
import pyarrow.fs
import pytest

from conftest import REGION

WORDS = ["a b", "c+d", "e%f", "é"]
TABLE = pyarrow.table({"value": list(range(40)), "word": WORDS * 10})


@pytest.fixture
def fs(server):
    return pyarrow.fs.S3FileSystem(
        access_key="any",
        secret_key="thing",
        region=REGION,
        scheme="http",
        endpoint_override=server.url.removeprefix("http://"),
        allow_bucket_creation=True,
        allow_bucket_deletion=True,
    )


def files(fs, folder: str) -> list[str]:
    found = fs.get_file_info(pyarrow.fs.FileSelector(folder, recursive=True))
    return sorted(info.path for info in found if info.is_file)


def test_an_empty_directory_is_made_listed_and_deleted(fs, bucket):
    path = f"{bucket}/empty"
    fs.create_dir(path)
    assert fs.get_file_info(path).type == pyarrow.fs.FileType.Directory
    assert [info.path for info in fs.get_file_info(pyarrow.fs.FileSelector(bucket))] == [path]
    fs.delete_dir(path)
    assert fs.get_file_info(path).type == pyarrow.fs.FileType.NotFound


def test_a_partitioned_dataset_is_written_read_and_deleted(fs, bucket):
    path = f"{bucket}/parts"
    schema = pyarrow.schema([("word", pyarrow.string())])
    partitioning = pyarrow.dataset.partitioning(schema, flavor="hive")
    pyarrow.dataset.write_dataset(TABLE, path, filesystem=fs, format="parquet", partitioning=partitioning)
    assert len(files(fs, path)) == len(WORDS)
    back = pyarrow.dataset.dataset(path, filesystem=fs, partitioning=partitioning)
    assert back.to_table().sort_by("value").select(["value", "word"]).to_pydict() == TABLE.to_pydict()
    for word in WORDS:
        assert back.count_rows(filter=pyarrow.dataset.field("word") == word) == 10, word
    fs.delete_dir(path)
    assert files(fs, bucket) == []


def test_a_stream_is_written_in_parts_copied_and_moved(fs, bucket):
    with fs.open_output_stream(f"{bucket}/big") as stream:
        for number in range(12):
            stream.write(bytes([number]) * (1 << 20))
    fs.copy_file(f"{bucket}/big", f"{bucket}/copy")
    fs.move(f"{bucket}/copy", f"{bucket}/moved +%41")
    assert files(fs, bucket) == [f"{bucket}/big", f"{bucket}/moved +%41"]
    with fs.open_input_file(f"{bucket}/moved +%41") as file:
        assert file.size() == 12 << 20
        file.seek((7 << 20) - 1)
        assert file.read(2) == b"\x06\x07"


def test_a_bucket_is_made_and_deleted_with_all_that_it_contains(fs, bucket):
    name = f"arrow-{bucket}"
    fs.create_dir(name)
    for path in ("a+b", "c/d"):
        with fs.open_output_stream(f"{name}/{path}") as stream:
            stream.write(b"1")
    fs.delete_dir(name)
    assert fs.get_file_info(name).type == pyarrow.fs.FileType.NotFound
