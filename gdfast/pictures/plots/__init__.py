"""Plots with matplotlib, as scikit-learn's Displays: data in, ``ax=`` where you have one, the axes out."""

from __future__ import annotations

from ..canvas import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION
from .bars import strategies
from .functions import critical_points, ends
from .gradients import gradient_report, step_sweep
from .paths import path, path_templates, validation_curve
from .planes import plane, trajectory
from .rates import schedule
from .runs import history
from .slices import line, weight
from .step_sizes import step_sizes
from .templates import templates

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "VERMILION",
    "critical_points",
    "ends",
    "gradient_report",
    "history",
    "line",
    "path",
    "path_templates",
    "plane",
    "schedule",
    "step_sizes",
    "step_sweep",
    "strategies",
    "templates",
    "trajectory",
    "validation_curve",
    "weight",
]
