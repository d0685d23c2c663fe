"""Feature statistics: mean, standard deviation and largest value of each feature in one pass; and the folding of
standardisation z = (x - mean) / scale into linear coefficients.

All in float64, block by block, whatever X is. Gradient descent is as quick as the features' scales are alike, and a
change of units changes no z.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._arrays import require_finite
from .._derived import derived
from ..protocols import Array, FloatArray

BLOCK_BYTES = 1 << 18
EPS = float(np.finfo(np.float64).eps)
TINY = 1e-250
"""Mean squares below this, or not finite, are not to be trusted."""

SAFE_SCALE = {"float64": 1e250, "float32": 1e25, "float16": 1e25}
SAFE_OFFSET = {"float64": 1e11, "float32": 1e3, "float16": 1e3}
"""|mean| / scale up to which weights of X's arithmetic can take the mean in without losing digits that matter."""

SMALLEST = 1e-300
"""Weights divided by less would not be finite."""

UINT8_OFFSET = 9e3
"""A uint8 column that hardly ever changes is not enlarged beyond what float32 tells apart."""

PIXELS = 64
"""So many columns of uint8 at least are taken for images."""

BINARY = 1e-9
"""How near its variance is to mean * (1 - mean) where a column holds zeros and ones alone."""


@dataclass(frozen=True)
class FeatureStatistics:
    """Moments of the features of some rows: float64 (n_features,) each; the rows count by their weights.

    `weight` is the rows' total weight. Dense: `mean` (zeros where nothing is to be centred) and `deviation`, the root
    of the mean of (x - mean)**2. CSR: `mean` is None, `deviation` the root of the mean of x**2, and `largest` the
    largest absolute value.
    """

    weight: float
    mean: FloatArray | None
    deviation: FloatArray
    largest: FloatArray | None
    dtype: np.dtype[Any]
    is_centred: bool = False

    @derived
    def scale(self) -> FloatArray:
        """What each feature is divided by: its deviation, in CSR its largest absolute value; never 0.

        uint8 of 64 columns or more are taken for images, whose pixels are of one unit and share one scale, the root of
        the mean of their variances: a pixel that is hardly ever on is not blown up to weigh as much as those that tell
        something (docs/how_to/estimators.md has what that does on held-out rows). Columns of zeros and ones alone keep
        their own.
        """
        if self.mean is None:
            assert self.largest is not None
            return np.where(self.largest > 0, np.maximum(self.largest, SMALLEST), 1.0)
        size = np.abs(self.mean)
        least = size / UINT8_OFFSET if self.dtype == np.uint8 else np.zeros_like(size)
        is_constant = self.deviation <= 4 * EPS * size  # to rounding
        scale = np.where(is_constant, size, np.maximum(self.deviation, least))
        if self.dtype == np.uint8 and self.is_centred and len(size) >= PIXELS:
            is_pixel = ~is_constant & (np.abs(self.deviation**2 - size * (1 - size)) > BINARY)
            if is_pixel.any():
                scale[is_pixel] = np.maximum(np.sqrt(np.mean(self.deviation[is_pixel] ** 2)), least[is_pixel])
        return np.where(scale > 0, np.maximum(scale, SMALLEST), 1.0)

    def can_fold(self) -> bool:
        """Whether weights of X's arithmetic can take mean and scale in."""
        if self.dtype == np.uint8:
            return True
        scale, limit = self.scale, SAFE_SCALE[self.dtype.name]
        if not ((scale < limit) & (scale > 1 / limit)).all():
            return False
        return self.mean is None or bool((np.abs(self.mean) <= SAFE_OFFSET[self.dtype.name] * scale).all())

    def can_merge(self, other: FeatureStatistics) -> bool:
        """Whether they can be merged: both sparse, both centred, or neither."""
        if self.mean is None or other.mean is None:
            return self.mean is other.mean
        return self.is_centred == other.is_centred

    def merged(self, other: FeatureStatistics) -> FeatureStatistics:
        """Those of both sets of rows together (parallel axis theorem); the arithmetic is that of the other rows."""
        if self.weight == 0 or other.weight == 0:
            return other if self.weight == 0 else self
        weight = self.weight + other.weight
        a, b = self.weight / weight, other.weight / weight
        deviation = np.hypot(a**0.5 * self.deviation, b**0.5 * other.deviation)
        if self.mean is None or other.mean is None:
            assert self.largest is not None
            assert other.largest is not None
            largest = np.maximum(self.largest, other.largest)
            return replace(other, weight=weight, deviation=deviation, largest=largest)
        gap = other.mean - self.mean
        deviation = np.hypot(deviation, (a * b) ** 0.5 * gap)
        return replace(other, weight=weight, mean=self.mean + b * gap, deviation=deviation)

    def __add__(self, other: FeatureStatistics) -> FeatureStatistics:
        """`merged`, for sums over chunks."""
        return self.merged(other)


