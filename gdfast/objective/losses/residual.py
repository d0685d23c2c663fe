"""Losses of residuals ``s_ij - y_ij``, for regression: squared error, and Huber's, which outliers don't govern.

P. J. Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35, 1964.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from ..._arrays import check_positive
from ...protocols import Array, FloatArray
from ..one_thread import weighted_sum
from .base import (
    UNIT,
    CurvatureFactors,
    Dual,
    GradientDual,
    GradientSums,
    Loss,
    ScoreCurvature,
    missing_factor_2,
    rounding,
)
from .best_bias import AtBias, best_bias

BEYOND_DELTA = 0.02
"""The curvature that a Newton step takes Huber's straight lines for."""


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
        """-conjugate = -<A, y> - ||A||^2 / 4, and any A will do."""
        return _residual_dual(2 * (scores - y), y, normalized_weights, balanced)[0]

    def coefficient_total(self, data: float, whole: float, n_classes: int) -> float:
        """By Cauchy and Schwarz: A is twice the root of its term."""
        return 2 * math.sqrt(whole * n_classes * max(data, 0.0))

    def gradient_dual(self, sums: GradientSums) -> GradientDual:
        """``sum_i u_i ||A_i||^2 / 4 = f`` and ``-sum_i u_i <A_i, y_i> = 2 f - <G, W>``."""
        linear = 2 * (sums.data - sums.data_doubt) - sums.product - sums.product_doubt
        centred = centred_sums(sums)
        square = (sums.data + sums.data_doubt) * (1 + 8 * UNIT) - centred.less
        return GradientDual(linear + centred.more, max(square, 0.0), math.inf, centred.G, centred.added)

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
    has_best_bias: ClassVar[bool] = True
    has_dual_point: ClassVar[bool] = True

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

    def score_curvature(self, scores: FloatArray, y: Array) -> ScoreCurvature:
        """2 up to a residual of `delta`, a little beyond, where there is none at all."""
        return ScoreCurvature(np.where(np.abs(scores - y) <= self.delta, 2.0, BEYOND_DELTA))

    def hessian_times(self, scores: FloatArray, y: Array, changes: FloatArray) -> FloatArray:
        """``2 change_c`` for the outputs c whose residual is at most delta."""
        return np.where(np.abs(scores - y) <= self.delta, 2 * changes, 0.0)

    def curvature_factors(self, scores: FloatArray, y: Array) -> CurvatureFactors:
        """2 for residuals of at most delta."""
        return CurvatureFactors(np.where(np.abs(scores - y) <= self.delta, 2.0, 0.0), 0)

    def value_error(self, data: float, score_errors: FloatArray, whole: float) -> float:
        """As the squared error's, whose derivative is the larger one, or by the largest slope."""
        root = math.sqrt(whole * max(data, 0.0))
        squares = 2 * root * float(np.linalg.norm(score_errors)) + whole * float(score_errors @ score_errors)
        return min(squares, 2 * self.delta * whole * float(score_errors.sum()))

    def at_bias(self, scores: FloatArray, y: Array, normalized_weights: FloatArray) -> AtBias:
        """Of all scores of an output."""
        return huber_at_bias(scores, y, normalized_weights, self.delta)

    def dual_point(self, scores: FloatArray, y: Array, normalized_weights: FloatArray, balanced: bool) -> Dual:
        """A within +-2 delta, and -conjugate as of the squared error."""
        return huber_dual(scores, y, normalized_weights, self.delta, balanced)

    def coefficient_total(self, data: float, whole: float, n_classes: int) -> float:
        """A is twice the root of its term at most."""
        return 2 * math.sqrt(whole * n_classes * max(data, 0.0))

    def gradient_dual(self, sums: GradientSums) -> GradientDual:
        """``-sum_i u_i (<A_i, y_i> + ||A_i||^2 / 4) = f - <G, W>``; A less its mean fits into the box once it is scaled
        down."""
        linear = sums.data - sums.data_doubt - sums.product - sums.product_doubt
        centred = centred_sums(sums)
        most = 1.0 if centred.largest == 0 else (1 - 8 * UNIT) / (1 + centred.largest / (2 * self.delta))
        return GradientDual(linear + centred.more, 0.0, most, centred.G, centred.added)

    def curvatures(self, scores: FloatArray, y: Array) -> FloatArray:
        """``2 min(1, delta / |s - y|)``: that of the parabola that touches it there from above, which is never 0."""
        sizes = np.abs(scores - y)
        return np.asarray(2 * self.delta / np.maximum(sizes, self.delta))

    def step_curvature(self, n_classes: int) -> float:
        """Beyond delta the gradient grows no more."""
        return self.largest_curvature(n_classes) * min(1.0, self.delta)

    def in_units(self, unit: float) -> Huber:
        """delta is one of y's units."""
        limits = np.finfo(np.float64)
        return Huber(min(max(self.delta / unit, float(limits.tiny)), float(limits.max)))


