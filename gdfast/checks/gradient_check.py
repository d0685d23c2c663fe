"""Is this gradient right? The analytic gradient against difference quotients, coordinate by coordinate.

A quotient can be wrong for two innocent reasons: its stencil crosses a kink, or noise is larger than what it
measures. Both are told apart from a bug: for linear objectives the kinks are known exactly (`looks.by_structure`), for
any other function slopes with several steps show them (`evidence`). `verdicts` decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import check_flag, check_point, check_positive, check_rng
from ..objective import structure
from ..protocols import Array, FloatArray
from . import looks, precision, verdicts
from .diagnosis import name_bugs
from .gradient_report import GradientReport, Verdict
from .sampling import Indices, choose, random_direction
from .slopes import CoordinateSlopes, DirectionSlopes, Evaluations, Slopes
from .together import Together, disagreement

__all__ = ["GradientReport", "check_gradient"]

DEFAULT_STEP = 1e-5
SAME = 16.0  # rounding units: two calls that differ by no more are as good as the same


def check_gradient(
    value: Any,
    gradient: Callable[..., Any] | None = None,
    at: Any = None,
    *,
    h: float = 1e-5,
    coordinates: Any = None,
    rtol: float = 1e-5,
    rng: Any = None,
    vectorized: bool = False,
) -> GradientReport:
    """Compare an analytic gradient with centred difference quotients.

    ``check_gradient(objective, at=w)`` checks ``objective.gradient``; ``check_gradient(f, grad, x)``
    checks any pair of callables; ``check_gradient(objective, grad, w)`` checks a gradient of your own
    against the objective's values, with the objective's structure where it has one. The relative error
    of a coordinate is ``|a - n| / max(|a|, |n|, floor)`` with ``floor = 10 eps |f| / h``.

    Parameters
    ----------
    value : objective or callable
        An objective with value and gradient, or a callable that returns one real number.
    gradient : callable, optional
        Returns an array of the point's shape and dtype.
    at : array of any shape, float
        The point. Never modified.
    h : float
        Length of the difference step, > 0. At its default, and where point or values are less precise than
        float64, it is about eps**(1/3) times ``max(1, |x|)`` instead (5e-3 in float32), and the report says so.
    coordinates : None, int, array of int or "direction"
        None: all, when that is cheap (a structured objective, or at most 1,000 coordinates), else a
        sample of 1,000, or of one per row if there are more rows. An int: a sample of that many. An
        array: these flat indices. A sample is stratified: it covers every row (first index) evenly as far
        as it reaches, and the last column, the bias of a linear objective, completely when it is at
        least twice as large as the number of rows, once otherwise. "direction": no single coordinate, but the slope
        along one random direction u, against ``u . gradient``: two evaluations see every coordinate a little.
    rtol : float
        The largest relative error that passes.
    rng : seed, Generator or None
        Draws the sample or the direction.
    vectorized : bool
        The value is a callable that takes many points at once, (m, *shape), and returns (m,).

    Returns
    -------
    GradientReport

    Raises
    ------
    TypeError
        value or gradient is not callable, the point or the gradient is not a float array, or f does
        not return a real number.
    ValueError
        The objective has no gradient of its own (it would check itself), the gradient has another
        shape than the point, f is not finite, or an argument is out of range. Exceptions of your functions come
        through unchanged, with a note that names the coordinate.

    Notes
    -----
    Two evaluations of f per coordinate, two more and two gradients at the point. Coordinates that disagree are looked
    at again with about six other steps, and the noise of f and of the gradient is measured with seven evaluations of
    each; where the first of them are plainly wrong, the rest is not looked at again. In float32 a gradient is known to
    about 1e-4 of f at best: the report says what it could not see. An objective may say in an attribute `arithmetic`
    (a dtype) that it computes less precisely than in the point's dtype.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> x = np.array([1.0, 2.0])
    >>> report = gd.check_gradient(lambda x: float(x[0] ** 2 * x[1]), lambda x: 2 * x * x[::-1], x)
    >>> print(report.verdict, report.worst(1))
    FAIL [1]
    """
    objective, f, analytic_gradient = _parts(value, gradient)
    if at is None:
        raise TypeError("at must be the point to check at: check_gradient(objective, at=w) or (f, grad, x)")
    point = np.array(check_point(at, "at"), order="C")
    h, rtol, vectorized = check_positive(h, "h"), check_positive(rtol, "rtol"), check_flag(vectorized, "vectorized")
    if vectorized and objective is not None:
        raise ValueError("vectorized must be False with an objective; it is for a plain function of many points")
    generator = check_rng(rng)
    structured = callable(getattr(objective, "numerical_gradient", None))
    chosen = choose(coordinates, point.shape, structured, generator)
    unit = None if chosen.size else random_direction(point.shape, generator)
    case = Case(objective, f, analytic_gradient, point, chosen, unit, h, rtol, vectorized)
    return case.by_structure() if structured and unit is None else case.by_slopes()


@dataclass(eq=False)
class Case:
    """One check: what is checked, where and how."""

    objective: Any
    f: Callable[[Array], Any]
    gradient: Callable[[Array], Any]
    point: Array
    chosen: Indices
    unit: FloatArray | None
    h: float
    rtol: float
    vectorized: bool

    def __post_init__(self) -> None:
        self.evaluations = Evaluations(self.f, self.point, self.vectorized)

    def by_structure(self) -> GradientReport:
        """By the objective's own difference quotients."""
        value, analytic, said = self._at_point()
        if said:
            return self._nondeterministic(value, analytic, said)
        objective, eps = self.objective, float(np.finfo(np.float64).eps)
        floor = np.full(analytic.size, 10 * eps * abs(value) / self.h)
        look = looks.by_structure(objective, self.point, self.chosen, analytic, self.h, self.rtol, float(floor[0]))
        noise = self._rounding(analytic)
        self.evaluations.count += 2 * analytic.size + look.looked_at
        limits = verdicts.Precision(10 * eps * abs(value), float(noise.max()), self._unit())
        return self._report(look, value, analytic, floor, noise, limits, None)

    def by_slopes(self) -> GradientReport:
        """By slopes left and right, and a second look where these disagree with the gradient."""
        value, analytic, said = self._at_point()
        if said:
            return self._nondeterministic(value, analytic, said)
        slopes: Slopes = (
            CoordinateSlopes(self.evaluations, self.chosen)
            if self.unit is None
            else DirectionSlopes(self.evaluations, self.unit)
        )
        steps, first = self._first_look(slopes, value)
        rounding = self._unit()
        with np.errstate(over="ignore"):
            floor = 10 * rounding * abs(value) / steps
        look, suspects = looks.by_slopes(slopes, analytic, first, steps, value, self.rtol, floor)
        gradient_noise = self._rounding(analytic)
        limits = verdicts.Precision(10 * rounding * abs(value), float(gradient_noise.max()), rounding)
        together = None
        if suspects.size:
            value_noise, measured = self._measured(value, rounding, analytic.size)
            gradient_noise = gradient_noise + 10 * measured
            limits = verdicts.Precision(
                value_noise,
                float(gradient_noise.max()),
                rounding,
                is_measured=value_noise > 1000 * rounding * abs(value) and rounding < 1e-12,
                length=float(slopes.sizes.max()),
            )
            looks.look_again(
                look, suspects, slopes, analytic, first, steps, value, value_noise, gradient_noise, self.rtol, floor
            )
            together = self._together(look, analytic, first, value, value_noise, steps)
        return self._report(look, value, analytic, floor, gradient_noise, limits, together)

    def _at_point(self) -> tuple[float, FloatArray, str]:
        """f and the gradient at the point; a sentence where a second call says otherwise."""
        value, again = self.evaluations.at_point(), self.evaluations.at_point()
        analytic = self._analytic(self.point)
        unit = self._unit()
        if abs(value - again) > SAME * unit * max(abs(value), abs(again)):
            return value, analytic, verdicts.nondeterministic("f", value, again, "")
        repeated = self._analytic(self.point)
        with np.errstate(invalid="ignore"):
            apart = np.abs(analytic - repeated)
            same = (apart <= SAME * unit * np.abs(analytic).max()) | (analytic == repeated)
        same |= ~np.isfinite(analytic) & ~np.isfinite(repeated)
        if not same.all():
            i = int(np.argmin(same))
            place = "" if self.unit is not None else f" in flat index {self.chosen[i]}"
            return value, analytic, verdicts.nondeterministic("gradient", analytic[i], repeated[i], place)
        return value, analytic, ""

    def _analytic(self, x: Array) -> FloatArray:
        """The derivatives that are checked, by the gradient at (a copy of) x: (n,)."""
        try:
            returned = self.gradient(x.copy())
        except Exception as error:
            error.add_note("raised by gradient, in a gradient check")
            raise
        found = _float_array(returned, x)
        if self.unit is not None:
            return np.asarray(np.sum(found.astype(np.float64) * self.unit)).reshape(1)
        return found.reshape(-1)[self.chosen].astype(np.float64)

    def _first_look(self, slopes: Slopes, value: float) -> tuple[FloatArray, tuple[FloatArray, FloatArray]]:
        """The steps, and the slopes left and right. Where float64's default step is too small for the type, a larger
        one is tried; if f can't be evaluated so far away, the smaller one it is."""
        lines = np.arange(slopes.sizes.size)
        if self.h == DEFAULT_STEP and self._unit() > 1e-12:
            h = float(f"{self._unit() ** (1 / 3):.0e}")
            steps = h * slopes.sizes
            first = slopes.sides_or_nan(lines, steps, value)
            if np.isfinite(first).all():
                self.h = h
                return steps, first
        steps = np.full(lines.size, self.h)
        return steps, slopes.sides(lines, steps, value)

    def _unit(self) -> float:
        """The rounding unit of f's values, as far as types and the objective tell."""
        arithmetic = getattr(self.objective, "arithmetic", None)
        declared = 0.0 if arithmetic is None else float(np.finfo(np.dtype(arithmetic)).eps)
        return max(self.evaluations.unit, declared)

    def _rounding(self, analytic: FloatArray) -> FloatArray:
        """How far rounding may have moved the analytic gradient, (n,)."""
        steepest = float(np.abs(analytic).max(where=np.isfinite(analytic), initial=0.0))
        noise = self._unit() * steepest
        rounding = getattr(self.objective, "gradient_rounding", None)
        if rounding is not None:
            noise = max(noise, float(rounding(self.point)))
        return np.full(analytic.size, 10 * noise)

    def _measured(self, value: float, unit: float, n: int) -> tuple[float, FloatArray]:
        """The noise of f's values, at least a few rounding units, and of the gradient (n,)."""
        points = precision.nearby(self.point)
        values = self.evaluations.or_nan(self.evaluations.points_at(points, lambda i: "x, close by"))
        measured = float(precision.noise(values))
        value_noise = 10 * unit * abs(value)
        if np.isfinite(measured):
            value_noise = max(3 * unit * abs(value), 8 * measured)
        return value_noise, precision.gradient_noise(self._analytic, points, (n,))

    def _together(
        self,
        look: looks.Look,
        analytic: FloatArray,
        first: tuple[FloatArray, FloatArray],
        value: float,
        value_noise: float,
        steps: FloatArray,
    ) -> Together | None:
        if self.unit is not None or np.count_nonzero(look.at_kink) < 2:
            return None
        bends = first[1] - first[0]
        return disagreement(
            self.evaluations, value, value_noise, self.chosen, analytic, bends, look.at_kink, steps.min(), self.rtol
        )

    def _report(
        self,
        look: looks.Look,
        value: float,
        analytic: FloatArray,
        floor: FloatArray,
        gradient_noise: FloatArray,
        limits: verdicts.Precision,
        together: Together | None,
    ) -> GradientReport:
        found = verdicts.judge(look, analytic, value, self.rtol, floor, gradient_noise, limits, together)
        bugs: tuple[str, ...] = ()
        if found.wrong.any() and self.unit is None:
            bugs = name_bugs(
                self.objective, self.point, self.chosen, analytic, look.smooth, wrong=found.wrong, at_kink=look.at_kink
            )
        nearest = None
        if look.crossing.any() and self.objective is not None:
            nearest = structure.nearest_kinks(self.objective, self.point, self.h, self.chosen)
        said = verdicts.sentences(found, look, analytic, self.h, gradient_noise, limits, bugs, together, nearest)
        empty = self.unit is not None
        return GradientReport(
            verdict=found.verdict,
            value=value,
            shape=self.point.shape,
            h=self.h,
            rtol=self.rtol,
            coordinates=self.chosen,
            analytic=analytic,
            numerical=look.numerical,
            relative_error=found.relative_error,
            max_relative_error=float(found.relative_error.max()),
            kinks=self.chosen[:0] if empty else self.chosen[look.crossing],
            unexplained_error=found.unexplained_error,
            unexplained=found.unexplained,
            uncounted=self.chosen[:0] if empty else self.chosen[found.lost | look.fades],
            evaluations=self.evaluations.count,
            structured=callable(getattr(self.objective, "numerical_gradient", None)) and not empty,
            diagnosis=said,
            kink_excess=None if nearest is None else look.excess,
            safe_h=None if nearest is None else nearest.safe_h,
            direction=self.unit,
        )

    def _nondeterministic(self, value: float, analytic: FloatArray, said: str) -> GradientReport:
        nothing = np.full(analytic.size, np.nan)
        return GradientReport(
            verdict=Verdict.NONDETERMINISTIC,
            value=value,
            shape=self.point.shape,
            h=self.h,
            rtol=self.rtol,
            coordinates=self.chosen,
            analytic=analytic,
            numerical=nothing,
            relative_error=nothing,
            max_relative_error=np.nan,
            kinks=self.chosen[:0],
            unexplained_error=nothing,
            unexplained=np.nan,
            uncounted=self.chosen[:0],
            evaluations=self.evaluations.count,
            structured=False,
            diagnosis=(said,),
            direction=self.unit,
        )


