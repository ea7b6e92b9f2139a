"""Explanations against the shap package, which gets the trees from the exported models."""

import json

import numpy
import onnx
import pytest
import shap

from conftest import ALGORITHMS, FEATURES, WEIGHTS, checked, draw, write_csv

ROWS = 200
CLOSE = 1e-5


def trees_of(path) -> list[dict]:
    """The trees of an exported model in the form that `shap.TreeExplainer` takes."""
    (node,) = [node for node in onnx.load(path).graph.node if node.op_type == "TreeEnsembleRegressor"]
    table = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    columns = {name: numpy.array(table[f"nodes_{name}"]) for name in ("treeids", "truenodeids", "falsenodeids")}
    features, thresholds = numpy.array(table["nodes_featureids"]), numpy.array(table["nodes_values"], dtype=float)
    covers = numpy.array(table["nodes_hitrates"], dtype=float)
    missing_left = numpy.array(table["nodes_missing_value_tracks_true"]) == 1
    is_leaf = numpy.array([mode == b"LEAF" for mode in table["nodes_modes"]])
    values = numpy.zeros(len(features))
    values[is_leaf] = table["target_weights"]
    trees = []
    for tree in range(columns["treeids"][-1] + 1):
        of = columns["treeids"] == tree
        left, right = (numpy.where(is_leaf, -1, columns[name])[of] for name in ("truenodeids", "falsenodeids"))
        trees.append(
            {
                "children_left": left,
                "children_right": right,
                "children_default": numpy.where(missing_left[of], left, right),
                "features": features[of],
                "thresholds": thresholds[of],
                "values": values[of].reshape(-1, 1),
                "node_sample_weight": covers[of],
            }
        )
    return trees


def theirs(path, rows: numpy.ndarray, share: float) -> tuple[float, numpy.ndarray]:
    """Base and contributions of every row, each leaf counting `share`."""
    trees = trees_of(path)
    for tree in trees:
        tree["values"] = tree["values"] * share
    explainer = shap.TreeExplainer({"trees": trees}, feature_perturbation="tree_path_dependent")
    contributions = explainer.shap_values(rows.astype(float), check_additivity=False)
    return float(numpy.squeeze(explainer.expected_value)), contributions.reshape(len(rows), len(FEATURES))


def ours(rows: numpy.ndarray, model, folder) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Base, contributions and probability of every row."""
    write_csv(folder / "rows.csv", rows)
    arguments = [folder / "rows.csv", "--model", model, "--output", "json", "--explain"]
    answers = json.loads(checked("fire-container", "predict", *arguments))["predictions"]
    parts = [[answer["explanation"]["contributions"][name] for name in FEATURES] for answer in answers]
    bases = [answer["explanation"]["base"] for answer in answers]
    return numpy.array(bases), numpy.array(parts), numpy.array([answer["fire_probability"] for answer in answers])


def log_odds(p):
    return numpy.log(p / (1.0 - p))


def in_log_odds(base, parts, probability):
    """The exact contributions in log-odds, from which those in probability were made by one factor a row."""
    factor = (probability - base) / (log_odds(probability) - log_odds(base))
    return log_odds(base), parts / factor[:, None]


@pytest.fixture(scope="module")
def rows() -> numpy.ndarray:
    return draw(ROWS, 8)


def test_a_forest_is_explained_as_by_shap(models, exported, rows, tmp_path):
    path = exported["random_forest"]
    base, parts, _ = ours(rows, models["random_forest"], tmp_path)
    expected_base, expected = theirs(path, rows, 1.0 / len(trees_of(path)))
    print(f"largest difference {numpy.abs(parts - expected).max():.2e}")
    assert numpy.abs(base - expected_base).max() < CLOSE
    assert numpy.abs(parts - expected).max() < CLOSE
    assert numpy.abs(expected).max() > 0.05


def test_boosting_is_explained_as_by_shap_in_log_odds(models, exported, rows, tmp_path):
    base, parts = in_log_odds(*ours(rows, models["gradient_boosting"], tmp_path))
    expected_base, expected = theirs(exported["gradient_boosting"], rows, 1.0)
    # What boosting starts from is no part of its trees.
    start = base - expected_base
    assert numpy.ptp(start) < CLOSE
    print(f"largest difference {numpy.abs(parts - expected).max():.2e}")
    assert numpy.abs(parts - expected).max() < CLOSE
    assert numpy.abs(expected).max() > 0.5


def test_a_logistic_regression_is_explained_by_its_terms(models, exported, rows, tmp_path):
    base, parts = in_log_odds(*ours(rows, models["logistic_regression"], tmp_path))
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(exported["logistic_regression"]).graph.initializer}
    inputs = {node.op_type: node.input for node in onnx.load(exported["logistic_regression"]).graph.node}
    means, deviations = constants[inputs["Where"][1]], constants[inputs["Div"][1]]
    slopes = constants[inputs["MatMul"][1]].ravel() / deviations.ravel()
    explainer = shap.LinearExplainer((slopes, float(constants[inputs["Add"][1]].item())), means)
    # A missing value counts as the mean.
    filled = numpy.where(numpy.isnan(rows), means, rows.astype(float))
    expected = explainer.shap_values(filled)
    assert numpy.abs(parts - expected).max() < CLOSE
    assert numpy.ptp(base) < CLOSE


def test_the_vote_is_the_weighted_sum_of_its_members(models, rows, tmp_path):
    base, parts, probability = ours(rows, models["ensemble"], tmp_path)
    members = [ours(rows, models[name], tmp_path) for name in ALGORITHMS]
    shares = numpy.array(WEIGHTS) / sum(WEIGHTS)
    assert numpy.abs(parts - sum(share * member[1] for share, member in zip(shares, members))).max() < 1e-12
    assert numpy.abs(base + parts.sum(axis=1) - probability).max() < 1e-9
