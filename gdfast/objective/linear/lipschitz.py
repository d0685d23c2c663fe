"""How fast the gradient of a linear objective can change: the loss's curvature times that of the rows.

The largest eigenvalue of the rows' second moments comes from power iterations on a block of vectors, first over an
eighth of the rows (2,000 at most), then over all of them twice. Always the same number for the same data.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...protocols import Array, FloatArray
from .terms import Terms

SAMPLE_ROWS, SAMPLE_TIMES, BLOCK, SAFETY = 2000, 8, 8, 1.1


def lipschitz(problem: Terms) -> float:
    """``h * lambda + c``, an estimate of the largest curvature anywhere.

    lambda is the largest eigenvalue of the rows' second moments ``sum_i w_i z_i z_i' / sum_i w_i``, as the model
    sees them (mean, scale, bias), times 1.1; h is the loss's curvature, c the regularizer's.
    """
    rows, regularizer = problem.rows, problem.regularizer
    bend = problem.loss.largest_curvature(rows.n_classes)
    if bend is None:
        raise TypeError(
            "an estimate of the step needs a loss that says its curvature, as gd.ScoreLoss(function, curvature=1.0); "
            f"it is {problem.loss!r}"
        )
    own: Any = 0.0
    if regularizer is not None:
        own = getattr(regularizer, "curvature", None)
        if own is None:
            raise TypeError(
                "an estimate of the step needs a regularizer that says its largest second derivative as "
                f"`curvature`; it is {regularizer!r}"
            )
    rng = np.random.default_rng(0)
    width = rows.shape[1]
    block = rng.standard_normal((min(BLOCK, width), width))
    few = min(SAMPLE_ROWS, rows.n_samples // SAMPLE_TIMES)
    if few > BLOCK and width > BLOCK:
        sample = problem.on_rows(np.sort(rng.choice(rows.n_samples, few, replace=False)))
        block = _multiplied(sample, block, SAMPLE_TIMES)[0]
    return SAFETY * bend * _multiplied(problem, block, 2)[1] + float(own)


def _multiplied(problem: Terms, block: FloatArray, times: int) -> tuple[FloatArray, float]:
    """A block of vectors (q, m) times the second moments, again and again, and how much the last time stretched:
    at most the largest eigenvalue, and infinity where a product is not finite."""
    times_moments, stretched = problem.times_moments(len(block)), 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(times):
            directions = _orthonormal(block)
            block = times_moments(directions)
            if not np.isfinite(block).all():
                return directions, np.inf
            stretched = float(np.linalg.norm(block, 2))
    return block, stretched


def _orthonormal(block: Array) -> FloatArray:
    """Rows that span what the block's rows span (and more, where those are dependent)."""
    largest = float(np.abs(block).max())
    if largest == 0:
        return np.eye(*block.shape)
    return np.ascontiguousarray(np.linalg.qr((block / largest).T)[0].T)
