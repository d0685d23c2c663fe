"""How far to go: searches for a step along a ray, from its value and slope at step 0.

Each is given as the `step` of `minimize`. On a `LinearObjective` a whole step costs one pass over X, whatever step is
taken: half of it makes the scores of the direction, the other half the gradient at the step taken, from the scores
there; each step tried costs O(n_samples * n_classes). `Found.evaluations` counts the points at which the ray's value or
slope (or both) were computed.

Where a run proves how near the optimum is (`gap_tol`, `gd.solve`), on chunks, on mini-batches and uphill, the first
step tried is a pass instead, which is all that the step costs if it is taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._arrays import check_fraction, check_positive
from ...objective.rays.minimum import lowest_step
from ...protocols import FloatArray, Found, Ray
from .strong_wolfe import EPS, Points, strong_wolfe

TRIALS = 1000  # of a search that only shrinks


def _is_one_number(given: Any) -> bool:
    return isinstance(given, np.ndarray) and given.ndim == 0


@dataclass(frozen=True)
class GridSearch:
    """The best of several steps.

    Parameters
    ----------
    candidates : sequence of float > 0
        The steps to try, in any order.

    Raises
    ------
    TypeError, ValueError
        The candidates are not numbers > 0, or there is none.

    Notes
    -----
    Nothing is found where none of them lowers the objective. A linear objective makes one pass over X for all.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> gd.minimize(bowl, [3.0], step=gd.GridSearch([0.01, 0.1, 0.4, 2.0]), max_steps=2).history.step_sizes
    array([0.4, 0.4])
    """

    candidates: tuple[float, ...]

    def __post_init__(self) -> None:
        given: Any = self.candidates
        if not isinstance(given, Sequence | np.ndarray) or isinstance(given, str | bytes) or _is_one_number(given):
            raise TypeError(f"candidates must be a sequence of numbers > 0; it is {given!r:.40}")
        checked = tuple(check_positive(step, f"candidates[{i}]") for i, step in enumerate(given))
        if not checked:
            raise ValueError("candidates must not be empty")
        object.__setattr__(self, "candidates", checked)

    def search(self, ray: Ray, value: float, slope: float) -> Found:
        """The candidate with the lowest value."""
        if not slope < 0:
            return _nothing(value, 0)
        values: FloatArray = np.asarray(ray.values(np.array(self.candidates)), dtype=np.float64)
        values = np.where(np.isfinite(values), values, math.inf)
        best = int(values.argmin())
        lowest, count = float(values[best]), len(self.candidates)
        return Found(self.candidates[best], lowest, count, accepted=True) if lowest < value else _nothing(value, count)


@dataclass(frozen=True)
class Backtracking:
    """Shrink a step until the objective falls by a share of what its slope promises (Armijo's rule).

    The first of ``step = start, start * shrink, start * shrink**2, ...`` with
    ``L(w + step * v) <= L(w) + sufficient * step * slope``.

    Parameters
    ----------
    start : float
        > 0: the first step tried.
    shrink : float
        In (0, 1).
    sufficient : float
        In (0, 1): the share of the slope's promise that is enough.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range.

    Notes
    -----
    Nothing is found once the fall that the slope promises is below the rounding of the value. On a `LinearObjective` a
    step costs one pass over X, however often it is shrunk.

    References
    ----------
    L. Armijo, Minimization of functions having Lipschitz continuous first partial derivatives, 1966.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> gd.minimize(bowl, [3.0], step=gd.Backtracking(shrink=0.4), max_steps=2).history.step_sizes
    array([0.4, 0.4])
    """

    start: float = 1.0
    shrink: float = 0.5
    sufficient: float = 1e-4

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", check_positive(self.start, "start"))
        _check_open_fractions(self, "shrink", "sufficient")

    def search(self, ray: Ray, value: float, slope: float) -> Found:
        """The first step that lowers the value enough."""
        step, evaluations = self.start, 0
        while slope < 0 and -step * slope > EPS * abs(value) and evaluations < TRIALS:
            there = ray.value(step)
            evaluations += 1
            if math.isfinite(there) and there < value and there <= value + self.sufficient * step * slope:
                return Found(step, there, evaluations, accepted=True)
            step *= self.shrink
        return _nothing(value, evaluations)


@dataclass(frozen=True)
class StrongWolfe:
    """A step at which the objective is low enough and flat enough: bracket, then zoom by cubic interpolation.

    ``L(w + step * v) <= L(w) + sufficient * step * slope`` and ``|slope at step| <= curvature * |slope|``.

    Parameters
    ----------
    start : float
        > 0: the first step tried. 1 suits `LBFGS`, `Newton` and `NonlinearConjugateGradient`.
    sufficient, curvature : float
        0 < sufficient < curvature < 1; a small curvature is nearly an exact search.
    max_step : float
        > 0: no step is longer; a ray that falls for ever stops there.

    Raises
    ------
    TypeError, ValueError
        A setting is of the wrong type or out of its range.

    Notes
    -----
    Where no such step exists, as at a kink, the bracket shrinks to nothing (a billionth of the step, or below the
    rounding of the value) and the lowest step that falls enough is taken; if there is none, nothing is found. On a
    `LinearObjective` a step costs one pass over X, whatever step is taken.

    References
    ----------
    J. Nocedal, S. J. Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6.

    Examples
    --------
    >>> import gdfast as gd
    >>> valley = gd.FunctionObjective(lambda w: float(w @ w + w[0] ** 4), lambda w: 2 * w + [4 * w[0] ** 3, 0.0])
    >>> result = gd.minimize(valley, [3.0, -4.0], gd.LBFGS(), step=gd.StrongWolfe())
    >>> result.status.name, result.value < 1e-12
    ('CONVERGED', True)
    """

    start: float = 1.0
    sufficient: float = 1e-4
    curvature: float = 0.9
    max_step: float = 1e12

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", check_positive(self.start, "start"))
        object.__setattr__(self, "max_step", check_positive(self.max_step, "max_step"))
        _check_open_fractions(self, "sufficient", "curvature")
        if not self.sufficient < self.curvature:
            raise ValueError(f"sufficient must be < curvature; they are {self.sufficient:g} and {self.curvature:g}")

    def search(self, ray: Ray, value: float, slope: float) -> Found:
        """A step that keeps both conditions, or the best of those that keep the first."""
        if not slope < 0:
            return _nothing(value, 0)
        points = Points(ray)
        best = strong_wolfe(points, value, slope, self.start, self.sufficient, self.curvature, self.max_step)
        if best.step > 0 and best.value < value:
            return Found(best.step, best.value, points.count, accepted=True)
        return _nothing(value, points.count)


@dataclass(frozen=True)
class ExactLineSearch:
    """The lowest point of the ray: where the directional derivative vanishes, or changes its sign at a kink.

    Parameters
    ----------
    max_step : float
        > 0: no step is longer; a ray that falls for ever stops there.

    Raises
    ------
    TypeError, ValueError
        max_step is of the wrong type or out of its range.

    Notes
    -----
    The minimum of a convex ray, a local one of any other; where that is no lower than the start (beyond a hill),
    `Backtracking` from there. Found from slopes alone, to the last digits of the step: about ten for smooth losses,
    fifty for the hinge, whose slope is a staircase. On a linear objective one pass over X for all of them.

    Examples
    --------
    >>> import gdfast as gd
    >>> bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    >>> result = gd.minimize(bowl, [3.0, -4.0], step=gd.ExactLineSearch())
    >>> result.steps, result.history.step_sizes, result.value
    (1, array([0.5]), 0.0)
    """

    max_step: float = 1e12

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_step", check_positive(self.max_step, "max_step"))

    def search(self, ray: Ray, value: float, slope: float) -> Found:
        """The step at which the slope is first no longer negative."""
        if not slope < 0:
            return _nothing(value, 0)
        points = Points(ray)
        step = lowest_step(points.slope, self.max_step)
        if step == 0:
            return _nothing(value, points.count)
        lowest = points.value(step)
        if math.isfinite(lowest) and lowest < value:
            return Found(step, lowest, points.count, accepted=True)
        nearer = Backtracking(start=0.5 * step).search(ray, value, slope)
        return Found(nearer.step, nearer.value, points.count + nearer.evaluations, nearer.accepted)


def _nothing(value: float, evaluations: int) -> Found:
    return Found(0.0, value, evaluations, accepted=False)


def _check_open_fractions(settings: Any, *names: str) -> None:
    """The named fields, in (0, 1), kept as plain floats."""
    for name in names:
        object.__setattr__(settings, name, check_positive(check_fraction(getattr(settings, name), name), name))
