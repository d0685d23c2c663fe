"""dask-ml beside it: LogisticRegression, and SGDClassifier by Incremental, on the same blocks of a dask array."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

import gdfast as gd
from gdfast.distributed import DaskObjective

COLUMNS = ("dask-ml", "its s", "above the optimum", "gdfast", "its s", "above the optimum", "times as fast")
FEATURES, PENALTY, EPOCHS = 50, 1.0, 5
Array = np.ndarray[Any, Any]


def two_classes(n: int) -> tuple[Array, Array]:
    """Correlated features, float32, and labels by a logistic model: dask-ml's LogisticRegression knows two classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 10)) @ rng.normal(size=(10, FEATURES)) + rng.normal(size=(n, FEATURES))
    y = rng.random(n) < 1 / (1 + np.exp(-X @ rng.normal(size=FEATURES) / 5))
    return X.astype(np.float32), y.astype(np.int64)


def beside(client: Any, n: int, chunks: int, quick: bool) -> list[list[Any]]:
    """A row for each estimator: what both objectives are is the same, the logistic loss and PENALTY |w|^2 / 2."""
    import dask.array as da
    from dask_ml.linear_model import LogisticRegression
    from dask_ml.wrappers import Incremental
    from sklearn.linear_model import SGDClassifier

    X, y = two_classes(n)
    blocks, labels = client.persist([da.from_array(X, chunks=(n // chunks, FEATURES)), da.from_array(y, n // chunks)])
    objective = DaskObjective(
        blocks, y, gd.CrossEntropy(), gd.L2(PENALTY / n), penalize_bias=True, client=client
    )  # two classes: |W|^2 is half of |w|^2
    optimum = gd.solve(objective, tol=1e-7).value
    rows = []
    peers = {
        f"LogisticRegression, {solver}": LogisticRegression(C=1 / PENALTY, solver=solver, max_iter=2 if quick else 100)
        for solver in (("newton",) if quick else ("newton", "lbfgs"))
    }
    for name, peer in peers.items():
        start = time.perf_counter()
        try:
            with client.as_current(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                peer.fit(blocks, labels)
        except Exception as error:
            rows.append([name, f"{type(error).__name__}: {error}", None, "", None, None, None])
            continue
        seconds = time.perf_counter() - start
        its = above(objective, peer.coef_, peer.intercept_, optimum)
        rows.append([name, seconds, its, *solved(objective, optimum, seconds)])
    peer = Incremental(SGDClassifier(loss="log_loss", alpha=PENALTY / n, random_state=0))
    start = time.perf_counter()
    with client.as_current(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(1 if quick else EPOCHS):
            peer.partial_fit(blocks, labels, classes=[0, 1])
    seconds = time.perf_counter() - start
    its = above(objective, peer.estimator_.coef_, peer.estimator_.intercept_, optimum)
    rows.append(
        [
            f"Incremental(SGDClassifier), {1 if quick else EPOCHS} epochs",
            seconds,
            its,
            *descended(objective, optimum, its, seconds),
        ]
    )
    return rows


def above(objective: DaskObjective, coef: Array, intercept: Array, optimum: float) -> float:
    """How far above the optimum the objective is at a peer's weights, relative to it."""
    half = np.append(np.ravel(coef), np.ravel(intercept)) / 2
    return objective.value(np.stack([-half, half])) / optimum - 1


def solved(objective: DaskObjective, optimum: float, seconds: float) -> list[Any]:
    """gd.solve to its proof of 1e-4."""
    start = time.perf_counter()
    result = gd.solve(objective, tol=1e-4)
    own = time.perf_counter() - start
    return ["gd.solve, 1e-4 proven", own, result.value / optimum - 1, seconds / own]


def descended(objective: DaskObjective, optimum: float, wanted: float, seconds: float) -> list[Any]:
    """L-BFGS until it is as near to the optimum as the peer."""

    def is_there(k: int, w: Array, value: float) -> bool:
        return value / optimum - 1 <= wanted

    start = time.perf_counter()
    result = gd.minimize(
        objective, np.zeros(objective.shape), gd.LBFGS(), step=gd.StrongWolfe(), callback=is_there, max_steps=100
    )
    own = time.perf_counter() - start
    return [f"L-BFGS, {result.steps} steps", own, result.value / optimum - 1, seconds / own]
