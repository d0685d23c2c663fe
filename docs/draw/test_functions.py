"""Draws docs/images/test_functions.png, where runs end: `python docs/draw/test_functions.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

import gdfast as gd
from gdfast import test_functions as functions

FILE = Path(__file__).parents[1] / "images" / "test_functions.png"
COLOURS = ["#0072B2", "#D55E00", "black", "#009E73"]
MARKERS = ["o", "s", "^", "D"]


def path(function: Any, w0: list[float], step: float) -> np.ndarray:
    """All weights of a run, the start included."""
    seen = [np.array(w0)]
    gd.minimize(function, w0, step=step, max_steps=5000, callback=lambda k, w, value: seen.append(w))
    return np.array(seen)


def draw_on_a_line(ax: Any, function: Any, starts: list[float], step: float) -> None:
    """The function and, on it, the trajectory of each run: an open marker where it starts, a full one where it ends."""
    x = np.linspace(*function.bounds[0], 400)
    ax.plot(x, [function.value([t]) for t in x], color="#767676", linewidth=1.5, zorder=1)
    for start, colour, marker in zip(starts, COLOURS, MARKERS, strict=False):
        way = path(function, [start], step)[:, 0]
        heights = np.array([function.value([t]) for t in way])
        ax.plot(way, heights, color=colour, linewidth=3, alpha=0.5)
        ax.plot(way[0], heights[0], marker, markersize=9, markerfacecolor="white", markeredgecolor=colour, zorder=3)
        ax.plot(way[-1], heights[-1], marker, markersize=9, color=colour, zorder=3)
    ax.set_xlabel("w")
    ax.set_ylabel("objective")
    ax.grid(alpha=0.3)


def draw_on_a_plane(ax: Any, function: Any, starts: list[list[float]], step: float, levels: Any) -> None:
    """Lines of equal height, pale where low, and the trajectory of each run."""
    (x_lo, x_hi), (y_lo, y_hi) = function.bounds
    x, y = np.linspace(x_lo, x_hi, 121), np.linspace(y_lo, y_hi, 121)
    heights = np.array([[function.value([a, b]) for a in x] for b in y])
    ax.contourf(x, y, heights, levels=levels, cmap="Greys", alpha=0.6, extend="both")
    ax.contour(x, y, heights, levels=levels, colors="#767676", linewidths=0.5)
    for start, colour, marker in zip(starts, COLOURS, MARKERS, strict=False):
        way = path(function, start, step)
        ax.plot(*way.T, color=colour, linewidth=1.5)
        ax.plot(*way[0], marker, markersize=9, markerfacecolor="white", markeredgecolor=colour)
        ax.plot(*way[-1], marker, markersize=9, color=colour)
    ax.set_xlabel("w1")
    ax.set_ylabel("w2")
    ax.set_aspect("equal")


def say(ax: Any, text: str, point: tuple[float, float], at: tuple[float, float]) -> None:
    """A word with an arrow to a point."""
    arrow = {"arrowstyle": "->", "color": "black"}
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
    ax.annotate(text, point, at, ha="center", va="center", fontsize=9, arrowprops=arrow, bbox=box)


def main() -> None:
    """Four panels."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(7.6, 7.2), layout="constrained")
    figure.suptitle("Where gradient descent ends:\nopen markers are starts, full ones ends")
    ax = axes[0, 0]
    draw_on_a_line(ax, functions.Bumpy(), [-1.5, 0.0, 1.6], 0.5)
    ax.set_title("Bumpy")
    say(ax, "global minimum", (-3, -0.549), (-0.5, -0.42))
    say(ax, "maximum", (-1, 0.08), (-1.0, 0.25))
    say(ax, "inflection", (1, -0.037), (1.6, 0.12))
    say(ax, "local minimum", (3, -0.261), (1.9, -0.53))
    ax = axes[0, 1]
    draw_on_a_line(ax, functions.Plateau(1), [-2.5, 6.0], 0.5)
    ax.set_title("Plateau")
    say(ax, "plateau:\nthe run ends\nwhere it starts", (6, 1), (4.3, 0.5))
    ax = axes[1, 0]
    draw_on_a_plane(ax, functions.BoundedSaddle(), [[1.7, 0.0], [-1.7, 1e-4]], 0.1, np.linspace(-0.5, 4, 16))
    ax.set_title("BoundedSaddle")
    say(ax, "saddle: the run from\nthe ridge ends here", (0.05, -0.05), (0.9, -1.0))
    say(ax, "0.0001 beside\nthe ridge", (-1.7, 0.08), (-1.15, 0.75))
    ax = axes[1, 1]
    starts = [[0.3, 0.0], [-0.6, -0.5], [-1.0, -1.5], [0.3, -2.6]]
    draw_on_a_plane(ax, functions.Himmelblau(), starts, 0.005, [0, 5, 20, 45, 80, 125, 180, 300, 500])
    ax.set_title("Himmelblau: four minima,\none for each start")
    figure.savefig(FILE, dpi=150, metadata={"Software": None})


if __name__ == "__main__":
    main()
