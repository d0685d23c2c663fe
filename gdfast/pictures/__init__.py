"""See it: data for pictures as plain arrays, and the pictures."""

from __future__ import annotations

from . import landscape, plots
from .strategies import Plan, StrategyTable, compare_strategies

__all__ = ["Plan", "StrategyTable", "compare_strategies", "landscape", "plots"]
