"""Value and gradient of a chunked objective by one pass over its chunks, and what its scores say."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._arrays import check_weights, plain_array
from ...protocols import Array, FloatArray
from ..linear.evaluation import is_separation
from . import operations
from .problem import ChunkedProblem


def value(problem: ChunkedProblem, W: Array) -> float:
    """L(W)."""
    W = check_weights(W, problem.rows.shape)
    return float(problem.sum(operations.value, W)[0]) + problem.penalty(W)


def value_and_gradient(problem: ChunkedProblem, W: Array) -> tuple[float, Array]:
    """Both, in one pass over X."""
    W = check_weights(W, problem.rows.shape)
    found, gradient = problem.sum(operations.value_and_gradient, W)
    return problem.with_regularizer(W, float(found), gradient.astype(W.dtype))


def values_at(problem: ChunkedProblem, Ws: Any) -> FloatArray:
    """L at many W, (m, *shape) -> (m,), in one pass over X."""
    shape = problem.rows.shape
    Ws = plain_array(Ws, "Ws")
    if Ws.ndim != 3 or len(Ws) == 0:
        raise ValueError(f"Ws must be (m, {shape[0]}, {shape[1]}), m >= 1; its shape is {Ws.shape}")
    Ws = check_weights(Ws, (len(Ws), *shape), "Ws")
    values: FloatArray = np.array(problem.sum(operations.values_at, Ws)[0])
    values += [problem.penalty(W) for W in Ws]
    return values


def scores(problem: ChunkedProblem, W: Array) -> Array:
    """(n_samples, n_classes), of the arithmetic's type."""
    W = check_weights(W, problem.rows.shape)
    return np.concatenate(list(problem.each(operations.scores, W)))


def accuracy(problem: ChunkedProblem, W: Array) -> float:
    """The share of samples whose largest score is their label's."""
    if not problem.loss.classifies:
        raise ValueError(f"accuracy has no meaning for {type(problem.loss).__name__}, which has no classes")
    W = check_weights(W, problem.rows.shape)
    return float(problem.sum(operations.n_right, W)[0]) / problem.rows.n_samples


def separates(problem: ChunkedProblem, W: Array) -> bool:
    """Whether every row's own score is the largest, by more than rounding."""
    W = check_weights(W, problem.rows.shape)
    smallest, largest = zip(*problem.each(operations.separation, W), strict=True)
    return is_separation(min(smallest), max(largest))
