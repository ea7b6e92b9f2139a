"""Draws the rows of profile `original` with numpy, column by column, and prints a line of JSON: seconds for the
draws alone, clipped, and for the rows with their labels.

    draws.py ROWS legacy     numpy.random.RandomState, as the Python scripts did it
    draws.py ROWS pcg64      numpy.random.Generator, which is numpy's faster one
"""

import json
import sys
import time

import numpy as np

rows, generator = int(sys.argv[1]), sys.argv[2]

# Feature, law, its parameters as in numpy, factor, limits.
LAWS = [
    ("t_mean", "normal", (25, 15), 1, (-40, 330)),
    ("t_std", "gamma", (2, 5), 1, (0, 50)),
    ("t_max", "normal", (45, 20), 1, (-40, 330)),
    ("t_p95", "normal", (40, 18), 1, (-40, 330)),
    ("t_hot_area_pct", "beta", (2, 5), 100, (0, 100)),
    ("t_hot_largest_blob_pct", "beta", (1, 4), 50, (0, 50)),
    ("t_grad_mean", "gamma", (2, 3), 1, (0, 20)),
    ("t_grad_std", "gamma", (1, 2), 1, (0, 10)),
    ("t_diff_mean", "gamma", (2, 4), 1, (0, 30)),
    ("t_diff_std", "gamma", (1, 3), 1, (0, 15)),
    ("flow_mag_mean", "gamma", (2, 2), 1, (0, 15)),
    ("flow_mag_std", "gamma", (1, 1.5), 1, (0, 8)),
    ("tproxy_val", "normal", (30, 15), 1, (0, 100)),
    ("tproxy_delta", "normal", (0, 10), 1, (-50, 50)),
    ("tproxy_vel", "normal", (0, 5), 1, (-20, 20)),
    ("gas_val", "normal", (450, 200), 1, (400, 5000)),
    ("gas_delta", "normal", (0, 100), 1, (-500, 500)),
    ("gas_vel", "normal", (0, 15), 1, (-50, 50)),
]


def columns(rng, rows):
    def column(law, parameters, factor, limits):
        draws = getattr(rng, law)(*parameters, rows)
        if factor != 1:
            draws *= factor
        return np.clip(draws, *limits, out=draws)

    return {name: column(*rest) for name, *rest in LAWS}


def labels(rng, x):
    weights = [
        (0.30, x["t_max"] > 60), (0.25, x["t_p95"] > 55), (0.20, x["t_mean"] > 40),
        (0.20, x["t_hot_area_pct"] > 15), (0.15, x["t_hot_largest_blob_pct"] > 5),
        (0.15, x["t_grad_mean"] > 8), (0.15, x["t_diff_mean"] > 12), (0.25, x["gas_val"] > 800),
        (0.20, x["gas_delta"] > 150), (0.30, (x["t_max"] > 70) & (x["gas_val"] > 1000)),
        (0.20, (x["t_hot_area_pct"] > 20) & (x["t_grad_mean"] > 10)),
    ]
    score = np.zeros(len(x["t_max"]))
    for weight, holds in weights:
        score += weight * holds
    p = np.clip(np.clip(score, 0, 1) + rng.normal(0, 0.05, len(score)), 0, 1)
    return rng.binomial(1, p)


rng = np.random.RandomState(42) if generator == "legacy" else np.random.default_rng(42)
# Triggers lazy imports before the clock starts.
labels(rng, columns(rng, 1_000))
started = time.perf_counter()
x = columns(rng, rows)
drawn = time.perf_counter()
y = labels(rng, x)
done = time.perf_counter()
print(json.dumps({"rows": rows, "draws_seconds": drawn - started, "seconds": done - started, "share": float(y.mean()),
                  "numpy": np.__version__}))
