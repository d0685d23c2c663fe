"""Figure 4 (LECTURE 24): minimum, maximum, and inflection or saddle, where the gradient is zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import test_functions as functions
from ...datasets import Images
from ...objective.function import FunctionObjective
from ...protocols import Objective
from .. import plots
from ..canvas import figure

BOX = np.array([[-2.0, 2.0], [-2.0, 2.0]])


def critical_points(images: Images | None = None, seed: int = 0) -> Any:
    """Figure 4: the kinds of critical points, of one number on the left and of two on the right. It needs no images."""
    picture = figure(6.6, 9.6)
    curves = (
        (functions.Valley(), "minimum of w²:\nf' < 0 on the left, > 0 on the right"),
        (functions.Hill(), "maximum of -w²:\nf' > 0 on the left, < 0 on the right"),
        (functions.Inflection(), "inflection of w³:\nf' > 0 on both sides"),
    )
    maps = (
        (_quadratic(1.0), "minimum of w1² + w2²:\nincreases in every direction"),
        (_quadratic(-1.0), "maximum of -w1² - w2²:\ndecreases in every direction"),
        (functions.Saddle(), "saddle of w1² - w2²: increases\nalong w1, decreases along w2"),
    )
    for (left, right), (curve, words), (surface, title) in zip(picture.subplots(3, 2), curves, maps, strict=True):
        plots.critical_points(curve, ax=left)
        left.set_title(words, fontsize="medium")
        plots.critical_points(surface, np.zeros((1, 2)), right, bounds=BOX)
        right.set_title(title, fontsize="medium")
    picture.suptitle("Figure 4. Critical points: the gradient is zero (test functions)")
    return picture


def _quadratic(sign: float) -> Objective:
    return FunctionObjective(lambda w: sign * float(w @ w), lambda w: sign * 2 * w)
