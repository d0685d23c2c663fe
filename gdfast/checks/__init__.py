"""Is it right? Checks of gradients against difference quotients."""

from __future__ import annotations

from .gradient.check import check_gradient
from .gradient.report import GradientReport, Verdict

__all__ = ["GradientReport", "Verdict", "check_gradient"]