def _parts(value: Any, gradient: Any) -> tuple[Any, Callable[[Array], Any], Callable[[Array], Any]]:
    """The objective (None for plain callables), its value and the gradient to be checked."""
    if gradient is not None and not callable(gradient):
        raise TypeError(
            "gradient must be callable: check_gradient(objective, at=w) or (f, grad, x); "
            f"it is {type(gradient).__name__}"
        )
    if callable(getattr(value, "value", None)):
        if gradient is not None:
            return value, value.value, gradient
        if not getattr(value, "has_gradient", True):
            raise ValueError("objective must have a gradient of its own: its numerical one would only check itself")
        if not callable(getattr(value, "gradient", None)):
            raise TypeError(f"objective must have a gradient method; {type(value).__name__} has none")
        return value, value.value, value.gradient
    if not callable(value):
        raise TypeError(f"value must be an objective or a callable; it is {type(value).__name__}")
    if gradient is None:
        raise TypeError("gradient must be given with a plain function: check_gradient(f, grad, x)")
    return None, value, gradient


def _float_array(gradient: Any, point: Array) -> Array:
    """What the gradient returned, an array like the point."""
    try:
        result = np.asarray(gradient)
    except (TypeError, ValueError, RuntimeError) as error:  # rows of unequal length; a tensor that won't be one
        raise TypeError(f"gradient(x) must be a float array; it is {type(gradient).__name__}: {error}") from error
    if result.dtype.kind != "f":
        raise TypeError(f"gradient(x) must be a float array; its dtype is {result.dtype}")
    if result.dtype != point.dtype:
        raise TypeError(f"gradient(x) must have the point's dtype {point.dtype}; its dtype is {result.dtype}")
    if result.shape != point.shape:
        raise ValueError(f"gradient(x) must have the point's shape {point.shape}; its shape is {result.shape}")
    return result
