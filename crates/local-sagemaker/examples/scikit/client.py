"""The client: trains, deploys and calls the scikit-learn container in `program.py`, with boto3 only.

In the folder of this file:

    python3 -m venv /tmp/scikit
    /tmp/scikit/bin/pip install boto3 scikit-learn
    local-sagemaker --port 4566 --state-dir /tmp/scikit/state --image 'scikit=/tmp/scikit/bin/python program.py' &
    AWS_ENDPOINT_URL=http://127.0.0.1:4566 /tmp/scikit/bin/python client.py
"""

import time

import boto3
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

ACCOUNT, REGION = "691595239825", "us-east-1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/scikit:1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/SageMakerExecutionRole"
BUCKET = f"scikit-{ACCOUNT}"
# The local server accepts any keys.
SESSION = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)
NAME = f"iris-{int(time.time())}"


def upload(s3):
    """Splits the iris data and uploads it as CSV, the label last."""
    s3.create_bucket(Bucket=BUCKET)
    iris = load_iris()
    labels = iris.target_names[iris.target]
    split = train_test_split(iris.data, labels, test_size=0.3, random_state=0, stratify=labels)
    for channel, features, names in (("train", split[0], split[2]), ("validation", split[1], split[3])):
        lines = [",".join([*map(str, row), name]) for row, name in zip(features, names)]
        s3.put_object(Bucket=BUCKET, Key=f"data/{channel}/iris.csv", Body="\n".join(lines).encode())


def channel(name: str) -> dict:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data/{name}/"}
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}


def train(sagemaker) -> str:
    """Trains a model and returns its location."""
    sagemaker.create_training_job(
        TrainingJobName=NAME,
        RoleArn=ROLE,
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "validation:accuracy", "Regex": "validation:accuracy=([0-9.]+);"}],
        },
        HyperParameters={"n_estimators": "50"},
        InputDataConfig=[channel("train"), channel("validation")],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
    job = sagemaker.describe_training_job(TrainingJobName=NAME)
    for metric in job["FinalMetricDataList"]:
        print(f"{job['TrainingJobStatus']}: {metric['MetricName']} {metric['Value']:.2f}")
    return job["ModelArtifacts"]["S3ModelArtifacts"]


def deploy(sagemaker, model: str):
    """Puts the model behind an endpoint."""
    container = {"Image": IMAGE, "ModelDataUrl": model}
    sagemaker.create_model(ModelName=NAME, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "AllTraffic", "ModelName": NAME, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName=NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 300})


def main():
    sagemaker, runtime = SESSION.client("sagemaker"), SESSION.client("sagemaker-runtime")
    upload(SESSION.client("s3"))
    deploy(sagemaker, train(sagemaker))
    for row in ("5.1,3.5,1.4,0.2", "6.7,3.0,5.2,2.3"):
        response = runtime.invoke_endpoint(EndpointName=NAME, ContentType="text/csv", Body=row)
        print(row, response["Body"].read().decode())
    sagemaker.delete_endpoint(EndpointName=NAME)


if __name__ == "__main__":
    main()
