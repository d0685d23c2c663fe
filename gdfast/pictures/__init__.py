"""Pictures: loss landscapes and runs as plain arrays, plots of them, and a page for the browser."""

from __future__ import annotations

from . import landscape, plots
from .strategies import Plan, StrategyTable, compare_strategies

__all__ = ["Plan", "StrategyTable", "compare_strategies", "landscape", "plots"]
