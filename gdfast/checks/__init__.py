"""Checks: gradients against difference quotients, critical points, the sanity checks before a run."""

from __future__ import annotations

from .gradient.check import check_gradient
from .gradient.report import GradientReport, Verdict

__all__ = ["GradientReport", "Verdict", "check_gradient"]
