"""What a loss on scores is: its kernel, and all else that is known of it; what a loss leaves out has a generic answer.

Scores are (n_samples, n_classes). A loss is the MEAN over samples (weighted by `sample_weight` where given). It works
alone on scores here; on X and W it works through `LinearObjective`, by the same kernels. Whoever needs to know
something of a loss (a curvature, a dual point, where its kinks are) asks it, and never for its type.

In the methods below scores are float64, y are labels (n,) or targets (n, k), both checked, and `normalized_weights`
(n,) are what each sample counts in the mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from ... import _kernels
from ..._arrays import INPUT_CODES, check_labels, check_sample_weight, check_targets, plain_array, require_finite
from ...protocols import Array, FloatArray
from ..margins import margins
from ..rays.sums import RaySums
from .best_bias import AtBias

UNIT = 2.0**-52

RowFunction = Callable[[FloatArray, Array], tuple[FloatArray, FloatArray]]


class Dual(NamedTuple):
    """A dual point, as `linear.duality_gap` needs it.

    Attributes
    ----------
    coefficients : (n, k), the A_i
    linear, square : D(t)'s parts that don't need G; `linear` rounded down and `square` up
    most : the largest t
    doubt : (k,), how well the sums over rows are known: element (c, j) of G to doubt[c] * max_i |z_ij|
    """

    coefficients: FloatArray
    linear: float
    square: float
    most: float
    doubt: FloatArray


class FreeBias(NamedTuple):
    """What sums over rows must be known where a bias is not penalised, to mend a dual point without its coefficients.

    Attributes
    ----------
    class_rows : (k, m), ``sum_i u_i z_i`` over the rows of each class, the shares u last; for targets (1, m), over all
    targets, target_sizes : (k,), ``sum_i u_i y_i`` and ``sum_i u_i |y_i|``; zeros for classes
    """

    class_rows: FloatArray
    targets: FloatArray
    target_sizes: FloatArray


class GradientSums(NamedTuple):
    """What one evaluation at W tells of the dual point that the gradient is: no sum here needs another pass.

    Attributes
    ----------
    data, data_doubt : the data's term f, and how far rounding may have moved it
    product, product_doubt : ``<G, W> = sum_i u_i <A_i, W z_i>``, likewise
    G, doubt : (k, m) and (k, m), the gradient of the data's term, and how far each element is from the dual point's
    whole : ``sum_i u_i``
    free : where ``sum_i u_i A_i``, the last column of G, must be 0
    share : the rounding of sums over rows, in units of what is added up; 0 leaves rounding aside
    """

    data: float
    data_doubt: float
    product: float
    product_doubt: float
    G: FloatArray
    doubt: FloatArray
    whole: float
    free: FreeBias | None
    share: float


class GradientDual(NamedTuple):
    """A dual point by its sums alone.

    Attributes
    ----------
    linear, square, most : as of `Dual`
    G : (k, m), ``sum_i u_i A_i z_i'``
    added : (k,), what mending it adds to the doubt of `GradientSums`: element (c, j) of G to added[c] * max_i |z_ij|
    """

    linear: float
    square: float
    most: float
    G: FloatArray
    added: FloatArray


class ScoreCurvature(NamedTuple):
    """A matrix for each row, ``diagonal_i - less_i less_i' + more_i more_i'``: (n, k) each; None where it is 0."""

    diagonal: FloatArray
    less: FloatArray | None = None
    more: FloatArray | None = None

    def by_each_score(self) -> FloatArray:
        """The matrices' own diagonals, (n, k)."""
        found = self.diagonal.copy()
        if self.less is not None:
            found -= self.less * self.less
        if self.more is not None:
            found += self.more * self.more
        return found


class CurvatureFactors(NamedTuple):
    """A matrix for each row by its factors f (n, k) >= 0, in a kernel's terms.

    Kind 0: ``diag(f)``; 1: ``diag(f) - f f'``; 2: sum over wrong classes c of ``f_c (e_c - e_y)(e_c - e_y)'``.
    """

    factors: FloatArray
    kind: int


