"""A line search: how far to go along a ray, and what it found there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from .objective import Ray


@dataclass(frozen=True)
class Found:
    """What a line search found along a ray.

    Attributes
    ----------
    step, value : the step taken and the objective there
    evaluations : at how many points of the ray its value or slope (or both) were computed
    accepted : False when no step lowers the objective
    """

    step: float
    value: float
    evaluations: int
    accepted: bool


@runtime_checkable
class LineSearch(Protocol):
    """How far to go: finds a step along a ray."""

    def search(self, ray: Ray, value: float, slope: float) -> Found:
        """Start from the ray's value and slope at step 0."""
        ...