def huber_at_bias(scores: FloatArray, y: FloatArray, u: FloatArray, delta: float) -> AtBias:
    """What `best_bias` asks of it."""
    residuals = scores - y
    held = np.clip(residuals, -delta, delta)
    losses = held * held + 2 * delta * (np.abs(residuals) - np.abs(held))
    curvature = np.diag(2 * np.einsum("i,ij->j", u, (np.abs(residuals) <= delta).astype(np.float64)))
    return AtBias(float(np.einsum("i,ij->", u, losses)), 2 * np.einsum("i,ij->j", u, held), curvature)


def huber_dual(
    scores: FloatArray, targets: FloatArray, normalized_weights: FloatArray, delta: float, balanced: bool
) -> Dual:
    """As the squared error's, for A within +-2 delta. What the repair takes beyond, a smaller t takes back."""
    if balanced:
        before = scores
        scores = before + best_bias(
            lambda b: huber_at_bias(before + b, targets, normalized_weights, delta), before.shape[1]
        )
    a = np.clip(2 * (scores - targets), -2 * delta, 2 * delta)
    dual, extra = _residual_dual(a, targets, normalized_weights, balanced)
    largest = float(np.abs(dual.coefficients).max()) + extra
    return dual._replace(most=2 * delta / largest * (1 - 8 * UNIT) if largest > 0 else 1.0)


def _residual_dual(
    a: FloatArray, targets: FloatArray, normalized_weights: FloatArray, balanced: bool
) -> tuple[Dual, float]:
    """The repair takes the mean of A from each A_i, as the best bias does; and what an element is still off at most."""
    n, k = a.shape
    g, whole = 8 * rounding(n, k), float(normalized_weights.sum())
    balanced = balanced and whole > 0
    left = np.zeros(k)
    if balanced:
        left = g * weighted_sum(normalized_weights, np.abs(a))  # of what is taken away, some stays
        a -= weighted_sum(normalized_weights, a) / whole
        targets = targets - weighted_sum(normalized_weights, targets) / whole
    sizes = weighted_sum(normalized_weights, np.abs(a))
    linear = -float(weighted_sum(normalized_weights, np.einsum("ij,ij->i", a, targets)))
    linear -= g * float(weighted_sum(normalized_weights, np.einsum("ij,ij->i", np.abs(a), np.abs(targets))))
    square = float(weighted_sum(normalized_weights, np.einsum("ij,ij->i", a, a))) / 4 * (1 + g)
    if balanced:
        linear -= float(left @ weighted_sum(normalized_weights, np.abs(targets))) / whole
        square += float(left @ left) / whole
    return Dual(a, linear, square, math.inf, g * sizes + left), float(left.max()) / whole if balanced else 0.0


class CentredSums(NamedTuple):
    """Sums of the dual point A_i - r / sum_i u_i, with r the last column of G.

    `more` is what -sum_i u_i <A_i, y_i> grows by (rounded down), `less` what sum_i u_i ||A_i||^2 / 4 falls by (rounded
    down), `largest` how far an element moves (rounded up).
    """

    G: FloatArray
    added: FloatArray
    more: float
    less: float
    largest: float


def centred_sums(sums: GradientSums) -> CentredSums:
    """From the sums of all rows and targets."""
    k = len(sums.G)
    if sums.free is None or not sums.free.class_rows[0, -1] > 0:
        return CentredSums(sums.G, np.zeros(k), 0.0, 0.0, 0.0)
    free, share, r = sums.free, sums.share, sums.G[:, -1]
    whole, mean = float(free.class_rows[0, -1]), free.class_rows[0]
    e = sums.doubt[:, -1] + 4 * share * np.abs(r)  # how far r, divided by the whole, is from the exact one
    moves = r / whole
    more = float(moves @ free.targets) - float((e / whole + share * np.abs(moves)) @ free.target_sizes)
    less = float(np.square(np.maximum(np.abs(r) - e, 0)).sum()) / (4 * whole) * (1 - 8 * UNIT)
    largest = float((np.abs(r) + e).max()) / whole * (1 + 8 * UNIT)
    return CentredSums(sums.G - moves[:, None] * mean, e + share * np.abs(r), more, less, largest)
