"""Runs of everything that computes, small and quick, each as the bytes that it ends with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse

import gdfast as gd
from gdfast.descent import optimizers
from gdfast.estimators import GDClassifier, GDClassifierCV, GDRegressor, GDRegressorCV

N, D, K = 3000, 40, 5
_rng = np.random.default_rng(0)
X = _rng.normal(size=(N, D))
Y = _rng.integers(0, K, N)
TARGETS = _rng.normal(size=(N, 2))
PIXELS = (X * 20 + 100).clip(0, 255).astype(np.uint8)
CSR = scipy.sparse.csr_array(_rng.normal(size=(N, 200)) * (_rng.random((N, 200)) < 0.05))
WEIGHTS = _rng.uniform(0.5, 2, N)


def _moments(scores: Any, y: Any) -> Any:
    return (scores**2).sum(axis=1), 2 * scores


OBJECTIVES: dict[str, Callable[[], Any]] = {
    "float64": lambda: gd.LinearObjective(X, Y, gd.CrossEntropy(), gd.L2(1e-2), sample_weight=WEIGHTS),
    "float32": lambda: gd.LinearObjective(X.astype(np.float32), Y, gd.Hinge(), gd.L2(1e-2)),
    "float16": lambda: gd.LinearObjective(X.astype(np.float16), Y, gd.SquaredHinge(), gd.L2(1e-2)),
    "uint8": lambda: gd.LinearObjective(
        PIXELS, Y, gd.CrossEntropy(), gd.L2(1e-2), mean=np.full(D, 100.0), scale=np.full(D, 20.0)
    ),
    "CSR": lambda: gd.LinearObjective(CSR, Y, gd.CrossEntropy(), gd.L2(1e-2)),
    "CSR float32": lambda: gd.LinearObjective(CSR.astype(np.float32), Y, gd.Hinge(), gd.L2(1e-2)),
    "squared error": lambda: gd.LinearObjective(X, TARGETS, gd.SquaredError(), gd.L2(1e-2)),
    "Huber": lambda: gd.LinearObjective(CSR, TARGETS, gd.Huber(), gd.ElasticNet(1e-3, 1e-3)),
    "L1": lambda: gd.LinearObjective(X, Y, gd.CrossEntropy(), gd.L1(1e-2)),
    "own loss": lambda: gd.LinearObjective(X, Y, gd.ScoreLoss(_moments, curvature=2.0), gd.L2(1e-2)),
    "mini-batch": lambda: OBJECTIVES["float64"]().rows(np.arange(0, N, 2)),
    "chunked": lambda: gd.ChunkedObjective(
        [X[: N // 3], X[N // 3 :]], Y, gd.CrossEntropy(), gd.L2(1e-2), memory_limit="300 kB"
    ),
    "chunked CSR": lambda: gd.ChunkedObjective(CSR, Y, gd.Hinge(), gd.L2(1e-2), memory_limit="1 MB"),
}


def point(objective: Any) -> Any:
    """The weights that computations begin at."""
    return 0.1 * np.random.default_rng(5).normal(size=objective.shape)


def as_bytes(*found: Any) -> bytes:
    """Arrays, numbers and reports."""
    return b"|".join(each.encode() if isinstance(each, str) else np.asarray(each).tobytes() for each in found)


def _search(objective: Any) -> bytes:
    w, v = point(objective), point(objective)[::-1].copy()
    ray = objective.along_ray(w, v)
    return as_bytes(ray.values(np.linspace(0, 1, 7)), ray.slope(0.5), ray.minimum())


def _stochastic(objective: Any) -> bytes:
    batches = gd.MiniBatches(64, seed=3)
    return as_bytes(gd.minimize(objective, 0 * point(objective), gd.Adam(), 0.01, batches=batches, max_steps=60).w)


def _path(objective: Any) -> bytes:
    path = gd.regularization_path(objective, [0.1, 0.05])
    return as_bytes(path.W, path.gaps)


COMPUTATIONS: dict[str, Callable[[Any], bytes]] = {
    "gradient": lambda o: as_bytes(*o.value_and_gradient(point(o))),
    "scores": lambda o: as_bytes(o.scores(point(o)), o.value(point(o)), o.predict(point(o))),
    "numerical gradient": lambda o: as_bytes(o.numerical_gradient(point(o), coordinates=[0, 5, 9])),
    "rows": lambda o: as_bytes(*o.rows([1, 5, 7]).value_and_gradient(point(o))),
    "ray": _search,
    "plane": lambda o: as_bytes(
        gd.landscape.plane(o, point(o), point(o)[::-1].copy(), 2 * point(o), [0, 1.0], [0, 1.0]).values
    ),
    "step sizes": lambda o: as_bytes(gd.landscape.step_sizes(o, point(o), [0.1, 1.0]).values),
    "mini-batches": _stochastic,
    "duality gap": lambda o: as_bytes(o.duality_gap(point(o))),
    "suggest_step": lambda o: as_bytes(gd.suggest_step(o)),
    "solve": lambda o: as_bytes(gd.solve(o, 1e-3, max_passes=200).w),
    "path": _path,
    "check_gradient": lambda o: as_bytes(str(gd.check_gradient(o, at=point(o), coordinates=5, rng=0))),
    "sanity_check": lambda o: as_bytes(str(gd.sanity_check(o))),
    "random_search": lambda o: as_bytes(gd.random_search(o, n=20, rng=0).w),
    "local_search": lambda o: as_bytes(gd.local_search(o, point(o), n=20, rng=0).w),
}


def outcome(computation: str, objective: Any) -> bytes:
    """What it ends with; the refusal, where this objective is none for it."""
    try:
        return COMPUTATIONS[computation](objective)
    except (TypeError, ValueError) as refusal:
        return f"{type(refusal).__name__}: {refusal}".encode()


OPTIMIZERS = sorted(name for name in optimizers.__all__ if hasattr(getattr(optimizers, name), "update"))


def descent(optimizer: str, objective: Any) -> bytes:
    """Six steps by the optimizer, and six on mini-batches; its refusals."""
    made, found = getattr(optimizers, optimizer)(), []
    for batches in (None, gd.MiniBatches(500)):
        try:
            run = gd.minimize(objective, np.zeros(objective.shape), made, max_steps=6, batches=batches)
        except (TypeError, ValueError) as refusal:
            found.append(f"{type(refusal).__name__}: {refusal}")
        else:
            found.append(run.w)
    return as_bytes(*found)


ESTIMATORS: dict[str, Callable[[int | None], Any]] = {
    "GDClassifier": lambda n: GDClassifier(epochs=3, n_threads=n, random_state=0).fit(X, Y).coef_,
    "GDClassifier, CSR": lambda n: GDClassifier("hinge", epochs=3, n_threads=n, random_state=0).fit(CSR, Y).coef_,
    "GDClassifier, solve": lambda n: GDClassifier(optimizer="solve", n_threads=n, random_state=0).fit(X, Y).coef_,
    "GDClassifier, partial_fit": lambda n: (
        GDClassifier(n_threads=n, random_state=0).partial_fit(X, Y, classes=np.arange(K)).coef_
    ),
    "GDRegressor": lambda n: GDRegressor(epochs=3, n_threads=n, random_state=0).fit(X, TARGETS[:, 0]).coef_,
    "GDClassifierCV": lambda n: GDClassifierCV(alphas=3, cv=3, n_threads=n).fit(X, Y).coef_,
    "GDRegressorCV": lambda n: GDRegressorCV(alphas=3, cv=3, n_threads=n).fit(X, TARGETS[:, 0]).coef_,
}


def gradient(_: int = 0) -> bytes:
    """At three threads, in whatever process."""
    gd.set_num_threads(3)
    return outcome("gradient", OBJECTIVES["float32"]()) + outcome("mini-batches", OBJECTIVES["chunked"]())


def gradients(backend: str | None) -> set[bytes]:
    """Those that joblib's workers find; None: this process."""
    import joblib

    if backend is None:
        return {gradient()}
    with joblib.parallel_config(backend, n_jobs=2):
        return set(joblib.Parallel()(joblib.delayed(gradient)(i) for i in range(3)))
