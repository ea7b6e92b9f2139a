"""One request for each operation in botocore's service models, and how the server responds to it.

The requests are sent as botocore serializes them, but without a client, whose checks would reject most of them:
they contain what the model requires, and nothing else. Names and ARNs are invented, because a server decides
whether it knows an operation before it looks at them.
"""

import contextlib
import dataclasses
import datetime
import http
import http.client
import json
import pathlib
import urllib.parse

import botocore.awsrequest
import botocore.parsers
import botocore.serialize
import botocore.session

from conftest import REGION, Server

# The services that the server has, by botocore's name.
SERVICES = ["s3", "sagemaker", "sagemaker-runtime", "logs", "cloudwatch", "application-autoscaling", "ecr", "sts", "iam"]

BUCKET, KEY, CONTENT = "every-operation", "every/operation", b"what an operation must not replace by accident"

# Error codes that say that an operation is not implemented, in the words of its service.
UNKNOWN = {"NotImplemented", "UnknownOperationException", "UnknownOperation", "InvalidAction"}

# Former names of operations: the same request, in which the name does not appear.
FORMER = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
}

# Operations that AWS serves at another address, where the same request means something else.
ELSEWHERE = {"ListDirectoryBuckets": "ListBuckets"}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The response to one operation."""

    operation: str
    # HTTP status, and the error's code, empty without an error.
    status: int
    code: str
    # The name in the server's log of calls.
    logged: str
    # Whether S3's object is still what it was.
    intact: bool = True

    @property
    def implemented(self) -> bool:
        # There is no body in the response to HEAD, and so no code.
        known = self.code not in UNKNOWN and self.status != http.HTTPStatus.NOT_IMPLEMENTED
        return known and self.logged == self.expected and self.operation not in ELSEWHERE

    @property
    def expected(self) -> str:
        """The name under which the call must be in the log."""
        return FORMER.get(self.operation) or ELSEWHERE.get(self.operation, self.operation)


def least(shape, name: str = ""):
    """The least value of a shape: what is required and the body, and nothing else."""
    minimum = shape.metadata.get("min", 0)
    if name in ("Bucket", "Key", "CopySource"):
        return {"Bucket": BUCKET, "Key": KEY, "CopySource": f"{BUCKET}/{KEY}"}[name]
    if enum := getattr(shape, "enum", None):
        return enum[0]
    return {
        "structure": lambda: {name: least(shape.members[name], name) for name in needed(shape)},
        "list": lambda: [least(shape.member)] * max(1, minimum),
        "map": lambda: {least(shape.key): least(shape.value)},
        "string": lambda: "a" * max(1, minimum),
        "blob": lambda: b"a",
        "boolean": lambda: True,
        "timestamp": lambda: datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    }.get(shape.type_name, lambda: max(1, minimum))()


def needed(shape) -> list[str]:
    """The members that a request must have."""
    payload = shape.serialization.get("payload")
    return [*shape.required_members, *([payload] if payload and payload not in shape.required_members else [])]


@dataclasses.dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    headers: botocore.awsrequest.HeadersDict
    body: bytes


def send(server: Server, method: str, path: str, body: bytes | str | None = None, headers: dict | None = None) -> Response:
    """Sends a request over a connection of its own."""
    host = server.url.removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        connection.request(method, path, body or None, headers or {})
        response = connection.getresponse()
        return Response(response.status, botocore.awsrequest.HeadersDict(response.getheaders()), response.read())


class Caller:
    """Sends the operations of one service."""

    def __init__(self, server: Server, calls: pathlib.Path, service: str):
        self.server, self.calls = server, calls
        self.model = botocore.session.Session().get_service_model(service)
        protocol = self.model.resolved_protocol
        self.serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
        self.parser = botocore.parsers.create_parser(protocol)

    def call(self, operation: str) -> Outcome:
        """Sends the operation once."""
        model = self.model.operation_model(operation)
        parameters = least(model.input_shape) if model.input_shape else {}
        before = len(self.log())
        response = self.send(self.serializer.serialize_to_request(parameters, model))
        code = ""
        if response.status >= 300:
            parts = {"status_code": response.status, "headers": response.headers, "body": response.body}
            code = self.parser.parse(parts, model.output_shape)["Error"]["Code"]
        return Outcome(operation, response.status, code, self.logged(before))

    def send(self, request: dict) -> Response:
        """Sends a serialized request, with the service's name in a signature that nothing verifies."""
        query = request["query_string"]
        query = urllib.parse.urlencode(query) if isinstance(query, dict) else query
        path = request["url_path"]
        path = path + ("&" if "?" in path else "?") + query if query else path
        body = request["body"]
        body = urllib.parse.urlencode(body) if isinstance(body, dict) else body
        scope = f"AKLOCAL/20260101/{REGION}/{self.model.signing_name}/aws4_request"
        signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        return send(self.server, request["method"], path, body, {"Authorization": signature, **request["headers"]})

    def log(self) -> list[str]:
        return self.calls.read_text().splitlines()

    def logged(self, before: int) -> str:
        """The name of the call that comes after so many others in the log, which has it before the response."""
        (line,) = self.log()[before:]
        return json.loads(line)["operation"]


def outcomes(server: Server, calls: pathlib.Path, service: str) -> list[Outcome]:
    """How the server responds to every operation of a service. In S3, there is a bucket with an object before each."""
    caller = Caller(server, calls, service)
    found = []
    for operation in caller.model.operation_names:
        if service == "s3":
            assert send(server, "PUT", f"/{BUCKET}").status in (200, 409)
            assert send(server, "PUT", f"/{BUCKET}/{KEY}", CONTENT).status == 200
        outcome = caller.call(operation)
        if service == "s3":
            outcome = dataclasses.replace(outcome, intact=send(server, "GET", f"/{BUCKET}/{KEY}").body == CONTENT)
        found.append(outcome)
    return found
