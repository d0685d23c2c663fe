"""Value and gradient of a linear objective by one pass over X, and what its scores say: margins, predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..._arrays import check_matrix, check_weights, plain_array
from ...protocols import Array, FloatArray
from ..margins import margins
from .problem import LinearProblem
from .products import residual_kernel
from .rows import DIGESTED_ROWS, Counter, require_no_centring

SEPARATED = 1e-3  # of the largest score: what float32 cannot have made


def value(problem: LinearProblem, W: Array) -> float:
    """L(W)."""
    rows = problem.rows
    W = check_weights(W, rows.shape)
    found = np.empty(1)
    rows.counter.add(rows.n_samples)
    problem.kernel.evaluate(W, found, None, None, rows.is_wide)
    return float(found[0]) + problem.penalty(W)


def value_and_gradient(problem: LinearProblem, W: Array) -> tuple[float, Array]:
    """Both, in one pass over X."""
    rows = problem.rows
    W = check_weights(W, rows.shape)
    found, gradient = np.empty(1), np.empty_like(W)
    rows.counter.add(rows.n_samples)
    problem.kernel.evaluate(W, found, gradient, None, rows.is_wide)
    return problem.with_regularizer(W, float(found[0]), gradient)


def values_at(problem: LinearProblem, Ws: Any) -> FloatArray:
    """L at many W, (m, *shape) -> (m,), in one pass over X."""
    rows = problem.rows
    Ws = plain_array(Ws, "Ws")
    if Ws.ndim != 3 or len(Ws) == 0:
        raise ValueError(f"Ws must be (m, {rows.shape[0]}, {rows.shape[1]}), m >= 1; its shape is {Ws.shape}")
    Ws = check_weights(Ws, (len(Ws), *rows.shape), "Ws")
    values = np.empty(len(Ws))
    rows.counter.add(rows.n_samples)
    problem.kernel.evaluate(Ws, values, None, None, rows.is_wide)
    values += [problem.penalty(W) for W in Ws]
    return values


def scores(problem: LinearProblem, W: Array) -> Array:
    """(n_samples, n_classes), of the arithmetic's type."""
    return problem.scores(check_weights(W, problem.rows.shape), problem.rows.is_wide)


def margins_at(problem: LinearProblem, W: Array) -> Array:
    """``s_ij - s_iy_i + margin`` for the wrong classes j, 0 at the right one: (n_samples, n_classes)."""
    labels = require_labels(problem, "margins")
    return margins(scores(problem, W), labels, problem.loss.margin)


def predict(problem: LinearProblem, W: Array, X: Any = None) -> Array:
    """The class of the largest score; for regression the prediction, of y's shape."""
    rows = problem.rows
    found = scores(problem, W) if X is None else _scores_of_others(problem, W, X)
    if problem.loss.classifies:
        return np.asarray(found.argmax(axis=1))
    return found[:, 0] if rows.flat_targets else found


def _scores_of_others(problem: LinearProblem, W: Array, X: Any) -> Array:
    W = check_weights(W, problem.rows.shape)
    matrix = check_matrix(X, check_finite=True)
    require_no_centring(matrix, problem.rows.mean)
    if matrix.shape[1] != problem.rows.n_features:
        raise ValueError(f"X must have {problem.rows.n_features} features; it has {matrix.shape[1]}")
    others = replace(
        problem.rows, X=X, matrix=matrix, labels=None, targets=None, sample_weight=None, index=None, counter=Counter()
    )
    kernel = residual_kernel(others, None, None, 1.0, others.n_classes)
    found = np.empty((others.n_samples, others.n_classes), dtype=others.arithmetic)
    kernel.evaluate(W, None, None, found, others.is_wide)
    return found


def accuracy(problem: LinearProblem, W: Array) -> float:
    """The share of samples whose largest score is their label's."""
    labels = require_labels(problem, "accuracy")
    return float((predict(problem, W) == labels).mean())


def require_labels(problem: LinearProblem, what: str) -> Array:
    """y, of a loss with classes."""
    if not problem.loss.classifies:
        raise ValueError(f"{what} has no meaning for {type(problem.loss).__name__}, which has no classes")
    return problem.rows.y


def separation(problem: LinearProblem, W: Array) -> tuple[float, float]:
    """By how much the own class's score is above the others at least, and the largest |own score|; one pass."""
    labels = require_labels(problem, "separation")
    found = np.array(scores(problem, W))
    places = np.arange(len(found)), labels
    own = found[places]
    found[places] = -np.inf
    return float((own - found.max(axis=1)).min()), float(np.abs(own).max())


def is_separation(smallest: float, largest: float) -> bool:
    """Whether that is more than rounding."""
    return smallest > SEPARATED * largest


def gradient_rounding(problem: LinearProblem, W: Array) -> float:
    """About how far rounding may move an element of the gradient at W: the arithmetic's unit times the size of what is
    added up, and of what a row's coefficients are differences of, which near an optimum are far larger than the
    gradient itself."""
    rows = problem.rows
    base = np.ascontiguousarray(scores(problem, W), dtype=np.float64)
    coefficients = np.empty_like(base)
    problem.kernel.mix(base, None, None, None, None, None, coefficients)
    sizes = problem.loss.coefficient_sizes(base, rows.y)
    sizes *= rows.normalized_weights[:, None]
    unit = float(np.finfo(rows.arithmetic).eps)
    return unit * max(1.0, rows.largest_seen) * float((np.abs(coefficients) + sizes).sum(axis=0).max())


def fingerprint(problem: LinearProblem, W: Any, kind: str) -> dict[str, Any]:
    """What tells this problem from another, without reading all of it: settings, digests, the value on some rows."""
    rows = problem.rows
    some = np.unique(np.linspace(0, rows.n_samples - 1, DIGESTED_ROWS).astype(np.int64))
    return {
        "kind": kind,
        "shape": [rows.n_samples, *rows.shape],
        "type of X": rows.matrix.dtype.name,
        "loss": repr(problem.loss),
        "regularizer": repr(problem.regularizer),
        "bias": [rows.bias, problem.penalize_bias],
        **rows.digests(some if rows.index is None else rows.index[some]),
        "value": value(problem.on_rows(some).uncounted(), W) if np.shape(W) == rows.shape else None,
    }
