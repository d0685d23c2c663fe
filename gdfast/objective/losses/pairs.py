"""Dual points of losses on pairs of classes, right and wrong: a_ic for the wrong classes c, and A_iy = -sum_c a_ic.

Where a bias is not penalised ``sum_i u_i A_i`` must be 0: they are repaired, by all rows or by sums over them alone.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ...protocols import Array, FloatArray
from ..one_thread import weighted_sum
from .base import UNIT, GradientSums, rounding


class Pairs(NamedTuple):
    """a (n, k), 0 at the right class; `total` = sum_i u_i sum_c a_ic; `extra`: what exact feasibility may still add
    to an element."""

    a: FloatArray
    total: float
    extra: float
    doubt: FloatArray

    def coefficients(self, y: Array) -> FloatArray:
        """A, in the place of a."""
        np.put_along_axis(self.a, y[:, None], -self.a.sum(axis=1)[:, None], axis=1)
        return self.a


def repaired_pairs(a: FloatArray, y: Array, normalized_weights: FloatArray, balanced: bool) -> Pairs:
    """Where r = sum_i u_i A_i must be 0: every row of class y gets (r_y - r_c)+ / (m n_y) more for the class c, with
    n_y the share of class y and m the number of classes that have one. The changes of r_c add up to
    sum_y (r_y - r_c) / m = -r_c.

    A class without samples is left out: its bias may go to minus infinity, and so its a must be 0.
    """
    n, k = a.shape
    g = rounding(n, k)
    mass = np.bincount(y, weights=normalized_weights, minlength=k)
    here = mass > 0
    extra = 0.0
    if balanced and here.any():
        a[:, ~here] = 0
        r = weighted_sum(normalized_weights, a) - np.bincount(
            y, weights=normalized_weights * a.sum(axis=1), minlength=k
        )
        flow = np.maximum(r[:, None] - r[None, :], 0)
        flow[~here] = flow[:, ~here] = 0
        with np.errstate(over="ignore"):
            flow /= np.where(here, mass, 1.0)[:, None] * int(here.sum())
        a += flow[y]
    sums = a.sum(axis=1)
    sizes = weighted_sum(normalized_weights, a) + np.bincount(y, weights=normalized_weights * sums, minlength=k)
    doubt = 2 * g * sizes
    if balanced and here.any():
        # r as it is now, in exact arithmetic, is at most this; its exact repair would add `extra` and move G.
        left = 8 * g * float(sizes.max())
        with np.errstate(over="ignore"):
            extra = float(2 * left / (int(here.sum()) * mass[here].min()))
        doubt += 2 * left
    return Pairs(a, float(weighted_sum(normalized_weights, sums)), extra, doubt)


class MendedSums(NamedTuple):
    """Sums of the dual point that `repaired_pairs` would mend, of which only these are known.

    `total` is what it adds to sum_i u_i sum_c a_ic (rounded down), `root` to the root of sum_i u_i sum_c a_ic^2 / 4,
    `largest` to an element (both rounded up).
    """

    G: FloatArray
    added: FloatArray
    total: float
    root: float
    largest: float


def mended_sums(sums: GradientSums) -> MendedSums | None:
    """As `repaired_pairs`, from the sums of each class's rows; None where a class has none, whose a is then not 0."""
    k = len(sums.G)
    if sums.free is None:
        return MendedSums(sums.G, np.zeros(k), 0.0, 0.0, 0.0)
    rows = sums.free.class_rows
    mass, r = rows[:, -1], sums.G[:, -1]
    if not (mass > 0).all():
        return None
    e = float((sums.doubt[:, -1] + sums.share * np.abs(r)).max())
    flow = np.maximum(r[:, None] - r, 0) / k
    each = flow / mass[:, None]
    G = sums.G + each.T @ rows - each.sum(axis=1)[:, None] * rows
    added = 4 * e + 4 * sums.share * (flow.sum(axis=0) + flow.sum(axis=1))
    most, smallest = (flow + 2 * e / k) * (1 + 4 * sums.share), mass * (1 - sums.share)
    root = math.sqrt(float((most * most / (4 * smallest[:, None])).sum()))
    total = float(flow.sum()) * (1 - sums.share) - 2 * e * k
    return MendedSums(G, added, total, root * (1 + 8 * UNIT), float((most / smallest[:, None]).max()))
