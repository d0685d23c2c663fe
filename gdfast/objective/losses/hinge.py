"""The hinges of Weston and Watkins, plain and squared: ``sum_{j != y_i} max(0, s_ij - s_iy_i + margin)``.

J. Weston and C. Watkins, Multi-class support vector machines, 1998.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..._arrays import check_positive
from ...protocols import Array, FloatArray
from ..margins import margins
from ..one_thread import weighted_sum
from ..rays.hinge_terms import HingeTerms
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
from .best_bias import AtBias, best_bias, products_of_columns
from .pairs import mended_sums, repaired_pairs


@dataclass(frozen=True)
class Hinge(Loss):
    """Multiclass SVM (Weston-Watkins) hinge: ``mean_i sum_{j != y_i} max(0, s_ij - s_iy_i + margin)``.

    Convex and piecewise linear. At a kink a subgradient is used: a term counts when its margin is
    strictly > 0.

    Parameters
    ----------
    margin : float > 0, in units of the scores

    Raises
    ------
    TypeError, ValueError
        For a margin that is not a finite number > 0; its methods, for scores that are not finite floats
        (n, k) and labels that are not integers in [0, k).

    Notes
    -----
    scikit-learn's ``LinearSVC(multi_class="crammer_singer")`` takes the maximum over the wrong classes
    where this takes the sum; PyTorch's ``MultiMarginLoss`` is this divided by the number of classes.

    References
    ----------
    J. Weston and C. Watkins, Multi-class support vector machines, 1998.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> gd.Hinge().value(np.array([[3.0, 5.0, -1.5]]), np.array([0]))
    3.0
    >>> gd.Hinge().gradient(np.array([[3.0, 5.0, -1.5]]), np.array([0]))
    array([[-1.,  1.,  0.]])
    """

    margin: float = 1.0
    code: ClassVar[int] = 0
    name: ClassVar[str] = "hinge"
    title: ClassVar[str] = "hinge"
    has_kinks: ClassVar[bool] = True
    is_shift_invariant: ClassVar[bool] = True
    has_dual_point: ClassVar[bool] = True
    has_box_dual: ClassVar[bool] = True
    step_constant: ClassVar[float] = 2.0
    sparse_step_constant: ClassVar[float] = 0.3

    def __post_init__(self) -> None:
        object.__setattr__(self, "margin", check_positive(self.margin, "margin"))

    def largest_curvature(self, n_classes: int) -> float:
        """``n_classes / 2``: a rule of thumb, since the hinge has kinks instead."""
        return n_classes / 2

    def smoothed(self) -> SquaredHinge:
        """Its square, of the same margin."""
        return SquaredHinge(self.margin)

    def value_error(self, data: float, score_errors: FloatArray, whole: float) -> float:
        """A term moves as far as both of its scores."""
        return whole * (float(score_errors.sum()) + score_errors.size * float(score_errors.max()))

    def value_at_zero_scores(self, n_classes: int) -> tuple[float, str]:
        """Each wrong class has its margin."""
        return (n_classes - 1) * self.margin, "(n_classes - 1) * margin"

    def ray_terms(self, parts: tuple[FloatArray, ...], y: Array, normalized_weights: FloatArray) -> HingeTerms:
        """``max(0, s_ij - s_iy_i + margin)``."""
        return HingeTerms(parts, y, normalized_weights, self.margin, 1)

    def dual_point(self, scores: FloatArray, y: Array, normalized_weights: FloatArray, balanced: bool) -> Dual:
        """0 <= a <= 1 and -conjugate = margin * sum_c a_ic: a is 1 where a margin is > 0."""
        counts = (margins(scores, y, self.margin) > 0).astype(np.float64)
        pairs = repaired_pairs(counts, y, normalized_weights, balanced)
        top = float(np.where(normalized_weights > 0, pairs.a.max(axis=1), 0.0).max()) + pairs.extra
        linear = self.margin * pairs.total * (1 - 4 * rounding(*scores.shape))
        most = (1 - 4 * UNIT) / top if top > 0 else 0.0
        return Dual(pairs.coefficients(y), linear, 0.0, most, pairs.doubt)

    def coefficient_total(self, data: float, whole: float, n_classes: int) -> float:
        """Each term that counts does so twice."""
        return 2 * whole * (n_classes - 1)

    def gradient_dual(self, sums: GradientSums) -> GradientDual | None:
        """``margin * sum_i u_i sum_c a_ic = f - <G, W>``."""
        moved = mended_sums(sums)
        if moved is None:
            return None
        linear = sums.data - sums.product - sums.data_doubt - sums.product_doubt
        top = 1 + moved.largest
        most = 1.0 if moved.largest == 0 else (1 - 4 * UNIT) / top
        return GradientDual(linear + self.margin * moved.total, 0.0, most, moved.G, moved.added)

    def wrong_coefficients(
        self, scores: FloatArray, y: Array, coefficients: FloatArray, normalized_weights: FloatArray
    ) -> Iterator[tuple[str, FloatArray]]:
        """Ties and the own class counted, the own class counted once, margins for counts, another margin."""
        rows, each = np.arange(len(scores)), normalized_weights[:, None]
        right, own = np.zeros_like(coefficients), np.zeros_like(coefficients)
        right[rows, y] = coefficients[rows, y]
        own[rows, y] = normalized_weights
        yield (
            ">= for >: the own class's margin, set to 0, counts as violated; compare with > 0, or leave the own "
            "class out before counting.",
            coefficients - own,
        )
        terms = margins(scores, y, self.margin, own=np.nan)
        if (terms == 0).any():
            counts = _less_at_own((terms >= 0).astype(np.float64), y)
            yield ">= for > at ties: terms whose margin is exactly 0 are counted; compare with > 0.", counts * each
        yield (
            "correct-class row counted once a sample: it needs minus the number of violated margins; sum them.",
            coefficients - right + np.maximum(right, -own),
        )
        yield (
            "correct-class row counted once a sample, violated or not: it needs minus the number of violated margins; "
            "sum them.",
            coefficients - right - own,
        )
        violated = np.maximum(np.nan_to_num(terms), 0)
        yield (
            "margins in place of counts: each violated term adds its margin times x, and max(0, m) has the slope 1; "
            "count the terms, add x once for each.",
            _less_at_own(violated.copy(), y) * each,
        )
        yield (
            "max(0, .) left out: terms below 0 add to the gradient too; where a term is 0 its slope is 0.",
            _less_at_own(np.ones_like(terms), y) * each,
        )
        if terms.shape[1] > 2:
            worst = (violated > 0) & (violated == violated.max(axis=1, keepdims=True))
            yield (
                "only the largest term counted: the loss sums over all wrong classes, which is not Crammer and "
                "Singer's maximum; count each violated one.",
                _less_at_own(worst.astype(np.float64), y) * each,
            )
        for sentence, by in _other_margins(self.margin):
            moved = terms + (by - self.margin)
            yield sentence, _less_at_own((moved > 0).astype(np.float64), y) * each


@dataclass(frozen=True)
class SquaredHinge(Loss):
    """The hinge's terms squared: ``mean_i sum_{j != y_i} max(0, s_ij - s_iy_i + margin)**2``.

    Parameters
    ----------
    margin : float > 0, in units of the scores

    Raises
    ------
    TypeError, ValueError
        As for `Hinge`.

    Notes
    -----
    Its gradient is continuous; its curvature jumps where a margin is 0.

    References
    ----------
    K. Crammer and Y. Singer, JMLR 2, 2001; R.-E. Fan et al., LIBLINEAR, JMLR 9, 2008.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> round(gd.SquaredHinge().value(np.array([[3.2, 5.1, -1.7]]), np.array([0])), 12)
    8.41
    """

    margin: float = 1.0
    code: ClassVar[int] = 1
    name: ClassVar[str] = "squared_hinge"
    title: ClassVar[str] = "squared hinge"
    is_shift_invariant: ClassVar[bool] = True
    has_best_bias: ClassVar[bool] = True
    has_dual_point: ClassVar[bool] = True
    gradient_grows: ClassVar[bool] = True
    step_constant: ClassVar[float] = 3.0
    sparse_step_constant: ClassVar[float] = 10.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "margin", check_positive(self.margin, "margin"))

    def largest_curvature(self, n_classes: int) -> float:
        """``2 * n_classes``: twice the largest eigenvalue of sum_c (e_c - e_y)(e_c - e_y)', a star's Laplacian."""
        return 2.0 * n_classes

    def score_curvature(self, scores: FloatArray, y: Array) -> ScoreCurvature:
        """``2 sum_c (e_c - e_y)(e_c - e_y)'`` over the wrong classes c whose margin is > 0.

        With a_c = 2 for these it is ``diag(a + sum(a) e_y) - a e_y' - e_y a'``: the last two are the squares of
        ``(e_y - a) / sqrt(2)`` less those of ``(e_y + a) / sqrt(2)``.
        """
        a = np.where(margins(scores, y, self.margin) > 0, 2.0, 0.0)
        rows = np.arange(len(y))
        a[rows, y] = 0.0
        diagonal, root = a.copy(), math.sqrt(0.5)
        diagonal[rows, y] = a.sum(axis=1)
        less, more = a * root, a * -root
        less[rows, y] = more[rows, y] = root
        return ScoreCurvature(diagonal, less, more)

    def hessian_times(self, scores: FloatArray, y: Array, changes: FloatArray) -> FloatArray:
        """``2 sum_c (e_c - e_y)(change_c - change_y)`` over the wrong classes c whose margin is > 0."""
        counts = margins(scores, y, self.margin) > 0
        return _less_at_own(np.where(counts, 2 * margins(changes, y), 0.0), y)

    def curvature_factors(self, scores: FloatArray, y: Array) -> CurvatureFactors:
        """2 for the wrong classes whose margin is > 0."""
        return CurvatureFactors(np.where(margins(scores, y, self.margin, own=-np.inf) > 0, 2.0, 0.0), 2)

    def coefficient_sizes(self, scores: FloatArray, y: Array) -> FloatArray:
        """Margins are differences of scores; one that is well below 0 has no rounding."""
        rows = np.arange(len(scores))
        sizes = np.abs(scores) + np.abs(scores[rows, y][:, None]) + self.margin
        sizes = np.where(margins(scores, y, self.margin, own=-np.inf) > -1e-6 * sizes, 2 * sizes, 0.0)
        sizes[rows, y] = sizes.sum(axis=1)
        return sizes

    def value_error(self, data: float, score_errors: FloatArray, whole: float) -> float:
        """By Cauchy and Schwarz: the terms' roots move as the margins do."""
        k, most, root = score_errors.size, float(score_errors.max()), math.sqrt(whole * max(data, 0.0))
        return 4 * most * root * math.sqrt(k) + 4 * whole * k * most * most

    def value_at_zero_scores(self, n_classes: int) -> tuple[float, str]:
        """Each wrong class has its margin, squared."""
        return (n_classes - 1) * self.margin**2, "(n_classes - 1) * margin^2"

    def ray_terms(self, parts: tuple[FloatArray, ...], y: Array, normalized_weights: FloatArray) -> HingeTerms:
        """``max(0, s_ij - s_iy_i + margin)**2``."""
        return HingeTerms(parts, y, normalized_weights, self.margin, 2)

    def dual_point(self, scores: FloatArray, y: Array, normalized_weights: FloatArray, balanced: bool) -> Dual:
        """a >= 0 and -conjugate = sum_c margin * a_ic - a_ic**2 / 4: a is twice a margin that is > 0."""
        if balanced:
            before = scores
            scores = before + best_bias(lambda b: self.at_bias(before + b, y, normalized_weights), before.shape[1])
        terms = np.maximum(margins(scores, y, self.margin), 0)
        pairs = repaired_pairs(2 * terms, y, normalized_weights, balanced)
        n, k = terms.shape
        g = 4 * rounding(n, k)
        square = float(weighted_sum(normalized_weights, np.einsum("ij,ij->i", pairs.a, pairs.a))) / 4 * (1 + g)
        square += pairs.extra * pairs.total + pairs.extra * pairs.extra * float(normalized_weights.sum()) * k
        return Dual(pairs.coefficients(y), self.margin * pairs.total * (1 - g), square, math.inf, pairs.doubt)

    def coefficient_total(self, data: float, whole: float, n_classes: int) -> float:
        """By Cauchy and Schwarz: a is twice the root of its term."""
        return 4 * math.sqrt(whole * (n_classes - 1) * max(data, 0.0))

    def gradient_dual(self, sums: GradientSums) -> GradientDual | None:
        """``sum_i u_i sum_c a_ic^2 / 4 = f`` and ``margin * sum_i u_i sum_c a_ic = 2 f - <G, W>``.

        What the repair adds to a, it adds to the root of the former at most: by the triangle's inequality.
        """
        moved = mended_sums(sums)
        if moved is None:
            return None
        linear = 2 * (sums.data - sums.data_doubt) - sums.product - sums.product_doubt
        square = (math.sqrt(max(sums.data + sums.data_doubt, 0.0)) + moved.root) ** 2
        return GradientDual(linear + self.margin * moved.total, square * (1 + 8 * UNIT), math.inf, moved.G, moved.added)

    def at_bias(self, scores: FloatArray, y: Array, normalized_weights: FloatArray) -> AtBias:
        """Of all scores of a class."""
        k = scores.shape[1]
        terms = np.maximum(margins(scores, y, self.margin, own=-np.inf), 0)
        chosen = np.zeros((len(y), k))
        chosen[np.arange(len(y)), y] = normalized_weights
        # of rows of a class (first), by the wrong class
        pairs = 2 * products_of_columns(chosen, (terms > 0).astype(np.float64))
        slopes = 2 * products_of_columns(chosen, terms)
        curvature = np.diag(pairs.sum(axis=0) + pairs.sum(axis=1)) - pairs - pairs.T
        value = float(np.einsum("i,ij,ij->", normalized_weights, terms, terms))
        curvature += float(np.diag(curvature).max(initial=0.0)) / k  # a bias for all classes alike does nothing
        return AtBias(value, slopes.sum(axis=0) - slopes.sum(axis=1), curvature)

    def wrong_factors(self) -> Iterator[tuple[str, float]]:
        """That of the square."""
        yield missing_factor_2(self), 0.5

    def wrong_coefficients(
        self, scores: FloatArray, y: Array, coefficients: FloatArray, normalized_weights: FloatArray
    ) -> Iterator[tuple[str, FloatArray]]:
        """Counts, and those at another margin."""
        terms = margins(scores, y, self.margin)
        for slope, counted in ((1.0, "counts"), (2.0, "counts twice")):
            yield (
                f"counts in place of margins: the gradient {counted} the violated terms, and the slope of max(0, m)**2 "
                "is 2 max(0, m); multiply each by twice its margin.",
                _less_at_own(np.where(terms > 0, slope, 0.0), y) * normalized_weights[:, None],
            )
        for sentence, by in _other_margins(self.margin):
            moved = 2 * np.maximum(terms + (by - self.margin), 0)
            yield sentence, _less_at_own(moved, y) * normalized_weights[:, None]


def _less_at_own(terms: FloatArray, y: Array) -> FloatArray:
    """Of the wrong classes' coefficients, in place: the right class has what takes their sum to 0."""
    rows = np.arange(len(terms))
    terms[rows, y] = 0.0
    terms[rows, y] = -terms.sum(axis=1)
    return terms


def _other_margins(margin: float) -> Iterator[tuple[str, float]]:
    """(a sentence, a margin) that gradients are written with by mistake."""
    for other in dict.fromkeys((0.0, 1.0, -margin, margin / 2, 2 * margin, margin + 1, margin / 10, 10 * margin)):
        if other != margin:
            yield (
                f"another margin: the gradient's terms begin at a margin of {other:g}, the value's at {margin:g}; "
                "use one margin for both.",
                other,
            )
