"""What a loss may be along a line or on a plane: a sum whose values at many points together cost less than one by one.

The sum says itself where its pieces meet; one that is smooth has none: `Smooth`.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ...protocols import Array, FloatArray

Segments = tuple[float, float]


class RaySums(Protocol):
    """A loss for scores ``parts[0] + a * parts[1] + ...``."""

    def on_parts(self, parts: tuple[FloatArray, ...]) -> RaySums:
        """The same for other scores."""
        ...

    @property
    def is_piecewise_linear(self) -> bool:
        """Straight between its kinks, on a line: then its `slope` is exact."""
        ...

    def on_line(self, points: FloatArray) -> FloatArray | None:
        """At many points: (m,); None where that is not known, or would lose digits."""
        ...

    def on_grid(self, rows: FloatArray, columns: FloatArray) -> FloatArray | None:
        """On a plane: (len(rows), len(columns)); None as before."""
        ...

    def slope(self, step: float) -> float:
        """On a line, where it is piecewise linear: the right derivative."""
        ...

    def kinks(self, low: float, high: float) -> tuple[FloatArray, FloatArray]:
        """On a line: the steps in [low, high] where pieces meet, and by how much the slope jumps there."""
        ...

    @property
    def count(self) -> int:
        """Of terms with a kink."""
        ...

    def largest(self, steps: FloatArray, most: int) -> tuple[Array, FloatArray]:
        """On a line: of those up to `most`, that grow largest: samples and classes (t, 2), values (t, len(steps))."""
        ...

    def edges(self, a: Segments, b: Segments) -> tuple[Array, FloatArray]:
        """On a plane: where pieces meet in the rectangle a x b: samples and classes (e, 2), ends (e, 2, 2)."""
        ...


class Smooth:
    """A sum without kinks."""

    @property
    def is_piecewise_linear(self) -> bool:
        """No."""
        return False

    def slope(self, step: float) -> float:
        """NaN: only of what is piecewise linear."""
        return np.nan

    def kinks(self, low: float, high: float) -> tuple[FloatArray, FloatArray]:
        """None."""
        return np.zeros(0), np.zeros(0)

    @property
    def count(self) -> int:
        """None."""
        return 0

    def largest(self, steps: FloatArray, most: int) -> tuple[Array, FloatArray]:
        """None."""
        return np.zeros((0, 2), dtype=np.int64), np.zeros((0, steps.size))

    def edges(self, a: Segments, b: Segments) -> tuple[Array, FloatArray]:
        """None."""
        return np.zeros((0, 2), dtype=np.int64), np.zeros((0, 2, 2))
