"""The comparison of the analytic gradient with the numerical one, at the coordinates where both are finite."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...protocols import Array, FloatArray

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

FEW = 3  # coordinates that a fitted constant or a pattern needs
AGAINST = 0.2  # of the coordinates that tell two gradients apart, noise may speak against the right one


@dataclass(frozen=True, eq=False)
class Comparison:
    """All arrays have one entry per coordinate.

    Attributes
    ----------
    shape : tuple of int
        Of the point.
    coordinates : int64 (n,)
        Flat indices.
    weights, analytic, numerical : float64 (n,)
        The point and both gradients there.
    wrong : bool (n,)
        Where the gradients disagree.
    at_kink : bool (n,)
    """

    shape: tuple[int, ...]
    coordinates: Indices
    weights: FloatArray
    analytic: FloatArray
    numerical: FloatArray
    wrong: Mask
    at_kink: Mask

    @property
    def error(self) -> FloatArray:
        """analytic - numerical."""
        return self.analytic - self.numerical

    @property
    def complete(self) -> bool:
        """Every coordinate of the point, in order."""
        return np.array_equal(self.coordinates, np.arange(math.prod(self.shape)))

    def indices(self) -> tuple[Indices, ...]:
        """Along each axis."""
        return tuple(np.asarray(i) for i in np.unravel_index(self.coordinates, self.shape))

    def share_left(self, gradient: FloatArray, known: Mask | None = None) -> float:
        """How much of the error is left when the analytic gradient is compared with this one instead. Infinite where
        `known` (all by default) leaves too little to judge by, or where many coordinates are right that this gradient
        has wrong."""
        some = np.ones(self.wrong.size, dtype=bool) if known is None else known
        analytic, error, left = self.analytic[some], self.error[some], (self.analytic - gradient)[some]
        # Where the error were spread evenly, these coordinates would hold sqrt(their share) of its norm.
        if norm(error) < 0.1 * norm(self.error) * math.sqrt(some.mean()):
            return math.inf
        told = np.abs(left - error) > 0.01 * np.abs(analytic)  # of one gradient from the other
        against = told & (np.abs(error) < 0.1 * np.abs(left))
        return math.inf if against.sum() > AGAINST * told.sum() else norm(left) / norm(error)


def compare(
    point: Array,
    coordinates: Indices,
    analytic: FloatArray,
    numerical: FloatArray,
    wrong: Mask | None,
    at_kink: Mask | None,
) -> Comparison:
    """The comparison at those coordinates where both are finite."""
    finite = np.isfinite(analytic) & np.isfinite(numerical)
    a, n = analytic[finite], numerical[finite]
    if wrong is None:
        with np.errstate(over="ignore"):
            error, size = np.abs(a - n), np.maximum(np.abs(a), np.abs(n))
        least = max(1e-3 * error.max(initial=0.0), 1e-7 * size.max(initial=0.0))
        errors = error > np.maximum(1e-5 * size, least)
    else:
        errors = wrong[finite]
    return Comparison(
        shape=np.shape(point),
        coordinates=coordinates[finite],
        weights=np.asarray(point, dtype=np.float64).reshape(-1)[coordinates[finite]],
        analytic=a,
        numerical=n,
        wrong=errors,
        at_kink=np.zeros(a.size, dtype=bool) if at_kink is None else at_kink[finite],
    )


def norm(x: FloatArray) -> float:
    """The 2-norm, safe for elements of any size."""
    largest = float(np.abs(x).max(initial=0.0))
    return largest * float(np.linalg.norm(x / largest)) if largest > 0 else 0.0


def fit(target: FloatArray, direction: FloatArray) -> tuple[float, float]:
    """c with target about c * direction by least squares, and the share of the target that is left (1 for a zero
    direction)."""
    largest, size = norm(direction), norm(target)
    if largest == 0 or size == 0:
        return 0.0, 1.0
    unit = direction / largest
    along = float(np.vdot(unit, target / size))
    return along * (size / largest), norm(target / size - along * unit)
