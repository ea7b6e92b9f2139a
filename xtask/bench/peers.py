"""Fits one peer on the sets of data.py and prints a line of JSON for each.

    peers.py DATA THREADS LEARNER SET...
    peers.py --versions

The clock runs over the fit alone, binning included, with the data in memory as float32. A small fit before it
starts threads and triggers lazy imports. Peak memory is the growth of the process during the fit.
"""

import json
import os
import sys
import time
from pathlib import Path

SEED = 42
TREES = 200


def sklearn_forest(threads):
    from sklearn.ensemble import RandomForestClassifier

    return of_sklearn(RandomForestClassifier(TREES, max_depth=10, n_jobs=threads, random_state=SEED))


def lightgbm_forest(threads):
    # A bootstrap draws 63.2 % of the rows; LightGBM's own draw is without replacement.
    return of_lightgbm(boosting="rf", max_depth=10, num_leaves=1024, bagging_freq=1, bagging_fraction=0.632,
                       feature_fraction_bynode=sqrt_share, min_data_in_leaf=1, min_sum_hessian_in_leaf=0,
                       num_threads=threads)


def xgboost_forest(threads):
    return of_xgboost(1, num_parallel_tree=TREES, eta=1, max_depth=10, subsample=0.632, colsample_bynode=sqrt_share,
                      reg_lambda=1e-5, min_child_weight=0, nthread=threads)


def sklearn_boosting(threads):
    from sklearn.ensemble import GradientBoostingClassifier

    return of_sklearn(GradientBoostingClassifier(n_estimators=TREES, max_depth=6, random_state=SEED))


def sklearn_hist_boosting(threads):
    from sklearn.ensemble import HistGradientBoostingClassifier

    return of_sklearn(HistGradientBoostingClassifier(
        max_iter=TREES, max_depth=6, max_leaf_nodes=64, learning_rate=0.1, l2_regularization=1.0,
        min_samples_leaf=4, early_stopping=False, random_state=SEED))


def lightgbm_boosting(threads, **more):
    return of_lightgbm(max_depth=6, num_leaves=64, learning_rate=0.1, lambda_l2=1.0, min_data_in_leaf=1,
                       min_sum_hessian_in_leaf=1.0, num_threads=threads, **more)


def lightgbm_boosting_quantised(threads):
    return lightgbm_boosting(threads, use_quantized_grad=True)


def xgboost_boosting(threads):
    return of_xgboost(TREES, max_depth=6, eta=0.1, reg_lambda=1.0, min_child_weight=1.0, nthread=threads)


def sklearn_logistic(threads):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return of_sklearn(make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)))


def of_sklearn(estimator):
    return lambda x, y: estimator.fit(x, y), lambda model, x: model.predict_proba(x)[:, 1]


def of_lightgbm(**params):
    import lightgbm

    params = {"objective": "binary", "max_bin": 255, "seed": SEED, "verbosity": -1, **params}

    def fit(x, y):
        of_x = {name: value(x) if callable(value) else value for name, value in params.items()}
        return lightgbm.train(of_x, lightgbm.Dataset(x, y, params=of_x), TREES)

    return fit, lambda model, x: model.predict(x)


def of_xgboost(rounds, **params):
    import xgboost

    params = {"objective": "binary:logistic", "tree_method": "hist", "max_bin": 256, "seed": SEED, **params}

    def fit(x, y):
        of_x = {name: value(x) if callable(value) else value for name, value in params.items()}
        matrix = xgboost.QuantileDMatrix(x, y, nthread=params["nthread"])
        return xgboost.train(of_x, matrix, rounds)

    return fit, lambda model, x: model.inplace_predict(x)


def sqrt_share(x):
    return int(x.shape[1] ** 0.5) / x.shape[1]


def memory(field):
    status = Path("/proc/self/status").read_text()
    return int(status.split(field + ":")[1].split()[0]) * 1024


def measure(learner, threads, folder):
    import numpy as np
    from sklearn.metrics import roc_auc_score

    def read(part):
        y = np.fromfile(folder / f"{part}.y", dtype=np.uint8)
        return np.fromfile(folder / f"{part}.x", dtype="<f4").reshape(len(y), -1), y

    (x, y), (x_test, y_test) = read("train"), read("test")
    fit, predict = globals()[learner](threads)
    fit(x[:2000], y[:2000])
    Path("/proc/self/clear_refs").write_text("5")  # The peak starts anew.
    before = memory("VmRSS")
    started = time.perf_counter()
    model = fit(x, y)
    seconds = time.perf_counter() - started
    # The small fit may have left more behind than this one takes.
    peak = max(0, memory("VmHWM") - before)
    return {"set": folder.name, "rows": len(y), "seconds": seconds, "peak_bytes": peak,
            "auc": roc_auc_score(y_test, predict(model, x_test))}


def versions():
    from importlib.metadata import version

    packages = {"scikit-learn": "scikit-learn", "LightGBM": "lightgbm", "XGBoost": "xgboost-cpu", "NumPy": "numpy"}
    found = {name: version(package) for name, package in packages.items()}
    return {"Python": sys.version.split()[0], **found}


if sys.argv[1] == "--versions":
    print(json.dumps(versions()))
else:
    data, threads, learner, *sets = sys.argv[1:]
    # scikit-learn's boosting and NumPy's linear algebra know no argument for it; read when they are loaded.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = threads
    for name in sets:
        print(json.dumps(measure(learner, int(threads), Path(data) / name)), flush=True)
