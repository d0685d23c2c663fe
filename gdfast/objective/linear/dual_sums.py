"""What is known of duals of a hinge, by sums over their rows, and the lower bounds that these prove.

A row has a dual a_c in [0, its weight / the mean weight] for each wrong class; A_c = a_c, A_y = -sum of a. For feasible
duals with ``G = A'X/n`` and ``lin = margin * sum(a)/n`` weak duality says that no objective is below
``t * lin - t**2 * |G|**2 / (4 * strength)``, 0 <= t <= 1; rounded outwards here. Where the bias is not penalised, only
duals whose sums r of A are 0 are feasible: they are mixed with others whose sums cancel r, of which only class sums of
X are needed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ...protocols import FloatArray

UNIT = 2.0**-53


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