class KinkDistances(NamedTuple):
    """How far one score of a row may move, either way, before the loss meets a kink; infinite where it meets none.

    Attributes
    ----------
    wrong : (n, k), where the score of class c moves; infinite at the row's own class
    own : (n, k), where the score of the row's own class moves: until the kink of the term of class c
    """

    wrong: FloatArray
    own: FloatArray


def rounding(n: int, k: int) -> float:
    """A sum of n terms, each a few operations on k classes, is known to this share of the terms' sizes."""
    return (n + 8 * k + 64) * UNIT


class Loss:
    """What every loss answers. The class attributes are facts, the methods below `value` are asked by the library.

    Attributes
    ----------
    code : int or None
        The row of the compiled kernels' table; None: no kernel, the generic implementation goes through the scores.
    name, title : str
        As an option's value, and in a sentence.
    classifies : bool
        y are labels; False: targets.
    has_kinks, knows_kinks : bool
        The gradient jumps, where `kink_distances` says. False for the latter: nobody knows whether and where.
    is_convex, is_quadratic : bool
        Quadratic: the second derivatives are the same everywhere.
    is_shift_invariant : bool
        The same number added to all scores of a row changes nothing.
    is_robust : bool
        Centre and spread of the targets are judged by medians.
    gives_probabilities : bool
        Scores are logarithms of probabilities, up to a constant of each row.
    has_best_bias : bool
        `at_bias` leads to one.
    has_dual_point, has_box_dual : bool
        `dual_point` proves bounds; the dual is a box for each row (what dual coordinate ascent goes through).
    gradient_grows : bool
        d loss_i / d scores has no bound.
    step_constant, sparse_step_constant : float
        The c of a recipe's first step; the latter for single sparse rows.
    margin : float
        0 for losses without one.
    """

    code: ClassVar[int | None] = None
    name: ClassVar[str] = "loss"
    title: ClassVar[str] = "loss"
    classifies: bool = True
    has_kinks: ClassVar[bool] = False
    knows_kinks: ClassVar[bool] = True
    is_convex: ClassVar[bool] = True
    is_quadratic: ClassVar[bool] = False
    is_shift_invariant: ClassVar[bool] = False
    is_robust: ClassVar[bool] = False
    gives_probabilities: ClassVar[bool] = False
    has_best_bias: ClassVar[bool] = False
    has_dual_point: ClassVar[bool] = False
    has_box_dual: ClassVar[bool] = False
    gradient_grows: ClassVar[bool] = False
    step_constant: ClassVar[float] = 1.0
    sparse_step_constant: ClassVar[float] = 1.0
    margin: float = 0.0

    @property
    def parameter(self) -> float:
        """The one number that the kernels take: the margin, for a loss with one."""
        return self.margin

    @property
    def has_kernel(self) -> bool:
        """Whether the compiled kernels know it."""
        return self.code is not None

    def row_function(self) -> RowFunction | None:
        """What computes a loss that has no kernel: (scores, y) -> each row's loss (n,) and its gradient (n, k)."""
        return None

    # ---- value and gradient ----

    def value(self, scores: Array, y: Array, sample_weight: Array | None = None) -> float:
        """Mean loss of `scores` (n, k) given `y`; the arithmetic is float64."""
        problem, base, _ = self._on_scores(scores, y, sample_weight)
        value = np.empty(1)
        problem.mix(base, None, None, None, value, None, None)
        return float(value[0])

    def gradient(self, scores: Array, y: Array, sample_weight: Array | None = None) -> Array:
        """d mean-loss / d scores, of the shape and dtype of `scores`."""
        return self.value_and_gradient(scores, y, sample_weight)[1]

    def value_and_gradient(self, scores: Array, y: Array, sample_weight: Array | None = None) -> tuple[float, Array]:
        """Both at once."""
        problem, base, dtype = self._on_scores(scores, y, sample_weight)
        value, gradient = np.empty(1), np.empty_like(base)
        problem.mix(base, None, None, None, value, None, gradient)
        return float(value[0]), gradient.astype(dtype, copy=False)

    def _on_scores(self, scores: Any, y: Any, sample_weight: Any) -> tuple[_kernels.Problem, Array, np.dtype[Any]]:
        checked = checked_scores(self, scores, y, sample_weight)
        n, k = checked.scores.shape
        weights = checked.sample_weight
        normalizer = 1 / n if weights is None else 1 / float(weights.sum())
        assert self.code is not None
        problem = _kernels.Problem(
            checked.scores, INPUT_CODES[checked.scores.dtype], checked.labels, checked.targets, weights, None, None,
            None, self.code, self.parameter, normalizer, k, False,
        )  # fmt: skip
        return problem, checked.scores, checked.dtype

    # ---- second derivatives ----

    def largest_curvature(self, n_classes: int) -> float | None:
        """The largest eigenvalue of a row's second derivatives by its scores, whatever they are; None: unknown."""
        return None

    def score_curvature(self, scores: FloatArray, y: Array) -> ScoreCurvature:
        """Each row's second derivatives by its scores, or what is above them: a constant where no more is known."""
        n, k = scores.shape
        largest = self.largest_curvature(k)
        if largest is None:
            raise ValueError(f"this needs a loss that knows its curvature; it is {self!r}")
        return ScoreCurvature(np.full((n, k), largest))

    def hessian_times(self, scores: FloatArray, y: Array, changes: FloatArray) -> FloatArray:
        """Each row's second derivatives by its scores, times its changes: (n, k); by differences of the gradient."""
        if not (np.isfinite(scores).all() and np.isfinite(changes).all()):  # an outcome, as of a compiled loss
            return np.full(scores.shape, math.nan)
        sizes = np.abs(changes).max(axis=1, keepdims=True)
        h = np.cbrt(UNIT) * np.maximum(1.0, np.abs(scores).max(axis=1, keepdims=True))
        moves = changes * np.divide(h, sizes, out=np.zeros_like(h), where=sizes > 0)
        change = self.gradient(scores + moves, y) - self.gradient(scores - moves, y)
        return np.asarray(len(scores) * change * (sizes / (2 * h)))

    def hessian_at(self, scores: FloatArray, y: Array) -> Callable[[FloatArray], FloatArray]:
        """changes -> `hessian_times`, for many at the same scores: what these alone say is made once."""
        return lambda changes: self.hessian_times(scores, y, changes)

    def curvature_factors(self, scores: FloatArray, y: Array) -> CurvatureFactors | None:
        """The second derivatives of `hessian_times` as a kernel multiplies by them; None: it does not."""
        return None

    def curvatures(self, scores: FloatArray, y: Array) -> FloatArray:
        """What weighs the rows of a preconditioner, (n, k), >= 0: each row's second derivatives by each of its scores.

        1 where there are none, or nobody knows them.
        """
        if self.has_kinks or self.largest_curvature(scores.shape[1]) is None:
            return np.ones(scores.shape)
        return self.score_curvature(scores, y).by_each_score()

    # ---- rounding ----

    def coefficient_sizes(self, scores: FloatArray, y: Array) -> FloatArray:
        """How large the numbers are whose difference a coefficient d loss_i / d score_ij is: (n, k).

        Times the unit of the arithmetic it is the coefficient's rounding. The hinge's are counts, and exact.
        """
        return np.zeros(scores.shape)

    def value_error(self, data: float, score_errors: FloatArray, whole: float) -> float:
        """How far the mean loss, which came out as `data`, may move where scores of class c move by score_errors[c].

        `whole` is the sum of the normalized weights.
        """
        return math.inf

    # ---- certificates ----

    def at_bias(self, scores: FloatArray, y: Array, normalized_weights: FloatArray) -> AtBias | None:
        """The mean loss and its derivatives by a bias of all rows; None where no best one helps a dual point."""
        return None

    def dual_point(self, scores: FloatArray, y: Array, normalized_weights: FloatArray, balanced: bool) -> Dual | None:
        """The dual point that the gradient at `scores` is, repaired where that is not feasible; None: there is none.

        `balanced`: sum_i u_i A_i must be 0 (an unpenalised bias). An error of the scores makes the bound looser, never
        false.
        """
        return None

    def coefficient_total(self, data: float, whole: float, n_classes: int) -> float:
        """At least ``sum_i u_i sum_c |A_ic|``, and what its terms are differences of, where the mean loss is `data`."""
        return math.inf

    def gradient_dual(self, sums: GradientSums) -> GradientDual | None:
        """The same dual point, from sums alone: by Fenchel and Young ``-sum_i u_i conjugate_i(A_i) = f - <G, W>``.

        Where the bias is free it is mended by sums over rows that don't depend on W; None: these don't tell enough.
        """
        return None

    # ---- along directions ----

    def ray_terms(self, parts: tuple[FloatArray, ...], y: Array, normalized_weights: FloatArray) -> RaySums | None:
        """What the loss is a sum of for ``scores = parts[0] + a * parts[1] + ...``, where that is known to help."""
        return None

    def kink_distances(self, scores: FloatArray, y: Array) -> KinkDistances:
        """Of a loss that has kinks, where they are: at margins of 0, unless it says otherwise."""
        sizes = np.abs(margins(scores, y, self.margin, own=np.inf))
        return KinkDistances(sizes, sizes)

    # ---- what is known beforehand ----

    def value_at_zero_scores(self, n_classes: int) -> tuple[float, str] | None:
        """The loss where all scores are 0, and its formula; None where that depends on y."""
        return None

    def step_curvature(self, n_classes: int) -> float:
        """The curvature by which a recipe chooses its first step, of targets that are spread by 1."""
        known = self.largest_curvature(n_classes)
        return n_classes / 2 if known is None else known

    def in_units(self, unit: float) -> Self:
        """The same loss for targets that were divided by `unit`."""
        return self

    def smoothed(self) -> Loss | None:
        """A loss with the same zeros and without kinks, where this one has kinks."""
        return None

    # ---- mistakes that people make ----

    def wrong_factors(self) -> Iterator[tuple[str, float]]:
        """(a sentence, the factor by which the data's gradient is then wrong)."""
        return iter(())

    def wrong_coefficients(
        self, scores: FloatArray, y: Array, coefficients: FloatArray, normalized_weights: FloatArray
    ) -> Iterator[tuple[str, FloatArray]]:
        """(a sentence, wrong derivatives by the scores instead of these (n, k)), the likeliest first."""
        return iter(())


