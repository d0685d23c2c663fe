"""Value and gradient of a linear objective by one pass over X, and what its scores say: margins, predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._arrays import check_matrix, check_weights, plain_array
from ...protocols import Array, FloatArray
from ..margins import margins
from .problem import LinearProblem
from .products import residual_kernel
from .rows import DIGESTED_ROWS, Counter, Rows, digest, require_no_centring
from .terms import Terms

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
    return predicted(problem, scores(problem, W) if X is None else scores_of_others(problem, W, X))


def predicted(problem: Terms, found: Array) -> Array:
    """What these scores say."""
    if problem.loss.classifies:
        return np.asarray(found.argmax(axis=1))
    return found[:, 0] if problem.rows.flat_targets else found


def scores_of_others(problem: Terms, W: Array, X: Any) -> Array:
    """Of other rows than the problem's."""
    rows = problem.rows
    W = check_weights(W, rows.shape)
    matrix = check_matrix(X, check_finite=True)
    require_no_centring(matrix, rows.mean)
    if matrix.shape[1] != rows.n_features:
        raise ValueError(f"X must have {rows.n_features} features; it has {matrix.shape[1]}")
    others = Rows(
        X, matrix, None, None, None, rows.mean, rows.scale, rows.n_classes, rows.bias, rows.flat_targets, 1.0, None,
        Counter(), rows.in_float64,
    )  # fmt: skip
    kernel = residual_kernel(others, None, None, 1.0, others.n_classes)
    found = np.empty((others.n_samples, others.n_classes), dtype=others.arithmetic)
    kernel.evaluate(W, None, None, found, others.is_wide)
    return found


def accuracy(problem: LinearProblem, W: Array) -> float:
    """The share of samples whose largest score is their label's."""
    labels = require_labels(problem, "accuracy")
    return float((predict(problem, W) == labels).mean())


def require_labels(problem: Terms, what: str) -> Array:
    """y, of a loss with classes."""
    if not problem.loss.classifies:
        raise ValueError(f"{what} has no meaning for {type(problem.loss).__name__}, which has no classes")
    labels: Array = problem.rows.y
    return labels


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
    return rounding_of(problem.rows.arithmetic, coefficient_sums(problem, W), problem.rows.largest_seen)


def rounding_of(arithmetic: Any, sums: FloatArray, largest: float) -> float:
    """From these sums over rows, and the largest element of a row."""
    return float(np.finfo(arithmetic).eps) * max(1.0, largest) * float(sums.max())


def coefficient_sums(problem: LinearProblem, W: Array) -> FloatArray:
    """How much is added up for an element of the gradient by each class, (n_classes,), were all of a row's 1."""
    rows = problem.rows
    base = np.ascontiguousarray(scores(problem, W), dtype=np.float64)
    coefficients = np.empty_like(base)
    problem.kernel.mix(base, None, None, None, None, None, coefficients)
    sizes = problem.loss.coefficient_sizes(base, rows.y)
    sizes *= rows.normalized_weights[:, None]
    return np.asarray((np.abs(coefficients) + sizes).sum(axis=0))


def fingerprint(problem: LinearProblem, W: Any, kind: str) -> dict[str, Any]:
    """What tells this problem from another, without reading all of it: settings, digests, the value on some rows."""
    rows = problem.rows
    return told_by(problem, W, kind, rows.matrix.dtype, rows.weights, problem.on_rows(digested(rows.n_samples)))


def digested(n_samples: int) -> Array:
    """The places of the rows that are digested."""
    return np.unique(np.linspace(0, n_samples - 1, DIGESTED_ROWS).astype(np.int64))


def told_by(
    problem: Terms, W: Any, kind: str, dtype: np.dtype[Any], sample_weight: Array | None, some: LinearProblem
) -> dict[str, Any]:
    """The same of any problem, by `some` of its rows."""
    rows = problem.rows
    return {
        "kind": kind,
        "shape": [rows.n_samples, *rows.shape],
        "type of X": dtype.name,
        "loss": repr(problem.loss),
        "regularizer": repr(problem.regularizer),
        "bias": [rows.bias, problem.penalize_bias],
        "mean and scale": [digest(rows.mean), digest(rows.scale)],
        "y": digest(rows.y),
        "sample_weight": digest(sample_weight),
        "rows of X": digest(*some.rows.entries()),
        "value": value(some.uncounted(), W) if np.shape(W) == rows.shape else None,
    }
