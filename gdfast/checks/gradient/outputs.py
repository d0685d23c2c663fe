"""Slopes of all outputs of a function at once: along coordinates (its Jacobian) or along one direction (a product)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..._returned import returned_reals
from ...differences.points import Points
from ...protocols import Array, FloatArray
from . import noise
from .calls import AtPoint
from .one_sided_slopes import CoordinateSlopes, DirectionSlopes, Evaluations, MovedPoints, Slopes
from .run import CheckRun
from .sampling import Indices
from .step_ladder import Noise


class Outputs(Evaluations):
    """A function with m outputs; where one number is wanted, a sum of them with different weights."""

    def __init__(self, f: Callable[[Array], Any], point: Array) -> None:
        self.shape: tuple[int, ...] | None = None
        self.last: FloatArray = np.empty(0)

        def weighted(x: Array) -> Any:
            value = f(x)
            found = returned_reals(value.detach() if hasattr(value, "detach") else value, "f", "x", self.shape)
            if self.shape is None and found.size == 0:
                raise ValueError("f must return at least one number; its result is empty")
            self.shape, self.last = found.shape, found.reshape(-1)
            self._remember_type(value)
            self._declared = max(self._declared, noise.rounding_unit(value))
            return float(self.last @ np.linspace(1.0, 2.0, found.size))

        super().__init__(weighted, point, False)

    def all_or_nan(self, points: Points) -> FloatArray:
        """(k, m), NaN where f can't be evaluated."""
        rows = []
        for i in range(len(points)):
            self.last = np.full(self.last.size, np.nan)
            self.or_nan(points.some(i, i + 1))
            rows.append(self.last)
        return np.stack(rows)


class OutputSlopes(Slopes):
    """Each output along each line of other slopes: line i * n + j is output i along line j."""

    def __init__(self, along: MovedPoints, outputs: Outputs, m: int) -> None:
        self._along, self._outputs, self._n = along, outputs, along.sizes.size
        self.sizes, self.smallest = np.tile(along.sizes, m), np.tile(along.smallest, m)

    def name(self, line: int) -> str:
        """Of the line that x moves along."""
        return self._along.name(line % self._n)

    def sides(self, lines: Indices, steps: FloatArray, value: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Each line and step is evaluated once for all outputs."""
        pairs, back = np.unique(np.stack([lines % self._n, steps], axis=1), axis=0, return_inverse=True)
        points, taken = self._along.ends(pairs[:, 0].astype(np.int64), pairs[:, 1])
        ok = np.repeat(((taken > 0) & (taken < np.inf)).reshape(-1, 2).all(axis=1), 2)
        found = np.full((taken.size, self._outputs.last.size), np.nan)
        kept = np.flatnonzero(ok)
        if kept.size:
            found[kept] = self._outputs.all_or_nan(
                Points(points.x, points.flat[kept], points.values[kept], lambda i: points.place(int(kept[i])))
            )
        back, which = back.reshape(-1), lines // self._n
        ahead, behind = found[2 * back, which], found[2 * back + 1, which]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return (value - behind) / taken[2 * back + 1], (ahead - value) / taken[2 * back]


@dataclass(eq=False)
class OutputsRun(CheckRun):
    """A check of all outputs' derivatives: along coordinates, or along `direction`."""

    here_values: FloatArray = field(default_factory=lambda: np.empty(0), init=False)

    def make_evaluations(self) -> Evaluations:
        """All outputs are kept."""
        return Outputs(self.value, self.point)

    def make_slopes(self) -> Slopes:
        """Of each output."""
        outputs = self.evaluations
        assert isinstance(outputs, Outputs)
        along: MovedPoints
        if self.direction is not None:
            along = DirectionSlopes(outputs, self.direction, self.scale)
        else:
            sizes = None if self.scale is None else self.scale.reshape(-1)
            along = CoordinateSlopes(outputs, np.arange(self.point.size), sizes, self.parameters.rounded)
        outputs.at_point()
        self.here_values = outputs.last
        return OutputSlopes(along, outputs, self.here_values.size)

    def values(self, here: AtPoint, n: int) -> FloatArray:
        """Of each line's output."""
        return np.repeat(self.here_values, n // self.here_values.size)

    def asked_steps(self) -> FloatArray:
        """Of each line."""
        assert self.steps is not None
        if self.direction is not None:
            return np.full(self.here_values.size, self.h)
        return np.tile(self.steps.reshape(-1), self.here_values.size)

    def measured_noise(self, here: AtPoint, n: int) -> Noise:
        """Of each output; the same points serve all of them."""
        outputs, unit = self.evaluations, self.unit()
        assert isinstance(outputs, Outputs)
        known: dict[bytes, FloatArray] = {}

        def at(points: Array, i: int) -> FloatArray:
            key = points.tobytes()
            if key not in known:
                known[key] = outputs.all_or_nan(outputs.points_at(points, lambda i: "x, close by"))
            return known[key][:, i]

        found = [
            self.noise_level(noise.value_noise(lambda points, i=i: at(points, i), self.point), value, 0.0)  # type: ignore[misc]
            for i, value in enumerate(self.here_values.tolist())
        ]
        return Noise(np.repeat(np.array(found), n // self.here_values.size) + 3 * here.value_spread, unit)
