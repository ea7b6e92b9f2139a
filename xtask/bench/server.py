"""Measures the local server with boto3 and over plain HTTP, and prints what it found as a document of JSON.

    server.py PROGRAM DIRECTORY RUNS

A figure is a list with a value for each run. DIRECTORY is emptied first, and holds the states of two servers: one
with objects, one with records of training jobs. It is removed at the end.

Plain HTTP is `http.client` on one kept connection without a signature. boto3 takes longer for a call than the server
does, so only plain HTTP shows what the server takes.
"""

import contextlib
import http.client
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

import boto3
from botocore.config import Config

REGION, ACCOUNT = "us-east-1", "691595239825"
OBJECTS, PAGE, SMALL = 100_000, 1_000, bytes(100)
PARTS, PART = 1_000, 5 << 20  # S3's least size of a part that is not the last one.
RECORDS = 5_000
CALLS, WARM_UP = 1_000, 50  # Calls in one run whose median counts, and calls before them that do not count.
PAGES = 20  # Calls for one page in one run.
PUTS, THREADS = 4_000, 4

figures = defaultdict(list)


class Server:
    """A server on a state directory, which stops at the end of a `with` block."""

    def __init__(self, program, state):
        command = [program, "--port", "0", "--state-dir", state, "--idle-seconds", "600"]
        # The job's program is next to the state directory.
        environment = {**os.environ, "FIRE_BIN_DIR": str(state.parent)}
        started = time.perf_counter()
        with open(state.with_suffix(".log"), "ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        self.start_ms = milliseconds_since(started)
        if not line.startswith("listening on http://"):
            sys.exit(f"the server did not start: see {log.name}")
        self.url = line.removeprefix("listening on ").strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def client(self, service):
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="any", aws_secret_access_key="any",
            # A call that fails fails the benchmark.
            config=Config(retries={"total_max_attempts": 1}, read_timeout=600))

    def plain(self):
        return Plain(self.url.removeprefix("http://"))

    def resident_mb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e6


