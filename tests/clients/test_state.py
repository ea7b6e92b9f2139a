"""A server that is killed and started again."""

import json
import signal
import sqlite3
import subprocess
import time
import urllib.request

from conftest import BUCKET, await_endpoint, create_config, create_model, train, training_request, upload_data
from test_endpoints import invoke
from test_training import wait_for_secondary


def test_everything_finished_is_there_after_a_kill(own_server):
    s3, sagemaker = own_server.client("s3"), own_server.client("sagemaker")
    s3.create_bucket(Bucket=BUCKET)
    data = upload_data(s3, "data")
    before = train(sagemaker, training_request("kept", data))
    model = before["ModelArtifacts"]["S3ModelArtifacts"]
    create_model(sagemaker, "kept", model)
    create_config(sagemaker, "kept", "kept")
    sagemaker.create_endpoint(EndpointName="kept", EndpointConfigName="kept")
    await_endpoint(sagemaker, "kept")

    own_server.stop(signal.SIGKILL)
    own_server.start()

    s3, sagemaker = own_server.client("s3"), own_server.client("sagemaker")
    after = sagemaker.describe_training_job(TrainingJobName="kept")
    for member in ("TrainingJobStatus", "CreationTime", "FinalMetricDataList", "SecondaryStatusTransitions"):
        assert after[member] == before[member], member
    key = model.removeprefix(f"s3://{BUCKET}/")
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] > 0
    assert sagemaker.describe_model(ModelName="kept")["PrimaryContainer"]["ModelDataUrl"] == model
    assert json.loads(invoke(own_server, "kept")["Body"].read())["predictions"]
    assert sagemaker.describe_endpoint(EndpointName="kept")["EndpointStatus"] == "InService"


def test_a_job_that_was_cut_off_is_run_again_and_its_process_is_gone(own_server):
    s3, sagemaker = own_server.client("s3"), own_server.client("sagemaker")
    s3.create_bucket(Bucket=BUCKET)
    data = upload_data(s3, "data")
    parameters = {"algorithm": "random_forest", "n_estimators": "3000", "max_depth": "12"}
    sagemaker.create_training_job(**training_request("cut-off", data, HyperParameters=parameters))
    wait_for_secondary(sagemaker, "cut-off", "Training")
    time.sleep(0.3)
    with sqlite3.connect(own_server.state_dir / "state.db") as database:
        query = "SELECT record FROM records WHERE kind = 'training-jobs' AND name = 'cut-off'"
        (record,) = database.execute(query).fetchone()
    orphan = json.loads(record)["process"]["pid"]

    own_server.stop(signal.SIGKILL)
    own_server.start()

    sagemaker = own_server.client("sagemaker")
    steps = [step["Status"] for step in sagemaker.describe_training_job(TrainingJobName="cut-off")["SecondaryStatusTransitions"]]
    assert "Restarting" in steps
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(orphan)], capture_output=True, text=True).stdout.strip()
    assert state == "" or state.startswith("Z"), state
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName="cut-off", WaiterConfig={"Delay": 1, "MaxAttempts": 300})
    described = sagemaker.describe_training_job(TrainingJobName="cut-off")
    assert described["TrainingJobStatus"] == "Completed"


def test_the_server_says_what_it_is(own_server):
    card = json.loads((own_server.state_dir / "server.json").read_text())
    with urllib.request.urlopen(f"{own_server.url}/_local/health") as answer:
        health = json.loads(answer.read())
    assert card["url"] == own_server.url
    assert (health["pid"], health["build_id"]) == (card["pid"], card["build_id"])
    own_server.stop()
    assert not (own_server.state_dir / "server.json").exists()
