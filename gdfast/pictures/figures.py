"""Six figures of loss landscapes and gradient descent, drawn from any images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import test_functions as functions
from ..datasets import Images
from ..descent.minimize import minimize
from ..descent.result import uninterrupted
from ..objective.function import FunctionObjective
from ..objective.losses import Hinge
from ..objective.rays.generic import along_ray
from ..protocols import FloatArray, Objective
from . import landscape, plots
from .canvas import BLUE, GREY, VERMILION, figure
from .images import bright_examples, most_varied_pixel, objectives, unit_direction

REACH = 5.0  # of rays and planes, in steps that move the scores by about a margin
NEAR = 0.3  # weights at which the scores differ by less than a margin
GRID = 151
MANY = 100  # images
STEPS = 10
STARTS = 150


def one_image_and_many(images: Images, seed: int = 0) -> Any:
    """Figure 1: the loss of one image along a ray and on a plane, and of 100 images on the same plane.

    Near random weights, without a regularizer. One image gives a surface of linear pieces, whose edges are drawn;
    the mean over many images is a rounder bowl.
    """
    objective, rng = objectives(images, Hinge())[0], np.random.default_rng(seed)
    w, u, v = (unit_direction(objective, rng) for _ in range(3))
    one, many = objective.rows(np.array([0])), objective.rows(np.arange(min(MANY, objective.n_samples)))
    grid = np.linspace(-REACH, REACH, GRID)
    picture = figure(14.0, 4.2)
    ray, left, right = picture.subplots(1, 3)
    plots.line(landscape.line(one, w, u, grid), ray)
    ray.set_title("one image, along a ray")
    plots.plane(landscape.plane(one, w, u, v, grid, grid), left)
    left.set_title("one image, on a plane: edges of linear pieces")
    plots.plane(landscape.plane(many, w, u, v, grid, grid), right)
    right.set_title(f"{many.n_samples} images, on the same plane")
    picture.suptitle("Figure 1: the hinge loss near random weights")
    return picture


def one_weight(images: Images, seed: int = 0) -> Any:
    """Figure 2: the loss of one image and of four as a function of one weight, each hinge term and their sum."""
    objective, rng = objectives(images, Hinge())[0], np.random.default_rng(seed)
    w, pixel = NEAR * unit_direction(objective, rng), most_varied_pixel(images)
    values = np.linspace(-2 * REACH, 2 * REACH, 401)
    picture = figure(11.0, 5.2)
    for ax, count in zip(picture.subplots(1, 2), (1, 4), strict=True):
        chosen = objective.rows(bright_examples(images, pixel, count))
        plots.weight(landscape.weight(chosen, w, (0, pixel), values), ax)
        ax.set_title("one image" if count == 1 else f"the mean over {count} images, one of each class")
    picture.suptitle("Figure 2: the hinge loss as a function of one weight")
    return picture


def downhill(images: Images, seed: int = 0) -> Any:
    """Figure 3: following the derivative downhill, on a parabola and on the loss of the images along a ray."""
    objective, rng = objectives(images, Hinge())[0], np.random.default_rng(seed)
    w = unit_direction(objective, rng)
    ray = along_ray(objective, w, -objective.gradient(w))
    lowest = ray.minimum()
    picture = figure(11.0, 4.4)
    left, right = picture.subplots(1, 2)
    _draw_descent(left, lambda a: a * a, lambda a: 2 * a, 3.0, 0.1, np.linspace(-1.5, 3.5, 201))
    left.set_title("L(w) = w², from 3 with the learning rate 0.1")
    rate = 0.25 * lowest / -ray.slope(0.0)
    _draw_descent(right, ray.value, ray.slope, 0.0, rate, np.linspace(-0.1, 1.6, 201) * lowest)
    right.set_title("hinge loss of all images, along its gradient")
    right.set_xlabel("w, steps against the gradient at random weights")
    picture.suptitle(f"Figure 3: {STEPS} steps that follow the derivative downhill")
    return picture


def critical_points(images: Images | None = None, seed: int = 0) -> Any:
    """Figure 4: the three kinds of critical points, of one number and of two. It needs no images."""
    picture = figure(12.0, 8.0)
    upper, lower = picture.subplots(2, 3)
    for ax, curve in zip(upper, (functions.Valley(), functions.Hill(), functions.Inflection()), strict=True):
        plots.critical_points(curve, ax=ax)
    bowl, dome = (_quadratic(sign) for sign in (1.0, -1.0))
    for ax, surface in zip(lower, (bowl, dome, functions.Saddle()), strict=True):
        plots.critical_points(surface, np.zeros((1, 2)), ax, bounds=np.array([[-2.0, 2.0]] * 2))
    for ax, title in zip((*upper, *lower), ("x²", "-x²", "x³", "x² + y²", "-x² - y²", "x² - y²"), strict=True):
        ax.set_title(title)
    picture.suptitle("Figure 4: the kinds of critical points")
    return picture


def where_runs_end(images: Images | None = None, seed: int = 0) -> Any:
    """Figure 5: where gradient descent ends on bumpy functions, from many starts. It needs no images."""
    rng = np.random.default_rng(seed)
    picture = figure(11.0, 9.5)
    for ax, title, function, step, bounds in zip(
        picture.subplots(2, 2).flat,
        (
            "Bumpy: minima, a maximum, an inflection",
            "Plateau: far runs end where they start",
            "Himmelblau",
            "Rastrigin",
        ),
        (functions.Bumpy(), functions.Plateau(1), functions.Himmelblau(), functions.Rastrigin()),
        (0.5, 0.5, 0.005, 0.002),
        (None, None, None, [[-2.6, 2.6], [-2.6, 2.6]]),
        strict=True,
    ):
        box = np.array(function.bounds if bounds is None else bounds)
        starts = (
            np.linspace(box[0, 0], box[0, 1], 33)[:, np.newaxis]
            if len(box) == 1
            else rng.uniform(box[:, 0], box[:, 1], (STARTS, 2))
        )
        ends = np.array([uninterrupted(minimize(function, start, step=step, max_steps=5000)).w for start in starts])
        plots.ends(function, starts, ends, ax, bounds=box)
        ax.set_title(title)
    picture.suptitle("Figure 5: where gradient descent ends: small marks are starts, large ones ends")
    return picture


def step_sizes(images: Images, seed: int = 0) -> Any:
    """Figure 6: the loss after one step along the gradient from random weights, for many step sizes."""
    objective, rng = objectives(images, Hinge())[0], np.random.default_rng(seed)
    w = unit_direction(objective, rng)
    picture = figure(7.0, 5.0)
    ax = picture.subplots()
    plots.step_sizes(landscape.step_sizes(objective, w, np.logspace(-5, 3, 81)), ax)
    ax.set_ylabel("hinge loss after one step")
    picture.suptitle("Figure 6: one step along the gradient, from random weights")
    return picture


FIGURES: dict[str, Callable[[Images, int], Any]] = {
    "figure_1_one_image_and_many": one_image_and_many,
    "figure_2_one_weight": one_weight,
    "figure_3_downhill": downhill,
    "figure_4_critical_points": critical_points,
    "figure_5_where_runs_end": where_runs_end,
    "figure_6_step_sizes": step_sizes,
}


def _draw_descent(
    ax: Any, value: Callable[[float], float], slope: Callable[[float], float], start: float, rate: float, x: FloatArray
) -> None:
    """A curve, the points of gradient descent on it, and the tangent that each of the first follows."""
    curve = FunctionObjective(lambda w: value(float(w[0])), lambda w: np.array([slope(float(w[0]))]))
    path = [start]
    run = minimize(
        curve, [start], step=rate, max_steps=STEPS, gtol=0.0, callback=lambda k, w, _: path.append(float(w[0]))
    )  # fmt: skip
    uninterrupted(run)
    ax.plot(x, [value(float(t)) for t in x], color=GREY)
    reach = 0.8 * abs(path[1] - path[0])
    for at in path[:6:2]:
        ends = np.array([at - reach, at + reach])
        ax.plot(ends, value(at) + slope(at) * (ends - at), color=VERMILION, linewidth=2, zorder=2)
    ax.plot(path, [value(at) for at in path], "o", color=BLUE, zorder=3)
    ax.plot(path[0], value(path[0]), "o", markerfacecolor="white", markeredgecolor=BLUE, markersize=9, zorder=4)
    shift, side = (-12, "right") if path[1] < path[0] else (12, "left")
    place: dict[str, Any] = {"textcoords": "offset points", "ha": side, "va": "center"}
    ax.annotate(f"start: {value(path[0]):.4g}", (path[0], value(path[0])), (shift, 0), **place)
    ax.annotate(
        f"after {STEPS} steps: {value(path[-1]):.4g}", (path[-1], value(path[-1])), (0, -18), ha="center",
        textcoords="offset points",
    )  # fmt: skip
    ax.margins(y=0.15)
    ax.set_xlabel("w")
    ax.set_ylabel("objective")
    ax.grid(alpha=0.3)


def _quadratic(sign: float) -> Objective:
    return FunctionObjective(lambda w: sign * float(w @ w), lambda w: sign * 2 * w)