class Plain:
    """A kept connection."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=600)

    def call(self, method, path, body=None, headers={}):
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        if response.status != 200:
            sys.exit(f"{method} {path}: {response.status} {content.decode()}")
        return content

    def list_jobs(self, request):
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "SageMaker.ListTrainingJobs"}
        return json.loads(self.call("POST", "/", json.dumps(request), headers))


def milliseconds_since(started):
    return (time.perf_counter() - started) * 1e3


def timed(call):
    """The milliseconds that a call takes, and what it returns."""
    started = time.perf_counter()
    result = call()
    return milliseconds_since(started), result


def median_ms(call, calls=CALLS, warm_up=WARM_UP):
    for _ in range(warm_up):
        call()
    return statistics.median(timed(call)[0] for _ in range(calls))


def check(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found}, expected {expected}")


def put_rate(connect, count):
    """Objects a second that threads put, each with a function of its own from `connect`, which puts by number."""
    failed = []

    def work(thread):
        try:
            put = connect()
            for number in range(thread, count, THREADS):
                put(number)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=[thread]) for thread in range(THREADS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return count / (time.perf_counter() - started)


def plain_puts(server, prefix):
    def connect():
        plain = server.plain()
        return lambda number: plain.call("PUT", f"{prefix}{number:06}", SMALL)

    return connect


def measure_small_objects(server, s3, plain, run):
    figures["get_plain_ms"].append(median_ms(lambda: plain.call("GET", "/objects/data/000500")))
    get = lambda: s3.get_object(Bucket="objects", Key="data/000500")["Body"].read()
    check("bytes of an object", get(), SMALL)
    figures["get_boto3_ms"].append(median_ms(get))
    put = lambda number: s3.put_object(Bucket="puts", Key=f"boto3-{run}/{number:06}", Body=SMALL)
    figures["put_boto3_per_second"].append(put_rate(lambda: put, PUTS))
    figures["put_plain_per_second"].append(put_rate(plain_puts(server, f"/puts/plain-{run}/"), PUTS))


def measure_lists(s3, plain):
    for place, first in [("beginning", 0), ("middle", OBJECTS // 2), ("end", OBJECTS - PAGE)]:
        after = f"data/{first - 1:06}" if first else ""
        keys = [f"data/{number:06}" for number in range(first, first + PAGE)]
        path = f"/objects?list-type=2&start-after={after}"
        text = plain.call("GET", path).decode()
        check("keys of a page", [key.split("</Key>")[0] for key in text.split("<Key>")[1:]], keys)
        figures[f"page_{place}_plain_ms"].append(median_ms(lambda: plain.call("GET", path), PAGES, 0))
        page = lambda: s3.list_objects_v2(Bucket="objects", StartAfter=after)
        check("keys of a page", [entry["Key"] for entry in page()["Contents"]], keys)
        figures[f"page_{place}_boto3_ms"].append(median_ms(page, PAGES, 0))
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="objects")
    milliseconds, found = timed(lambda: sum(len(page["Contents"]) for page in pages))
    check("listed objects", found, OBJECTS)
    figures["paginator_seconds"].append(milliseconds / 1e3)


def measure_completion(s3, run):
    target = {"Bucket": "puts", "Key": f"large-{run}"}
    upload = {**target, "UploadId": s3.create_multipart_upload(**target)["UploadId"]}
    parts = []
    for number in range(1, PARTS + 1):
        part = s3.upload_part_copy(**upload, PartNumber=number, CopySource="puts/part")
        parts.append({"PartNumber": number, "ETag": part["CopyPartResult"]["ETag"]})
    complete = lambda: s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    milliseconds, _ = timed(complete)
    check("bytes of the upload", s3.head_object(**target)["ContentLength"], PARTS * PART)
    figures["complete_ms"].append(milliseconds)


def measure_objects(program, directory, runs):
    with Server(program, directory / "objects") as server:
        s3, plain = server.client("s3"), server.plain()
        for bucket in ["objects", "puts"]:
            s3.create_bucket(Bucket=bucket)
        # boto3 would send a CRC32 with it. The store shares the content only with an upload that has the same kind of
        # checksum, and an upload that asks for none has the one of an object that asks for none.
        plain.call("PUT", "/puts/part", bytes(PART))
        note(f"{OBJECTS:,} objects")
        put_rate(plain_puts(server, "/objects/data/"), OBJECTS)
        for run in range(runs):
            note(f"run {run + 1} of {runs}: objects")
            measure_small_objects(server, s3, plain, run)
            measure_lists(s3, plain)
            measure_completion(s3, run)


def run_job(server, name):
    """A job with a channel, hyperparameters and metrics, so that its record is as long as an ordinary one."""
    s3, sagemaker = server.client("s3"), server.client("sagemaker")
    s3.create_bucket(Bucket="jobs")
    s3.put_object(Bucket="jobs", Key="train/part-00000.csv", Body=SMALL)
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://jobs/train/", "S3DataDistributionType": "FullyReplicated"}
    sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/SageMakerExecutionRole",
        AlgorithmSpecification={
            "TrainingImage": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/fire-container:latest",
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": f"{part}:auc", "Regex": f"{part}:auc=([0-9.]+);"} for part in ["train", "validation"]],
        },
        HyperParameters={"algorithm": "random_forest", "n_estimators": "200", "max_depth": "10", "seed": "42"},
        InputDataConfig=[
            {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": "s3://jobs/models"},
        ResourceConfig={"InstanceType": "ml.m5.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
        Tags=[{"Key": "project", "Value": "benchmark"}])
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def copy_record(state, name):
    """Copies the record of a job to other names, ARNs and times, a second apart."""
    with contextlib.closing(sqlite3.connect(state / "state.db")) as database, database:
        database.row_factory = sqlite3.Row
        rows = database.execute("SELECT * FROM records WHERE name = ?", [name]).fetchall()
        check("records of the job", len(rows), 1)
        columns = rows[0].keys()
        insert = f"INSERT INTO records ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        for number in range(1, RECORDS):
            other, earlier = f"job-{number:04}", number * 1000
            row = {column: value.replace(name, other) if isinstance(value, str) else value
                   for column, value in dict(rows[0]).items()}
            record = json.loads(row["record"])
            for times in [record, *record["transitions"]]:
                for moment in ["created", "modified", "started", "ended", "start", "end"]:
                    if times.get(moment) is not None:
                        times[moment] -= earlier
            row.update(created=record["created"], modified=record["modified"], record=json.dumps(record))
            database.execute(insert, list(row.values()))


def page_through(list_jobs, size):
    """The median milliseconds of a page, from the first to the last one."""
    request, names, taken = dict(size), [], []
    while True:
        milliseconds, page = timed(lambda: list_jobs(request))
        taken.append(milliseconds)
        names += [job["TrainingJobName"] for job in page["TrainingJobSummaries"]]
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    check("listed jobs", (len(names), len(set(names))), (RECORDS, RECORDS))
    return statistics.median(taken)


def measure_records(program, directory, runs):
    state = directory / "records"
    job = directory / "fire-container"
    job.write_text("#!/bin/sh\necho 'train:auc=0.934; validation:auc=0.912;'\n")
    job.chmod(0o755)
    with Server(program, state) as server:
        run_job(server, "job-0000")
    copy_record(state, "job-0000")
    for run in range(runs):
        note(f"run {run + 1} of {runs}: records")
        with Server(program, state) as server:
            figures["start_ms"].append(server.start_ms)
            plain, sagemaker = server.plain(), server.client("sagemaker")
            for pages, size in [("default", {}), ("100", {"MaxResults": 100})]:
                figures[f"jobs_{pages}_plain_ms"].append(page_through(plain.list_jobs, size))
                by_boto3 = page_through(lambda request: sagemaker.list_training_jobs(**request), size)
                figures[f"jobs_{pages}_boto3_ms"].append(by_boto3)
            figures["resident_mb"].append(server.resident_mb())
            # A copy is a record like any other.
            described = sagemaker.describe_training_job(TrainingJobName=f"job-{RECORDS - 1:04}")
            check("the copy's metrics", len(described["FinalMetricDataList"]), 2)


def note(text):
    print(text, file=sys.stderr, flush=True)


def main(program, directory, runs):
    # The user's settings for AWS and for the server must not change what is measured.
    for name in [name for name in os.environ if name.startswith(("AWS_", "FIRE_"))]:
        del os.environ[name]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    measure_objects(program, directory, runs)
    measure_records(program, directory, runs)
    shutil.rmtree(directory)
    versions = {"Python": sys.version.split()[0], "boto3": boto3.__version__}
    print(json.dumps({"versions": versions, "figures": figures}))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute(), int(sys.argv[3]))
