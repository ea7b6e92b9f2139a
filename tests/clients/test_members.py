"""Nothing is accepted and dropped: every member of every request that creates or changes something.

Each is set to a valid value, as botocore's model has it, and one of three things must come of it: the corresponding
read returns the value; the call is rejected with an error that names the member; or docs/LOCAL_SERVER_MEMBERS.md lists
the member, with the reason why no read returns it. The page's lists of what is rejected are renewed with UPDATE=1.
"""

import copy
import dataclasses
import itertools
import json
import os
import pathlib
import re
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import service_model
from conftest import BUCKET, IMAGE, REGION, ROLE, await_endpoint, channel
from probes import Probe, found, probes, put, spelled

PAGE = pathlib.Path(__file__).parents[2] / "docs/LOCAL_SERVER_MEMBERS.md"
NUMBERS = itertools.count()


class Operation:
    """An operation: a valid request, what spoils it after all members have been checked, and the read."""

    service = "sagemaker"
    # The error that a spoilt request ends with if nothing else is wrong.
    spoilt_by = None
    # Where the read has a member under another name.
    renamed = {}
    # The only valid values of some members, by their paths.
    given = {}
    # Further values to try, by the members' paths.
    also = {}

    def __init__(self, world):
        self.client, self.world = world.clients[self.service], world
        self.shape = self.client.meta.service_model.operation_model(self.name).input_shape

    @property
    def name(self) -> str:
        return type(self).__name__

    def call(self, request: dict):
        return getattr(self.client, re.sub(r"(?<!^)(?=[A-Z])", "_", self.name).lower())(**request)

    def arrange(self, request: dict):
        """Makes members fit each other."""

    def spoil(self, request: dict):
        """Makes a request fail at the last moment, so that trying a member starts no process."""

    def build(self, tried: list[Probe]) -> dict:
        """A request with these members."""
        request = copy.deepcopy(self.request(f"members-{next(NUMBERS)}"))
        for probe in tried:
            put(request, self.shape, probe.path, probe.value)
        self.arrange(request)
        for member in self.unique:
            request[member] = self.request(f"members-{next(NUMBERS)}")[member]
        return request

    def send(self, tried: list[Probe], spoilt: bool):
        """Sends a request with these members; gives what the read returns, or the error."""
        request = self.build(tried)
        if spoilt:
            self.spoil(request)
        try:
            self.call(request)
        except ClientError as error:
            return None, error.response["Error"]["Message"]
        return ({} if spoilt else self.read(request)), None


class CreateTrainingJob(Operation):
    unique, spoilt_by = ["TrainingJobName"], "No S3 objects found"
    also = {"ResourceConfig.InstanceCount": [2], "CheckpointConfig.LocalPath": ["/tmp/checkpoints"]}

    def request(self, name):
        return {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {"algorithm": "random_forest", "n_estimators": "1"},
            "InputDataConfig": [channel("train", f"s3://{BUCKET}/members/rows/"), channel("validation", f"s3://{BUCKET}/members/rows/")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/members/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
        }

    def spoil(self, request):
        request["InputDataConfig"][1] = channel("validation", f"s3://{BUCKET}/members/nothing/")

    def read(self, request):
        name = request["TrainingJobName"]
        job = self.client.describe_training_job(TrainingJobName=name)
        return {**job, "Tags": self.client.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]}


class CreateModel(Operation):
    unique = ["ModelName"]

    def request(self, name):
        return {"ModelName": name, "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/members/1/model.tar.gz"}}

    def arrange(self, request):
        for container in [request.get("PrimaryContainer"), *request.get("Containers", [])]:
            source = (container or {}).get("ModelDataSource", {}).get("S3DataSource", {})
            if "S3Object" in source.values() or "Gzip" in source.values():
                source |= {"S3DataType": "S3Object", "S3Uri": f"s3://{BUCKET}/members/other/model.tar.gz"}

    def read(self, request):
        model = self.client.describe_model(ModelName=request["ModelName"])
        return {**model, "Tags": self.client.list_tags(ResourceArn=model["ModelArn"])["Tags"]}


