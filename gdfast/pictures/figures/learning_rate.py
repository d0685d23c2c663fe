"""Figure 6 (LECTURE 34): one step along -gradient from W on a plane, and the loss after it: best step, overshoot."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...datasets import Images
from ...objective.losses import Hinge
from ...objective.rays.directions import random_direction
from ...objective.rays.generic import along_ray
from .. import landscape, plots
from ..canvas import BLUE, GREEN, VERMILION, figure, ink, label_point
from ..images import data_name, objectives, unit_direction

BEHIND, BEYOND = 0.25, 1.25  # times the overshoot: so far the axes reach
GRID = 121
SMALL = 0.15  # of the best step


def step_sizes(images: Images, seed: int = 0) -> Any:
    """Figure 6: the plane around W with the arrow of -gradient, and below it the loss along the arrow.

    W is one exact line search away from random weights, whose own valley has one wall much steeper than the other.
    """
    objective, rng = objectives(images, Hinge())[0], np.random.default_rng(seed)
    w = unit_direction(objective, rng)
    first = objective.gradient(w)
    w = w - along_ray(objective, w, -first).minimum() * first
    downhill = -objective.gradient(w)
    across = random_direction(rng, like=w)
    across -= downhill * (np.vdot(across, downhill) / np.vdot(downhill, downhill))
    across *= np.linalg.norm(downhill) / np.linalg.norm(across)
    effect = landscape.step_sizes(objective, w, np.logspace(-5, 3, 81))
    best, over = effect.exact_step or effect.best_step, effect.overshoot or 2 * effect.best_step
    a, b = np.linspace(-BEHIND, BEYOND, GRID) * over, np.linspace(-0.5, 0.5, GRID) * over
    picture = figure(6.6, 9.0)
    above, below = picture.subplots(2, 1, sharex=True)
    _draw_plane(above, landscape.plane(objective, w, downhill, across, a, b), effect.start, best, over)
    _draw_line(below, landscape.line(objective, w, downhill, a), effect.start, best, over)
    above.set_title("the plane around W; dashed: the same loss as at W")
    below.set_title("the loss along the arrow, L(W - step × gradient)")
    picture.suptitle(
        f"Figure 6. {data_name(images)}: hinge loss, n = {objective.n_samples:,},\n"
        "after one step of gradient descent from W"
    )
    return picture


def _draw_plane(ax: Any, data: landscape.Plane, start: float, best: float, over: float) -> None:
    from matplotlib.patheffects import withStroke

    plots.plane(data, ax)
    ax.contour(data.a, data.b, data.values.T, [start], colors="white", linestyles="--", linewidths=2)
    ax.plot([0.0, data.a[-1]], [0.0, 0.0], color="white", linestyle=":", linewidth=1.5)
    rim = [withStroke(linewidth=6, foreground="black")]
    arrow = {"arrowstyle": "-|>", "color": "white", "linewidth": 3, "mutation_scale": 22, "path_effects": rim}
    ax.annotate("", (0.85 * best, 0.0), (0.0, 0.0), arrowprops={**arrow, "shrinkA": 0, "shrinkB": 0})
    for marker, colour, at in (("o", "black", 0.0), ("D", GREEN, best), ("X", VERMILION, over)):
        ax.plot(at, 0.0, marker, color=colour, markeredgecolor="white", markersize=10, zorder=7)
    for text, at in (("W", 0.0), ("-gradient", 0.45 * best), ("best", best), ("overshoot", over)):
        label_point(ax, text, (at, 0.0), (0, 18), arrow=False)
    ax.set_xlabel("")
    ax.set_ylabel("along a random direction\nat right angles to the gradient")


def _draw_line(ax: Any, data: landscape.Line, start: float, best: float, over: float) -> None:
    ax.plot(data.steps, data.values, color=BLUE, linewidth=2.5)
    far = 0.5 * (over + float(data.steps[-1]))
    small, lowest, high = np.interp([SMALL * best, best, far], data.steps, data.values).tolist()
    gain = start - lowest
    ax.axhline(start, color=ink(ax), linestyle="--", linewidth=1)
    ax.axvspan(over, data.steps[-1], color=VERMILION, alpha=0.15)
    marks = ("o", ink(ax), 0.0, start), ("D", GREEN, best, lowest), ("X", VERMILION, over, start)
    for marker, colour, at, value in marks:
        ax.plot(at, value, marker, color=colour, markersize=10, linestyle="none", zorder=4)
    label_point(ax, f"W: loss {start:.3g}", (0.0, start), (45, 25))
    label_point(ax, "small steps: the\nloss falls little", (SMALL * best, small), (-15, -65))
    label_point(ax, f"best step {best:.3g}:\nloss {lowest:.3g}", (best, lowest), (0, 55))
    label_point(ax, f"overshoot, beyond {over:.3g}:\nthe loss is higher than at W", (far, high), (-75, 45))
    ax.set_xlim(data.steps[0], data.steps[-1])
    ax.set_ylim(lowest - 0.3 * gain, start + 1.2 * gain)
    ax.set_xlabel("step size (learning rate)")
    ax.set_ylabel("hinge loss")
    ax.grid(alpha=0.3)
