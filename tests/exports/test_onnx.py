"""Exported models say in onnxruntime what they say here."""

import json

import numpy
import onnx
import onnx.reference
import onnxruntime
import pytest

from conftest import ALGORITHMS, FEATURES, WEIGHTS, checked, draw, run, write_csv

MODELS = (*ALGORITHMS, "ensemble")
# Of probabilities. Both sides compute in double precision; what is left is rounding to float32.
CLOSE = 1e-5
ROWS = 10_000
LOWEST, LARGEST = numpy.finfo(numpy.float32).min, numpy.finfo(numpy.float32).max


def attributes(node) -> dict:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def thresholds(model: onnx.ModelProto) -> dict[int, numpy.ndarray]:
    """Every threshold of the model's trees, by column."""
    found = {}
    for node in model.graph.node:
        if node.op_type == "TreeEnsembleRegressor":
            table = attributes(node)
            for mode, column, value in zip(table["nodes_modes"], table["nodes_featureids"], table["nodes_values"]):
                if mode == b"BRANCH_LEQ":
                    found.setdefault(column, set()).add(value)
    return {column: numpy.array(sorted(values), dtype=numpy.float32) for column, values in found.items()}


def hard_rows(model: onnx.ModelProto) -> numpy.ndarray:
    """Rows as in training, of which a third hold values on thresholds and next to them, and some nothing at all."""
    chance = numpy.random.default_rng(3)
    rows = draw(ROWS, 4)
    for column, cuts in thresholds(model).items():
        hit = numpy.flatnonzero(chance.random(ROWS) < 1 / 3)
        values = chance.choice(cuts, len(hit))
        # A split by whether a value is there has the largest number as its threshold; nothing finite is beyond it.
        toward = chance.choice(numpy.array([LOWEST, LARGEST], dtype=numpy.float32), len(hit))
        beside = chance.random(len(hit)) < 0.5
        rows[hit, column] = numpy.where(beside, numpy.nextafter(values, toward), values)
    rows[:5] = numpy.nan
    rows[5] = LARGEST
    rows[6] = LOWEST
    rows[7] = 0.0
    rows[8] = -0.0
    rows[9] = numpy.finfo(numpy.float32).tiny / 4
    return rows


@pytest.fixture(params=MODELS)
def name(request):
    return request.param


def ours(rows: numpy.ndarray, model, folder) -> list[dict]:
    write_csv(folder / "rows.csv", rows)
    text = checked("fire-container", "predict", folder / "rows.csv", "--model", model, "--output", "json")
    return json.loads(text)["predictions"]


def theirs(path, rows: numpy.ndarray) -> dict[str, numpy.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"features": rows})))


def test_the_checker_accepts_the_file(name, exported):
    model = onnx.load(exported[name])
    onnx.checker.check_model(model, full_check=True)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 16), ("ai.onnx.ml", 3)]


def test_probabilities_and_labels_are_ours(name, models, exported, tmp_path):
    model = onnx.load(exported[name])
    rows = hard_rows(model)
    expected = ours(rows, models[name], tmp_path)
    found = theirs(exported[name], rows)
    fire = numpy.array([answer["fire_probability"] for answer in expected])
    assert found["probabilities"].shape == (ROWS, 2) and found["probabilities"].dtype == numpy.float32
    error = numpy.abs(found["probabilities"][:, 1] - fire)
    print(f"{name}: largest difference {error.max():.2e}")
    assert error.max() < CLOSE
    assert numpy.abs(found["probabilities"].sum(axis=1) - 1.0).max() < 1e-6
    threshold = float({entry.key: entry.value for entry in model.metadata_props}["threshold"])
    detected = numpy.array([answer["fire_detected"] for answer in expected])
    clear = numpy.abs(fire - threshold) > CLOSE
    assert clear.mean() > 0.99 and detected.any() and not detected.all()
    assert found["label"].shape == (ROWS,) and found["label"].dtype == numpy.int64
    assert (found["label"][clear] == detected[clear]).all()


def test_the_members_of_the_vote_are_told_apart(models, exported, tmp_path):
    rows = draw(500, 5)
    found = theirs(exported["ensemble"], rows)["members"]
    alone = [[answer["fire_probability"] for answer in ours(rows, models[name], tmp_path)] for name in ALGORITHMS]
    assert numpy.abs(found - numpy.transpose(alone)).max() < CLOSE


def test_one_row_and_none_are_answered(name, exported):
    rows = draw(64, 6)
    many = theirs(exported[name], rows)["probabilities"]
    alone = [theirs(exported[name], rows[at : at + 1])["probabilities"][0] for at in (0, 63)]
    assert numpy.abs(numpy.array(alone) - many[[0, 63]]).max() < 1e-6
    assert theirs(exported[name], rows[:0])["probabilities"].shape == (0, 2)


def test_the_standards_own_evaluator_agrees(name, exported):
    rows = draw(20, 7)
    names = ["probabilities", "label", "members"]
    reference = onnx.reference.ReferenceEvaluator(onnx.load(exported[name])).run(names, {"features": rows})
    found = theirs(exported[name], rows)
    for expected, output in zip(reference, names):
        assert numpy.abs(found[output] - expected).max() < CLOSE, output


def test_the_file_tells_where_it_comes_from(exported):
    model = onnx.load(exported["ensemble"])
    entries = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(entries["features"]) == FEATURES
    assert len(entries["schema"]) > 0 and len(entries["data_fingerprint"]) > 0
    assert float(entries["threshold"]) == 0.5
    members = json.loads(entries["members"])
    assert [member["algorithm"] for member in members] == list(ALGORITHMS)
    assert [member["weight"] for member in members] == pytest.approx(numpy.array(WEIGHTS) / sum(WEIGHTS))
    assert [member["seed"] for member in members] == [7] * len(ALGORITHMS)


def test_the_same_model_gives_the_same_bytes_and_nothing_half_written(models, tmp_path):
    files = [tmp_path / "first.onnx", tmp_path / "second.onnx"]
    for file in files:
        checked("fire-container", "export", "--model", models["ensemble"], "--out", file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert sorted(tmp_path.iterdir()) == files


@pytest.mark.parametrize(
    "model, out, code, said",
    [
        ("absent.fire", "model.onnx", 2, "cannot use the model"),
        ("text.fire", "model.onnx", 2, "its magic number is wrong"),
        ("good", "absent/model.onnx", 1, "cannot write"),
        ("good", ".", 1, "cannot write"),
    ],
)
def test_what_cannot_be_done_is_said(models, tmp_path, model, out, code, said):
    (tmp_path / "text.fire").write_text("a model, honestly")
    before = sorted(tmp_path.iterdir())
    model = models["ensemble"] if model == "good" else tmp_path / model
    done = run("fire-container", "export", "--model", model, "--out", tmp_path / out)
    assert done.returncode == code and done.stderr.startswith("error: ") and said in done.stderr, done.stderr
    assert sorted(tmp_path.iterdir()) == before
