"""One gradient check from the first evaluation to the report: what is evaluated, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...objective import capabilities
from ...protocols import Array, FloatArray
from ..diagnosis import name_bugs
from . import comparison, noise, sentences, verdict
from .calls import AtPoint, Derivative, at_point, changed
from .one_sided_slopes import CoordinateSlopes, DirectionSlopes, Evaluations, FirstSlopes, ScoreSlopes, Slopes
from .parameters import Parameters
from .report import GradientReport, Verdict
from .sampling import Indices
from .step_ladder import Noise
from .subgradient_at_ties import TieDisagreement, tie_disagreement

AUTOMATIC = 1e-5  # of a coordinate's size, in float64
CONSTANT = 4.0  # rounding units of a number near 1: the noise of a value that is constant
MARGIN = 6.0  # standard errors
SEVERAL = 4.0  # times what an objective declares as its gradient's rounding
REACHES = (1e-3, 1e3)  # of features that need no step of their own


@dataclass(eq=False)
class Value:
    """The user's function of the point; whether it writes into its argument is watched at the first calls."""

    function: Callable[[Any], Any]
    parameters: Parameters
    vectorized: bool
    watched: int = 8
    changes: bool = False

    def __call__(self, x: Array) -> Any:
        """f at x, which is a copy of its own."""
        given = x if self.vectorized else self.parameters.of_user(x)
        if self.watched == 0:
            return self.function(given)
        self.watched -= 1
        before = x.copy()
        returned = self.function(given)
        self.changes |= (
            not np.array_equal(given, before) if self.vectorized else changed(self.parameters, given, before)
        )
        return returned


