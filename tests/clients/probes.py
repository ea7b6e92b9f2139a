"""Requests with one member set to a valid value, built from the shapes of botocore's models."""

import copy
import dataclasses
import datetime
import re

from conftest import ACCOUNT, BUCKET, IMAGE, REGION, ROLE

# Texts to try against a pattern, in this order.
TEXTS = [
    "set-by-test",
    "s3://%s/members/other/" % BUCKET,
    "text/x-test",
    "sg-0123456789",
    ROLE + "2",
    f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-plan/set-by-test",
    f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:mlflow-app/set-by-test",
    f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/set-by-test",
    f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/set-by-test/1",
    f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hub-content/hub/Model/m/1.0.0",
    f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hub-content/hub/DataSet/d/1.0.0",
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:set-by-test",
    f"arn:aws:sns:{REGION}:{ACCOUNT}:set-by-test",
    "fs-0123456789abcdef0",
]

# Values that must name something that exists, by the shape's name.
BY_SHAPE = {
    "AlgorithmImage": IMAGE.replace("latest", "2"),
    "ContainerImage": IMAGE.replace("latest", "2"),
    "Url": f"s3://{BUCKET}/members/2/model.tar.gz",
    "S3ModelUri": f"s3://{BUCKET}/members/other/",
    "ModelName": "members-2",
    "EndpointConfigName": "members-2",
    "MetricRegex": "auc=([0-9.]+);",
    "TrainingEnvironmentKey": "SET_BY_TEST",
    "EnvironmentKey": "SET_BY_TEST",
    "ServerlessMemorySizeInMB": 2048,
    "DirectoryPath": "/opt/ml/checkpoints/",
    "TagKey": "set-by-test",
}

# What a structure needs, beyond what its shape requires, by the shape's name.
NEEDED = {
    "ContainerDefinition": {"Image": IMAGE},
    "ProductionVariantServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5},
    "ModelDataSource": {"S3DataSource": {"S3Uri": f"s3://{BUCKET}/members/other/", "S3DataType": "S3Prefix", "CompressionType": "None"}},
    "TrafficRoutingConfig": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
}

# What cannot be given together with a member: its siblings with these names.
EXCLUDED = {
    "Containers": ["PrimaryContainer"],
    "ModelDataSource": ["ModelDataUrl"],
    "ServerlessConfig": ["InstanceType", "InitialInstanceCount"],
    "RollingUpdatePolicy": ["BlueGreenUpdatePolicy"],
}

# Sets of words that are too large to try them all.
MANY = 16


@dataclasses.dataclass(frozen=True, eq=False)
class Probe:
    """A member, by its path, and a value for it. `[]` in a path is an element of a list, `{}` a value of a map."""

    path: tuple
    value: object
    shape: object = dataclasses.field(repr=False)

    def __str__(self):
        return spelled(self.path)


def spelled(path: tuple) -> str:
    return ".".join(path).replace(".[]", "[]").replace(".{}", "{}")


def text(shape) -> str:
    """A text that the shape allows."""
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 10_000)
    pattern = shape.metadata.get("pattern", ".*").replace("\\p{Alnum}", "a-zA-Z0-9").replace("\\p{Print}", "[ -~]")
    pattern = re.sub(r"\\p\{[LZN]\}", r"\\w", pattern)
    pattern = ".*" if "\\uD800" in pattern else pattern
    for candidate in TEXTS:
        if least <= len(candidate) <= most and re.fullmatch(pattern, candidate):
            return candidate
    raise AssertionError(f"no text in TEXTS of probes.py is a {shape.name} ({pattern}, {least} to {most} letters); add one")


def values(shape) -> list:
    """Valid values of a member that is not a structure or a list: all words of a small set, otherwise one value."""
    if shape.name in BY_SHAPE:
        return [BY_SHAPE[shape.name]]
    if enum := getattr(shape, "enum", None):
        return list(enum) if len(enum) <= MANY else [enum[0], enum[-1]]
    least = shape.metadata.get("min", 0)
    return {
        "string": lambda: [text(shape)],
        "boolean": lambda: [True],
        "integer": lambda: [min(least + 1, shape.metadata.get("max", least + 1))],
        "long": lambda: [least + 1],
        "float": lambda: [0.5],
        "double": lambda: [0.5],
        "timestamp": lambda: [datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)],
        "map": lambda: [{values(shape.key)[0]: values(shape.value)[0]}],
    }[shape.type_name]()


def probes(shape, path: tuple = (), above: tuple = ()) -> list[Probe]:
    """Every member below a shape, with its values."""
    if shape.name in above:
        return []
    above = (*above, shape.name)
    if shape.type_name == "structure":
        return [probe for name, member in shape.members.items() for probe in probes(member, (*path, name), above)]
    if shape.type_name == "list":
        return probes(shape.member, (*path, "[]"), above)
    return [Probe(path, value, shape) for value in values(shape) if not isinstance(value, dict)] or [Probe(path, values(shape)[0], shape)]


def least(shape):
    """The least valid value of a shape: what is required, and nothing else."""
    if shape.type_name == "structure":
        made = {name: least(shape.members[name]) for name in shape.required_members}
        return {**made, **copy.deepcopy(NEEDED.get(shape.name, {}))}
    if shape.type_name == "list":
        return [least(shape.member)]
    return values(shape)[0]


def put(request: dict, shape, path: tuple, value) -> None:
    """Sets a member of a request, with whatever must be around it."""
    at, shape_at = request, shape
    for index, name in enumerate(path):
        last = index == len(path) - 1
        if name == "[]":
            shape_at = shape_at.member
            if last:
                at[0] = value
            else:
                at = at[0]
            continue
        for excluded in EXCLUDED.get(name, []):
            at.pop(excluded, None)
        shape_at = shape_at.members[name]
        if last:
            at[name] = value
        else:
            at = at.setdefault(name, least(shape_at))


def found(description, path: tuple, value) -> bool:
    """Whether a description has this value at this path."""
    if not path:
        if isinstance(value, dict) and isinstance(description, dict):
            return value.items() <= description.items()
        return description == value
    if path[0] == "[]":
        return isinstance(description, list) and any(found(element, path[1:], value) for element in description)
    return isinstance(description, dict) and path[0] in description and found(description[path[0]], path[1:], value)
