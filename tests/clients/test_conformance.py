"""Every answer has the shape that the service's own model says: members, required ones, types, closed sets of words.

The model is botocore's `service-2.json`; nothing of it is repeated here.
"""

import datetime
import json

import pytest
from botocore.exceptions import ClientError

from conftest import ROLE, create_config, create_model, await_endpoint
from test_endpoints import ROW

NUMBERS = {"float": (int, float), "double": (int, float), "integer": int, "long": int}


def flaws(shape, value, path: str) -> list[str]:
    """What about a value is not as its shape says."""
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{path}: {value!r} is no structure"]
        found = [f"{path}.{name} is missing" for name in shape.required_members if name not in value]
        found += [f"{path}.{name} is not in the model" for name in value if name not in shape.members and name != "__type"]
        for name, member in shape.members.items():
            if name in value:
                found += flaws(member, value[name], f"{path}.{name}")
        return found
    if kind == "list":
        if not isinstance(value, list):
            return [f"{path}: {value!r} is no list"]
        return [flaw for index, element in enumerate(value) for flaw in flaws(shape.member, element, f"{path}[{index}]")]
    if kind == "map":
        return [flaw for key, element in value.items() for flaw in flaws(shape.value, element, f"{path}[{key}]")]
    if kind == "timestamp":
        return [] if isinstance(value, (int, float, datetime.datetime)) and not isinstance(value, bool) else [f"{path}: {value!r} is no time"]
    if kind == "boolean":
        return [] if isinstance(value, bool) else [f"{path}: {value!r} is no truth value"]
    if kind in NUMBERS:
        return [] if isinstance(value, NUMBERS[kind]) and not isinstance(value, bool) else [f"{path}: {value!r} is no {kind}"]
    if kind == "string":
        if shape.name == "policyDocumentType" and isinstance(value, dict):
            return []  # botocore has unfolded it already
        if not isinstance(value, str):
            return [f"{path}: {value!r} is no text"]
        enum = getattr(shape, "enum", None)
        return [f"{path}: {value!r} is not one of {enum}"] if enum and value not in enum else []
    return []


class Judge:
    """Looks at every answer of the clients that it makes."""

    def __init__(self, server):
        self.server, self.judged = server, {}

    def client(self, service: str):
        client = self.server.client(service)
        client.meta.events.register("after-call", self.judge)
        return client

    def judge(self, http_response, parsed, model, **_):
        if http_response.status_code >= 300 or model.output_shape is None:
            return
        # Answers in XML, and those whose body is the model's own, are looked at as botocore has read them.
        kind = "" if model.has_streaming_output or "payload" in model.output_shape.serialization else http_response.headers.get("content-type", "")
        value = json.loads(http_response.content) if "json" in kind else {k: v for k, v in parsed.items() if k != "ResponseMetadata"}
        found = flaws(model.output_shape, value, model.name)
        assert not found, "\n".join(found)
        self.judged[model.name] = self.judged.get(model.name, 0) + 1


@pytest.fixture(scope="module")
def judge(server):
    return Judge(server)


def test_the_judge_sees_what_is_wrong(server):
    shape = server.client("sagemaker").meta.service_model.operation_model("DescribeEndpoint").output_shape
    good = {"EndpointName": "e", "EndpointArn": "a", "CreationTime": 1.5, "LastModifiedTime": 2, "EndpointStatus": "InService"}
    assert flaws(shape, good, "") == []
    for change in ({"EndpointStatus": "Fine"}, {"CreationTime": "now"}, {"Colour": "red"}, {"ProductionVariants": {}}):
        assert flaws(shape, {**good, **change}, "")
    assert flaws(shape, {"EndpointName": "e"}, "")


def test_answers_have_the_shapes_of_the_model(judge, data, trained, endpoint):
    sagemaker, logs, cloudwatch = (judge.client(service) for service in ("sagemaker", "logs", "cloudwatch"))
    name, job = endpoint["EndpointName"], trained["TrainingJobName"]
    sagemaker.describe_training_job(TrainingJobName=job)
    sagemaker.list_training_jobs()
    sagemaker.describe_endpoint(EndpointName=name)
    sagemaker.list_endpoints()
    create_model(sagemaker, "judged", trained["ModelArtifacts"]["S3ModelArtifacts"])
    sagemaker.describe_model(ModelName="judged")
    sagemaker.list_models()
    create_config(sagemaker, "judged", "judged", InstanceType="ml.m5.large")
    sagemaker.describe_endpoint_config(EndpointConfigName="judged")
    sagemaker.list_endpoint_configs()
    arn = sagemaker.create_endpoint(EndpointName="judged", EndpointConfigName="judged")["EndpointArn"]
    await_endpoint(sagemaker, "judged")
    sagemaker.update_endpoint(EndpointName="judged", EndpointConfigName="judged")
    await_endpoint(sagemaker, "judged")
    weights = [{"VariantName": "AllTraffic", "DesiredWeight": 0.5}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="judged", DesiredWeightsAndCapacities=weights)
    await_endpoint(sagemaker, "judged")
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    sagemaker.list_tags(ResourceArn=arn)
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    judge.client("sagemaker-runtime").invoke_endpoint(EndpointName="judged", ContentType="text/csv", Body=ROW)

    group = "/aws/sagemaker/TrainingJobs"
    logs.describe_log_groups()
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"])
    logs.filter_log_events(logGroupName=group)

    now = datetime.datetime.now(datetime.timezone.utc)
    time = {"StartTime": now - datetime.timedelta(hours=1), "EndTime": now + datetime.timedelta(minutes=1)}
    metric = cloudwatch.list_metrics(Namespace="/aws/sagemaker/TrainingJobs")["Metrics"][0]
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}
    assert cloudwatch.get_metric_data(MetricDataQueries=[query], **time)["MetricDataResults"][0]["Values"]
    assert cloudwatch.get_metric_statistics(**metric, Period=60, Statistics=["Sum"], **time)["Datapoints"]

    scaling = judge.client("application-autoscaling")
    place = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/judged/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=2)
    configuration = {"TargetValue": 7.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}}
    scaling.put_scaling_policy(
        **place, PolicyName="p", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=configuration
    )
    scaling.describe_scalable_targets(ServiceNamespace="sagemaker")
    scaling.describe_scaling_policies(ServiceNamespace="sagemaker")
    scaling.describe_scaling_activities(ServiceNamespace="sagemaker")
    scaling.delete_scaling_policy(**place, PolicyName="p")
    scaling.deregister_scalable_target(**place)

    ecr = judge.client("ecr")
    ecr.describe_repositories()
    ecr.describe_images(repositoryName="fire-container")
    ecr.batch_get_image(repositoryName="fire-container", imageIds=[{"imageTag": "latest"}])
    ecr.get_authorization_token()
    judge.client("iam").get_role(RoleName=ROLE.rsplit("/", 1)[1])
    judge.client("sts").get_caller_identity()
    sagemaker.delete_endpoint(EndpointName="judged")
    sagemaker.delete_endpoint_config(EndpointConfigName="judged")
    sagemaker.delete_model(ModelName="judged")
    assert len(judge.judged) >= 30, sorted(judge.judged)


def test_modelled_errors_are_those_of_the_model(judge):
    sagemaker = judge.client("sagemaker")
    with pytest.raises(ClientError) as refused:
        sagemaker.delete_training_job(TrainingJobName="nobody")
    modelled = {shape.name for shape in sagemaker.meta.service_model.operation_model("DeleteTrainingJob").error_shapes}
    assert refused.value.response["Error"]["Code"] in modelled
