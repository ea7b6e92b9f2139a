"""polars, which reads S3 through Rust's object_store."""

import polars
import pytest

from conftest import REGION

WORDS = ["a b", "c+d", "e%f", "é"]
FRAME = polars.DataFrame({"value": range(40), "word": WORDS * 10})


@pytest.fixture(scope="session")
def options(server) -> dict[str, str]:
    return {
        "aws_endpoint_url": server.url,
        "aws_allow_http": "true",
        "aws_access_key_id": "any",
        "aws_secret_access_key": "thing",
        "aws_region": REGION,
    }


# The reader asks for the last 64 KiB first, and most files here are shorter.
@pytest.mark.parametrize("rows", [1, 40, 200_000])
def test_a_file_of_any_length_is_scanned(bucket, options, rows):
    path = f"s3://{bucket}/one +.parquet"
    frame = polars.DataFrame({"value": range(rows)}).with_columns(square=polars.col("value") ** 2)
    frame.write_parquet(path, storage_options=options)
    scanned = polars.scan_parquet(path, storage_options=options)
    assert scanned.collect().equals(frame)
    assert scanned.filter(polars.col("value") == rows - 1).select("square").collect().item() == (rows - 1) ** 2


def test_a_folder_is_scanned_by_a_pattern(bucket, options):
    for path in ("one.parquet", "k=1+2/two.parquet", "sub/deep/three é.parquet"):
        FRAME.write_parquet(f"s3://{bucket}/folder/{path}", storage_options=options)
    path = f"s3://{bucket}/folder/**/*.parquet"
    scanned = polars.scan_parquet(path, storage_options=options, hive_partitioning=False)
    assert scanned.collect().height == 3 * FRAME.height


def test_a_partitioned_table_is_scanned_whole_and_by_partition(bucket, options):
    for word in WORDS:
        part = FRAME.filter(polars.col("word") == word).drop("word")
        part.write_parquet(f"s3://{bucket}/parts/word={word.replace('%', '%25')}/0.parquet", storage_options=options)
    scanned = polars.scan_parquet(f"s3://{bucket}/parts/", storage_options=options, hive_partitioning=True)
    assert scanned.sort("value").select("value", "word").collect().equals(FRAME.select("value", "word"))
    for word in WORDS:
        assert scanned.filter(polars.col("word") == word).collect().height == 10, word


def test_a_csv_file_is_written_and_read(bucket, options):
    path = f"s3://{bucket}/table.csv"
    FRAME.write_csv(path, storage_options=options)
    assert polars.read_csv(path, storage_options=options).equals(FRAME)