def feature_statistics(X: Any, weights: FloatArray | None, rows: Array | None, *, centre: bool) -> FeatureStatistics:
    """The statistics of these rows of X (None: all), in one pass."""
    if hasattr(X, "indptr"):
        return _sparse_statistics(X, weights, rows)
    total, mean, deviation = _moments(X, weights, rows, centre, None)
    if X.dtype == np.float64:
        odd = np.flatnonzero(~(np.isfinite(deviation) & np.isfinite(mean)) | (deviation < TINY**0.5))
        if odd.size:  # constant, or beyond what squares can hold: those again, in units of their own
            part = X[:, odd] if rows is None else X[np.ix_(rows, odd)]
            some = weights if rows is None or weights is None else weights[rows]
            unit = np.maximum(part.max(axis=0), -part.min(axis=0))
            unit[unit == 0] = 1.0
            _, m, s = _moments(part, some, None, centre, unit)
            mean[odd], deviation[odd] = m * unit, s * unit
    return FeatureStatistics(total, mean, deviation, None, X.dtype, centre)


def _moments(
    X: Array, weights: FloatArray | None, rows: Array | None, centre: bool, unit: FloatArray | None
) -> tuple[float, FloatArray, FloatArray]:
    """Total weight, mean and deviation of X / unit. The first row is taken off first: offsets cost no digits."""
    d = X.shape[1]
    first, seconds, total = np.zeros(d), np.zeros(d), 0.0
    shift = X[0 if rows is None else rows[0]].astype(np.float64) if centre else np.zeros(d)
    if unit is not None:
        shift /= unit
    with np.errstate(over="ignore", invalid="ignore"):
        for chosen in blocks(X, rows):
            block = np.array(X[chosen], dtype=np.float64, order="C")
            if unit is not None:
                block /= unit
            if centre:
                block -= shift
            if weights is None:
                total += len(block)
                first += block.sum(axis=0)
                block *= block
            else:
                w = weights[chosen]
                total += float(w.sum())
                weighted = block * w[:, None]
                first += weighted.sum(axis=0)
                block *= weighted
            seconds += block.sum(axis=0)
        if not centre:
            return total, np.zeros(d), np.sqrt(seconds / total)
        offset = first / total
        return total, shift + offset, np.sqrt(np.maximum(seconds / total - offset**2, 0.0))


def blocks(X: Array, rows: Array | None) -> list[Any]:
    """Indices of some rows at a time: as float64 they fit a cache."""
    n = len(X) if rows is None else len(rows)
    step = max(1, BLOCK_BYTES // (8 * X.shape[1]))
    return [slice(start, start + step) if rows is None else rows[start : start + step] for start in range(0, n, step)]


def _sparse_statistics(X: Any, weights: FloatArray | None, rows: Array | None) -> FeatureStatistics:
    if rows is not None:
        X, weights = X[rows], None if weights is None else weights[rows]
    n, d = X.shape
    largest = np.zeros(d)
    sizes = np.abs(X.data).astype(np.float64)
    np.maximum.at(largest, X.indices, sizes)
    unit = np.where(largest > 0, largest, 1.0)
    squares = (sizes / unit[X.indices]) ** 2
    if weights is not None:
        squares *= np.repeat(weights, np.diff(X.indptr))
    total = float(n) if weights is None else float(weights.sum())
    deviation = np.sqrt(np.bincount(X.indices, weights=squares, minlength=d) / total) * unit
    return FeatureStatistics(total, None, deviation, largest, X.dtype)


def with_single_entries(X: Any) -> Any:
    """CSR X with one entry for each place, in the order of its columns: itself where it is so, else a copy.

    Entries of one place add up. The flags that scipy keeps of that are not asked: arrays may have changed since.
    """
    if not hasattr(X, "indptr"):
        return X
    rises = np.diff(X.indices) > 0
    rises[X.indptr[(X.indptr > 0) & (X.indptr < X.indices.size)] - 1] = True  # from a row to the next anything may be
    if rises.all():
        return X
    single = type(X)((X.data.copy(), X.indices.copy(), X.indptr.copy()), shape=X.shape)
    single.sum_duplicates()
    require_finite(single.data, "X")
    return single


# ---- standardisation folded into the coefficients, and out of them ----


def coefficients_of(W: Array, statistics: FeatureStatistics | None, has_bias: bool) -> tuple[FloatArray, FloatArray]:
    """Weights of z -> (coef (k, d), intercept (k,)) of x, in float64."""
    wide = W.astype(np.float64)
    coef = wide[:, :-1] if has_bias else wide
    intercept = wide[:, -1].copy() if has_bias else np.zeros(len(wide))
    if statistics is not None:
        coef = coef / statistics.scale
        if statistics.mean is not None:
            intercept -= np.einsum("kj,j->k", coef, statistics.mean)
    return np.ascontiguousarray(coef), intercept


def weights_of(
    coef: FloatArray, intercept: FloatArray, statistics: FeatureStatistics | None, has_bias: bool
) -> FloatArray:
    """The inverse: (k, d + 1), or (k, d) without a bias."""
    if statistics is not None:
        if statistics.mean is not None:
            intercept = intercept + np.einsum("kj,j->k", coef, statistics.mean)
        coef = coef * statistics.scale
    return np.column_stack([coef, intercept]) if has_bias else np.array(coef)
