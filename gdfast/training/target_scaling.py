"""Target scaling of a regression: each output less its location, divided by its spread (robust where the loss is)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..protocols import Array, FloatArray
from .feature_statistics import SAFE_OFFSET
from .settings import Settings


def location_and_scale(y: FloatArray, weights: FloatArray | None, settings: Settings) -> tuple[FloatArray, FloatArray]:
    """Where each output of y lies (0 where there is no intercept) and how far it is spread around there, never 0: (k,).

    Mean and standard deviation; for the Huber loss median and 1.5 times the median absolute deviation, which outliers
    don't move. With an L1 penalty of a loss that is not robust all outputs share one spread: the penalty is one number.
    """
    found = [_of_one(column, weights, settings) for column in (y[None] if y.ndim == 1 else y.T)]
    offset, unit = np.array(found).T
    if settings.l1_ratio > 0 and not settings.loss.is_robust:
        unit = np.full_like(unit, unit.max())
    return offset, unit


def _of_one(y: FloatArray, weights: FloatArray | None, settings: Settings) -> tuple[float, float]:
    largest = float(np.abs(y).max()) or 1.0
    scaled = y / largest
    offset = spread = 0.0
    if settings.loss.is_robust:
        offset = weighted_median(scaled, weights) if settings.fit_intercept else 0.0
        spread = 1.5 * weighted_median(np.abs(scaled - offset), weights)
    elif settings.fit_intercept:
        offset = float(np.average(scaled, weights=weights))
    if spread == 0:
        spread = float(np.sqrt(np.average((scaled - offset) ** 2, weights=weights)))
    return offset * largest, largest * (spread if spread > 1e-12 * abs(offset) else 1.0)


def in_type(values: FloatArray, dtype: Any, offset: FloatArray, unit: FloatArray) -> Array:
    """The coefficients in this type, or in float64 where float32 can't hold them, or the targets' offset."""
    size = np.abs(values).max(initial=0.0)
    holds = (np.abs(offset) <= SAFE_OFFSET["float32"] * unit).all() and (size == 0 or 1e-30 < size < 1e37)
    return values.astype(dtype if holds else np.float64)


def weighted_median(values: FloatArray, weights: FloatArray | None) -> float:
    """The least value with half of the weight at or below it."""
    order = np.argsort(values)
    heaped = np.cumsum(np.ones(len(values)) if weights is None else weights[order])
    return float(values[order[np.searchsorted(heaped, heaped[-1] / 2)]])
