"""s3fs, and pandas on top of it: folders, tables in one file, and tables in partitions."""

import pandas
import pyarrow.dataset
import pytest
import s3fs

from conftest import error_of

WORDS = ["a b", "c+d", "e%f", "t=2026-11-23T10:00:00+01:00", "é"]


@pytest.fixture(scope="session")
def options(server) -> dict:
    """What a user passes as `storage_options`."""
    # Without a region, since s3fs would give us-east-1 to a new bucket as its location, which S3 rejects.
    return {"key": "any", "secret": "thing", "client_kwargs": {"endpoint_url": server.url}}


@pytest.fixture
def fs(options):
    return s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True, **options)


def test_folders_are_searched_measured_and_walked(fs, bucket):
    paths = [f"{bucket}/d/{name}" for name in ("a+b.csv", "x/100%.csv", "x/y/z é.csv")]
    for path in paths:
        fs.pipe(path, b"12345")
    folder = f"{bucket}/d"
    assert fs.find(folder) == paths
    assert fs.glob(f"{folder}/**/*.csv") == paths
    assert fs.glob(f"{folder}/*.csv") == paths[:1]
    assert fs.du(folder) == 15
    assert sorted(fs.ls(folder)) == [paths[0], f"{folder}/x"]
    assert [(root, sorted(folders), sorted(files)) for root, folders, files in fs.walk(folder)] == [
        (folder, ["x"], ["a+b.csv"]),
        (f"{folder}/x", ["y"], ["100%.csv"]),
        (f"{folder}/x/y", [], ["z é.csv"]),
    ]
    assert fs.isdir(f"{folder}/x") and fs.isfile(paths[1]) and not fs.exists(f"{folder}/none")


def test_a_folder_is_uploaded_downloaded_renamed_and_removed(fs, bucket, tmp_path):
    (tmp_path / "up/sub").mkdir(parents=True)
    for name in ("a+b", "sub/c d"):
        (tmp_path / "up" / name).write_text(name)
    tree = f"{bucket}/tree"
    fs.put(f"{tmp_path}/up/", f"{tree}/", recursive=True)
    assert fs.find(tree) == [f"{tree}/a+b", f"{tree}/sub/c d"]
    fs.get(f"{tree}/", f"{tmp_path}/down/", recursive=True)
    assert [(tmp_path / "down" / name).read_text() for name in ("a+b", "sub/c d")] == ["a+b", "sub/c d"]
    fs.mv(f"{tree}/a+b", f"{tree}/e%f")
    assert fs.find(tree) == [f"{tree}/e%f", f"{tree}/sub/c d"]
    fs.rm(tree, recursive=True)
    assert fs.find(tree) == []


def test_a_bucket_is_made_emptied_and_removed(fs, s3, bucket):
    name = f"s3fs-{bucket}"
    fs.mkdir(name)
    fs.pipe({f"{name}/a+b": b"1", f"{name}/c/d": b"2"})
    fs.rm(name, recursive=True)
    assert error_of(s3.head_bucket, Bucket=name) == (404, "404")


def test_a_file_has_an_etag_tags_and_an_end(fs, bucket):
    path = f"{bucket}/k"
    fs.pipe(path, b"abc")
    assert fs.info(path)["ETag"] == '"900150983cd24fb0d6963f7d28e17f72"'
    assert isinstance(fs.checksum(path), int)
    assert fs.cat_file(path, start=-100) == b"abc"
    fs.put_tags(path, {"k": "v w"})
    assert fs.get_tags(path) == {"k": "v w"}


def test_a_file_written_in_blocks_is_read_anywhere(fs, bucket):
    with fs.open(f"{bucket}/big", "wb", block_size=5 << 20) as file:
        for number in range(12):
            file.write(bytes([number]) * (1 << 20))
    assert fs.info(f"{bucket}/big")["ETag"].strip('"').endswith("-3")
    with fs.open(f"{bucket}/big") as file:
        file.seek((7 << 20) - 1)
        assert file.read(2) == b"\x06\x07"


def table() -> pandas.DataFrame:
    return pandas.DataFrame({"value": range(100), "word": WORDS * 20})


def test_a_partitioned_table_is_read_whole_and_by_partition(fs, bucket, options):
    # pandas reads without s3fs unless it has options or a file system.
    path = f"s3://{bucket}/table"
    table().to_parquet(path, partition_cols=["word"], storage_options=options)
    back = pandas.read_parquet(path, storage_options=options)
    assert sorted(zip(back["value"], back["word"].astype(str))) == sorted(zip(table()["value"], table()["word"]))
    for word in WORDS:
        part = pandas.read_parquet(path, filters=[("word", "==", word)], storage_options=options)
        assert list(part["value"]) == list(table()[table()["word"] == word]["value"]), word
    assert len(pandas.read_parquet(f"{bucket}/table", filesystem=fs)) == 100
    assert pyarrow.dataset.dataset(f"{bucket}/table", filesystem=fs, partitioning="hive").count_rows() == 100


@pytest.mark.parametrize(
    ("write", "read"),
    [
        ("to_csv", pandas.read_csv),
        ("to_json", pandas.read_json),
        ("to_parquet", pandas.read_parquet),
        ("to_pickle", pandas.read_pickle),
    ],
)
def test_a_table_in_one_file_comes_back(bucket, options, write, read):
    path = f"s3://{bucket}/table +%41"
    index = {"index": False} if write == "to_csv" else {}
    getattr(table(), write)(path, storage_options=options, **index)
    back = read(path, storage_options=options)
    assert (list(back["value"]), list(back["word"])) == (list(table()["value"]), list(table()["word"]))
