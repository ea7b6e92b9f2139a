"""Data capture through boto3: what is asked and answered, in S3."""

import json
import re
import time

from conftest import BUCKET, await_endpoint, create_model
from test_endpoints import ROW, invoke


def test_requests_and_answers_are_in_s3(server, s3, sagemaker, trained):
    create_model(sagemaker, "captured", trained["ModelArtifacts"]["S3ModelArtifacts"])
    sagemaker.create_endpoint_config(
        EndpointConfigName="captured",
        ProductionVariants=[{"VariantName": "A", "ModelName": "captured", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{BUCKET}/capture",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        },
    )
    sagemaker.create_endpoint(EndpointName="captured", EndpointConfigName="captured")
    described = await_endpoint(sagemaker, "captured")
    assert described["DataCaptureConfig"]["CaptureStatus"] == "Started"
    answers = [invoke(server, "captured", InferenceId=f"row-{number}")["Body"].read().decode() for number in range(3)]
    lines, deadline = [], time.monotonic() + 30
    while len(lines) < 3 and time.monotonic() < deadline:
        time.sleep(0.2)
        objects = s3.list_objects_v2(Bucket=BUCKET, Prefix="capture/captured/A/").get("Contents", [])
        assert all(re.fullmatch(r"capture/captured/A/\d{4}/\d\d/\d\d/\d\d/[^/]+\.jsonl", entry["Key"]) for entry in objects)
        texts = [s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read().decode() for entry in objects]
        lines = [json.loads(line) for text in texts for line in text.splitlines()]
    lines.sort(key=lambda line: line["eventMetadata"]["inferenceId"])
    assert [line["captureData"]["endpointInput"]["data"] for line in lines] == [ROW] * 3
    assert [line["captureData"]["endpointOutput"]["data"] for line in lines] == answers
    assert {line["captureData"]["endpointInput"]["encoding"] for line in lines} == {"CSV"}
    assert {line["eventVersion"] for line in lines} == {"0"}
    sagemaker.delete_endpoint(EndpointName="captured")
