"""The dual of hinge + L2: coordinate ascent over its rows, lower bounds from any duals, the best bound of a run.

A row has a dual a_c in [0, its weight / the mean weight] for each wrong class; A_c = a_c, A_y = -sum of a. Weights that
belong to duals are ``W = -A'X / (2 strength n)``. For feasible duals with ``G = A'X/n`` and ``lin = margin * sum(a)/n``
weak duality says that no objective is below ``t * lin - t**2 * |G|**2 / (4 * strength)``, 0 <= t <= 1; rounded
outwards here. Where the bias is not penalised, only duals whose sums r of A are 0 are feasible: they are mixed with
others whose sums cancel r, of which only class sums of X are needed.

What one point proves is a dual point, and any mixture of dual points is one. A single W proves little: a row on its
kink counts wholly or not at all. A mixture gives such a row any share between; each new dual point is mixed in by the
share that raises the bound most (a Frank-Wolfe step).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ... import _kernels
from ..._arrays import check_weights
from ...protocols import Array, FloatArray
from .duality_gap import certified_strengths
from .evaluation import margins_at
from .problem import LinearProblem

UNIT = 2.0**-53
REST = 3
"""Epochs that a row whose duals don't move may be left alone."""
SECTIONS = 14
GOLDEN = (5**0.5 - 1) / 2


class DualSums(NamedTuple):
    """What is known of duals: ``A'X`` with the sums of A last (k, d + 1), ``sum(a)``, ``sum_i |A_i|_1 |x_i|``.

    `longest` is the largest of the norms |x_i| that went into the moment; `mixtures`: how often others were mixed in.
    """

    sums: FloatArray
    total: float
    moment: float
    longest: float
    mixtures: int = 0

    def mixed(self, other: DualSums, share: float) -> DualSums:
        """Of the duals ``(1 - share) * these + share * others``, which are as feasible as both."""
        return DualSums(
            (1 - share) * self.sums + share * other.sums,
            (1 - share) * self.total + share * other.total,
            (1 - share) * self.moment + share * other.moment,
            max(self.longest, other.longest),
            self.mixtures + other.mixtures + 1,
        )


def bound_without_bias(known: DualSums, margin: float, strength: float, n_samples: int) -> float:
    """Of an objective without a bias."""
    return _bound(known._replace(sums=known.sums[:, :-1]), margin, strength, n_samples)


def bound_with_penalty(known: DualSums, margin: float, strength: float, n_samples: int) -> float:
    """Of an objective whose bias is penalised like a weight."""
    return _bound(known._replace(moment=known.moment + 2 * known.total), margin, strength, n_samples)


def bound_with_free_bias(
    known: DualSums, class_sums: FloatArray, margin: float, strength: float, n_samples: int
) -> float:
    """Of an objective whose bias is not penalised: r is repaired first. `class_sums`: (k, d + 1), weights last."""
    sizes, r = class_sums[:, -1], known.sums[:, -1]
    present = sizes > 0
    n_present = int(present.sum())
    if r[~present].any() or n_present < 2:
        return 0.0  # of a class without rows only zeros are feasible
    if n_present < len(r):
        r, sizes, class_sums = r[present], sizes[present], class_sums[present]
    # x_yc = (r_y - r_c) / k, and no |x_yc| is above `largest`, whatever rounding did to r
    x = (r[:, None] - r) / n_present
    doubt = 2 * (n_samples + known.mixtures + 8) * UNIT * known.total
    largest = float(np.abs(x).max()) * (1 + 1e-12) + doubt
    if largest == 0:
        return bound_without_bias(known, margin, strength, n_samples)

    def bound(kept: float, flow: FloatArray, top: float) -> float:
        """Of this share of the duals and others, of which flow[y, c] go from the rows of y to the class c."""
        leaving = flow.sum(axis=1)
        sums, added = kept * known.sums[:, :-1], float(leaving.sum())
        sums[present] += ((flow / sizes[:, None]).T - np.diag(leaving / sizes)) @ class_sums[:, :-1]
        moment = known.moment + 2 * (added + known.total) * known.longest
        repaired = known._replace(sums=sums, total=kept * known.total + added, moment=moment)
        return _bound(repaired, margin, strength, n_samples, top)

    # Mixed with duals in the middle of their box, which have room for any x ...
    smallest = float(sizes.min()) * (1 - 1e-12)
    share = min(1.0, largest / (largest + smallest) * (1 + 1e-14))
    flow = smallest / 2 + (1 - share) / share * x / 2  # in [0, the size of y]
    np.fill_diagonal(flow, 0.0)
    mixed = bound(1 - share, share * flow, 1.0)
    # ... or made larger by what is missing, and all of them smaller until they are in their box again.
    flow = np.maximum(x, 0.0)
    top = 1 + (float((flow / sizes[:, None]).max()) + 2 * doubt / smallest) * (1 + 1e-12)
    return max(mixed, bound(1.0, flow, top))


def _bound(known: DualSums, margin: float, strength: float, n_samples: int, top: float = 1.0) -> float:
    """The bound at its best t <= 1 / top, for sums and a total that recursive summation in float64 gave."""
    loose = 8 * (n_samples + len(known.sums) + known.mixtures + 64) * UNIT
    linear = margin * known.total / n_samples * (1 - loose)
    norm = (math.sqrt((known.sums * known.sums).sum()) * (1 + 1e-14) + loose * known.moment) / n_samples
    square = norm * norm * (1 + 1e-14)
    most = 1 / top * (1 - 4 * UNIT) if top > 1 else 1.0
    t = most if square * most <= 2 * strength * linear else 2 * strength * linear / square
    return max(0.0, t * (linear - t * (square / (4 * strength))) - 1e-14 * t * linear)


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
    rows = problem.rows
    sums, total, moment = dual_sums(problem, duals)
    longest = float(np.sqrt(problem.squares.max())) * (1 + 1e-14)
    if rows.mean is not None:  # sums are taken before centring
        offset = 2 * float(np.linalg.norm(rows.mean / (1.0 if rows.scale is None else rows.scale)))
        longest, moment = longest + offset, moment + 2 * total * offset
    return DualSums(sums, total, moment, longest)


def dual_bound(problem: LinearProblem, known: DualSums) -> float:
    """What the objective is nowhere below. Where the bias is not penalised, all duals of a class without rows must be
    zero."""
    facts = problem.loss.margin, certified_strengths(problem).l2, problem.rows.n_samples
    if not problem.rows.bias:
        return bound_without_bias(known, *facts)
    if problem.class_sums is None:
        return bound_with_penalty(known, *facts)
    return bound_with_free_bias(known, problem.class_sums, *facts)


def mixed_bound(problem: LinearProblem, W: Array, known: Any) -> tuple[float, DualSums]:
    """A lower bound of the optimum of a hinge from W, and from all points before.

    Two passes over X; the first call takes two more.
    """
    if known is not None and not isinstance(known, DualSums):
        raise TypeError(f"known must be None or what the call before handed back; it is {type(known).__name__}")
    W = check_weights(W, problem.rows.shape)
    fresh = known_of_duals(problem, with_rows(problem, violated(problem, W)))
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
