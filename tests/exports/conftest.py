"""Models that `fire-container train` fits on generated rows, and the vote of them.

FIRE_BIN_DIR names the folder with the program `fire-container`, and in `examples` with `combine`.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile

import numpy
import pytest

# The page is written from the schema.
PAGE = pathlib.Path(__file__).parents[2] / "docs/FEATURES.md"
FEATURES = re.findall(r"^\| \d+ \| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
def run(program: str, *arguments) -> subprocess.CompletedProcess:
    path = pathlib.Path(os.environ["FIRE_BIN_DIR"]) / program
    return subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, timeout=300)


def checked(program: str, *arguments) -> str:
    done = run(program, *arguments)
    assert done.returncode == 0, f"{program} {arguments}: {done.stderr}"
    return done.stdout


def algorithms() -> tuple[str, ...]:
    """All learners, as the program names them to somebody who asks for another one."""
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "input/config/hyperparameters.json"
        config.parent.mkdir(parents=True)
        config.write_text(json.dumps({"algorithm": "none of them"}))
        assert run("fire-container", "train", "--opt-ml", folder).returncode == 1
        failure = (pathlib.Path(folder) / "output/failure").read_text()
    return tuple(failure.strip().rsplit("expected one of ", 1)[1].split(", "))


# With their defaults, so that sums are as long as those of models in use.
ALGORITHMS = algorithms()
WEIGHTS = tuple(range(len(ALGORITHMS) + 1, 1, -1))


def draw(count: int, seed: int) -> numpy.ndarray:
    """Rows of float32 in which one value in fifty is missing."""
    chance = numpy.random.default_rng(seed)
    values = chance.normal(20.0, 8.0, (count, len(FEATURES))).astype(numpy.float32)
    values[chance.random(values.shape) < 0.02] = numpy.nan
    return values


def labels(values: numpy.ndarray, seed: int) -> numpy.ndarray:
    """Hot rows burn, and missing values say something too; noise leaves the trees work to do."""
    chance = numpy.random.default_rng(seed)
    present = numpy.nan_to_num(values, nan=35.0)
    margin = (present[:, 2] - 20.0) / 5.0 + numpy.abs(present[:, 15] - 20.0) / 4.0 * numpy.sign(present[:, 0] - 18.0)
    return (margin + chance.normal(0.0, 1.5, len(values)) > 0.5).astype(int)


def write_csv(path: pathlib.Path, values: numpy.ndarray, targets=None):
    names = FEATURES if targets is None else [*FEATURES, "fire_detected"]
    lines = [",".join(names)]
    for at, row in enumerate(values):
        # The shortest text that is read as the same float32.
        cells = ["" if numpy.isnan(value) else str(value) for value in row]
        lines.append(",".join(cells if targets is None else [*cells, str(targets[at])]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def train(folder: pathlib.Path, algorithm: str) -> pathlib.Path:
    config = folder / "input/config/hyperparameters.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"algorithm": algorithm, "seed": "7"}))
    for part, count, seed in (("train", 2_000, 1), ("validation", 500, 2)):
        values = draw(count, seed)
        write_csv(folder / f"input/data/{part}/part-00000.csv", values, labels(values, seed + 10))
    checked("fire-container", "train", "--opt-ml", folder)
    return folder / "model"


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> dict[str, pathlib.Path]:
    """A model folder or file by its name: the members and their vote."""
    root = tmp_path_factory.mktemp("models")
    found = {algorithm: train(root / algorithm, algorithm) for algorithm in ALGORITHMS}
    schema = json.loads((found["random_forest"] / "manifest.json").read_text())["schema"]
    parts = [f"{weight}={found[name] / 'model.bin'}" for name, weight in zip(ALGORITHMS, WEIGHTS)]
    checked("examples/combine", root / "model.bin", schema, *parts)
    return found | {"ensemble": root / "model.bin"}


@pytest.fixture(scope="session")
def exported(models) -> dict[str, pathlib.Path]:
    """The same as ONNX files."""
    files = {}
    for name, model in models.items():
        files[name] = model.with_suffix(".onnx")
        checked("fire-container", "export", "--model", model, "--out", files[name])
    return files
