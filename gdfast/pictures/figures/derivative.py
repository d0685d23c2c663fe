"""Figure 3 (LECTURE 31, 34): following the derivative downhill, f and f' on one axis."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from ...datasets import Images
from ...descent.minimize import minimize
from ...descent.result import uninterrupted
from ...objective.function import FunctionObjective
from ...objective.losses import Hinge
from ...objective.rays.generic import along_ray
from ...protocols import FloatArray
from ..canvas import BLUE, ORANGE, VERMILION, figure, ink, label_point, legend_below
from ..images import data_name, objectives, unit_direction

STEPS = 10
ARROWS = 4  # of the first steps

Curve = Callable[[float], float]


def downhill(images: Images, seed: int = 0) -> Any:
    """Figure 3: the sign of the derivative says where to move, on a parabola and on the loss of the images."""
    picture = figure(6.6, 9.2)
    above, below = picture.subplots(2, 1)
    draw_descent(above, lambda w: w * w, lambda w: 2 * w, [-3.0, 3.0], 0.1, 0.0, np.linspace(-3.6, 3.6, 201))
    above.set_title("f(w) = w², learning rate 0.1, started at 3 and -3")
    above.set_xlabel("w")
    objective, rng = objectives(images, Hinge())[0], np.random.default_rng(seed)
    w = unit_direction(objective, rng)
    direction = -objective.gradient(w)
    ray = along_ray(objective, w, direction / float(np.std(objective.scores(direction))))
    lowest = ray.minimum()
    rate = 0.3 * lowest / -ray.slope(0.0)
    draw_descent(below, ray.value, ray.slope, [0.0], rate, lowest, np.linspace(-0.3, 2.3, 201) * lowest)
    below.set_title(f"{data_name(images)}: hinge loss, n = {objective.n_samples:,}, along -gradient")
    below.set_xlabel("w, along the gradient at random W")
    picture.suptitle("Figure 3. Gradient descent moves against the sign of f'")
    return picture


def draw_descent(
    ax: Any, value: Curve, slope: Curve, starts: list[float], rate: float, lowest: float, x: FloatArray
) -> None:
    """f and f' and, on f, the steps of gradient descent from each start."""
    ax.plot(x, [value(float(t)) for t in x], color=BLUE, linewidth=2.5, label="f")
    ax.plot(x, [slope(float(t)) for t in x], color=VERMILION, linestyle="--", linewidth=2, label="f', its derivative")
    ax.axhline(0.0, color=ink(ax), linewidth=0.8)
    ax.axvspan(x[0], lowest, color=BLUE, alpha=0.08)
    ax.axvspan(lowest, x[-1], color=VERMILION, alpha=0.08)
    for start in starts:
        _draw_steps(ax, value, slope, start, rate)
    above: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "ha": "center", "va": "top", "weight": "bold"}
    ax.text((x[0] + lowest) / 2, 0.97, "f' < 0: move right", **above)
    ax.text((lowest + x[-1]) / 2, 0.97, "f' > 0: move left", **above)
    ax.plot([lowest, lowest], [0.0, value(lowest)], color=ink(ax), linestyle=":", linewidth=1.5)
    label_point(ax, "f' = 0: gradient descent\nhalts here", (lowest, 0.0), (0, -60))
    ax.set_xlim(x[0], x[-1])
    low, high = ax.get_ylim()
    ax.set_ylim(low, high + 0.12 * (high - low))
    ax.set_ylabel("f and f'")
    ax.grid(alpha=0.3)
    legend_below(ax, columns=3)


def _draw_steps(ax: Any, value: Curve, slope: Curve, start: float, rate: float) -> None:
    curve = FunctionObjective(lambda w: value(float(w[0])), lambda w: np.array([slope(float(w[0]))]))
    path = [start]
    uninterrupted(
        minimize(
            curve, [start], step=rate, max_steps=STEPS, gtol=0.0, callback=lambda k, w, _: path.append(float(w[0]))
        )
    )
    places = [(at, value(at)) for at in path]
    label = None if ax.get_legend_handles_labels()[1][2:] else f"{STEPS} steps w - rate × f'(w)"
    ax.plot(*zip(*places, strict=True), "o", color=ORANGE, markeredgecolor=ink(ax), linestyle="none", label=label)
    bend = "arc3,rad=0.35" if path[1] < path[0] else "arc3,rad=-0.35"
    arrow = {"arrowstyle": "-|>", "color": ink(ax), "connectionstyle": bend, "shrinkA": 3, "shrinkB": 3}
    for here, there in pairwise(places[: ARROWS + 1]):
        ax.annotate("", there, here, arrowprops=arrow)
