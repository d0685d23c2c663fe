"""Regularizers along a few directions: R(w + t1 d1 + t2 d2), cheap where it is a quadratic.

``|w + D t|^2 = |rest|^2 + |c + R t|^2`` with D = QR, c = Q'w and rest = w - Qc: after that a point costs nothing,
and a sum of squares loses no digits. What a regularizer of gdfast does not know, its value and gradient say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ...differences import Scheme, numerical_gradient
from ...protocols import FloatArray
from .regularizers import L1, Regularizer, strengths_of, terms_of

SHORT = 1 << 15
"""Elements of arrays that are worked on as a whole."""


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
    """The regularizer's parts along these directions, to be added up. Some keep the arrays: nobody may change them."""
    if regularizer is None:
        return ()
    strengths = strengths_of(regularizer)
    if strengths is None:
        return (Evaluated(regularizer, w, directions),)
    parts: tuple[Penalty, ...] = (Absolutes(strengths.l1, w, directions),) if strengths.l1 else ()
    return (*parts, Squares.of(strengths.l2, w, directions)) if strengths.l2 else parts


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
        if len(directions) == 1:
            return cls._of_ray(strength, w, directions[0])
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

    @classmethod
    def _of_ray(cls, strength: float, w: FloatArray, direction: FloatArray) -> Squares:
        """The same for one direction, some rows at a time: what stands between is small enough for the cache."""
        parts = [*zip(_parts(w), _parts(direction), strict=True)]
        largest = max(float(np.abs(d).max(initial=0.0)) for _, d in parts)
        unit = 1 / largest if largest > 0 and 1 / largest < np.inf else 1.0
        norm = float(np.sqrt(sum(float(np.vdot(axis, axis)) for axis in (d * unit for _, d in parts))))
        scale = 1 / norm if norm > 0 else 1.0
        share = sum(float(np.vdot(d * unit, v)) for v, d in parts) * scale
        again, rest = 0.0, 0.0
        for v, d in parts:
            axis = d * (unit * scale)
            left = v - share * axis
            again += float(np.vdot(axis, left))
            rest += float(np.vdot(left, left))
        return cls(strength, max(rest - again * again, 0.0), np.array([share + again]), np.array([[norm / unit]]))

    @property
    def curvature(self) -> float:
        """``2 * strength * |d|^2``."""
        R = float(self.R[0, 0])
        return 2 * self.strength * (R * R)  # a power would raise where this is infinite

    def values(self, points: FloatArray) -> FloatArray:
        """(m, number of directions) -> (m,)."""
        with np.errstate(over="ignore"):  # infinite there
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


def _parts(array: FloatArray) -> list[FloatArray]:
    """The array, or its rows where it is long."""
    return [array] if array.size <= SHORT or array.ndim < 2 else list(array)


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
class Absolutes:
    """``strength * sum|w|``, with a kink where a weight is 0."""

    strength: float
    w: FloatArray
    directions: tuple[FloatArray, ...]

    @property
    def curvature(self) -> float:
        """0 between kinks."""
        return 0.0

    def values(self, points: FloatArray) -> FloatArray:
        """(m, number of directions) -> (m,)."""
        part = L1(self.strength)
        return np.array([part.value(_at(self.w, point, self.directions)) for point in points])

    def slope(self, step: float) -> float:
        """The right derivative."""
        zeros, jumps = self.kinks()
        return float(np.where(step >= zeros, 0.5 * jumps, -0.5 * jumps).sum())

    def kinks(self) -> tuple[FloatArray, FloatArray]:
        """Where a weight is 0."""
        moves = self.directions[0] != 0
        rates = self.directions[0][moves]
        with np.errstate(over="ignore"):
            steps = -self.w[moves] / rates
        return steps, 2 * self.strength * np.abs(rates)

    def reversed(self) -> Absolutes:
        """Along the opposite directions."""
        return replace(self, directions=tuple(-direction for direction in self.directions))


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A regularizer of a user's own: each point is one evaluation of it."""

    regularizer: Regularizer
    w: FloatArray
    directions: tuple[FloatArray, ...]

    @property
    def curvature(self) -> None:
        """Unknown."""
        return None

    def values(self, points: FloatArray) -> FloatArray:
        """(m, number of directions) -> (m,)."""
        return np.array([self.regularizer.value(_at(self.w, point, self.directions)) for point in points])

    def slope(self, step: float) -> float:
        """Gradient times direction."""
        point = _at(self.w, (step,), self.directions)
        return float(np.vdot(self.regularizer.gradient(point), self.directions[0]))

    def kinks(self) -> tuple[FloatArray, FloatArray]:
        """None are known."""
        return np.zeros(0), np.zeros(0)

    def reversed(self) -> Evaluated:
        """Along the opposite directions."""
        return replace(self, directions=tuple(-direction for direction in self.directions))


def _at(w: FloatArray, point: FloatArray | tuple[float, ...], directions: tuple[FloatArray, ...]) -> FloatArray:
    moved = w.copy()
    for step, direction in zip(point, directions, strict=True):
        moved += step * direction
    return moved


def difference_quotients(regularizer: Regularizer, w: FloatArray, h: float | FloatArray, scheme: Scheme) -> FloatArray:
    """Those of the regularizer by each weight, of w's shape; of a sum over weights the terms' own, at no cost."""
    low, width = (w, h) if scheme == "forward" else (w - h, 2 * h)
    ahead, behind = terms_of(regularizer, w + h), terms_of(regularizer, low)
    if ahead is None or behind is None:
        return numerical_gradient(regularizer.value, w, h, scheme)
    return np.asarray((ahead - behind) / width)
