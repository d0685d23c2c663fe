"""Figure 5 (LECTURE 25): global and local minima, plateaus and saddles in flat regions, and where runs end."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import test_functions as functions
from ...datasets import Images
from ...descent.minimize import minimize
from ...descent.result import uninterrupted
from ...objective.function import FunctionObjective
from ...protocols import Array, FloatArray, Objective
from .. import plots
from ..canvas import figure, label_point

STARTS = 150
MAX_STEPS = 5000
FLAT_STARTS = np.array([[1.8, 0], [-1.5, 0.003], [-0.7, -0.003], [-1.5, 1.6], [1.5, 1.7], [1.3, -0.7], [-1.6, -1.5]])


def where_runs_end(images: Images | None = None, seed: int = 0) -> Any:
    """Figure 5: where gradient descent ends on functions that are not convex, from many starts. It needs no images."""
    picture = figure(6.6, 10.8)
    panels = picture.subplot_mosaic(
        [["bumpy"] * 2, ["plateau"] * 2, ["saddle", "many"]], height_ratios=[1.15, 0.85, 1.25]
    )
    _bumpy(panels["bumpy"])
    _plateau(panels["plateau"])
    _flat_saddle(panels["saddle"])
    _many_minima(panels["many"], np.random.default_rng(seed))
    picture.suptitle("Figure 5. Where gradient descent ends (test functions)\nsmall marks: starts, large marks: ends")
    return picture


def _bumpy(ax: Any) -> None:
    function = functions.Bumpy()
    _draw(ax, function, _evenly(function.bounds), 0.5)
    ax.set_title("one curve: the start decides where a run ends")


def _plateau(ax: Any) -> None:
    function = functions.Plateau(1)
    _draw(ax, function, _evenly(function.bounds), 0.5)
    for side in (-1, 1):
        label_point(ax, "plateau: f' is nearly 0,\nruns end where they start", (5.6 * side, 1.0), (-55 * side, -45))
    ax.set_title("a pit in a plain: from far away no run finds it")


def _flat_saddle(ax: Any) -> None:
    function = FunctionObjective(
        lambda w: float(w[0] ** 2 - 2 * w[1] ** 4 + w[1] ** 6),
        lambda w: np.array([2 * w[0], -8 * w[1] ** 3 + 6 * w[1] ** 5]),
    )
    _draw(ax, function, FLAT_STARTS, 0.02, np.array([[-2.0, 2.0], [-2.0, 2.0]]))
    label_point(ax, "saddle in a\nflat region", (0.0, 0.0), (-42, 24))
    ax.set_title("a saddle so flat that\nruns halt beside it")


def _many_minima(ax: Any, rng: np.random.Generator) -> None:
    function, box = functions.Rastrigin(), np.array([[-2.6, 2.6], [-2.6, 2.6]])
    stops = _draw(ax, function, rng.uniform(box[:, 0], box[:, 1], (STARTS, 2)), 0.002, box)
    count = int((np.abs(stops).max(axis=1) < 0.1).sum())
    label_point(ax, "global minimum", (0.0, 0.0), (0, 20))
    ax.set_title(f"{STARTS} starts: {count} runs reach\nthe global minimum")
    stars = ax.collections[-1]
    stars.colorbar.remove()
    ax.figure.colorbar(stars, ax=ax, location="bottom", label="objective where the run ends")


def _evenly(bounds: FloatArray) -> FloatArray:
    low, high = bounds[0].tolist()
    return np.linspace(low, high, 33)[:, np.newaxis]


def _draw(ax: Any, function: Objective, starts: FloatArray, step: float, bounds: Array | None = None) -> FloatArray:
    """Runs of gradient descent; where they ended."""
    runs = (minimize(function, start, step=step, max_steps=MAX_STEPS) for start in starts)
    stops = np.array([uninterrupted(run).w for run in runs])
    plots.ends(function, starts, stops, ax, bounds=bounds)
    return stops
