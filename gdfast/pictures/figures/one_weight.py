"""Figure 2 (LECTURE 8, 12): the loss as a function of one weight, its hinge terms and their sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...datasets import Images
from ...objective.linear.objective import LinearObjective
from ...objective.losses import Hinge
from .. import landscape, plots
from ..canvas import figure, legend_below
from ..images import data_name, most_varied_pixel, objectives, range_of_kinks, unit_direction

POINTS = np.array([[0.8], [2.0], [-1.5]])  # one feature, labels 0, 1, 2
WEIGHTS = np.array([[0.0], [0.2], [-0.1]])
MANY = 100  # images
NEAR = 0.3  # weights at which the scores differ by less than a margin


def one_weight(images: Images, seed: int = 0) -> Any:
    """Figure 2: the hinge loss of three points as a function of w0, and of 100 images as one of a pixel's weight."""
    picture = figure(6.6, 9.6)
    above, below = picture.subplots(2, 1)
    _three_points(above)
    objective, rng = objectives(images, Hinge())[0], np.random.default_rng(seed)
    w, pixel = NEAR * unit_direction(objective, rng), most_varied_pixel(images)
    many = objective.rows(np.arange(min(MANY, objective.n_samples)))
    axis = np.zeros_like(w)
    axis[0, pixel] = 1.0
    low, high = range_of_kinks(many, w, axis)
    values = w[0, pixel] + np.linspace(low, high, 401)
    terms = many.n_samples * (len(w) - 1)
    plots.weight(landscape.weight(many, w, (0, pixel), values, max_terms=terms), below)
    below.set_title(f"{data_name(images)}, n = {many.n_samples}: {terms:,} hinge terms in three groups")
    below.set_xlabel(f"weight of pixel {pixel} for the class {images.class_names[0]}")
    picture.suptitle("Figure 2. The hinge loss as a function of one weight")
    return picture


def _three_points(ax: Any) -> None:
    """Every hinge term by its formula."""
    objective = LinearObjective(POINTS, np.arange(3), Hinge(), bias=False)
    data = landscape.weight(objective, WEIGHTS, (0, 0), np.linspace(-1.6, 3.0, 401))
    plots.weight(data, ax)
    for line, (sample, other) in zip(ax.lines, data.labels, strict=False):
        scores = f"w_{other} x_{sample} - w_{sample} x_{sample}"
        line.set_label(rf"in $L_{sample}$: max(0, ${scores} + 1$) / 3")
    legend_below(ax)
    ax.set_title("three points with one feature, n = 3: L = (L0 + L1 + L2) / 3")
    ax.set_xlabel("w0; w1 and w2 stay as they are")
