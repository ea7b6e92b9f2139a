"""The container: trains a scikit-learn classifier, and serves it.

local-sagemaker runs this program for every image of a repository that is mapped to it, with the argument
`train` or `serve`, as SageMaker runs an image. `client.py` is the other side, with the commands to try both.

On SageMaker, the same file works in an image whose entry point is `python3 /program.py`.
"""

import csv
import http.server
import json
import os
import pathlib
import signal
import sys
import traceback

import joblib
from sklearn.ensemble import RandomForestClassifier

# On SageMaker, neither variable is set. The local server sets both, because its processes share one machine.
OPT_ML = pathlib.Path(os.environ.get("FIRE_OPT_ML", "/opt/ml"))
PORT = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
# All addresses on SageMaker; the local server asks for the loopback interface only.
ADDRESS = os.environ.get("FIRE_BIND_ADDRESS", "0.0.0.0")

MODEL = OPT_ML / "model" / "model.joblib"


def rows(channel: str) -> list[list[str]]:
    """The rows of all CSV files of a channel."""
    found = []
    for path in sorted((OPT_ML / "input" / "data" / channel).rglob("*.csv")):
        with path.open(newline="") as file:
            found += [row for row in csv.reader(file) if row]
    return found


def numbers(row: list[str]) -> list[float]:
    return [float(cell) for cell in row]


def train():
    """Learns the last column from the others."""
    # All hyperparameters are strings.
    hyperparameters = json.loads((OPT_ML / "input/config/hyperparameters.json").read_text())
    model = RandomForestClassifier(
        n_estimators=int(hyperparameters.get("n_estimators", "100")),
        random_state=int(hyperparameters.get("seed", "0")),
    )
    for channel in ("train", "validation"):
        data = rows(channel)
        if not data:
            continue
        features, labels = [numbers(row[:-1]) for row in data], [row[-1] for row in data]
        if channel == "train":
            model.fit(features, labels)
        # `MetricDefinitions` of the training job find this line.
        print(f"{channel}:accuracy={model.score(features, labels):.4f};", flush=True)
    joblib.dump(model, MODEL)


class Handler(http.server.BaseHTTPRequestHandler):
    """`GET /ping` and `POST /invocations`."""

    # Connections stay open, and a small response is sent at once.
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    model = None

    def do_GET(self):
        self.respond(200 if self.path == "/ping" else 404, {})

    def do_POST(self):
        text = self.rfile.read(int(self.headers["content-length"])).decode()
        try:
            features = [numbers(row) for row in csv.reader(text.splitlines()) if row]
            probabilities = self.model.predict_proba(features)
        except ValueError as error:
            return self.respond(400, {"error": str(error)})
        predictions = [
            {"label": str(self.model.classes_[row.argmax()]), "probability": round(float(row.max()), 4)}
            for row in probabilities
        ]
        self.respond(200, {"predictions": predictions})

    def respond(self, status: int, content: dict):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Not a line for each request."""


def serve():
    """Serves until SIGTERM. The port is opened when the model is loaded, so that `/ping` means ready."""
    Handler.model = joblib.load(MODEL)
    server = http.server.ThreadingHTTPServer((ADDRESS, PORT), Handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"serving on port {PORT}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:] == ["train"]:
        try:
            train()
        except Exception as error:
            # SageMaker shows this file as the job's `FailureReason`.
            (OPT_ML / "output" / "failure").write_text(f"{type(error).__name__}: {error}")
            traceback.print_exc()
            sys.exit(1)
    elif sys.argv[1:] == ["serve"]:
        serve()
    else:
        sys.exit("expected `train` or `serve`")
