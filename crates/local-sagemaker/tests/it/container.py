#!/usr/bin/env python3
"""A program that implements SageMaker's container contract and returns its inputs.

The hyperparameter `do` controls `train`; the environment variable BEHAVIOUR controls `serve`.
"""

import http.server
import json
import os
import pathlib
import signal
import sys
import time

OPT_ML = pathlib.Path(os.environ["FIRE_OPT_ML"])


def train():
    config = {
        path.name: json.loads(path.read_text())
        for path in (OPT_ML / "input/config").glob("*.json")
    }
    data = OPT_ML / "input/data"
    seen = {
        "arguments": sys.argv[1:],
        "environment": {name: value for name, value in os.environ.items() if name.isupper()},
        "config": config,
        "files": {str(path.relative_to(data)): path.read_text() for path in data.rglob("*") if path.is_file()},
        "checkpoints": sorted(path.name for path in (OPT_ML / "checkpoints").iterdir()),
    }
    action = config["hyperparameters.json"].get("do", "succeed")
    print("validation:auc=0.5;", flush=True)
    if action == "fail":
        (OPT_ML / "output/failure").write_text("row 7 has 17 numbers")
        sys.exit(3)
    if action == "crash":
        print("about to crash", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "wait":
        signal.signal(signal.SIGTERM, lambda *_: finish(seen))
        print("waiting", flush=True)
        while not (OPT_ML / "checkpoints/go").exists():
            time.sleep(0.02)
    if action == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("waiting", flush=True)
        while True:
            time.sleep(0.02)
    if action == "steps":
        steps(config["hyperparameters.json"])
    finish(seen)


def steps(hyperparameters):
    """Does steps of work and writes a checkpoint after each; skips steps that already have one."""
    total, pause = int(hyperparameters["steps"]), float(hyperparameters.get("pause", "0.3"))
    done = len(list((OPT_ML / "checkpoints").glob("step-*")))
    print(f"resumed at step {done}", flush=True)
    for step in range(done, total):
        time.sleep(pause)
        draft = OPT_ML / "checkpoints" / "draft"
        draft.write_text(str(step))
        draft.rename(OPT_ML / "checkpoints" / f"step-{step}")
        print(f"validation:auc=0.{step + 1};", flush=True)


def finish(seen):
    print("validation:auc=0.75;", file=sys.stderr, flush=True)
    (OPT_ML / "model/seen.json").write_text(json.dumps(seen))
    (OPT_ML / "output/data/predictions.csv").write_text("row,probability\n1,0.5\n")
    (OPT_ML / "checkpoints/state").write_text("done")
    sys.stdout.flush()
    os._exit(0)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(500 if os.environ.get("BEHAVIOUR") == "unwell" else 200, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if body == b"crash":
            os._exit(9)
        if body == b"bad":
            return self.answer(400, b"row 1 has 3 numbers")
        answer = {
            "body": body.decode(),
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "model": sorted(path.name for path in (OPT_ML / "model").iterdir()),
            "greeting": os.environ.get("GREETING"),
            "address": self.server.server_address[0],
            "pid": os.getpid(),
        }
        self.answer(200, json.dumps(answer).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("x-secret", "of the container")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve():
    print("the container starts", flush=True)
    if os.environ.get("BEHAVIOUR") == "exit":
        print("no model in here", flush=True)
        sys.exit(4)
    server = http.server.ThreadingHTTPServer(
        (os.environ.get("FIRE_BIND_ADDRESS", "0.0.0.0"), int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler
    )
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.serve_forever()


{"train": train, "serve": serve}[sys.argv[1]]()
