"""What rows that are held out are judged by while a model learns."""

from __future__ import annotations

import numpy as np

from ..protocols import Array, FloatArray


def accuracy(scores: Array, labels: Array, weights: FloatArray | None) -> float:
    """The share of the rows whose own class has the largest score."""
    return float(np.average(scores.argmax(axis=1) == labels, weights=weights))


def r2(scores: Array, targets: FloatArray, weights: FloatArray | None) -> float:
    """The share of the targets' variance that the scores explain."""
    residual = np.average((targets - scores[:, 0]) ** 2, weights=weights)
    spread = np.average((targets - np.average(targets, weights=weights)) ** 2, weights=weights)
    return float(1 - residual / spread) if spread > 0 else 0.0
