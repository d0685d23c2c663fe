"""Dot products whose totals are float64, whatever the arrays are: for the rules that use curvature."""

from __future__ import annotations

import math

from ...objective.one_thread import dot
from ...protocols import Array


def norm(a: Array) -> float:
    """The 2-norm, in float64."""
    return math.sqrt(dot(a, a))


def first_scale(length: float) -> float:
    """The factor that makes a gradient of this 2-norm no longer than 1: all that is known of the right step."""
    return 1.0 if length <= 1 else 1.0 / length
