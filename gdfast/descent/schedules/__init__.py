"""Schedules: step number k = 0, 1, ... -> learning rate. Frozen settings, pure functions; any callable of k serves."""

from __future__ import annotations

from .capabilities import steps_covered
from .combined import Sequence, Warmup
from .cosines import Cosine, CosineRestarts, OneCycle
from .decays import Constant, Exponential, InverseTime, PiecewiseConstant, Polynomial, StepDecay

__all__ = [
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Exponential",
    "InverseTime",
    "OneCycle",
    "PiecewiseConstant",
    "Polynomial",
    "Sequence",
    "StepDecay",
    "Warmup",
    "steps_covered",
]
