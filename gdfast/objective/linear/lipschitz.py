"""How fast the gradient of the linear objective can change: the loss's curvature times that of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...protocols import Array, FloatArray
from .rows import LinearParts

SAMPLE_ROWS, SAMPLE_TIMES, BLOCK, SAFETY = 2000, 8, 8, 1.1


class LinearCurvature(LinearParts):
    """The part of `LinearObjective` that estimates its Lipschitz constant."""

    def lipschitz(self) -> float:
        """``h * lambda + c``, an estimate of the largest curvature anywhere.

        lambda is the largest eigenvalue of the rows' second moments ``sum_i w_i z_i z_i' / sum_i w_i``, as the model
        sees them (mean, scale, bias); h is the loss's curvature, c the regularizer's. By power iterations on a block
        of 8 vectors, first over an eighth of the rows (2,000 at most) eight times, then over all of them twice, times
        1.1. Always the same number for the same data.
        """
        bend = self.loss.curvature(self.n_classes)
        if bend is None:
            raise TypeError(f"an estimate of the step needs a loss that says its curvature; it is {self.loss!r}")
        own: Any = 0.0
        if self.regularizer is not None:
            own = getattr(self.regularizer, "curvature", None)
            if own is None:
                raise TypeError(
                    "an estimate of the step needs a regularizer that says its largest second derivative as "
                    f"`curvature`; it is {self.regularizer!r}"
                )
        rng = np.random.default_rng(0)
        width = self.shape[1]
        block = rng.standard_normal((min(BLOCK, width), width))
        few = min(SAMPLE_ROWS, self.n_samples // SAMPLE_TIMES)
        if few > BLOCK and width > BLOCK:
            sample = self.rows(np.sort(rng.choice(self.n_samples, few, replace=False)))
            assert isinstance(sample, LinearCurvature)
            block = sample._multiplied(block, SAMPLE_TIMES)[0]
        return SAFETY * bend * self._multiplied(block, 2)[1] + float(own)

    def _multiplied(self, block: FloatArray, times: int) -> tuple[FloatArray, float]:
        """A block of vectors (q, m) times the second moments, again and again, and how much the last time stretched:
        at most the largest eigenvalue, and infinity where a product is not finite."""
        targets = np.zeros((self._rows.shape[0], len(block)))
        problem = self._residual_problem(targets, self._weights, 0.5 / (self.n_samples * self._mean_weight))
        value, stretched = np.empty(1), 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(times):
                directions = _orthonormal(block)
                block = np.empty_like(directions)
                self._touch(self.n_samples)
                problem.evaluate(directions, value, block, None, True)
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
