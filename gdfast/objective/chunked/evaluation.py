"""Value and gradient of a chunked objective by one pass over its chunks, and what its scores say."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

import numpy as np

from ..._arrays import check_weights, plain_array
from ...describe import described
from ...files.atomic import write_whole
from ...files.mapping import mapping
from ...protocols import Array, FloatArray
from ..linear.evaluation import (
    digested,
    is_separation,
    predicted,
    require_labels,
    rounding_of,
    scores_of_others,
    told_by,
)
from ..linear.objective import LinearObjective
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


def scores(problem: ChunkedProblem, W: Array, out: Any = None) -> Array:
    """(n_samples, n_classes), of the arithmetic's type; written to `out` chunk by chunk, where that is given."""
    W, rows = check_weights(W, problem.rows.shape), problem.rows
    shape, dtype = (rows.n_samples, rows.n_classes), rows.arithmetic
    if isinstance(out, (str, os.PathLike)):
        write_whole(out, lambda file: _write_scores(problem, W, file, shape))
        with mapping(out):
            written: Array = np.load(out, mmap_mode="r")
        return written
    if out is None:
        out = np.empty(shape, dtype=dtype)
    elif not isinstance(out, np.ndarray):
        raise TypeError(f"out must be a path, or an array that scores are written to; it is {described(out)}")
    elif out.shape != shape or out.dtype != dtype or not out.flags.writeable:
        raise ValueError(
            f"out must be writeable, {shape} of dtype {dtype}; it is {out.shape} of {out.dtype}"
            f"{'' if out.flags.writeable else ', read-only'}"
        )
    found: Array = out
    done = 0
    for part in problem.each(operations.scores, W):
        found[done : done + len(part)] = part
        done += len(part)
    return found


def _write_scores(problem: ChunkedProblem, W: Array, file: BinaryIO, shape: tuple[int, int]) -> None:
    header = {"descr": problem.rows.arithmetic.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    for part in problem.each(operations.scores, W):
        file.write(np.ascontiguousarray(part).data)


def margins_at(problem: ChunkedProblem, W: Array) -> Array:
    """``s_ij - s_iy_i + margin`` for the wrong classes j, 0 at the right one: (n_samples, n_classes)."""
    require_labels(problem, "margins")
    W = check_weights(W, problem.rows.shape)
    return np.concatenate(list(problem.each(operations.margins, W)))


def predict(problem: ChunkedProblem, W: Array, X: Any = None) -> Array:
    """The class of the largest score; for regression the prediction, of y's shape."""
    if X is not None:
        return predicted(problem, scores_of_others(problem, W, X))
    W = check_weights(W, problem.rows.shape)
    found = np.concatenate(list(problem.each(operations.predictions, W)))
    return found if problem.loss.classifies or not problem.rows.flat_targets else found[:, 0]


def accuracy(problem: ChunkedProblem, W: Array) -> float:
    """The share of samples whose largest score is their label's."""
    require_labels(problem, "accuracy")
    W = check_weights(W, problem.rows.shape)
    return float(problem.sum(operations.n_right, W)[0]) / problem.rows.n_samples


def separates(problem: ChunkedProblem, W: Array) -> bool:
    """Whether every row's own score is the largest, by more than rounding."""
    W = check_weights(W, problem.rows.shape)
    smallest, largest = zip(*problem.each(operations.separation, W), strict=True)
    return is_separation(min(smallest), max(largest))


def gradient_rounding(problem: ChunkedProblem, W: Array) -> float:
    """About how far rounding may move an element of the gradient at W, in the gradient's units."""
    W = check_weights(W, problem.rows.shape)
    sums, sizes = zip(*problem.each(operations.rounding, W), strict=True)
    return rounding_of(problem.rows.arithmetic, np.sum(sums, axis=0), max(sizes))


def fingerprint(problem: ChunkedProblem, W: Any) -> dict[str, Any]:
    """What tells this problem from another: that of a `LinearObjective` on the same rows, so that a run may go on
    wherever they are. One pass, at the first call."""
    rows = problem.rows
    places = digested(rows.n_samples)
    X = problem.fact("digested rows", lambda: problem.gathered(places))
    some = problem.on_gathered(X, places)
    return told_by(problem, W, LinearObjective.__name__, rows.source.dtype, rows.sample_weight, some)
