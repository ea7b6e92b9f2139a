"""Writes metrics.json: labels, probabilities and their metrics by scikit-learn.

    pip install scikit-learn==1.9.1
    python metrics.py > metrics.json
"""

import json

import numpy as np
import sklearn.metrics as m


def ece(labels, p):
    """Guo et al. 2017: ten bins of equal width, the last one closed, weighted by size."""
    bins = np.minimum((p * 10).astype(int), 9)
    inside = [bins == b for b in range(10)]
    return sum(i.mean() * abs(p[i].mean() - labels[i].mean()) for i in inside if i.any())


def decisions(labels, p, threshold):
    called = p >= threshold
    return {
        "accuracy": m.accuracy_score(labels, called),
        "f1": m.f1_score(labels, called, zero_division=0),
        "precision": m.precision_score(labels, called, zero_division=0),
        "recall": m.recall_score(labels, called, zero_division=0),
    }


def best_threshold(labels, p):
    """The threshold with the highest F1; the highest one on ties."""
    candidates = np.unique(p)[::-1]
    return max(candidates, key=lambda t: m.f1_score(labels, p >= t, zero_division=0))


def case(name, labels, p, threshold):
    labels, p = np.asarray(labels), np.asarray(p, dtype=float)
    figures = {
        "auc": m.roc_auc_score(labels, p),
        "pr_auc": m.average_precision_score(labels, p),
        "logloss": m.log_loss(labels, p),
        "brier": m.brier_score_loss(labels, p),
        "ece": ece(labels, p),
        **decisions(labels, p, 0.5),
    }
    return {
        "name": name,
        "labels": labels.tolist(),
        "probabilities": p.tolist(),
        "figures": {key: float(value) for key, value in figures.items()},
        "threshold": threshold,
        "at_threshold": {key: float(value) for key, value in decisions(labels, p, threshold).items()},
        "best_threshold": float(best_threshold(labels, p)),
    }


def drawn(rng, rows, share, digits):
    """Labels, and probabilities that are higher for label 1; few digits make ties."""
    labels = (rng.random(rows) < share).astype(int)
    p = 1 / (1 + np.exp(-rng.normal(1.2 * labels - 0.6, 1.0)))
    return labels, np.round(p, digits)


def cases():
    rng = np.random.default_rng(1)
    yield case("continuous", *drawn(rng, 400, 0.4, 9), 0.4)
    yield case("many ties", *drawn(rng, 300, 0.5, 1), 0.55)
    yield case("few positives", *drawn(rng, 500, 0.02, 2), 0.7)
    yield case("few negatives", *drawn(rng, 200, 0.97, 3), 0.3)
    labels, _ = drawn(rng, 64, 0.45, 0)
    yield case("only certainties, many wrong", labels, rng.integers(0, 2, 64), 0.5)
    yield case("one probability for all", [0, 1, 1, 0, 0, 1, 0], [0.25] * 7, 0.25)
    yield case("in perfect order", [0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.9], 0.4)
    yield case("in reverse order", [1, 1, 0, 0, 0], [0.0, 0.2, 0.6, 0.9, 1.0], 0.6)
    yield case("no row is called positive", [0, 1, 0, 1], [0.1, 0.2, 0.05, 0.3], 0.9)
    yield case("two rows", [0, 1], [0.5, 0.5], 0.5)


print("[")
print(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases()))
print("]")
