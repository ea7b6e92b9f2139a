"""Writes data sets as raw numbers that every learner reads without a library.

    data.py PARTS OUT          the parts that `train-100k --out PARTS` wrote, as OUT/original
    data.py --public OUT       public sets that scikit-learn ships or generates, as OUT/NAME-SPLIT

A set is a folder of train.x, train.y, test.x, test.y: values are row-major float32, labels are bytes 0 or 1.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
from sklearn.datasets import load_breast_cancer, make_classification, make_hastie_10_2
from sklearn.model_selection import train_test_split

LABEL = "fire_detected"


def write(folder, parts):
    folder.mkdir(parents=True, exist_ok=True)
    for part, (x, y) in parts.items():
        np.ascontiguousarray(x, dtype="<f4").tofile(folder / f"{part}.x")
        np.asarray(y).astype(np.uint8).tofile(folder / f"{part}.y")


def original(parts, out):
    """Trained on the training part; evaluated on validation and test together, since no learner stops early."""

    def read(*names):
        tables = [parquet.read_table(parts / name) for name in names]
        # Features are 32-bit floats; identifiers and the label are integers.
        features = [field.name for field in tables[0].schema if str(field.type) == "float"]
        x = np.concatenate([np.column_stack([t[n].to_numpy() for n in features]) for t in tables])
        return x, np.concatenate([t[LABEL].to_numpy() for t in tables])

    write(out / "original", {"train": read("train"), "test": read("validation", "test")})


def public(out):
    """Several splits of each set: one split of a small set says little about a difference of 0.001."""
    for split in range(10):
        cancer = load_breast_cancer(return_X_y=True)
        cut(out / f"breast_cancer-{split}", cancer, split)
    for split in range(3):
        interactions = make_classification(
            20_000, 20, n_informative=8, n_redundant=4, n_clusters_per_class=4, flip_y=0.05, random_state=split
        )
        cut(out / f"make_classification-{split}", interactions, split)
        x, y = make_hastie_10_2(20_000, random_state=split)
        cut(out / f"make_hastie_10_2-{split}", (x, y > 0), split)


def cut(folder, data, seed):
    x, y = data
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, stratify=y, random_state=seed)
    write(folder, {"train": (x_train, y_train), "test": (x_test, y_test)})


if sys.argv[1] == "--public":
    public(Path(sys.argv[2]))
else:
    original(Path(sys.argv[1]), Path(sys.argv[2]))
