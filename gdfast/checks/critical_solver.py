"""Damped Newton's method on gradient = 0, which finds saddles and maxima as well as minima."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .._arrays import check_integer, check_non_negative
from ..descent.argument_names import OF_RUNS, explains_names
from ..descent.record import Evaluation, Record
from ..descent.result import Result, Status
from ..objective import capabilities, second_derivatives
from ..protocols import Array, FloatArray, Objective
from .critical_points import FEW, Products, check_objective, scipy_sparse

HALVINGS = 30
ENOUGH = 1e-4
"""The share of what the straight line promises that a step must take off |gradient|."""
LOOSE = 1e-2
"""How exactly MINRES solves the first system; later ones more exactly, as the gradient falls."""
MOST_PRODUCTS = 500
"""With the Hessian, in one step by MINRES."""


@explains_names(OF_RUNS)
def solve_critical_point(objective: Objective, w0: Any, *, gtol: float = 1e-8, max_steps: int = 100) -> Result:
    """Solve ``gradient(w) = 0`` by Newton's method, damped until |gradient| falls; the point may be of any kind.

    Parameters
    ----------
    objective : Objective
        Twice differentiable; value and gradient are enough.
    w0 : float array of any shape
        Never modified.
    gtol : float >= 0
        Converged when no element of the gradient is larger.
    max_steps : int >= 0

    Returns
    -------
    Result
        Its status is CONVERGED; NO_DESCENT where no step makes the gradient smaller (a place where |gradient| has a
        minimum that is not 0, or as near as rounding lets it); MAX_STEPS; DIVERGED where value or gradient is not
        finite at w0 or at w; INTERRUPTED. ``best_w`` is w: each step makes the gradient smaller.

    Raises
    ------
    TypeError
        The objective has no value and gradient, or w0 is not a float array.
    ValueError
        The loss is Hinge or the regularizer has an L1 part: they have kinks, and no Hessian; w0 is not finite.
    ImportError
        More than 200 parameters, and scipy is not installed.

    Notes
    -----
    ``w <- w + t p`` with ``Hessian p = -gradient``, t = 1, 1/2, 1/4, ... until the 2-norm of the gradient falls. For up
    to 200 parameters the whole Hessian is made, by differences of the gradient (for linear objectives exactly), and p
    is the least-squares solution of the smallest length where it is singular. Beyond that p comes by MINRES on products
    with the Hessian, which needs no positive curvature, the more exactly the smaller the gradient has become. Where
    that p doesn't help, steps along ``-Hessian gradient`` (downhill for |gradient|), ``-gradient`` and ``gradient`` are
    tried.

    `result.evaluations` counts the products' gradients as well. `gd.classify_critical_point` tells what was found; to
    come to a minimum for sure, `gd.minimize`.

    References
    ----------
    J. Nocedal, S. J. Wright, Numerical Optimization, 2006, chapter 11; C. C. Paige, M. A. Saunders, Solution of sparse
    indefinite systems of linear equations, 1975.

    Examples
    --------
    >>> import gdfast as gd
    >>> from gdfast.test_functions import Himmelblau
    >>> result = gd.solve_critical_point(Himmelblau(), [0.0, 2.5])
    >>> result.status.name, result.w.round(6)
    ('CONVERGED', array([0.086678, 2.884255]))
    >>> gd.classify_critical_point(Himmelblau(), result.w).kind
    'saddle'
    """
    check_objective(objective)
    w = np.array(capabilities.start_for(objective, w0, "w0"), order="C")
    gtol = check_non_negative(gtol, "gtol")
    max_steps = check_integer(max_steps, "max_steps", minimum=0)
    second_derivatives.check_curvature(objective)
    if w.size > FEW:
        scipy_sparse(w.size)
    record = Record(objective, {})
    there, status, k, extra = Evaluation(math.nan, w, math.nan), Status.INTERRUPTED, 0, 0
    try:
        there = record.evaluate(objective, w)
        record.add(0, there, w)
        status = _judged(there, gtol)
        while status is Status.MAX_STEPS and k < max_steps:
            products = Products(objective, w)
            found = None
            exactness = max(1e-12, LOOSE * min(1.0, there.norm / record.norms[0]))
            for direction in _directions(products, there.gradient.astype(np.float64), exactness):
                found = _damped(record, objective, w, there, direction)
                if found is not None:
                    break
            extra += products.count * products.cost
            if found is None:
                status = Status.NO_DESCENT
                break
            moved, ahead, length = found
            w, there, k = moved, ahead, k + 1
            record.add(k, there, w)
            record.step_sizes.append(length)
            status = _judged(there, gtol)
    except KeyboardInterrupt:
        status = Status.INTERRUPTED
    return Result(
        w=w,
        value=there.value,
        gradient_norm=there.norm,
        status=status,
        steps=k,
        evaluations=record.evaluations + extra,
        passes=record.passes(),
        seconds=record.elapsed(),
        history=record.history(before=k + 1, steps=k, sign=1.0),
        best_w=w,
        best_value=there.value,
        explanation=_MORE_STEPS if status is Status.MAX_STEPS else status.value,
    )


_MORE_STEPS = (
    "All steps were taken before every element of the gradient came within gtol of zero: allow more steps, a larger "
    "gtol, or start elsewhere."
)


def _judged(there: Evaluation, gtol: float) -> Status:
    if not there.is_finite():
        return Status.DIVERGED
    return Status.CONVERGED if there.norm <= gtol else Status.MAX_STEPS


def _directions(products: Products, gradient: FloatArray, exactness: float) -> Iterator[FloatArray]:
    """Newton's, and others that may help where it doesn't."""
    g = gradient.reshape(-1)
    yield _newton(products, g, exactness)
    yield -products.times(g)
    yield -g
    yield g


def _newton(products: Products, g: FloatArray, exactness: float) -> FloatArray:
    """``Hessian p = -g``, in the sense of least squares where it is singular."""
    if g.size > FEW:
        sparse = scipy_sparse(g.size)
        p: FloatArray = sparse.linalg.minres(products.operator(), -g, rtol=exactness, maxiter=MOST_PRODUCTS)[0]
        return p
    H = products.matrix()
    size = float(np.abs(H).max())
    if not 0 < size < math.inf:
        return np.zeros(g.size)
    return np.asarray(np.linalg.lstsq(H / size, -g / size, rcond=1e-13)[0])


def _damped(
    record: Record, objective: Objective, w: Array, there: Evaluation, direction: FloatArray
) -> tuple[Array, Evaluation, float] | None:
    """The first of the steps 1, 1/2, 1/4, ... that makes the gradient smaller; None where none does."""
    if not (np.isfinite(direction).all() and direction.any()):
        return None
    before = _length(there)
    step = 1.0
    for _ in range(HALVINGS):
        with np.errstate(over="ignore"):
            moved = (w + (step * direction).reshape(w.shape)).astype(w.dtype)
        if np.array_equal(moved, w):
            return None
        if np.isfinite(moved).all():
            ahead = record.evaluate(objective, moved)
            if ahead.is_finite() and _length(ahead) <= (1 - ENOUGH * step) * before and _length(ahead) < before:
                return moved, ahead, step
        step /= 2
    return None


def _length(there: Evaluation) -> float:
    return float(np.linalg.norm(there.gradient.astype(np.float64)))
