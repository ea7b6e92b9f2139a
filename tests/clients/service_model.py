"""The request shapes of the operations that the local server implements, as botocore's model has them.

The server checks requests against `crates/local-sagemaker/src/protocol/shapes.json`, which this program writes:

    python tests/clients/service_model.py
"""

import json
import pathlib
import re

import botocore
import botocore.session

FILE = pathlib.Path(__file__).parents[2] / "crates/local-sagemaker/src/protocol/shapes.json"

OPERATIONS = {
    "sagemaker": (
        "AddTags CreateEndpoint CreateEndpointConfig CreateModel CreateTrainingJob DeleteEndpoint DeleteEndpointConfig "
        "DeleteModel DeleteTags DeleteTrainingJob DescribeEndpoint DescribeEndpointConfig DescribeModel DescribeTrainingJob "
        "ListEndpointConfigs ListEndpoints ListModels ListTags ListTrainingJobs StopTrainingJob UpdateEndpoint "
        "UpdateEndpointWeightsAndCapacities"
    ).split(),
    "application-autoscaling": (
        "DeleteScalingPolicy DeregisterScalableTarget DescribeScalableTargets DescribeScalingActivities "
        "DescribeScalingPolicies PutScalingPolicy RegisterScalableTarget"
    ).split(),
}

# Patterns that exclude no text worth rejecting: `.` excludes line breaks in Java, which nothing here depends on.
EVERYTHING = {".*", "[\\S\\s]*", "[\\s\\S]+", ".+"}


def pattern(text: str) -> str | None:
    """A pattern in the syntax of Rust's `regex`; None if it excludes nothing or cannot be expressed."""
    if text in EVERYTHING or "(?<" in text or "(?!" in text or "\\uD800" in text:
        return None
    return text.replace("\\p{Alnum}", "a-zA-Z0-9").replace("\\p{Print}", "[ -~]")


def rules(shape) -> dict:
    """The rules of one shape; members refer to other shapes by name."""
    found = {"type": shape.type_name}
    found |= {name: shape.metadata[name] for name in ("min", "max") if name in shape.metadata}
    if shape.metadata.get("pattern") and (text := pattern(shape.metadata["pattern"])):
        found["pattern"] = text
    if enum := getattr(shape, "enum", None):
        found["enum"] = enum
    if shape.type_name == "structure":
        found["members"] = {name: member.name for name, member in shape.members.items()}
        if shape.required_members:
            found["required"] = shape.required_members
    elif shape.type_name == "list":
        found["member"] = shape.member.name
    elif shape.type_name == "map":
        found |= {"key": shape.key.name, "value": shape.value.name}
    return found


def children(shape) -> list:
    return {"structure": lambda: list(shape.members.values()), "list": lambda: [shape.member], "map": lambda: [shape.key, shape.value]}.get(
        shape.type_name, list
    )()


def extract() -> dict:
    session = botocore.session.Session()
    services = {}
    for service, operations in OPERATIONS.items():
        model, shapes, requests = session.get_service_model(service), {}, {}
        for operation in operations:
            first = model.operation_model(operation).input_shape
            requests[operation] = first.name
            waiting = [first]
            while waiting:
                shape = waiting.pop()
                if shape.name not in shapes:
                    shapes[shape.name] = rules(shape)
                    waiting += children(shape)
        services[service] = {"operations": requests, "shapes": dict(sorted(shapes.items()))}
    return {"source": f"botocore {botocore.__version__}", "services": services}


def text(extracted: dict) -> str:
    """One line per shape, so that a change is readable as a difference."""
    pretty = json.dumps(extracted, indent=1)
    lines = []
    for service, found in extracted["services"].items():
        shapes = ",\n".join(f"   {json.dumps(name)}: {json.dumps(rule)}" for name, rule in found["shapes"].items())
        operations = json.dumps(found["operations"])
        lines.append(f' {json.dumps(service)}: {{\n  "operations": {operations},\n  "shapes": {{\n{shapes}\n  }}\n }}')
    source, services = json.dumps(extracted["source"]), ",\n".join(lines)
    written = f'{{"source": {source}, "services": {{\n{services}\n}}}}\n'
    assert json.loads(written) == json.loads(pretty)
    return written


if __name__ == "__main__":
    FILE.write_text(text(extract()))
    print(f"wrote {FILE}")
