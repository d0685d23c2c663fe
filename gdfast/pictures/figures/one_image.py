"""Figure 1 (LECTURE 11, 13): the loss of one image along a ray and on a plane, and of 100 images on the plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...datasets import Images
from ...objective.losses import Hinge
from .. import landscape, plots
from ..canvas import figure
from ..images import data_name, objectives, range_of_kinks, spread_example, unit_direction

MANY = 100  # images
GRID = 151


def one_image_and_many(images: Images, seed: int = 0) -> Any:
    """Figure 1: the loss of one image along a ray and on a plane, and of 100 images on the same plane.

    Near random weights, without a regularizer. One image gives a surface of linear pieces, whose edges are drawn;
    the mean over many images is a rounder bowl. The ranges are those over which the image's kinks spread.
    """
    objective, rng = objectives(images, Hinge())[0], np.random.default_rng(seed)
    w, u, v = (unit_direction(objective, rng) for _ in range(3))
    one = objective.rows(np.array([spread_example(objective, w, u)]))
    many = objective.rows(np.arange(min(MANY, objective.n_samples)))
    low, high = range_of_kinks(one, w, u)
    a, b = np.linspace(low, high, GRID), np.linspace(-0.5, 0.5, GRID) * (high - low)
    picture = figure(6.6, 7.4)
    panels = picture.subplot_mosaic([["ray", "ray"], ["one", "many"]])
    plots.line(landscape.line(one, w, u, a), panels["ray"])
    panels["ray"].set_title("n = 1, along a ray L(W + aU): a sum of hinge terms")
    panels["ray"].set_xlabel("a, along the random direction U")
    panels["ray"].set_ylabel("hinge loss")
    for name, some, remark in (("one", one, "linear pieces"), ("many", many, "a rounder bowl")):
        ax = panels[name]
        plots.plane(landscape.plane(some, w, u, v, a, b), ax)
        ax.set_title(f"n = {some.n_samples}, on a plane:\n{remark}")
        ax.set_xlabel("a, along U")
        ax.set_ylabel("b, along V")
    panels["one"].axhline(0.0, color="black", linestyle="--", linewidth=1)
    panels["one"].text(a[0], 0.0, " the ray above", va="bottom", fontsize="small", color="black")
    picture.suptitle(
        f"Figure 1. {data_name(images)}: hinge loss of one image\nand the mean over {many.n_samples}, at random W"
    )
    return picture
