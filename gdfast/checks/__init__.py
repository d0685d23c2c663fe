"""Checks: gradients against difference quotients, critical points, the sanity checks before a run."""

from __future__ import annotations

from .gradient.check import check_gradient
from .gradient.report import GradientReport, Verdict
from .gradient.vector_checks import check_jacobian, check_product

__all__ = ["GradientReport", "Verdict", "check_gradient", "check_jacobian", "check_product"]
