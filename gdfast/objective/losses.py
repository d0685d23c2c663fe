"""Losses: frozen settings, and the compiled kernels on scores that they name.

Scores are (n_samples, n_classes). A loss is the MEAN over samples (weighted by `sample_weight` where
given); the two hinges SUM over the wrong classes. A loss works alone on scores here; on X and W it
works through `LinearObjective`, by the same kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .. import _kernels
from .._arrays import (
    INPUT_CODES,
    check_labels,
    check_positive,
    check_sample_weight,
    check_targets,
    plain_array,
    require_finite,
)
from ..protocols import Array, FloatArray


class Loss:
    """What every loss can do on scores alone; `LinearObjective` reads the class attributes."""

    code: ClassVar[int]
    classifies: ClassVar[bool] = True
    has_kinks: ClassVar[bool] = False
    margin: float = 0.0

    @property
    def parameter(self) -> float:
        """The one number that the kernels take: the margin, for a loss with one."""
        return self.margin

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

    def coefficient_sizes(self, scores: FloatArray, y: Array) -> FloatArray:
        """How large the numbers are whose difference a coefficient d loss_i / d score_ij is: (n, k).

        Times the unit of the arithmetic it is the coefficient's rounding. The hinge's are counts, and exact.
        """
        return np.zeros(scores.shape)

    def curvature(self, n_classes: int) -> float:
        """The largest eigenvalue of a row's second derivatives by its scores, whatever they are."""
        raise TypeError(f"{type(self).__name__} must say its curvature(n_classes)")

    def _on_scores(self, scores: Any, y: Any, sample_weight: Any) -> tuple[_kernels.Problem, Array, np.dtype[Any]]:
        array = plain_array(scores, "scores")
        if array.dtype != np.float64 and array.dtype != np.float32:
            raise TypeError(f"scores must be float32 or float64; their dtype is {array.dtype}")
        if array.ndim != 2 or array.size == 0:
            raise ValueError(f"scores must be (n_samples, n_classes), not empty; their shape is {array.shape}")
        require_finite(array, "scores")
        base = np.ascontiguousarray(array, dtype=np.float64)
        n, k = base.shape
        labels = check_labels(y, n, k)[0] if self.classifies else None
        targets = None if self.classifies else check_targets(y, n)
        if targets is not None and targets.shape != base.shape:
            raise ValueError(f"y must have the shape of scores, {base.shape}; its shape is {np.shape(y)}")
        weights = check_sample_weight(sample_weight, n)
        normalizer = 1 / n if weights is None else 1 / float(weights.sum())
        problem = _kernels.Problem(
            base, INPUT_CODES["float64"], labels, targets, weights, None, None, None, self.code, self.parameter,
            normalizer, k, False,
        )  # fmt: skip
        return problem, base, array.dtype


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
    has_kinks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "margin", check_positive(self.margin, "margin"))

    def curvature(self, n_classes: int) -> float:
        """``n_classes / 2``: a rule of thumb, since the hinge has kinks instead."""
        return n_classes / 2


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "margin", check_positive(self.margin, "margin"))

    def curvature(self, n_classes: int) -> float:
        """``2 * n_classes``: twice the largest eigenvalue of sum_c (e_c - e_y)(e_c - e_y)', a star's Laplacian."""
        return 2.0 * n_classes

    def coefficient_sizes(self, scores: FloatArray, y: Array) -> FloatArray:
        """Margins are differences of scores; one that is well below 0 has no rounding."""
        rows = np.arange(len(scores))
        right = scores[rows, y][:, None]
        sizes = np.abs(scores) + np.abs(right) + self.margin
        sizes = np.where(scores - right + self.margin > -1e-6 * sizes, 2 * sizes, 0.0)
        sizes[rows, y] = 0.0
        sizes[rows, y] = sizes.sum(axis=1)
        return sizes


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Softmax cross-entropy: ``mean_i -log(exp(s_iy_i) / sum_j exp(s_ij))``, in nats.

    The largest score of a row is subtracted first, so scores of any size are safe.

    Raises
    ------
    TypeError, ValueError
        Its methods, for scores that are not finite floats (n, k) and labels that are not integers in [0, k).

    References
    ----------
    J. S. Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> round(gd.CrossEntropy().value(np.zeros((4, 10)), np.array([0, 1, 2, 3])), 12)
    2.302585092994
    """

    code: ClassVar[int] = 2

    def curvature(self, n_classes: int) -> float:
        """``1/2``: that of diag(p) - p p' where two classes have p = 1/2."""
        return 0.5

    def coefficient_sizes(self, scores: FloatArray, y: Array) -> FloatArray:
        """The right class's is its probability less 1."""
        sizes = np.zeros(scores.shape)
        sizes[np.arange(len(scores)), y] = 1.0
        return sizes


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
    classifies: ClassVar[bool] = False

    def curvature(self, n_classes: int) -> float:
        """``2``."""
        return 2.0

    def coefficient_sizes(self, scores: FloatArray, y: Array) -> FloatArray:
        """Residuals are scores less targets."""
        return np.asarray(2 * (np.abs(scores) + np.abs(y)))


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
    classifies: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta", check_positive(self.delta, "delta"))

    @property
    def parameter(self) -> float:
        """delta."""
        return self.delta

    def curvature(self, n_classes: int) -> float:
        """``2``, where no residual is beyond `delta`."""
        return 2.0

    def coefficient_sizes(self, scores: FloatArray, y: Array) -> FloatArray:
        """Residuals are scores less targets; one that is well beyond delta has no rounding."""
        sizes = np.abs(scores) + np.abs(y)
        return np.where(np.abs(scores - y) - self.delta < 1e-6 * sizes, 2 * sizes, 0.0)
