"""The peers that our endpoint is compared with.

    endpoint_peers.py fit DATA FOLDER          models of all peers from DATA/train.x, DATA/train.y
    endpoint_peers.py rows FOLDER DATA         times of LightGBM in this process as a line of JSON
    endpoint_peers.py versions

As a module, `app(FOLDER)` is a Flask application with /ping and /invocations as in the usual SageMaker container with
scikit-learn: soft voting of RandomForest, GradientBoosting and LogisticRegression behind gunicorn.
"""

import ctypes
import json
import sys
import time
from pathlib import Path

TREES = 200
SINGLES = 20_000


def read(data, part):
    import numpy as np

    y = np.fromfile(Path(data) / f"{part}.y", dtype=np.uint8)
    return np.fromfile(Path(data) / f"{part}.x", dtype="<f4").reshape(len(y), -1), y


def fit(data, folder):
    import lightgbm
    import pickle
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = read(data, "train")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    common = {"objective": "binary", "max_bin": 255, "seed": 42, "verbosity": -1, "num_threads": 2}
    forest = {"boosting": "rf", "max_depth": 10, "num_leaves": 1024, "bagging_freq": 1, "bagging_fraction": 0.632,
              "feature_fraction_bynode": 4 / 18, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0}
    boosting = {"max_depth": 6, "num_leaves": 64, "learning_rate": 0.1, "lambda_l2": 1.0, "min_data_in_leaf": 1,
                "min_sum_hessian_in_leaf": 1.0}
    for name, params in [("forest", forest), ("boosting", boosting)]:
        params = {**common, **params}
        lightgbm.train(params, lightgbm.Dataset(x, y, params=params), TREES).save_model(folder / f"{name}.txt")
    # GradientBoosting takes minutes on all rows; trees of that depth are as large on a part of them.
    few = slice(0, 20_000)
    members = [
        RandomForestClassifier(TREES, max_depth=10, n_jobs=2, random_state=42).fit(x, y),
        GradientBoostingClassifier(n_estimators=TREES, max_depth=6, random_state=42).fit(x[few], y[few]),
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(x, y),
    ]
    members[0].n_jobs = 1  # Threads for one row cost more than they bring.
    (folder / "sklearn.pickle").write_bytes(pickle.dumps(members))


def app(folder):
    import pickle

    import flask
    import numpy as np

    members = pickle.loads((Path(folder) / "sklearn.pickle").read_bytes())
    application = flask.Flask("endpoint")

    @application.get("/ping")
    def ping():
        return "", 200

    @application.post("/invocations")
    def invocations():
        text = flask.request.get_data(as_text=True)
        x = np.array([line.split(",") for line in text.splitlines()], dtype=np.float32)
        votes = np.mean([member.predict_proba(x)[:, 1] for member in members], axis=0)
        answers = [{"fire_probability": p, "fire_detected": p >= 0.5} for p in votes.tolist()]
        return flask.jsonify(predictions=answers)

    return application


def single_rows(folder, data):
    """The fast path for single rows in LightGBM's C interface, minus the overhead of a call from Python."""
    import lightgbm
    import numpy as np

    library = lightgbm.basic._LIB
    x, _ = read(data, "test")
    x = np.ascontiguousarray(x[:10_000], dtype=np.float64)
    found = {}
    for name in ["forest", "boosting"]:
        booster = lightgbm.Booster(model_file=Path(folder) / f"{name}.txt")
        config, length, out = ctypes.c_void_p(), ctypes.c_int64(), ctypes.c_double()
        # 0: the probability; 1: 64-bit numbers; all trees, one thread.
        status = library.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster._handle, 0, 0, -1, 1, x.shape[1], b"num_threads=1", ctypes.byref(config))
        assert status == 0, library.LGBM_GetLastError()
        rows = [ctypes.c_void_p(row.ctypes.data) for row in x]
        predict = library.LGBM_BoosterPredictForMatSingleRowFast
        nothing = library.LGBM_GetLastError
        counter, result = ctypes.byref(length), ctypes.byref(out)

        def times(call):
            clock = time.perf_counter_ns
            taken = []
            for at in range(SINGLES):
                row = rows[at % len(rows)]
                started = clock()
                call(config, row, counter, result)
                taken.append(clock() - started)
            taken.sort()
            return taken[len(taken) // 2]

        times(predict)
        overhead = times(nothing)
        single = times(predict) - overhead
        batches = []
        for _ in range(7):
            started = time.perf_counter()
            booster.predict(x, num_threads=1)
            batches.append(time.perf_counter() - started)
        found[name] = {"single_p50_us": single / 1e3, "rows_per_second": len(x) / sorted(batches)[3]}
    return found


def versions():
    from importlib.metadata import version

    packages = {"scikit-learn": "scikit-learn", "LightGBM": "lightgbm", "Flask": "flask", "gunicorn": "gunicorn"}
    return {"Python": sys.version.split()[0], **{name: version(package) for name, package in packages.items()}}


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fit", data, folder]:
            fit(data, folder)
        case ["rows", folder, data]:
            print(json.dumps(single_rows(folder, data)))
        case ["versions"]:
            print(json.dumps(versions()))
        case _:
            sys.exit(__doc__)
