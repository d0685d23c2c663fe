"""Regularizers along a few directions: R(w + t1 d1 + t2 d2), cheap where it is a quadratic.

``|w + D t|^2 = |rest|^2 + |c + R t|^2`` with D = QR, c = Q'w and rest = w - Qc: after that a point costs nothing,
and a sum of squares loses no digits. What a regularizer of gdfast does not know, its value and gradient say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ...protocols import FloatArray
from .regularizers import L1, L2, ElasticNet, Regularizer, Separable


class Penalty(Protocol):
    """A regularizer on the span of one or two directions."""

    @property
    def curvature(self) -> float | None:
        """Of a ray between its kinks, where that is a constant."""
        ...

    def values(self, points: FloatArray) -> FloatArray:
        """At points (m, number of directions) -> (m,)."""
        ...

    def slope(self, step: float) -> float:
        """The right derivative along the only direction."""
        ...

    def kinks(self) -> tuple[FloatArray, FloatArray]:
        """Steps along the only direction at which the slope jumps, and by how much."""
        ...

    def reversed(self) -> Penalty:
        """Along the opposite directions."""
        ...


def penalties(regularizer: Regularizer | None, w: FloatArray, *directions: FloatArray) -> tuple[Penalty, ...]:
    """The regularizer's parts along these directions, to be added up."""
    if regularizer is None:
        return ()
    if type(regularizer) is L2:
        return (Squares.of(regularizer.strength, w, directions),)
    if type(regularizer) is L1:
        return (Evaluated(regularizer, w, directions),)
    if type(regularizer) is ElasticNet:
        return (Evaluated(L1(regularizer.l1), w, directions), Squares.of(regularizer.l2, w, directions))
    return (Evaluated(regularizer, w, directions),)


@dataclass(frozen=True, eq=False)
class Squares:
    """``strength * (rest + |centre + R t|^2)``."""

    strength: float
    rest: float
    centre: FloatArray
    R: FloatArray

    @classmethod
    def of(cls, strength: float, w: FloatArray, directions: tuple[FloatArray, ...]) -> Squares:
        """From the point and its directions, by Gram and Schmidt's rule, applied twice."""
        basis: list[FloatArray] = []
        R = np.zeros((len(directions), len(directions)))
        for j, direction in enumerate(directions):
            left, R[: len(basis), j] = _split(direction, basis)
            largest = float(np.abs(left).max(initial=0.0))
            left = left / largest if largest > 0 else left
            norm = float(np.sqrt(np.vdot(left, left)))
            R[len(basis), j] = largest * norm
            basis.append(left / norm if norm > 0 else left)
        rest, centre = _split(w, basis)
        return cls(strength, float(np.vdot(rest, rest)), centre, R)

    @property
    def curvature(self) -> float:
        """``2 * strength * |d|^2``."""
        return 2 * self.strength * float(self.R[0, 0]) ** 2

    def values(self, points: FloatArray) -> FloatArray:
        """(m, number of directions) -> (m,)."""
        moved = self.centre + points @ self.R.T
        return np.asarray(self.strength * (self.rest + (moved * moved).sum(axis=1)))

    def slope(self, step: float) -> float:
        """The derivative."""
        R = float(self.R[0, 0])
        return 2 * self.strength * (float(self.centre[0]) + R * step) * R

    def kinks(self) -> tuple[FloatArray, FloatArray]:
        """None."""
        return np.zeros(0), np.zeros(0)

    def reversed(self) -> Squares:
        """Along the opposite directions."""
        return replace(self, R=-self.R)


def _split(array: FloatArray, basis: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """What is orthogonal to the basis, and the coordinates of the rest."""
    coordinates = np.zeros(len(basis))
    for _ in range(2):
        for j, axis in enumerate(basis):
            share = float(np.vdot(axis, array))
            coordinates[j] += share
            array = array - share * axis
    return array, coordinates


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Any regularizer: each point is one evaluation of it."""

    regularizer: Regularizer
    w: FloatArray
    directions: tuple[FloatArray, ...]

    @property
    def curvature(self) -> float | None:
        """0 for L1; unknown for others."""
        return 0.0 if isinstance(self.regularizer, L1) else None

    def values(self, points: FloatArray) -> FloatArray:
        """(m, number of directions) -> (m,)."""
        return np.array([self.regularizer.value(self._at(point)) for point in points])

    def slope(self, step: float) -> float:
        """The right derivative, as the regularizer says it; of others than gdfast's, gradient times direction."""
        if isinstance(self.regularizer, L1):
            zeros, jumps = self.kinks()
            return float(np.where(step >= zeros, 0.5 * jumps, -0.5 * jumps).sum())
        point = self._at((step,))
        if isinstance(self.regularizer, Separable):
            return self.regularizer.slope(point, self.directions[0])
        return float(np.vdot(self.regularizer.gradient(point), self.directions[0]))

    def kinks(self) -> tuple[FloatArray, FloatArray]:
        """Where a weight under L1 is 0."""
        if not isinstance(self.regularizer, L1) or self.regularizer.strength == 0:
            return np.zeros(0), np.zeros(0)
        moves = self.directions[0] != 0
        rates = self.directions[0][moves]
        with np.errstate(over="ignore"):
            steps = -self.w[moves] / rates
        return steps, 2 * self.regularizer.strength * np.abs(rates)

    def reversed(self) -> Evaluated:
        """Along the opposite directions."""
        return replace(self, directions=tuple(-direction for direction in self.directions))

    def _at(self, point: FloatArray | tuple[float, ...]) -> FloatArray:
        moved = self.w.copy()
        for step, direction in zip(point, self.directions, strict=True):
            moved += step * direction
        return moved
