"""The difference quotients that `estimates` compares: first, second and mixed derivatives, each by steps of its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..protocols import Array, FloatArray
from .estimates import Lines, Spacing, differences_of
from .points import Points
from .stencils import Scheme, moved, stencil

UNITS = 64.0
"""Of rounding of a coordinate: a step of fewer is not the step that was asked for."""

Values = Callable[[Points], FloatArray]
"""f at n points: (n, *out)."""


class FirstDerivatives:
    """``(f(x + h e_j) - f(x - h e_j)) / 2h``, or ``(f(x + h e_j) - f(x)) / h``; of arrays as of numbers."""

    order = 1

    def __init__(self, values_at: Values, x: Array, here: FloatArray, flat: NDArray[np.int64], scheme: Scheme) -> None:
        self.power = 2 if scheme == "centered" else 1
        self._values_at, self._x, self.here, self._flat, self._scheme = values_at, x, here, flat, scheme
        self._spacing_of = Spacing()

    def __call__(self, lines: Lines, steps: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Quotients, and what spacing may have done."""
        out = self.here.shape
        quotients, spacing = (np.full((lines.size, *out), np.nan) for _ in range(2))
        with np.errstate(all="ignore"):
            ends = stencil(self._x, self._flat[lines], steps, self._scheme)
        usable = np.flatnonzero(ends.usable)
        if usable.size == 0:
            return quotients, spacing
        flat, taken = self._flat[lines][usable], ends.taken[usable]
        if self._scheme == "centered":
            flat, values = np.repeat(flat, 2), np.stack([ends.high[usable], ends.low[usable]], axis=1).reshape(-1)
            found = self._values(flat, values, np.repeat(steps[usable], 2))
            ahead, behind = found[0::2], found[1::2]
        else:
            found = ahead = self._values(flat, ends.high[usable], steps[usable])
            behind = np.broadcast_to(self.here, ahead.shape)
        with np.errstate(all="ignore"):
            quotients[usable] = differences_of(ahead - behind, taken)
            size = np.maximum(np.abs(ahead), np.abs(behind))
            spacing[usable] = differences_of(self._spacing_of(found, size), taken)
        return quotients, spacing

    def resolution(self, lines: Lines) -> FloatArray:
        """Some units of rounding of the coordinate."""
        return _resolution(self._x, self._flat[lines])

    def _values(self, flat: NDArray[np.int64], values: Array, steps: FloatArray) -> FloatArray:
        found = self._values_at(moved(self._x, flat[:, np.newaxis], values[:, np.newaxis], steps))
        return found if found.shape[1:] == self.here.shape else np.full((flat.size, *self.here.shape), np.nan)


class SecondDerivatives:
    """``(f(x + h e_j) - 2 f(x) + f(x - h e_j)) / h**2``."""

    order = power = 2

    def __init__(self, values_at: Values, x: Array, here: float) -> None:
        self._values_at, self._x, self.here, self._spacing_of = values_at, x, here, Spacing()

    def __call__(self, lines: Lines, steps: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Quotients, and what spacing may have done."""
        quotients, spacing = np.full(lines.size, np.nan), np.full(lines.size, np.nan)
        ends = stencil(self._x, lines, steps, "centered")
        usable = np.flatnonzero(ends.usable)
        if usable.size == 0:
            return quotients, spacing
        values = np.stack([ends.high[usable], ends.low[usable]], axis=1).reshape(-1)
        flat, h = np.repeat(lines[usable], 2), np.repeat(steps[usable], 2)
        points = moved(self._x, flat[:, np.newaxis], values[:, np.newaxis], h)
        found = self._values_at(points)
        ahead, behind = found[0::2], found[1::2]
        with np.errstate(all="ignore"):
            squares = (ends.taken[usable] / 2) ** 2
            quotients[usable] = differences_of((ahead - self.here) - (self.here - behind), squares)
            size = np.maximum(np.maximum(np.abs(ahead), np.abs(behind)), abs(self.here))
            spacing[usable] = differences_of(2 * self._spacing_of(found, size), squares)
        return quotients, spacing

    def resolution(self, lines: Lines) -> FloatArray:
        """Some units of rounding of the coordinate."""
        return _resolution(self._x, lines)


class MixedDerivatives:
    """``(f(+, +) - f(+, -) - f(-, +) + f(-, -)) / 4 h_i h_j`` of the pairs (i, j), by multiples of their steps."""

    order = power = 2

    def __init__(self, values_at: Values, x: Array, pairs: NDArray[np.int64], steps: FloatArray) -> None:
        self._values_at, self._x, self._pairs, self._steps, self._spacing_of = values_at, x, pairs, steps, Spacing()

    def __call__(self, lines: Lines, steps: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Quotients, and what spacing may have done; steps are multiples."""
        quotients, spacing = np.full(lines.size, np.nan), np.full(lines.size, np.nan)
        i, j = self._pairs[lines].T
        first, second = (stencil(self._x, line, steps * self._steps[line], "centered") for line in (i, j))
        usable = np.flatnonzero(first.usable & second.usable)
        if usable.size == 0:
            return quotients, spacing
        own = np.stack([first.high, first.high, first.low, first.low], axis=1)[usable].reshape(-1)
        other = np.stack([second.high, second.low, second.high, second.low], axis=1)[usable].reshape(-1)
        flat = np.repeat(self._pairs[lines][usable], 4, axis=0)
        h = np.repeat(steps[usable] * self._steps[i[usable]], 4)
        found = self._values_at(moved(self._x, flat, np.stack([own, other], axis=1), h)).reshape(-1, 2, 2)
        with np.errstate(all="ignore"):
            areas = first.taken[usable] * second.taken[usable]
            slopes = found[:, :, 0] - found[:, :, 1]
            quotients[usable] = differences_of(slopes[:, 0] - slopes[:, 1], areas)
            spacing[usable] = differences_of(2 * self._spacing_of(found, np.abs(found).max(axis=(1, 2))), areas)
        return quotients, spacing

    def resolution(self, lines: Lines) -> FloatArray:
        """The multiple at which either step is some units of rounding."""
        first, second = (_resolution(self._x, line) / self._steps[line] for line in self._pairs[lines].T)
        return np.asarray(np.maximum(first, second))


def _resolution(x: Array, flat: NDArray[np.int64]) -> FloatArray:
    return np.asarray(UNITS * np.spacing(np.abs(x.reshape(-1)[flat])).astype(np.float64))
