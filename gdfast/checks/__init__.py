"""Is it right? Checks of gradients against difference quotients."""

from __future__ import annotations

from .gradient_check import check_gradient
from .gradient_report import GradientReport, Verdict

__all__ = ["GradientReport", "Verdict", "check_gradient"]
