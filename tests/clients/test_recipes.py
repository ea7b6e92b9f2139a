"""The recipes of docs/LOCAL_SERVER.md, each as a reader pastes it, in the order of the page.

A recipe needs its client. Python recipes run in the suite's own environment if it has all their modules, otherwise in
one of those that FIRE_RECIPE_PYTHONS names (interpreters, separated by colons); FIRE_RECIPE_NODE names a folder with
the JavaScript packages in `node_modules`. A recipe whose client is nowhere is skipped, or fails if FIRE_RECIPE_PYTHONS is
set: then every client should be there.
"""

import ast
import os
import pathlib
import re
import shutil
import shlex
import sqlite3
import subprocess
import sys
import tomllib

import pytest

from conftest import Server

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs/LOCAL_SERVER.md"
EXAMPLE = ROOT / "crates/local-sagemaker/examples/scikit"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCKS if kind == language]


def block(language: str, words: str) -> str:
    """The one block that contains these words."""
    (text,) = [text for text in blocks(language) if words in text]
    return text


def modules(snippet: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(snippet)))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return imported | {node.module for node in nodes if isinstance(node, ast.ImportFrom)}


def interpreter(snippet: str) -> str | None:
    """An interpreter that has the modules of a snippet."""
    names = modules(snippet)
    # pandas reads and writes with packages that a snippet does not name.
    names |= {"pyarrow", "s3fs"} if "pandas" in names else set()
    # A parent package that is missing is an error of `find_spec`.
    script = "import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))"
    others = os.environ.get("FIRE_RECIPE_PYTHONS", "").split(os.pathsep)
    for python in [sys.executable, *filter(None, others)]:
        if subprocess.run([python, "-c", script, *names], capture_output=True).returncode == 0:
            return python
    return None


def path_with(python: str) -> str:
    """The PATH of somebody who has activated this interpreter's environment."""
    return os.pathsep.join([str(pathlib.Path(python).parent), os.environ["PATH"]])


def missing(why: str):
    """Ends the test of a recipe whose client is not here."""
    if "FIRE_RECIPE_PYTHONS" in os.environ:
        pytest.fail(why)
    pytest.skip(why)


class Reader:
    """Somebody who has started the server, exported the variables, and pastes recipes into a shell."""

    def __init__(self, folder: pathlib.Path, server: Server):
        self.folder, self.server = folder, server
        self.environment = {
            "HOME": str(folder),
            "PATH": path_with(sys.executable),
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        config = folder / ".config/sagemaker/config.yaml"
        config.parent.mkdir(parents=True)
        config.write_text(block("yaml", "DefaultS3Bucket"))

    def run(self, *command: str, **changes: str) -> str:
        environment = {**self.environment, **changes}
        done = subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def python(self, words: str) -> str:
        snippet = block("python", words)
        python = interpreter(snippet)
        if python is None:
            missing(f"no environment has {', '.join(sorted(modules(snippet)))}")
        return self.run(python, "-c", snippet, PATH=path_with(python))

    def shell(self, words: str) -> str:
        script = block("sh", words)
        program = script.split()[0]
        if not shutil.which(program, path=self.environment["PATH"]):
            missing(f"{program} is not installed")
        return self.run("sh", "-ec", script.replace("127.0.0.1:4566", self.server.url.removeprefix("http://")))


@pytest.fixture(scope="module")
def reader(clean_environment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reader")
    shutil.copy(EXAMPLE / "program.py", folder)
    # The page's file, except for a program that is only an example.
    lines = [line for line in block("text", "program.py").splitlines() if "./churn" not in line]
    (folder / "images.txt").write_text("\n".join(lines).replace("python3", sys.executable))
    with pytest.MonkeyPatch.context() as patch:
        # The server finds MLflow's programs.
        patch.setenv("PATH", path_with(interpreter(block("python", "mlflow.deployments")) or sys.executable))
        server = Server(folder / "fire", "--images", str(folder / "images.txt"))
    yield Reader(folder, server)
    server.stop()


@pytest.fixture(scope="module")
def iris(reader):
    """What the recipe of boto3 leaves behind, which the others use."""
    return reader.python("create_training_job")


def test_the_installed_crate_has_the_program():
    words = shlex.split(block("sh", "cargo install"))
    crate = ROOT / words[words.index("--path") + 1]
    assert tomllib.loads((crate / "Cargo.toml").read_text())["package"]["name"] == "local-sagemaker"
    assert (crate / "src/main.rs").exists()


def test_boto3(iris):
    assert re.fullmatch(r"Completed s3://iris/models/iris-boto3/output/model.tar.gz\n", iris)


def test_the_aws_cli(reader, iris):
    printed = reader.shell("aws s3 ls --recursive s3://iris\n")
    assert "data/train/iris.csv" in printed
    assert '"TrainingJobName": "iris-boto3"' in printed
    assert "train:accuracy=1.0000;" in printed
    assert "PRE data/" in reader.shell("--endpoint-url")


def test_the_sagemaker_sdk_2(reader, iris):
    assert '"label": "setosa"' in reader.python("sagemaker.estimator")


def test_the_sagemaker_sdk_3(reader, iris):
    assert '"label": "setosa"' in reader.python("sagemaker.train")


def test_the_javascript_sdk(reader, iris, tmp_path):
    folder = os.environ.get("FIRE_RECIPE_NODE")
    if not folder or not shutil.which("node"):
        missing("node is not installed, or FIRE_RECIPE_NODE is not set")
    (tmp_path / "node_modules").symlink_to(pathlib.Path(folder) / "node_modules")
    script = tmp_path / "recipe.mjs"
    script.write_text(block("js", "S3Client"))
    printed = reader.run("node", str(script))
    assert "data/train/iris.csv" in printed
    assert "6.7,3.0,5.2,2.3,virginica" in printed
    assert "'iris-boto3'" in printed


def test_rclone(reader, iris):
    assert "data/train/iris.csv" in reader.shell("rclone sync")
    assert (reader.folder / "iris-data/train/iris.csv").read_text().endswith("virginica\n")


def test_s3cmd(reader, iris):
    assert "s3://iris/data/train/iris.csv" in reader.shell("s3cmd ")


@pytest.fixture(scope="module")
def frame(reader, iris):
    """The Parquet files that the recipe of pandas leaves behind."""
    return reader.python("pandas")


def test_pandas(frame):
    assert frame == "4\n"


def test_pyarrow_and_polars(reader, frame):
    printed = reader.python("polars")
    assert printed.startswith("4\n")
    assert "shape: (4, 5)" in printed


def test_mlflow(reader, iris):
    assert "1" in reader.python("mlflow.deployments")


def test_the_queries_of_the_database(reader, iris):
    database = sqlite3.connect(f"file:{reader.folder}/fire/state.db?mode=ro", uri=True)
    statements = block("sql", "SELECT").split(";\n")
    results = [database.execute(statement).fetchall() for statement in statements if statement.strip()]
    objects, buckets, records, (record,), uploads = results
    content = {row[0]: row[-1] for row in objects}["data/train/iris.csv"]
    path = reader.folder / f"fire/contents/{content // 1000}/{content}"
    assert path.read_text().startswith("5.1,3.5,1.4,0.2,setosa")
    assert [row[0] for row in buckets] == ["iris"]
    assert ("iris-boto3", "Completed") in [(name, status) for _, name, status, _ in records]
    assert "iris-boto3" in record[0]
    assert uploads == []
