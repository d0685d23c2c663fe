"""A chunked objective and the linear one on the same rows, for laws that say they are one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

import gdfast as gd

LOSSES: list[Any] = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber(0.5)]
KINDS = ("uint8", "float16", "float32", "float64", "csr", "csr32")
MODES: dict[str, dict[str, Any]] = {"free": {}, "penalised": {"penalize_bias": True}, "absent": {"bias": False}}
FEATURES = 6


class Pair(NamedTuple):
    """Both, and matrices of weights (4, *shape)."""

    chunked: gd.ChunkedObjective
    linear: gd.LinearObjective
    Ws: Any

    @property
    def near(self) -> dict[str, float]:
        """How near values and gradients of the two are: sums in another order, in the arithmetic of X."""
        return {"rtol": 1e-11, "atol": 1e-12} if self.linear.arithmetic == np.float64 else {"rtol": 2e-5, "atol": 2e-6}


def rows_of_kind(kind: str, rng: np.random.Generator, n: int) -> Any:
    """X."""
    if kind == "uint8":
        return rng.integers(0, 255, (n, FEATURES)).astype(np.uint8)
    X = rng.normal(size=(n, FEATURES))
    if kind.startswith("csr"):
        X *= rng.random(X.shape) < 0.5
        return scipy.sparse.csr_array(X.astype(np.float32 if kind == "csr32" else np.float64))
    return X.astype(kind)


def pair(
    kind: str,
    loss: Any,
    *,
    mode: str = "free",
    regularizer: Any = None,
    weighted: bool = True,
    n: int = 230,
    rows_per_chunk: int = 23,
    seed: int = 0,
) -> Pair:
    """The two on the same rows; the middle chunk's rows weigh nothing."""
    rng = np.random.default_rng(seed)
    X = rows_of_kind(kind, rng, n)
    y = rng.integers(0, 3, n) if loss.classifies else rng.normal(size=(n, 2))
    options: dict[str, Any] = dict(MODES[mode])
    if loss.classifies:
        options["n_classes"] = 3
    if kind == "uint8":
        options |= {"mean": np.full(FEATURES, 100.0), "scale": np.full(FEATURES, 64.0)}
    elif kind.startswith("csr"):
        options["scale"] = rng.uniform(0.5, 2, FEATURES)
    if weighted:
        options["sample_weight"] = rng.uniform(0, 2, n)
        options["sample_weight"][rows_per_chunk * 4 : rows_per_chunk * 5] = 0
    regularizer = gd.L2(0.1) if regularizer is None else regularizer
    starts = range(0, n, rows_per_chunk)
    parts = [X[first : first + rows_per_chunk] for first in starts]
    chunked = gd.ChunkedObjective(parts, y, loss, regularizer, **options)
    linear = gd.LinearObjective(X, y, loss, regularizer, **options)
    assert chunked.problem.engine.n_chunks == len(starts)
    return Pair(chunked, linear, rng.normal(size=(4, *linear.shape)))
