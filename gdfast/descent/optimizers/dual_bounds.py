"""Lower bounds on the optimum of hinge + L2 that hold whatever the duals are: weak duality, rounded outwards.

For feasible duals with ``G = A'X/n`` and ``lin = margin * sum(a)/n`` no objective is below
``t * lin - t**2 * |G|**2 / (4 * strength)``, 0 <= t <= 1. Where the bias is not penalised, only duals whose sums r of A
are 0 are feasible: they are mixed with others whose sums cancel r, of which only class sums of X are needed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...protocols import FloatArray

UNIT = 2.0**-53


class DualSums(NamedTuple):
    """What is known of duals: ``A'X`` with the sums of A last (k, d + 1), ``sum(a)``, ``sum_i |A_i|_1 |x_i|``.

    `longest` is the largest of the norms |x_i| that went into the moment.
    """

    sums: FloatArray
    total: float
    moment: float
    longest: float


def bound_without_bias(known: DualSums, margin: float, strength: float, n_samples: int) -> float:
    """Of an objective without a bias."""
    return _bound(known.sums[:, :-1], known.total, known.moment, margin, strength, n_samples)


def bound_with_penalty(known: DualSums, margin: float, strength: float, n_samples: int) -> float:
    """Of an objective whose bias is penalised like a weight."""
    return _bound(known.sums, known.total, known.moment + 2 * known.total, margin, strength, n_samples)


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
    smallest = float(sizes.min()) * (1 - 1e-12)
    # x_yc = (r_y - r_c) / k, and no |x_yc| is above `largest`, whatever rounding did to r
    x = (r[:, None] - r) / n_present
    largest = float(np.abs(x).max()) * (1 + 1e-12) + 2 * (n_samples + 8) * UNIT * known.total
    if largest == 0:
        return bound_without_bias(known, margin, strength, n_samples)
    share = min(1.0, largest / (largest + smallest) * (1 + 1e-14))
    flow = smallest / 2 + (1 - share) / share * x / 2  # from the rows of class y to class c, in [0, the size of y]
    np.fill_diagonal(flow, 0.0)
    leaving = flow.sum(axis=1)
    mix = (flow / sizes[:, None]).T - np.diag(leaving / sizes)
    sums = (1 - share) * known.sums[:, :-1]
    sums[present] += (share * mix) @ class_sums[:, :-1]
    total = (1 - share) * known.total + share * float(leaving.sum())
    moment = known.moment + 2 * (share * float(leaving.sum()) + known.total) * known.longest
    return _bound(sums, total, moment, margin, strength, n_samples)


def _bound(sums: FloatArray, total: float, moment: float, margin: float, strength: float, n_samples: int) -> float:
    """The bound at its best t, for sums and a total that recursive summation in float64 gave."""
    loose = 8 * (n_samples + len(sums) + 64) * UNIT
    linear = margin * total / n_samples * (1 - loose)
    norm = (float(np.linalg.norm(sums)) * (1 + 1e-14) + loose * moment) / n_samples
    square = norm * norm * (1 + 1e-14)
    t = 1.0 if square <= 2 * strength * linear else 2 * strength * linear / square
    return max(0.0, t * (linear - t * (square / (4 * strength))) - 1e-14 * t * linear)
