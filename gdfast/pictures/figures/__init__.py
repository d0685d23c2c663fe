"""Six figures of loss landscapes and gradient descent, drawn from any images: what `gdfast figures` writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...datasets import Images
from .critical import critical_points
from .derivative import downhill
from .end_points import where_runs_end
from .learning_rate import step_sizes
from .one_image import one_image_and_many
from .one_weight import one_weight

__all__ = [
    "FIGURES",
    "critical_points",
    "downhill",
    "one_image_and_many",
    "one_weight",
    "step_sizes",
    "where_runs_end",
]

FIGURES: dict[str, Callable[[Images, int], Any]] = {
    "figure_1_one_image_and_many": one_image_and_many,
    "figure_2_one_weight": one_weight,
    "figure_3_downhill": downhill,
    "figure_4_critical_points": critical_points,
    "figure_5_where_runs_end": where_runs_end,
    "figure_6_step_sizes": step_sizes,
}
