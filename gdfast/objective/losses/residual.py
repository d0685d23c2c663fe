"""Losses of residuals ``s_ij - y_ij``, for regression: squared error, and Huber's, which outliers don't govern.

P. J. Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35, 1964.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..._arrays import check_positive
from ...protocols import Array, FloatArray
from .base import Dual, Loss, missing_factor_2, rounding


@dataclass(frozen=True)
class SquaredError(Loss):
    """Average squared loss: ``mean_i sum_j (s_ij - y_ij)**2`` (no factor 1/2), for regression.

    Raises
    ------
    TypeError, ValueError
        Its methods, for scores that are not finite floats (n, k) and targets of another shape.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> gd.SquaredError().value(np.array([[1.0], [2.0]]), np.array([0.0, 4.0]))
    2.5
    """

    code: ClassVar[int] = 3
    name: ClassVar[str] = "squared_error"
    title: ClassVar[str] = "squared error"
    classifies = False
    is_quadratic: ClassVar[bool] = True
    has_dual_point: ClassVar[bool] = True
    gradient_grows: ClassVar[bool] = True

    def largest_curvature(self, n_classes: int) -> float:
        """``2``."""
        return 2.0

    def coefficient_sizes(self, scores: FloatArray, y: Array) -> FloatArray:
        """Residuals are scores less targets."""
        return np.asarray(2 * (np.abs(scores) + np.abs(y)))

    def hessian_times(self, scores: FloatArray, y: Array, changes: FloatArray) -> FloatArray:
        """``2 change``."""
        return np.asarray(2 * changes)

    def value_error(self, data: float, score_errors: FloatArray, whole: float) -> float:
        """By Cauchy and Schwarz: residuals move as the scores do."""
        root = math.sqrt(whole * max(data, 0.0))
        return 2 * root * float(np.linalg.norm(score_errors)) + whole * float(score_errors @ score_errors)

    def dual_point(self, scores: FloatArray, y: Array, normalized_weights: FloatArray, balanced: bool) -> Dual:
        """Any A will do."""
        return squared_error_dual(scores, y, normalized_weights, balanced)

    def wrong_factors(self) -> Iterator[tuple[str, float]]:
        """That of the square."""
        yield missing_factor_2(self), 0.5


@dataclass(frozen=True)
class Huber(Loss):
    """`SquaredError` up to residuals of `delta`, a straight line beyond: regression that outliers don't govern.

    ``mean_i sum_j h(s_ij - y_ij)`` with ``h(r) = r**2`` where ``|r| <= delta``, else ``2 * delta * |r| - delta**2``.
    The derivative of h is twice r, held within +-delta.

    Parameters
    ----------
    delta : float > 0, in units of the targets

    Raises
    ------
    TypeError, ValueError
        For a delta that is not a finite number > 0; its methods, as for `SquaredError`.

    Notes
    -----
    Its gradient is continuous; its curvature jumps from 2 to 0 where a residual is +-delta. There is no factor 1/2: it
    is twice the loss of scikit-learn's ``SGDRegressor(loss="huber", epsilon=delta)``, and PyTorch's
    ``HuberLoss(delta=delta)``, which is a mean over the outputs too, times twice their number. A `delta` above all
    residuals makes it `SquaredError`, to the bit; one far below them ``2 * delta`` times the absolute error.

    References
    ----------
    P. J. Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35, 1964.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> scores, y = np.array([[0.5], [10.0]]), np.zeros(2)
    >>> gd.Huber().value(scores, y), gd.SquaredError().value(scores, y)
    (9.625, 50.125)
    >>> gd.Huber().gradient(scores, y)
    array([[0.5],
           [1. ]])
    """

    delta: float = 1.0
    code: ClassVar[int] = 4
    name: ClassVar[str] = "huber"
    title: ClassVar[str] = "Huber"
    classifies = False
    is_robust: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta", check_positive(self.delta, "delta"))

    @property
    def parameter(self) -> float:
        """delta."""
        return self.delta

    def largest_curvature(self, n_classes: int) -> float:
        """``2``, where no residual is beyond `delta`."""
        return 2.0

    def coefficient_sizes(self, scores: FloatArray, y: Array) -> FloatArray:
        """Residuals are scores less targets; one that is well beyond delta has no rounding."""
        sizes = np.abs(scores) + np.abs(y)
        return np.where(np.abs(scores - y) - self.delta < 1e-6 * sizes, 2 * sizes, 0.0)

    def hessian_times(self, scores: FloatArray, y: Array, changes: FloatArray) -> FloatArray:
        """``2 change_c`` for the outputs c whose residual is at most delta."""
        return np.where(np.abs(scores - y) <= self.delta, 2 * changes, 0.0)

    def step_curvature(self, n_classes: int) -> float:
        """Beyond delta the gradient grows no more."""
        return self.largest_curvature(n_classes) * min(1.0, self.delta)

    def in_units(self, unit: float) -> Huber:
        """delta is one of y's units."""
        limits = np.finfo(np.float64)
        return Huber(min(max(self.delta / unit, float(limits.tiny)), float(limits.max)))


def squared_error_dual(scores: FloatArray, targets: FloatArray, normalized_weights: FloatArray, balanced: bool) -> Dual:
    """-conjugate = -<A, y> - ||A||^2 / 4. The repair takes the mean of A from each A_i, as the best bias does."""
    n, k = scores.shape
    g = 8 * rounding(n, k)
    a, whole = 2 * (scores - targets), float(normalized_weights.sum())
    balanced = balanced and whole > 0
    left = np.zeros(k)
    if balanced:
        left = g * (normalized_weights @ np.abs(a))  # of what is taken away, some stays
        a -= (normalized_weights @ a) / whole
        targets = targets - (normalized_weights @ targets) / whole
    sizes = normalized_weights @ np.abs(a)
    linear = -float(normalized_weights @ np.einsum("ij,ij->i", a, targets))
    linear -= g * float(normalized_weights @ np.einsum("ij,ij->i", np.abs(a), np.abs(targets)))
    square = float(normalized_weights @ np.einsum("ij,ij->i", a, a)) / 4 * (1 + g)
    if balanced:
        linear -= float(left @ (normalized_weights @ np.abs(targets))) / whole
        square += float(left @ left) / whole
    return Dual(a, linear, square, math.inf, g * sizes + left)
