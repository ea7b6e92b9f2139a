"""A container for MLflow models: MLflow's own scoring server at the addresses that SageMaker's contract has."""

import os
import pathlib
import sys

import mlflow.pyfunc
import uvicorn
from mlflow.pyfunc import scoring_server

assert sys.argv[1:] == ["serve"], sys.argv
model = mlflow.pyfunc.load_model(str(pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"]) / "model"))
port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
uvicorn.run(scoring_server.init(model), host=os.environ["FIRE_BIND_ADDRESS"], port=port)