@dataclass(eq=False)
class CheckRun:
    """What is checked, where and how; and the two ways to do it.

    steps: float64 of the point's shape, or None for automatic ones. scale: the same, the length over which f changes.
    kind: of the report's title. result_shape, labels: of what is checked where it is no gradient.
    """

    objective: Any
    f: Callable[[Any], Any]
    gradient: Callable[[Any], Any]
    parameters: Parameters
    point: Array
    chosen: Indices
    direction: FloatArray | None
    steps: FloatArray | None
    scale: FloatArray | None
    rtol: float
    vectorized: bool
    nondeterminism: float | None = None
    kind: str = "Gradient"
    result_shape: tuple[int, ...] | None = None
    labels: Callable[[int], str] | None = None
    value: Value = field(init=False)
    evaluations: Evaluations = field(init=False)

    def __post_init__(self) -> None:
        self.value = Value(self.f, self.parameters, self.vectorized)
        self.evaluations = self.make_evaluations()
        self.derivative = Derivative(self.gradient, self.parameters, self._lines)
        self.h = AUTOMATIC if self.steps is None else float(self.steps.max())

    def structured(self) -> GradientReport:
        """By difference quotients that the objective computes from its scores."""
        here = self._at_point()
        if here.complaint is not None:
            return self._without_comparison(here)
        sizes = self._score_sizes()
        slopes = ScoreSlopes(self.objective, self.point, self.chosen, sizes)
        steps = self.h * sizes if self.steps is None else self.steps.reshape(-1)[self.chosen]
        lines, value = np.arange(self.chosen.size), np.full(self.chosen.size, here.value)
        numerical = slopes.quotients(lines, steps)
        first = FirstSlopes(slopes, value, steps, numerical, numerical.copy())
        eps = float(np.finfo(np.float64).eps)  # of the scores and their differences, whatever X is
        rows = max(1, getattr(self.objective, "n_samples", 1))  # whose differences are rounded one by one, and averaged
        told = max(SEVERAL * eps * (1 + abs(here.value)) / np.sqrt(rows), here.value_spread)

        def measure() -> tuple[Noise, FloatArray]:
            return Noise(np.full(lines.size, told), eps), self._gradient_noise(here)

        compared = comparison.compare_structured(
            self.objective, slopes, here.analytic, first, self.rtol, self.steps is not None, measure
        )
        self.evaluations.count += slopes.count
        return self._report(compared, here, told, None)

    def by_slopes(self) -> GradientReport:
        """By slopes left and right, at more steps where these disagree with the gradient."""
        here = self._at_point()
        if here.complaint is not None:
            return self._without_comparison(here)
        first = self._first_slopes(self.make_slopes(), here)
        self.evaluations.lenient = True
        compared, suspects = comparison.compare_slopes(first, here.analytic, self.rtol, self.unit())
        tie, value_noise = None, 10 * self.unit() * abs(here.value)
        if suspects.size:
            compared.noise = self.measured_noise(here, first.value.size)
            value_noise = float(compared.noise.value.max())
            compared.gradient_noise = self._gradient_noise(here)
            comparison.refine(compared, suspects, first, here.analytic, self.rtol, self.steps is not None)
            if self.chosen.size == first.value.size and np.count_nonzero(compared.at_kink) > 1:
                tie = tie_disagreement(
                    self.evaluations, first, self.chosen, here.analytic, compared.at_kink, compared.noise, self.rtol
                )
        return self._report(compared, here, value_noise, tie)

    def make_evaluations(self) -> Evaluations:
        """f, counted."""
        return Evaluations(self.value, self.point, self.vectorized)

    def make_slopes(self) -> Slopes:
        """Along the chosen coordinates or the direction."""
        if self.direction is not None:
            return DirectionSlopes(self.evaluations, self.direction, self.scale)
        sizes = None if self.scale is None else self.scale.reshape(-1)[self.chosen]
        return CoordinateSlopes(self.evaluations, self.chosen, sizes, self.parameters.rounded)

    def values(self, here: AtPoint, n: int) -> FloatArray:
        """f at the point, of each line."""
        return np.full(n, here.value)

    def asked_steps(self) -> FloatArray:
        """Of each line."""
        assert self.steps is not None
        return np.full(1, self.h) if self.direction is not None else self.steps.reshape(-1)[self.chosen]

    def _at_point(self) -> AtPoint:
        sizes = np.maximum(1.0, np.abs(self.point)) if self.scale is None else self.scale
        return at_point(
            self.evaluations, lambda: self.value.changes, self.derivative, self.nondeterminism, sizes,
            self.labels or self.parameters.name,
        )  # fmt: skip

    def _lines(self, gradient: Array) -> FloatArray:
        """The derivatives that are checked: (n,)."""
        if self.direction is not None:
            return np.asarray(np.sum(gradient.astype(np.float64) * self.direction)).reshape(1)
        return gradient.reshape(-1)[self.chosen].astype(np.float64)

    def _first_slopes(self, slopes: Slopes, here: AtPoint) -> FirstSlopes:
        """Slopes with the step that was asked for. Where float64's automatic one is too small for the type, which is
        known once f has returned some values, a larger one."""
        lines = np.arange(slopes.sizes.size)
        values = self.values(here, lines.size)
        for _ in range(2):
            unit = self.unit()
            if self.steps is None and unit > 1e-12:
                self.h = float(f"{unit ** (1 / 3):.0e}")
            steps = self.h * slopes.sizes if self.steps is None else self.asked_steps()
            first = FirstSlopes(slopes, values, steps, *slopes.sides(lines, steps, values))
            if self.steps is not None or unit == self.unit():
                break
        return first

    def _score_sizes(self) -> FloatArray:
        """The length over which scores change by about 1: by each weight's feature, where those are very small or
        large."""
        flat = self.chosen
        if self.scale is not None:
            return np.asarray(self.scale.reshape(-1)[flat])
        sizes = np.ones(flat.size)
        problem = capabilities.linear_problem_of(self.objective)
        if problem is not None and len(self.point.shape) == 2:
            reach = problem.rows.reach[flat % self.point.shape[1]]
            far = (reach > 0) & ((reach < REACHES[0]) | (reach > REACHES[1]))
            sizes[far] = 10.0 ** -np.round(np.log10(reach[far]))
        return sizes

    def unit(self) -> float:
        """The rounding unit of f's values, as far as types, the values themselves and the objective tell."""
        arithmetic = getattr(self.objective, "arithmetic", None)
        declared = 0.0 if arithmetic is None else float(np.finfo(np.dtype(arithmetic)).eps)
        return max(self.evaluations.unit, declared)

    def measured_noise(self, here: AtPoint, n: int) -> Noise:
        """The noise of f's values: measured, never less than a few roundings of the value."""
        measured = noise.value_noise(
            lambda points: self.evaluations.or_nan(self.evaluations.points_at(points, lambda i: "x, close by")),
            self.point,
        )
        return Noise(np.full(n, self.noise_level(measured, here.value, here.value_spread)), self.unit())

    def noise_level(self, measured: float | None, value: float, spread: float) -> float:
        """Of a value with this measured noise, whose calls differ by the spread."""
        unit = self.unit()
        least = max(unit * abs(value), float(np.spacing(abs(value))), 3 * spread)
        if measured is None:
            least = max(least, CONSTANT * unit)
        elif np.isnan(measured):
            least = max(least, 10 * unit * abs(value))
        else:
            least = max(least, MARGIN * measured)
        return least

    def _gradient_noise(self, here: AtPoint) -> FloatArray:
        """How far the analytic derivatives may be off: by the rounding of their own size, and as measured."""
        unit = max(self.derivative.unit, noise.rounding_unit(self.point))
        with np.errstate(invalid="ignore", over="ignore"):
            own = np.where(np.isfinite(here.analytic), 10 * unit * np.abs(here.analytic), 0.0)
        told = SEVERAL * capabilities.gradient_rounding(self.objective, self.point)
        problem = None if told == 0 else capabilities.linear_problem_of(self.objective)
        if problem is not None and self.direction is None and len(self.point.shape) == 2:
            reach = problem.rows.reach[self.chosen % self.point.shape[1]]
            told = told * reach / max(1.0, float(problem.rows.reach.max()))
        elif told == 0 and getattr(self.objective, "arithmetic", None) is not None:
            told = 10 * self.unit() * float(np.abs(here.analytic).max(where=np.isfinite(here.analytic), initial=0.0))
        measured = noise.gradient_noise(self.derivative, self.point, here.analytic.size)
        return np.asarray(np.maximum(own, told) + 10 * measured + 8 * here.spread)

    def _report(
        self, compared: comparison.Comparison, here: AtPoint, value_noise: float, tie: TieDisagreement | None
    ) -> GradientReport:
        unit, empty = self.unit(), self.chosen.size == 0
        is_structured = callable(getattr(self.objective, "numerical_gradient", None)) and not empty
        values = np.abs(self.values(here, compared.steps.size))
        with np.errstate(over="ignore"):  # infinite: nothing can be told there
            floor = 10 * (2.0**-52 if is_structured else unit) * values / compared.steps
        found = verdict.judge(compared, here.analytic, self.rtol, floor, tie)
        bugs: tuple[str, ...] = ()
        differs = found.wrong & ~compared.jumps  # at a jump there is nothing to differ from
        if differs.any() and self.chosen.size:
            bugs = name_bugs(
                self.objective,
                self.point if self.result_shape is None else np.zeros(self.result_shape),
                self.chosen,
                here.analytic,
                compared.corrected,
                wrong=differs,
                at_kink=compared.at_kink,
                parts=self.parameters.parts if self.result_shape is None else (),
            )
        nearest = None
        if compared.crossing.any() and self.objective is not None:
            nearest = capabilities.nearest_kinks(self.objective, self.point, self.h, self.chosen)
        context = sentences.Context(
            here.value, self.h, self.rtol, unit, value_noise,
            is_measured=value_noise > 1000 * 2.0**-52 * max(1.0, abs(here.value))
            and noise.rounding_unit(self.point) < 1e-12,
            is_gradient_coarse=self.derivative.unit > noise.FLOAT64 == unit and noise.rounding_unit(self.point) == unit,
        )  # fmt: skip
        said = sentences.diagnosis(found, compared, here, context, bugs, tie, nearest)
        return GradientReport(
            verdict=found.verdict,
            value=here.value,
            shape=self.point.shape if self.result_shape is None else self.result_shape,
            h=self.h,
            rtol=self.rtol,
            coordinates=self.chosen,
            analytic=here.analytic,
            numerical=compared.numerical,
            steps=compared.steps,
            relative_error=found.relative_error,
            max_relative_error=float(np.nan_to_num(found.relative_error, nan=0.0, posinf=np.inf).max()),
            kinks=self.chosen[:0] if empty else self.chosen[compared.crossing],
            unexplained_error=found.unexplained_error,
            unexplained=found.unexplained,
            judged=found.judged,
            evaluations=self.evaluations.count,
            structured=is_structured,
            diagnosis=said,
            kink_excess=None if nearest is None else compared.kink_excess,
            safe_h=None if nearest is None else nearest.safe_h,
            direction=self.direction if self.chosen.size == 0 else None,
            name_of=self.labels or self.parameters.name,
            kind=self.kind,
        )

    def _without_comparison(self, here: AtPoint) -> GradientReport:
        assert here.complaint is not None
        outcome, said = here.complaint
        nothing = np.full(here.analytic.size, np.nan)
        return GradientReport(
            verdict=Verdict(outcome),
            value=here.value,
            shape=self.point.shape if self.result_shape is None else self.result_shape,
            h=self.h,
            rtol=self.rtol,
            coordinates=self.chosen,
            analytic=here.analytic,
            numerical=nothing,
            steps=nothing,
            relative_error=nothing,
            max_relative_error=np.nan,
            kinks=self.chosen[:0],
            unexplained_error=nothing,
            unexplained=np.nan,
            judged=np.zeros(here.analytic.size, dtype=bool),
            evaluations=self.evaluations.count,
            structured=False,
            diagnosis=(said,),
            direction=self.direction if self.chosen.size == 0 else None,
            name_of=self.labels or self.parameters.name,
            kind=self.kind,
        )