class CreateEndpointConfig(Operation):
    unique = ["EndpointConfigName"]

    def request(self, name):
        variant = {"VariantName": "A", "ModelName": "members-1", "InitialInstanceCount": 1, "InstanceType": "ml.t2.medium"}
        return {"EndpointConfigName": name, "ProductionVariants": [variant]}

    def read(self, request):
        config = self.client.describe_endpoint_config(EndpointConfigName=request["EndpointConfigName"])
        return {**config, "Tags": self.client.list_tags(ResourceArn=config["EndpointConfigArn"])["Tags"]}


class CreateEndpoint(Operation):
    unique, spoilt_by = ["EndpointName"], "Could not find endpoint configuration"
    renamed = {"DeploymentConfig": "LastDeploymentConfig"}

    def request(self, name):
        return {"EndpointName": name, "EndpointConfigName": "members-1"}

    def spoil(self, request):
        request["EndpointConfigName"] = "members-nothing"

    def read(self, request):
        name = request["EndpointName"]
        endpoint = await_endpoint(self.client, name)
        tags = self.client.list_tags(ResourceArn=endpoint["EndpointArn"])["Tags"]
        if name != self.world.endpoint:
            self.client.delete_endpoint(EndpointName=name)
        return {**endpoint, "Tags": tags}


class UpdateEndpoint(CreateEndpoint):
    unique = ["EndpointName"]

    def request(self, name):
        return {"EndpointName": self.world.endpoint, "EndpointConfigName": "members-1"}


class UpdateEndpointWeightsAndCapacities(Operation):
    unique, spoilt_by = ["EndpointName"], "Could not find production variant"
    renamed = {"DesiredWeightsAndCapacities": "ProductionVariants"}
    given = {"DesiredWeightsAndCapacities[].VariantName": "A"}

    def request(self, name):
        return {"EndpointName": self.world.endpoint, "DesiredWeightsAndCapacities": [{"VariantName": "A"}]}

    def spoil(self, request):
        request["DesiredWeightsAndCapacities"].append({"VariantName": "nothing"})

    def read(self, request):
        return await_endpoint(self.client, self.world.endpoint)


class RegisterScalableTarget(Operation):
    service, unique = "application-autoscaling", []
    given = {"ResourceId": "endpoint/members/variant/A"}
    target = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}

    def request(self, name):
        return {**self.target, "ResourceId": f"endpoint/{self.world.endpoint}/variant/A", "MinCapacity": 1, "MaxCapacity": 2}

    def read(self, request):
        return self.client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]


class PutScalingPolicy(RegisterScalableTarget):
    def request(self, name):
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        tracking = {"TargetValue": 100.0, "PredefinedMetricSpecification": metric}
        place = {**self.target, "ResourceId": f"endpoint/{self.world.endpoint}/variant/A"}
        return {**place, "PolicyName": name, "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": tracking}

    def read(self, request):
        policies = self.client.describe_scaling_policies(ServiceNamespace="sagemaker", PolicyNames=[request["PolicyName"]])
        return policies["ScalingPolicies"][0]


CHANGES = [
    CreateTrainingJob,
    CreateModel,
    CreateEndpointConfig,
    CreateEndpoint,
    UpdateEndpoint,
    UpdateEndpointWeightsAndCapacities,
    RegisterScalableTarget,
    PutScalingPolicy,
]


