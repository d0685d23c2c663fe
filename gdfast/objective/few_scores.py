"""Scores of a few rows by one kernel, which reads the weights where they lie: for predictions row by row."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _kernels
from ..protocols import Array

FEW = 16
"""Rows at most: with more, weights that are packed first are worth it."""


def few_scores(X: Any, weights: Array, bias: Array | None) -> Array | None:
    """``X weights' + bias``, (n, k). None where not all scores are finite, or X and the weights are not what the kernel
    takes, a few rows in one type: then the other way says what is wrong, if anything is."""
    if type(X) is not np.ndarray or X.ndim != 2 or not 0 < len(X) <= FEW or X.dtype != weights.dtype:
        return None
    scores = np.empty((len(X), len(weights)), X.dtype)
    try:
        return scores if _kernels.few_scores(X, weights, bias, scores) else None
    except (TypeError, ValueError):
        return None
