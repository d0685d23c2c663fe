"""The bias that is best for given scores: with it sum_i u_i A_i = 0, as an unpenalised bias wants of a dual point.

A dual point may be that of any scores. Those of W, moved by their best bias, cost no pass over X and prove what they
would if the run had found that bias: with an error of r in sum_i u_i A_i the repair costs of the order of r, this r^2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ...protocols import Array, FloatArray

STEPS = 20
HALVINGS = 6
ON_ONE_THREAD = 1 << 17
"""Multiply-adds of a product that NumPy's library makes on one thread. Longer ones wake its others, which go on
spinning and take cores from the passes over X."""
FEWEST_ROWS = 8


class AtBias(NamedTuple):
    """The mean loss where it is, its derivatives by the bias (k,), and the second ones, made regular (k, k)."""

    value: float
    slope: FloatArray
    curvature: FloatArray


def best_bias(at: Callable[[FloatArray], AtBias], k: int) -> FloatArray:
    """About the b (k,) with the least mean loss of scores + b, by Newton's method. A few times O(n k) and O(n k^2)."""
    bias = np.zeros(k)
    here = at(bias)
    for _ in range(STEPS):
        size = float(np.abs(here.slope).max())
        diagonal = np.diag(here.curvature)
        if not (size > 1e-15 and np.isfinite(here.curvature).all()):
            break
        regular = here.curvature + np.diag(1e-14 * diagonal + np.where(diagonal > 0, 0.0, 1.0))
        try:
            step = -np.linalg.solve(regular, here.slope)
        except np.linalg.LinAlgError:
            break
        for _ in range(HALVINGS):
            there = at(bias + step)
            if there.value < here.value or float(np.abs(there.slope).max()) < size / 2:
                break
            step /= 4
        else:
            break
        bias, here = bias + step, there
    return bias


def products_of_columns(A: Array, B: Array) -> FloatArray:
    """``A' B`` (k, m) of long arrays (n, k) and (n, m), block by block of rows where these are narrow."""
    step = ON_ONE_THREAD // (A.shape[1] * B.shape[1])
    if step < FEWEST_ROWS:
        return np.asarray(A.T @ B)
    total = np.zeros((A.shape[1], B.shape[1]))
    for first in range(0, len(A), step):
        block = slice(first, first + step)
        total += A[block].T @ B[block]
    return total
