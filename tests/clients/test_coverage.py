"""docs/LOCAL_SERVER_COVERAGE.md: which of each service's operations the server implements, by asking it."""

import os
import pathlib

import botocore
import pytest

from conftest import Server
from every_operation import SERVICES, Outcome, outcomes

PAGE = pathlib.Path(__file__).parents[2] / "docs/LOCAL_SERVER_COVERAGE.md"

TITLES = {
    "s3": "S3",
    "sagemaker": "SageMaker",
    "sagemaker-runtime": "SageMaker Runtime",
    "logs": "CloudWatch Logs",
    "cloudwatch": "CloudWatch",
    "application-autoscaling": "Application Auto Scaling",
    "ecr": "ECR",
    "sts": "STS",
    "iam": "IAM",
}

START = """\
# The operations that the local server implements

<!-- Written by tests/clients/test_coverage.py with UPDATE=1 -->

Every operation in botocore's service models ({version}), as the server responds to it.
An operation that is not implemented is rejected by name and changes nothing: with 501 `NotImplemented` in S3, `InvalidAction` in STS and IAM, and `UnknownOperationException` in the other services.
[LOCAL_SERVER_MEMBERS.md](LOCAL_SERVER_MEMBERS.md) lists the members and values that an implemented operation rejects, and [LOCAL_SERVER.md](LOCAL_SERVER.md) says how to use the server.

| service | implemented | operations |
|---|---|---|
"""


@pytest.fixture(scope="module")
def found(clean_environment, tmp_path_factory) -> dict[str, list[Outcome]]:
    """The response to every operation, by service, from a server that no other test uses."""
    folder = tmp_path_factory.mktemp("coverage")
    calls = folder / "calls.jsonl"
    server = Server(folder / "fire", "--calls", str(calls))
    yield {service: outcomes(server, calls, service) for service in SERVICES}
    server.stop()


def page(found: dict[str, list[Outcome]]) -> str:
    lines, tables = [], []
    for service, title in TITLES.items():
        every = sorted(found[service], key=lambda outcome: (not outcome.implemented, outcome.operation))
        count = sum(outcome.implemented for outcome in every)
        lines.append(f"| [{title}](#{title.lower().replace(' ', '-')}) | {count} | {len(every)} |\n")
        rows = [f"| `{outcome.operation}` | {'yes' if outcome.implemented else '-'} |\n" for outcome in every]
        tables.append(f"\n## {title}\n\n| operation | implemented |\n|---|---|\n" + "".join(rows))
    return START.format(version=botocore.__version__) + "".join(lines + tables)


def test_the_page_says_which_operations_are_implemented(found):
    new = page(found)
    if os.environ.get("UPDATE"):
        PAGE.write_text(new)
    old = PAGE.read_text() if PAGE.exists() else ""
    changed = sorted(set(new.splitlines()) ^ set(old.splitlines()))
    assert new == old, f"{PAGE.name} is out of date; run this test with UPDATE=1. Lines that differ: {changed}"


@pytest.mark.parametrize("service", SERVICES)
def test_the_log_of_calls_has_the_names_of_the_api(found, service):
    wrong = {outcome.operation: outcome.logged for outcome in found[service] if outcome.logged != outcome.expected}
    assert not wrong, "names in the log of calls (for S3: services/s3/operation.rs) that are not those of the API"


@pytest.mark.parametrize("service", SERVICES)
def test_no_operation_makes_the_server_fail(found, service):
    failed = [outcome for outcome in found[service] if outcome.status >= 500 and outcome.status != 501]
    assert not failed


def test_an_operation_that_is_not_implemented_changes_nothing(found):
    harmful = [outcome for outcome in found["s3"] if not outcome.implemented and not outcome.intact]
    assert not harmful
    # The check sees a change when there is one.
    assert "DeleteObject" in {outcome.operation for outcome in found["s3"] if not outcome.intact}


def test_a_fault_can_affect_every_implemented_operation(found, tmp_path):
    names = sorted({outcome.expected for every in found.values() for outcome in every if outcome.implemented})
    faults = [word for name in names for word in ("--fault", f"{name}:1000000:InternalFailure")]
    # It does not start with a fault that it does not know.
    Server(tmp_path / "fire", *faults).stop()
