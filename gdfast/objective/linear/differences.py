"""Difference quotients of a linear objective, computed from the scores, and the kinks that their stencils cross.

A perturbed weight moves one column of scores: one pass over X serves every coordinate. Every row's difference is
evaluated on both sides and the differences are added up, which avoids the cancellation of subtracting two sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._arrays import check_indices, check_positive, check_weights
from ...differences import Scheme
from ...differences.stencils import check_scheme
from ...differences.steps import Steps, absolute_steps, is_auto, relative_steps, rounding_unit, single_step
from ...protocols import Array, FloatArray
from ..regularizers.along_directions import difference_quotients
from .terms import Terms

CENTERED, FORWARD, CROSSINGS = 0, 1, 2


def numerical_gradient(
    problem: Terms, W: Array, h: Steps = 1e-5, scheme: Scheme = "centered", coordinates: Any = None
) -> FloatArray:
    """Exact difference quotients of the objective from its scores: one pass over X for all coordinates.

    Parameters
    ----------
    W : float array of `shape`
    h : float > 0, array of W's shape, or "auto"
        One step for all weights, or one for each; "auto": relative to each weight, rounded to a power of 2. One
        pass over X for each distinct step.
    scheme : "centered" (L(+h) - L(-h)) / 2h or "forward" (L(+h) - L) / h
    coordinates : flat indices, optional

    Returns
    -------
    float64 array of `shape`, or (m,) for m coordinates.
    """
    shape = problem.rows.shape
    W = check_weights(W, shape)
    check_scheme(scheme)
    h = _checked_steps(h, W, scheme)
    code = CENTERED if scheme == "centered" else FORWARD
    if isinstance(h, float):
        difference, _, flat, columns = _differences(problem, W, h, code, coordinates)
        gradient = _at(difference / (2 * h if code == CENTERED else h), flat, columns, shape)
    else:
        flat = None if coordinates is None else check_indices(coordinates, W.size, "coordinates")
        wanted = np.arange(W.size) if flat is None else flat
        steps, gradient = h.ravel()[wanted], np.empty(wanted.size)
        for step in np.unique(steps).tolist():
            here = steps == step
            difference, _, chosen, columns = _differences(problem, W, step, code, wanted[here])
            gradient[here] = _at(difference / (2 * step if code == CENTERED else step), chosen, columns, shape)
        gradient = gradient.reshape(shape) if flat is None else gradient
        h = problem.penalised(h)
    if problem.regularizer is not None:
        quotients = np.zeros(shape)
        penalised = problem.penalised(np.array(W, dtype=np.float64))
        problem.penalised(quotients)[...] = difference_quotients(problem.regularizer, penalised, h, scheme)
        gradient += quotients if flat is None else quotients.ravel()[flat]
    return gradient


def _checked_steps(h: Any, W: Array, scheme: Scheme) -> float | FloatArray:
    """A number, or an array of W's shape where there are several."""
    single, every = single_step(h), np.arange(W.size)
    if single is not None:
        return single
    if is_auto(h):
        wide = W.astype(np.float64)
        relative = relative_steps(wide, every, rounding_unit(wide), power=2 if scheme == "centered" else 1)
        steps = np.asarray(2.0 ** np.round(np.log2(relative)))
    else:
        steps = absolute_steps(h, W, every)
    return float(steps[0]) if (steps == steps[0]).all() else steps.reshape(W.shape)


def kink_crossings(
    problem: Terms, W: Array, h: float = 1e-5, coordinates: Any = None
) -> tuple[Array, FloatArray] | None:
    """Hinge terms (and L1 weights) whose kink lies within W +- h, coordinate by coordinate.

    Returns
    -------
    counts : int64, how many terms
    excess : float64, what they add to the centred difference quotient beyond the gradient's share
        (both of `shape`, or (m,)); None when neither loss nor regularizer has kinks that are known.
    """
    h, shape, loss = check_positive(h, "h"), problem.rows.shape, problem.loss
    l1 = 0.0 if problem.strengths is None else problem.strengths.l1
    W = check_weights(W, shape)
    flat = None if coordinates is None else check_indices(coordinates, W.size, "coordinates")
    if not loss.has_kinks and l1 == 0:
        return None
    if loss.has_kinks:
        difference, crossings, flat, columns = _differences(problem, W, h, CROSSINGS, coordinates)
        counts = _at(crossings, flat, columns, shape)
        excess = _at(difference / (2 * h), flat, columns, shape)
    else:
        counts = np.zeros(shape if flat is None else flat.size, dtype=np.int64)
        excess = np.zeros(counts.shape)
    if l1 > 0:
        wide = np.asarray(W, dtype=np.float64)
        crossed = np.zeros(shape, dtype=bool)
        problem.penalised(crossed)[...] = np.abs(problem.penalised(wide)) < h
        extra = np.where(crossed, l1 * (wide / h - np.sign(wide)), 0.0)
        counts += crossed if flat is None else crossed.ravel()[flat]
        excess += extra if flat is None else extra.ravel()[flat]
    return counts, excess


def _differences(
    problem: Terms, W: Array, h: float, code: int, coordinates: Any
) -> tuple[FloatArray, Array, Array | None, Array]:
    shape = problem.rows.shape
    W = check_weights(W, shape)
    flat = None
    columns = np.arange(shape[1], dtype=np.int64)
    if coordinates is not None:
        flat = check_indices(coordinates, W.size, "coordinates")
        columns = np.unique(flat % shape[1])
    difference, crossings = problem.differences(W, h, code, columns)
    return difference, crossings, flat, columns


def _at(table: Array, flat: Array | None, columns: Array, shape: tuple[int, int]) -> Array:
    """A (n_classes, n_columns) table at flat coordinates of W, or whole."""
    if flat is None:
        return table
    return np.asarray(table[flat // shape[1], np.searchsorted(columns, flat % shape[1])])