class World:
    """What the requests refer to: data, models, a configuration, and endpoints to change."""

    def __init__(self, server, s3, trained):
        config = Config(retries={"max_attempts": 1}, parameter_validation=False)
        self.url, keys = server.url, {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
        self.clients = {
            service: boto3.client(service, endpoint_url=server.url, region_name=REGION, config=config, **keys)
            for service in ("sagemaker", "application-autoscaling")
        }
        self.endpoint = "members"
        bucket, _, key = trained["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
        for copy_of in ("1/model.tar.gz", "2/model.tar.gz", "other/model.tar.gz"):
            s3.copy_object(Bucket=BUCKET, Key=f"members/{copy_of}", CopySource={"Bucket": bucket, "Key": key})
        s3.put_object(Bucket=BUCKET, Key="members/rows/part.csv", Body=b"no rows, so the jobs end at once")
        sagemaker = self.clients["sagemaker"]
        for number in (1, 2):
            name, data = f"members-{number}", f"s3://{BUCKET}/members/{number}/model.tar.gz"
            sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": IMAGE, "ModelDataUrl": data})
            variant = {"VariantName": "A", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
            sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=self.endpoint, EndpointConfigName="members-1")
        await_endpoint(sagemaker, self.endpoint)
        target = RegisterScalableTarget(self)
        target.call(target.request(""))


@pytest.fixture(scope="module")
def world(server, s3, trained):
    world = World(server, s3, trained)
    yield world
    world.clients["sagemaker"].delete_endpoint(EndpointName=world.endpoint)


def rejection(operation: Operation, probe: Probe) -> str | None:
    """Why a member with this value is rejected; None if it is accepted."""
    _, error = operation.send([probe], spoilt=True)
    if error is None or (operation.spoilt_by and operation.spoilt_by in error):
        return None
    at, names = operation.request("any"), [probe.path[-1]]
    for name in probe.path:
        at = at[0] if name == "[]" and at else (at or {}).get(name)
        names += [name] if at is None else []
    assert any(name.lower() in error.lower() for name in names), f"{operation.name} {probe} = {probe.value!r}: {error}"
    return error


def returned(operation: Operation, accepted: list[Probe]) -> set[Probe]:
    """Those of the accepted members that the read returns; as few requests as possible."""
    waiting, shown = list(accepted), set()
    while waiting:
        batch = []
        for probe in waiting:
            # One value for each member, and no members that exclude each other.
            request = operation.build([*batch, probe])
            if all(probe.path[0] in operation.unique or found(request, probe.path, probe.value) for probe in [*batch, probe]):
                batch.append(probe)
        waiting = [probe for probe in waiting if probe not in batch]
        shown |= read_back(operation, batch)
    return shown


def read_back(operation: Operation, batch: list[Probe]) -> set[Probe]:
    """Sends a batch in one request, or in two if its members exclude each other."""
    description, error = operation.send(batch, spoilt=False)
    if description is not None:
        rename = lambda path: (operation.renamed.get(path[0], path[0]), *path[1:])
        own = lambda probe: probe.path[0] in operation.unique
        return {probe for probe in batch if own(probe) or found(description, rename(probe.path), probe.value)}
    assert len(batch) > 1, f"{operation.name} {batch[0]} = {batch[0].value!r} is accepted and then rejected: {error}"
    half = len(batch) // 2
    return read_back(operation, batch[:half]) | read_back(operation, batch[half:])


def excused() -> dict[tuple, str]:
    """The members that the page excuses, with their reasons, by operation and path."""
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| (.+?) \|$", PAGE.read_text(), re.MULTILINE)
    return {(operation, path): reason for operation, path, reason in rows}


@pytest.mark.parametrize("kind", CHANGES, ids=lambda kind: kind.__name__)
def test_a_member_is_returned_rejected_by_name_or_excused(world, kind):
    operation = kind(world)
    every = []
    for probe in probes(operation.shape):
        for value in [operation.given.get(str(probe), probe.value), *operation.also.get(str(probe), [])]:
            every.append(dataclasses.replace(probe, value=value))
    reasons = {probe: rejection(operation, probe) for probe in every}
    accepted = [probe for probe in every if reasons[probe] is None]
    shown = returned(operation, accepted)
    dropped = {spelled(probe.path) for probe in accepted if probe not in shown}
    excuses = {path for name, path in excused() if name == operation.name}
    lost = sorted(dropped - excuses)
    assert not lost, (
        f"{operation.name} accepts these members and no read returns them: {lost}. Act on them and describe them, reject "
        f"them by name (LIMITS in services/members.rs), or list them with a reason in {PAGE.name}."
    )
    assert not excuses - dropped, f"{PAGE.name} excuses members of {operation.name} without need: {sorted(excuses - dropped)}"
    check_page(operation.name, sorted({reason for reason in reasons.values() if reason}))


def check_page(operation: str, reasons: list[str]):
    """The page's list of what an operation rejects is up to date."""
    said = [re.fullmatch(r"The local server does not support (\S+)( .*)?; (.*)\.", reason) for reason in reasons]
    lines = "".join(f"- `{match[1]}`{' `' + match[2].strip() + '`' if match[2] else ''}: {match[3]}\n" for match in said if match)
    block = f"<!-- rejected: {operation} -->\n{lines}<!-- end -->"
    page = PAGE.read_text()
    start = f"<!-- rejected: {operation} -->\n"
    assert start in page, f"{PAGE.name} has no list of what {operation} rejects; add the lines `{start}<!-- end -->`"
    renewed = re.sub(re.escape(start) + r".*?<!-- end -->", lambda _: block, page, flags=re.DOTALL)
    if os.environ.get("UPDATE"):
        PAGE.write_text(renewed)
    assert renewed == page or os.environ.get("UPDATE"), f"{PAGE.name} is out of date about {operation}; run this test with UPDATE=1"


@pytest.mark.parametrize("service", service_model.OPERATIONS)
def test_every_constraint_of_the_model_is_checked(world, service):
    client = world.clients[service]
    for name in service_model.OPERATIONS[service]:
        shape = client.meta.service_model.operation_model(name).input_shape
        operation = next((kind(world) for kind in CHANGES if kind.__name__ == name), None)
        for probe in probes(shape):
            for value in broken(probe.shape):
                request = copy.deepcopy(operation.request("broken")) if operation else {}
                put(request, shape, probe.path, value)
                method = getattr(client, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())
                with pytest.raises(ClientError) as error:
                    method(**request)
                code, message = error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]
                member = next(part for part in reversed(probe.path) if part not in ("[]", "{}"))
                assert code in ("ValidationException", "SerializationException"), f"{name} {probe} = {value!r}: {code} {message}"
                assert member.lower() in message.lower(), f"{name} {probe} = {value!r}: {message}"


def broken(shape) -> list:
    """Values that a shape excludes."""
    values = []
    if getattr(shape, "enum", None):
        values.append("blah")
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in ("integer", "long", "float", "double"):
        values += [bound for bound in (least - 1 if least is not None else None, most + 1 if most is not None else None) if bound is not None]
        values += ["text"] if shape.type_name in ("integer", "long") else []
    elif shape.type_name == "string" and most is not None and most < 3000:
        values.append("a" * (most + 1))
    elif shape.type_name == "boolean":
        values.append("yes")
    return values


def test_the_shapes_are_those_of_botocore():
    kept, new = json.loads(service_model.FILE.read_text()), service_model.extract()
    known = {(service, name, member) for service, model in kept["services"].items() for name, shape in model["shapes"].items() for member in shape.get("members", ())}
    members = {(service, name, member) for service, model in new["services"].items() for name, shape in model["shapes"].items() for member in shape.get("members", ())}
    assert kept == new, (
        f"{service_model.FILE.name} is of {kept['source']}, and this is {new['source']}. "
        f"New members: {sorted(members - known)}; gone: {sorted(known - members)}. Run `python tests/clients/service_model.py`, "
        "build the server, and run test_members.py: it says which of the new members are accepted and dropped. Decide for each "
        "whether to act on it, to reject it (LIMITS in services/members.rs) or to excuse it in docs/LOCAL_SERVER_MEMBERS.md."
    )


@pytest.mark.parametrize("service, target", [("sagemaker", "SageMaker"), ("application-autoscaling", "AnyScaleFrontendService")])
def test_the_server_implements_the_operations_that_are_checked(world, service, target):
    implemented = []
    for name in world.clients[service].meta.service_model.operation_names:
        headers = {"X-Amz-Target": f"{target}.{name}", "Content-Type": "application/x-amz-json-1.1"}
        try:
            urllib.request.urlopen(urllib.request.Request(world.url, b"{}", headers)).close()
            implemented.append(name)
        except urllib.error.HTTPError as error:
            if json.loads(error.read())["__type"] != "UnknownOperationException":
                implemented.append(name)
    assert sorted(implemented) == sorted(service_model.OPERATIONS[service]), "OPERATIONS in service_model.py is not what the server implements"
    changes = [name for name in implemented if re.match("Create|Update|Put|Register", name)]
    assert set(changes) <= {kind.__name__ for kind in CHANGES}, "add an Operation to test_members.py"
