"""What the documentation shows its readers, typed as it stands there."""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import urllib.request

import pytest

from conftest import REGION, create_config, create_model, await_endpoint

# The sample inference request of the Python scripts' documentation, unchanged.
SNIPPET = '''
import boto3

sagemaker_runtime = boto3.client('sagemaker-runtime', region_name='us-east-1')

# Sample data (18 features)
test_data = "25.0,5.0,45.0,40.0,10.0,5.0,2.0,1.0,3.0,1.5,5.0,2.0,30.0,5.0,1.0,450.0,50.0,5.0"

response = sagemaker_runtime.invoke_endpoint(
    EndpointName='flir-scd41-best-model-endpoint',
    ContentType='text/csv',
    Body=test_data
)

result = response['Body'].read().decode()
print(f"Fire probability: {result}")
'''


def blocks(language: str):
    """The blocks of our own documents in a language, with their places."""
    root = pathlib.Path(__file__).parents[2]
    documents = {path for pattern in ("*.md", "docs/*.md", "crates/*/*.md", "bins/*/*.md") for path in root.glob(pattern)}
    # test_recipes.py runs what this page shows.
    for path in sorted(documents - {root / "docs/LOCAL_SERVER.md"}):
        text = path.read_text()
        for block in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, block.start()) + 1
            yield pytest.param(block.group(1), id=f"{path.relative_to(root)}:{line}")


def run(snippet: str, server) -> str:
    """What the snippet prints to somebody who has exported what the documents say, and nothing else."""
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    done = subprocess.run([sys.executable, "-c", snippet], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_answer(text: str):
    """One row's answer."""
    predictions = json.loads(text)["predictions"]
    assert len(predictions) == 1
    assert 0.0 <= predictions[0]["fire_probability"] <= 1.0
    assert isinstance(predictions[0]["fire_detected"], bool)


def test_the_sample_request_is_answered_with_a_probability(server, endpoint):
    check_answer(run(SNIPPET, server).removeprefix("Fire probability: "))


@pytest.mark.parametrize("snippet", blocks("python"))
def test_the_snippets_of_the_documents_are_answered(server, endpoint, snippet):
    printed = run(snippet, server)
    if "invoke_endpoint" in snippet:
        check_answer(printed[printed.index("{"):])


# Where nobody listens.
NOWHERE = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}


@pytest.mark.parametrize("block", [block for block in blocks("sh") if re.search(r"^aws ", block.values[0], re.MULTILINE)])
def test_every_aws_command_of_the_documents_is_understood(block, tmp_path):
    """It has passed the aws CLI's own parser and the service's model when there is nothing left but to connect."""
    script = block.replace("\\\n", " ")
    # Any file will do where a document names one, and an account's number where a variable stands.
    policy = tmp_path / "policy.json"
    policy.write_text("{}")
    script = re.sub(r"file://\S+", f"file://{policy}", script)
    script = re.sub(r"\$\{?[A-Z_]+\}?", "691595239825", script)
    commands = [line.split("  #")[0].strip() for line in re.split(r"[\n;]", script)]
    commands = [command for command in commands if command.startswith("aws ")]
    assert commands
    program = pathlib.Path(sys.executable).with_name("aws")
    for command in commands:
        environment = {**NOWHERE, "HOME": str(tmp_path)}
        words = [program, *shlex.split(command)[1:]]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
        assert "Could not connect" in done.stderr, f"{command}: {done.stderr}"


def the_block_with(text: str) -> str:
    """The one shell block of the documents that has this."""
    (block,) = [block.values[0] for block in blocks("sh") if text in block.values[0]]
    return block


def test_the_endpoint_answers_curl(server, endpoint):
    """The guide's request, sent by Python: the same header and body, without a client of AWS."""
    (command,) = [line for line in the_block_with("curl ").replace("\\\n", " ").splitlines() if line.startswith("curl ")]
    _, _, header, _, body, url = shlex.split(command)
    name, value = header.split(": ")
    url = url.replace("http://127.0.0.1:PORT", server.url)
    with urllib.request.urlopen(urllib.request.Request(url, body.encode(), {name: value}), timeout=60) as answer:
        check_answer(answer.read().decode())


def test_the_policies_are_filled_in(server, tmp_path):
    """The guide's loop, in a shell that has the aws CLI and this server."""
    script = the_block_with("docs/iam/").replace("/tmp/", f"{tmp_path}/")
    programs = pathlib.Path(sys.executable).parent
    environment = {**NOWHERE, "AWS_ENDPOINT_URL": server.url, "HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"}
    root = pathlib.Path(__file__).parents[2]
    subprocess.run(["sh", "-ec", script], env=environment, cwd=root, check=True, timeout=60)
    policies = list(tmp_path.glob("*.json"))
    assert policies
    for policy in policies:
        text = policy.read_text()
        assert json.loads(text)["Statement"]
        assert not re.search(r"ACCOUNT|REGION|BUCKET", text), policy.name
        assert "role-trust" in policy.name or "691595239825" in text, policy.name


def test_describe_training_job(server, trained):
    done = server.cli("sagemaker", "describe-training-job", "--training-job-name", trained["TrainingJobName"], "--region", REGION)
    assert done.returncode == 0, done.stderr
    described = json.loads(done.stdout)
    assert described["TrainingJobStatus"] == "Completed"
    assert described["ModelArtifacts"]["S3ModelArtifacts"].endswith("/output/model.tar.gz")


def test_list_training_jobs(server, trained):
    done = server.cli("sagemaker", "list-training-jobs", "--region", REGION)
    assert done.returncode == 0, done.stderr
    names = [job["TrainingJobName"] for job in json.loads(done.stdout)["TrainingJobSummaries"]]
    assert trained["TrainingJobName"] in names


def test_describe_endpoint(server, endpoint):
    done = server.cli("sagemaker", "describe-endpoint", "--endpoint-name", endpoint["EndpointName"], "--region", REGION)
    assert done.returncode == 0, done.stderr
    described = json.loads(done.stdout)
    assert described["EndpointStatus"] == "InService"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_delete_endpoint(server, sagemaker, trained):
    create_model(sagemaker, "to-be-deleted", trained["ModelArtifacts"]["S3ModelArtifacts"])
    create_config(sagemaker, "to-be-deleted", "to-be-deleted")
    sagemaker.create_endpoint(EndpointName="to-be-deleted", EndpointConfigName="to-be-deleted")
    await_endpoint(sagemaker, "to-be-deleted")
    done = server.cli("sagemaker", "delete-endpoint", "--endpoint-name", "to-be-deleted", "--region", REGION)
    assert done.returncode == 0, done.stderr
    waiter = sagemaker.get_waiter("endpoint_deleted")
    waiter.wait(EndpointName="to-be-deleted", WaiterConfig={"Delay": 1, "MaxAttempts": 40})
    again = server.cli("sagemaker", "describe-endpoint", "--endpoint-name", "to-be-deleted", "--region", REGION)
    assert again.returncode != 0
    assert "Could not find endpoint" in again.stderr


def test_the_callers_account_is_that_of_the_documented_bucket(server):
    done = server.cli("sts", "get-caller-identity", "--region", REGION)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Account"] == "691595239825"
    assert server.client("sts").get_caller_identity()["Arn"].startswith("arn:aws:iam::691595239825:")


def test_the_programs_folder_was_named():
    assert (pathlib.Path(os.environ["FIRE_BIN_DIR"]) / "fire-container").is_file()
