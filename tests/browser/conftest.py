"""Reports of small runs of the real programs, and a browser to look at them with.

FIRE_BIN_DIR names the folder with the programs. The browser is the `chromium` on the PATH.
FIRE_REPORT may name the report.html of any run with episodes and an ensemble; it is looked at in the place of a small one.
"""

import json
import os
import pathlib
import shutil
import subprocess

import pytest
from playwright.sync_api import sync_playwright

SMALL = ["--set", "rf.n_estimators=20", "--set", "gb.n_estimators=20", "--wait"]
EPISODES = ["--samples", "4000", "--alarm-hours", "3"]


class Programs:
    """The programs on a state directory of their own; the first of them starts the server."""

    def __init__(self, state_dir: pathlib.Path):
        self.state_dir = state_dir

    def call(self, name: str, *flags: str) -> dict:
        program = pathlib.Path(os.environ["FIRE_BIN_DIR"]) / name
        words = [program, *flags, "--state-dir", self.state_dir, "--output", "json"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=300)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        return json.loads(done.stdout)

    def report(self, run: str) -> pathlib.Path:
        self.call("report-100k", "--run", run)
        return self.state_dir / "runs" / run / "report.html"

    def stop(self):
        program = pathlib.Path(os.environ["FIRE_BIN_DIR"]) / "local-sagemaker"
        subprocess.run([program, "--stop", "--state-dir", self.state_dir], check=True, timeout=60)


@pytest.fixture(scope="session")
def pages(tmp_path_factory) -> dict[str, pathlib.Path]:
    """A page of everything, one of as little as there can be, and one of two runs."""
    programs = Programs(tmp_path_factory.mktemp("state") / "fire")
    try:
        trained = programs.call("train-100k", "--run", "whole", *EPISODES, *SMALL)
        uris = [word for job in trained["jobs"] for word in ("--model-uri", job["model_uri"])]
        programs.call("deploy-100k", *uris, "--wait", "--test")
        whole = programs.report("whole")
        # One learner on rows without episodes, and no ensemble.
        programs.call(
            "train-100k", "--run", "bare", "--profile", "original", "--samples", "2000", "--only", "lr", "--wait"
        )
        bare = programs.report("bare")
        programs.call("train-100k", "--run", "other", *EPISODES, "--only", "gb", *SMALL[2:])
        programs.call("report-100k", "--compare", "whole", "other")
        asked = pathlib.Path(os.environ.get("FIRE_REPORT", whole)).absolute()
        return {"whole": asked, "bare": bare, "compare": whole.with_name("compare-other.html")}
    finally:
        programs.stop()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        # Containers have no user namespaces for the sandbox, and the only page is ours.
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


class View:
    """A page in a browser, with all that it asked for and complained of."""

    def __init__(self, browser, path: pathlib.Path, **settings):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
        self.page = self.context.new_page()
        self.requests, self.complaints = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())
        self.own = path.as_uri()

    def ground(self) -> str:
        return self.page.evaluate("getComputedStyle(document.body).backgroundColor")


@pytest.fixture
def view(browser, pages):
    """Opens a page by its name; closes all of them afterwards."""
    opened = []

    def open_page(name: str, **settings) -> View:
        opened.append(View(browser, pages[name], **settings))
        return opened[-1]

    yield open_page
    for view in opened:
        view.context.close()


def pytest_sessionfinish(session, exitstatus):
    """Nothing of a run is worth keeping once it has passed."""
    if exitstatus == 0:
        base = getattr(session.config, "_tmp_path_factory", None)
        if base is not None:
            shutil.rmtree(base.getbasetemp(), ignore_errors=True)
