"""One gradient check from the first evaluation to the report: what is evaluated, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._returned import returned_gradient
from ...objective import capabilities
from ...protocols import Array, FloatArray
from ..diagnosis import name_bugs
from . import comparison, noise, verdict
from .one_sided_slopes import CoordinateSlopes, DirectionSlopes, Evaluations, FirstSlopes, Slopes
from .report import GradientReport, Verdict
from .sampling import Indices
from .subgradient_at_ties import TieDisagreement, tie_disagreement

DEFAULT_STEP = 1e-5
SAME = 16.0  # rounding units: two calls that differ by no more are as good as the same


@dataclass(eq=False)
class CheckRun:
    """What is checked, where and how; and the two ways to do it."""

    objective: Any
    f: Callable[[Array], Any]
    gradient: Callable[[Array], Any]
    point: Array
    chosen: Indices
    direction: FloatArray | None
    h: float
    rtol: float
    vectorized: bool

    def __post_init__(self) -> None:
        self.evaluations = Evaluations(self.f, self.point, self.vectorized)

    def structured(self) -> GradientReport:
        """By difference quotients that the objective computes from its scores."""
        value, analytic, said = self._at_point()
        if said:
            return self._nondeterministic(value, analytic, said)
        objective, eps = self.objective, float(np.finfo(np.float64).eps)
        floor = np.full(analytic.size, 10 * eps * abs(value) / self.h)
        compared = comparison.compare_structured(
            objective, self.point, self.chosen, analytic, self.h, self.rtol, float(floor[0])
        )
        noise = self._rounding(analytic)
        self.evaluations.count += 2 * analytic.size + compared.evaluations
        limits = verdict.Precision(10 * eps * abs(value), float(noise.max()), self._rounding_unit())
        return self._report(compared, value, analytic, floor, noise, limits, None)

    def by_slopes(self) -> GradientReport:
        """By slopes left and right, at more steps where these disagree with the gradient."""
        value, analytic, said = self._at_point()
        if said:
            return self._nondeterministic(value, analytic, said)
        slopes: Slopes = (
            CoordinateSlopes(self.evaluations, self.chosen)
            if self.direction is None
            else DirectionSlopes(self.evaluations, self.direction)
        )
        first = self._first_slopes(slopes, value)
        rounding = self._rounding_unit()
        with np.errstate(over="ignore"):
            floor = 10 * rounding * abs(value) / first.steps
        compared, suspects = comparison.compare_slopes(first, analytic, self.rtol, floor)
        gradient_noise = self._rounding(analytic)
        limits = verdict.Precision(10 * rounding * abs(value), float(gradient_noise.max()), rounding)
        tie = None
        if suspects.size:
            value_noise, measured = self._measured(value, rounding, analytic.size)
            gradient_noise = gradient_noise + 10 * measured
            limits = verdict.Precision(
                value_noise,
                float(gradient_noise.max()),
                rounding,
                is_measured=value_noise > 1000 * rounding * max(1.0, abs(value)) and rounding < 1e-12,
            )
            comparison.refine(compared, suspects, first, analytic, value_noise, gradient_noise, self.rtol, floor)
            if self.direction is None and np.count_nonzero(compared.at_kink) > 1:
                tie = tie_disagreement(
                    self.evaluations, first, self.chosen, analytic, compared.at_kink, value_noise, self.rtol
                )
        return self._report(compared, value, analytic, floor, gradient_noise, limits, tie)

    def _at_point(self) -> tuple[float, FloatArray, str]:
        """f and the gradient at the point; a sentence where a second call says otherwise."""
        value, again = self.evaluations.at_point(), self.evaluations.at_point()
        analytic = self._analytic(self.point)
        unit = self._rounding_unit()
        if abs(value - again) > SAME * unit * max(abs(value), abs(again)):
            return value, analytic, verdict.nondeterministic("f", value, again, "")
        repeated = self._analytic(self.point)
        with np.errstate(invalid="ignore"):
            apart = np.abs(analytic - repeated)
            same = (apart <= SAME * unit * np.abs(analytic).max()) | (analytic == repeated)
        same |= ~np.isfinite(analytic) & ~np.isfinite(repeated)
        if not same.all():
            i = int(np.argmin(same))
            place = "" if self.direction is not None else f" in flat index {self.chosen[i]}"
            return value, analytic, verdict.nondeterministic("gradient", analytic[i], repeated[i], place)
        return value, analytic, ""

    def _analytic(self, x: Array) -> FloatArray:
        """The derivatives that are checked, by the gradient at (a copy of) x: (n,)."""
        try:
            returned = self.gradient(x.copy())
        except Exception as error:
            error.add_note("raised by gradient, in a gradient check")
            raise
        found = returned_gradient(returned, x, "gradient(x)")
        if self.direction is not None:
            return np.asarray(np.sum(found.astype(np.float64) * self.direction)).reshape(1)
        return found.reshape(-1)[self.chosen].astype(np.float64)

    def _first_slopes(self, slopes: Slopes, value: float) -> FirstSlopes:
        """Slopes with the step that was asked for. Where float64's default is too small for the type, a larger one is
        tried; if f can't be evaluated so far away, the smaller one it is."""
        lines = np.arange(slopes.sizes.size)
        if self.h == DEFAULT_STEP and self._rounding_unit() > 1e-12:
            h = float(f"{self._rounding_unit() ** (1 / 3):.0e}")
            steps = h * slopes.sizes
            left, right = slopes.sides_or_nan(lines, steps, value)
            if np.isfinite(left).all() and np.isfinite(right).all():
                self.h = h
                return FirstSlopes(slopes, value, steps, left, right)
        steps = np.full(lines.size, self.h)
        return FirstSlopes(slopes, value, steps, *slopes.sides(lines, steps, value))

    def _rounding_unit(self) -> float:
        """The rounding unit of f's values, as far as types and the objective tell."""
        arithmetic = getattr(self.objective, "arithmetic", None)
        declared = 0.0 if arithmetic is None else float(np.finfo(np.dtype(arithmetic)).eps)
        return max(self.evaluations.unit, declared)

    def _rounding(self, analytic: FloatArray) -> FloatArray:
        """How far rounding may have moved the analytic gradient, (n,)."""
        steepest = float(np.abs(analytic).max(where=np.isfinite(analytic), initial=0.0))
        noise = max(self._rounding_unit() * steepest, capabilities.gradient_rounding(self.objective, self.point))
        return np.full(analytic.size, 10 * noise)

    def _measured(self, value: float, unit: float, n: int) -> tuple[float, FloatArray]:
        """The noise of f's values, at least a few rounding units, and of the gradient (n,)."""
        measured = noise.value_noise(
            lambda points: self.evaluations.or_nan(self.evaluations.points_at(points, lambda i: "x, close by")),
            self.point,
            unit,
        )
        value_noise = 10 * unit * abs(value)
        if np.isfinite(measured):
            value_noise = max(3 * unit * abs(value), 8 * measured)
        return value_noise, noise.gradient_noise(self._analytic, self.point, n)

    def _report(
        self,
        compared: comparison.Comparison,
        value: float,
        analytic: FloatArray,
        floor: FloatArray,
        gradient_noise: FloatArray,
        limits: verdict.Precision,
        tie: TieDisagreement | None,
    ) -> GradientReport:
        found = verdict.judge(compared, analytic, value, self.rtol, floor, gradient_noise, limits, tie)
        bugs: tuple[str, ...] = ()
        differs = found.wrong & ~compared.jumps  # at a jump there is nothing to differ from
        if differs.any() and self.direction is None:
            bugs = name_bugs(
                self.objective,
                self.point,
                self.chosen,
                analytic,
                compared.corrected,
                wrong=differs,
                at_kink=compared.at_kink,
            )
        nearest = None
        if compared.crossing.any() and self.objective is not None:
            nearest = capabilities.nearest_kinks(self.objective, self.point, self.h, self.chosen)
        said = verdict.sentences(found, compared, analytic, value, self.h, gradient_noise, limits, bugs, tie, nearest)
        empty = self.direction is not None
        return GradientReport(
            verdict=found.verdict,
            value=value,
            shape=self.point.shape,
            h=self.h,
            rtol=self.rtol,
            coordinates=self.chosen,
            analytic=analytic,
            numerical=compared.numerical,
            relative_error=found.relative_error,
            max_relative_error=float(found.relative_error.max()),
            kinks=self.chosen[:0] if empty else self.chosen[compared.crossing],
            unexplained_error=found.unexplained_error,
            unexplained=found.unexplained,
            not_judged=self.chosen[:0] if empty else self.chosen[found.within_noise | compared.fades],
            evaluations=self.evaluations.count,
            structured=callable(getattr(self.objective, "numerical_gradient", None)) and not empty,
            diagnosis=said,
            kink_excess=None if nearest is None else compared.kink_excess,
            safe_h=None if nearest is None else nearest.safe_h,
            direction=self.direction,
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
            not_judged=self.chosen[:0],
            evaluations=self.evaluations.count,
            structured=False,
            diagnosis=(said,),
            direction=self.direction,
        )
