"""The dual of hinge + L2: coordinate ascent over its rows, lower bounds from any duals, the best bound of a run.

Weights that belong to duals (`dual_sums`) are ``W = -A'X / (2 strength n)``.

What one point proves is a dual point, and any mixture of dual points is one. A single W proves little: a row on its
kink counts wholly or not at all. A mixture gives such a row any share between; each new dual point is mixed in by the
share that raises the bound most (a Frank-Wolfe step).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import _kernels
from ..._arrays import check_weights
from ...protocols import Array, FloatArray
from .certified import certified_strengths
from .dual_sums import DualSums, bound_with_free_bias, bound_with_penalty, bound_without_bias
from .evaluation import margins_at
from .problem import LinearProblem
from .terms import Terms

REST = 3
"""Epochs that a row whose duals don't move may be left alone."""
SECTIONS = 14
GOLDEN = (5**0.5 - 1) / 2


# ---- of a linear problem ----


def dual_epoch(
    problem: LinearProblem,
    W: Array,
    duals: Array,
    idle: Array,
    unit: float,
    bias_square: float,
    seed: int,
    epoch: int,
) -> None:
    """Move the rows' duals (n_samples, n_classes) to their optimum in turn, and W with them, in place.

    The order is the permutation of (seed, epoch). `idle` (n_samples,), uint8, counts the visits since a row's duals
    moved; one that has not moved for long is visited in every (REST + 1)-th epoch only. `unit` is
    1 / (2 strength n_samples); `bias_square` that of the value which the bias is multiplied by. W and duals have the
    type of the arithmetic. At most one pass over X.
    """
    rows = problem.rows
    due = (np.arange(rows.n_samples) + epoch) % (1 + np.minimum(idle, REST)) == 0
    order = _kernels.permutation(rows.n_samples, seed, epoch)
    order = order[due[order]]
    if order.size == 0:  # all of a few rows rest
        return
    at = order if rows.index is None else np.ascontiguousarray(rows.index[order])
    rows.counter.add(len(order))
    _kernels.dual_epoch(
        problem.compiled, order, at, problem.squares, unit, bias_square, rows.mean_weight, duals, idle, W
    )  # fmt: skip


def dual_sums(problem: LinearProblem, duals: Array) -> tuple[FloatArray, float, float]:
    """``A'X`` with the sums of A as last column (n_classes, n_features + 1), ``sum(a)``, ``sum_i |A_i|_1 |x_i|``.

    In float64; duals are taken into their box first, so that whatever they are, A is feasible. One pass over the
    rows that have any.
    """
    rows = problem.rows
    sums = np.empty((rows.n_classes, rows.n_features + 1))
    rows.counter.add(rows.n_samples)
    total, moment = _kernels.dual_sums(problem.compiled, problem.squares, rows.mean_weight, duals, sums, False)
    return sums, total, moment


def known_of_duals(problem: LinearProblem, duals: Array) -> DualSums:
    """What `dual_bound` needs to know of duals; one pass over the rows that have any."""
    found = dual_sums(problem, duals)
    return centred_sums(problem.rows, *found, float(np.sqrt(problem.squares.max())))


def centred_sums(rows: Any, sums: FloatArray, total: float, moment: float, longest: float) -> DualSums:
    """From sums that were taken before centring, and the largest norm of a row."""
    longest *= 1 + 1e-14
    if rows.mean is not None:  # sums are taken before centring
        offset = 2 * float(np.linalg.norm(rows.mean / (1.0 if rows.scale is None else rows.scale)))
        longest, moment = longest + offset, moment + 2 * total * offset
    return DualSums(sums, total, moment, longest)


def violated_sums(problem: LinearProblem, W: Array) -> DualSums:
    """Of the duals that W proves with; two passes over X, the first call takes two more."""
    return known_of_duals(problem, with_rows(problem, violated(problem, check_weights(W, problem.rows.shape))))


def violated(problem: LinearProblem, W: Array) -> Array:
    """The duals that W proves with: a row's weight where the term counts, (n_samples, n_classes)."""
    rows = problem.rows
    counts = margins_at(problem, W) > 0
    return (counts * (rows.normalized_weights * rows.n_samples)[:, None]).astype(rows.arithmetic)


def with_rows(problem: LinearProblem, duals: Array) -> Array:
    """Duals of classes that have rows, 0 for the others where the bias is not penalised: only these are feasible."""
    if problem.class_sums is None:
        return duals
    has_rows = problem.class_sums[:, -1] > 0
    return duals if has_rows.all() else duals * has_rows


def dual_bound(problem: Terms, known: DualSums) -> float:
    """What the objective is nowhere below. Where the bias is not penalised, all duals of a class without rows must be
    zero."""
    facts = problem.loss.margin, certified_strengths(problem).l2, problem.rows.n_samples
    if not problem.rows.bias:
        return bound_without_bias(known, *facts)
    if problem.class_sums is None:
        return bound_with_penalty(known, *facts)
    return bound_with_free_bias(known, problem.class_sums, *facts)


def mixed_bound(problem: Terms, fresh: DualSums, known: Any) -> tuple[float, DualSums]:
    """A lower bound of the optimum of a hinge from the duals of a point, and from those of all points before."""
    if known is not None and not isinstance(known, DualSums):
        raise TypeError(f"known must be None or what the call before handed back; it is {type(known).__name__}")
    alone = dual_bound(problem, fresh)
    if known is None:
        return alone, fresh
    earlier: DualSums = known
    best, share = max((dual_bound(problem, earlier), 0.0), (alone, 1.0))

    def mixed(share: float) -> tuple[float, float]:
        return dual_bound(problem, earlier.mixed(fresh, share)), share

    # A golden section search: the bound is concave in the share, but for its repairs.
    low, high = 0.0, 1.0
    left, right = mixed(1 - GOLDEN), mixed(GOLDEN)
    for _ in range(SECTIONS):
        best, share = max((best, share), left, right)
        if left[0] >= right[0]:
            high, right = right[1], left
            left = mixed(high - GOLDEN * (high - low))
        else:
            low, left = left[1], right
            right = mixed(low + GOLDEN * (high - low))
    best, share = max((best, share), left, right)
    return best, earlier if share == 0 else fresh if share == 1 else earlier.mixed(fresh, share)
