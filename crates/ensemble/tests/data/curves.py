"""Writes curves.json: labels, probabilities and their curves by scikit-learn.

    pip install scikit-learn==1.9.1
    python curves.py > curves.json
"""

import json

import numpy as np
import sklearn.calibration
import sklearn.inspection
import sklearn.linear_model
import sklearn.metrics as m

BINS = 7


def case(name, labels, p):
    labels, p = np.asarray(labels), np.asarray(p, dtype=float)
    fpr, tpr, _ = m.roc_curve(labels, p, drop_intermediate=False)
    precision, recall, thresholds = m.precision_recall_curve(labels, p)
    share, mean = sklearn.calibration.calibration_curve(labels, p, n_bins=BINS)
    return {
        "name": name,
        "labels": labels.tolist(),
        "probabilities": p.tolist(),
        "roc": np.column_stack([fpr, tpr]).tolist(),
        # In descending order of threshold, like ours.
        "precision_recall": np.column_stack([thresholds, precision[:-1], recall[:-1]])[::-1].tolist(),
        "calibration": np.column_stack([mean, share]).tolist(),
    }


def drawn(rng, rows, share, digits):
    """Labels, and probabilities that are higher for label 1; few digits cause ties."""
    labels = (rng.random(rows) < share).astype(int)
    p = 1 / (1 + np.exp(-rng.normal(1.2 * labels - 0.6, 1.0)))
    return labels, np.round(p, digits)


def dependence(rng):
    """A logistic regression on three features, which a test can compute from its coefficients."""
    x = rng.normal(size=(60, 3))
    y = (x @ [1.5, -0.7, 0.1] + rng.normal(size=60) > 0).astype(int)
    model = sklearn.linear_model.LogisticRegression().fit(x, y)
    columns = []
    for column in range(3):
        found = sklearn.inspection.partial_dependence(
            model, x, [column], method="brute", grid_resolution=5, response_method="predict_proba"
        )
        columns.append({"values": found["grid_values"][0].tolist(), "mean": found["average"][0].tolist()})
    return {
        "rows": x.tolist(),
        "coefficients": model.coef_[0].tolist(),
        "intercept": float(model.intercept_[0]),
        "columns": columns,
    }


rng = np.random.default_rng(2)
cases = [
    case("continuous", *drawn(rng, 150, 0.4, 9)),
    case("many ties", *drawn(rng, 120, 0.5, 1)),
    case("few positives", *drawn(rng, 200, 0.04, 2)),
    case("one probability for all", [0, 1, 1, 0], [0.25] * 4),
    case("in perfect order", [0, 0, 0, 1, 1], [0.05, 0.2, 0.3, 0.4, 0.9]),
]
print(json.dumps({"bins": BINS, "cases": cases, "dependence": dependence(rng)}, separators=(",", ":")))
