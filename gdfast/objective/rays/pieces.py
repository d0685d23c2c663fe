"""Rays that are made of pieces, straight or evenly bent: where these meet is known, and so the minimum to rounding."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from ..._arrays import check_number
from ...protocols import FloatArray
from ..losses.base import Loss
from ..regularizers.along_directions import Penalty
from .generic import Bisected
from .minimum import lowest_step

NEAR = 1e-9  # how far from the step that slopes lead to its kink may lie, relative


class PiecewiseRay(Bisected):
    """A loss on the scores of rows along a line, plus penalties."""

    __slots__ = ()
    loss: Loss
    penalties: tuple[Penalty, ...]

    @property
    @abstractmethod
    def is_straight(self) -> bool:
        """The data's loss is, between its kinks."""

    @property
    @abstractmethod
    def knows_terms(self) -> bool:
        """The loss is a sum of terms whose kinks are known."""

    @abstractmethod
    def _data_kinks(self, low: float, high: float) -> tuple[FloatArray, FloatArray]:
        """The steps in [low, high] where terms of the loss have theirs, and by how much the slope jumps there."""

    def breakpoints(self, lo: float, hi: float) -> FloatArray:
        """The steps in [lo, hi] where two pieces of the ray meet, in order, each once; exact to rounding.

        Where a term of the hinge or squared hinge is 0 (the slope, or the curvature, jumps there), or a weight
        under L1. Other rays have none.

        Raises
        ------
        TypeError, ValueError
            lo and hi are not finite numbers, lo > hi, there are too many in between (2**26 terms), or the loss does not
            say where its kinks are along a ray, as a `ScoreLoss`.
        """
        if not self.has_breakpoints:
            raise ValueError(f"breakpoints are known of losses with ray_terms, or no kinks; the loss is {self.loss!r}")
        low, high = check_number(lo, "lo"), check_number(hi, "hi")
        if low > high:
            raise ValueError(f"hi must be >= lo, {low:g}; it is {high:g}")
        return np.unique(self._kinks(low, high)[0])

    @property
    def has_breakpoints(self) -> bool:
        """Whether the loss says where its kinks are."""
        return self.loss.knows_kinks and (self.knows_terms or not self.loss.has_kinks)

    def _lowest(self, max_step: float) -> float:
        """From rough slopes; then, where the ray is made of straight or evenly bent pieces, from the kinks nearby."""
        step = lowest_step(self.rough_slope, max_step)
        curvatures = [penalty.curvature for penalty in self.penalties]
        if not self.is_straight or not 0 < step < max_step or None in curvatures:
            return step
        curvature = sum(c for c in curvatures if c is not None)
        if curvature == 0 and 0 in (self.slope(step), self.rough_slope(step)):  # a flat bottom, which begins at a kink
            steps, _ = self._kinks(0.0, step)
            return float(steps.max(initial=0.0)) or step
        low = (1 - NEAR) * step
        steps, jumps = self._kinks(low, (1 + NEAR) * step)
        if steps.size == 0:
            return step
        order = np.argsort(steps, kind="stable")
        steps, jumps = steps[order], jumps[order]
        slopes = self.slope(low) + curvature * (steps - low) + np.cumsum(jumps)
        turn = int(np.argmax(slopes >= 0))
        if slopes[turn] < 0:
            return step
        above = float(slopes[turn] - jumps[turn])  # to the left of that kink
        if above > 0:
            return step  # between kinks, where the slope is a straight line and its zero is known
        return float(steps[turn])

    def _kinks(self, low: float, high: float) -> tuple[FloatArray, FloatArray]:
        """Where the slope jumps in [low, high], and by how much (of a squared hinge: where its terms are 0)."""
        parts = [self._data_kinks(low, high)]
        for penalty in self.penalties:
            steps, jumps = penalty.kinks()
            inside = (steps >= low) & (steps <= high)
            parts.append((steps[inside], jumps[inside]))
        return np.concatenate([steps for steps, _ in parts]), np.concatenate([jumps for _, jumps in parts])
