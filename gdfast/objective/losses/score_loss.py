"""A loss of a user's own: a NumPy function of the scores, for which the library makes the products with X."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np

from ..._arrays import check_flag, check_positive
from ..._returned import returned_reals
from ...describe import described
from ...protocols import Array, FloatArray
from .base import Loss, RowFunction, checked_scores

Function = Callable[[FloatArray, Array], Any]


@dataclass(frozen=True, repr=False)
class ScoreLoss(Loss):
    """An own loss: ``mean_i losses_i`` with ``losses, gradient = function(scores, y)``.

    Parameters
    ----------
    function : callable
        ``function(scores (n, k), y) -> (losses (n,), gradient (n, k))``: each row's loss, and its derivatives by the
        row's scores. Scores are float64, in an array that it may change. y are labels, integers (n,), or with
        ``classifies=False`` targets, float64 (n,) (or (n, k) where k > 1); they are read-only. A row's loss must depend
        on its own scores and y alone: mini-batches call the function with some of the rows. Sample weights and the mean
        are the library's.
    classifies : bool
        y are labels; False: targets.
    curvature : float > 0, optional
        At least the largest second derivative of a row's loss by its scores, along any direction: what ``step="auto"``
        and `suggest_step` need to know.

    Raises
    ------
    TypeError, ValueError
        For settings of the wrong type; when it is called: where the function does not return two arrays of these
        shapes of real numbers. What is not finite is passed on: a run then ends as DIVERGED.

    Notes
    -----
    Two passes over X for value and gradient, where gdfast's own losses take one: the scores, and the product of the
    gradient with X. Everything that needs a value or a gradient works, mini-batches, rays, planes and numerical
    gradients included, for dense and sparse X. What only a compiled loss knows is refused by name: `duality_gap`, the
    exact `breakpoints` of a ray, `save_model`. A checkpoint holds the function's name, not the function: give it again
    to `resume`.

    Examples
    --------
    The softmax cross-entropy with smoothed labels:

    >>> import numpy as np, gdfast as gd
    >>> def smoothed(scores, y):
    ...     n, k = scores.shape
    ...     p = np.exp(scores - scores.max(axis=1, keepdims=True))
    ...     p /= p.sum(axis=1, keepdims=True)
    ...     wanted = np.full((n, k), 0.1 / k)
    ...     wanted[np.arange(n), y] += 0.9
    ...     return -(wanted * np.log(p)).sum(axis=1), p - wanted
    >>> X, y = np.array([[0.0], [1.0], [3.0]]), np.array([0, 1, 1])
    >>> objective = gd.LinearObjective(X, y, gd.ScoreLoss(smoothed, curvature=0.5))
    >>> bool(gd.check_gradient(objective, at=np.ones((2, 2))).passed)
    True
    >>> result = gd.minimize(objective, np.zeros((2, 2)), step="auto", max_steps=5000)
    >>> result.status.name, round(result.value, 3)
    ('CONVERGED', 0.308)
    """

    function: Function
    _: KW_ONLY
    classifies: bool = True
    curvature: float | None = None
    name: ClassVar[str] = "score_loss"
    title: ClassVar[str] = "own loss"
    is_convex: ClassVar[bool] = False
    knows_kinks: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(f"function must be callable as function(scores, y); it is {described(self.function)}")
        object.__setattr__(self, "classifies", check_flag(self.classifies, "classifies"))
        if self.curvature is not None:
            object.__setattr__(self, "curvature", check_positive(self.curvature, "curvature"))

    def __repr__(self) -> str:
        """The same in every process, whatever the function's place in memory."""
        name = getattr(self.function, "__qualname__", None) or type(self.function).__qualname__
        return f"ScoreLoss({name}, classifies={self.classifies}, curvature={self.curvature})"

    def value(self, scores: Array, y: Array, sample_weight: Array | None = None) -> float:
        """Mean loss of `scores` (n, k) given `y`."""
        return self.value_and_gradient(scores, y, sample_weight)[0]

    def value_and_gradient(self, scores: Array, y: Array, sample_weight: Array | None = None) -> tuple[float, Array]:
        """The mean loss, and its derivative by `scores`, of their shape and dtype."""
        given = checked_scores(self, scores, y, sample_weight)
        checked = given.labels if given.targets is None else given.targets
        assert checked is not None
        losses, gradient = self.of_rows(given.scores.copy(), checked)
        n, weights = len(losses), given.sample_weight
        share = np.full(n, 1 / n) if weights is None else weights / weights.sum()
        value = float(weighted_sum(share, losses))
        return value, weighted(share, gradient).astype(given.dtype, copy=False)

    def row_function(self) -> RowFunction:
        """The user's, checked."""
        return self.of_rows

    def of_rows(self, scores: FloatArray, y: Array) -> tuple[FloatArray, FloatArray]:
        """Each row's loss (n,) and its gradient (n, k): what the function returned, checked."""
        n, k = scores.shape
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y[...]
        y.flags.writeable = False
        found = self.function(scores, y)
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise TypeError(f"function must return (losses, gradient), two arrays; it returned {described(found)}")
        losses = returned_reals(found[0], "function (losses)", shape=(n,), is_used_up=True)
        return losses, returned_reals(found[1], "function (gradient)", shape=(n, k), is_used_up=True)

    def largest_curvature(self, n_classes: int) -> float | None:
        """As the user says; None: unknown."""
        return self.curvature


def weighted(weights: FloatArray, gradient: FloatArray) -> FloatArray:
    """Each row of the gradient times its weight; 0 for rows without any, also where a derivative is not finite."""
    products = weights[:, None] * gradient
    products[weights == 0] = 0.0
    return products


def weighted_sum(weights: FloatArray, losses: FloatArray) -> float:
    """``sum_i weights_i losses_i`` over the rows that have a weight."""
    has_weight = weights > 0
    return float(weights @ losses) if has_weight.all() else float(weights[has_weight] @ losses[has_weight])