class CheckedScores(NamedTuple):
    """Scores in float64, and what belongs to them; dtype is that of the scores as given."""

    scores: FloatArray
    labels: Array | None
    targets: FloatArray | None
    sample_weight: FloatArray | None
    dtype: np.dtype[Any]


def checked_scores(loss: Loss, scores: Any, y: Any, sample_weight: Any) -> CheckedScores:
    """TypeError or ValueError for what no loss on scores takes."""
    array = plain_array(scores, "scores")
    if array.dtype != np.float64 and array.dtype != np.float32:
        raise TypeError(f"scores must be float32 or float64; their dtype is {array.dtype}")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"scores must be (n_samples, n_classes), not empty; their shape is {array.shape}")
    require_finite(array, "scores")
    base = np.require(array, dtype=np.float64, requirements=["C", "A"])
    n, k = base.shape
    labels = check_labels(y, n, k)[0] if loss.classifies else None
    targets = None if loss.classifies else check_targets(y, n)
    if targets is not None and targets.shape != base.shape:
        raise ValueError(f"y must have the shape of scores, {base.shape}; its shape is {np.shape(y)}")
    return CheckedScores(base, labels, targets, check_sample_weight(sample_weight, n), array.dtype)


def missing_factor_2(loss: Loss) -> str:
    """The sentence for a square whose derivative is written without its 2."""
    name = type(loss).__name__
    return f"missing factor 2 in the data's part: {name} has no 1/2 before the square; multiply by 2."
