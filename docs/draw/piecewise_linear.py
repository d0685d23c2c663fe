"""Draws the pictures of docs/learn/piecewise_linear.md, piecewise_*.png: `python docs/draw/piecewise_linear.py`."""

from __future__ import annotations

import numpy as np
from chapter_style import panels, save, say

import gdfast as gd
from gdfast.pictures.canvas import BLUE, GREEN, VERMILION


def draw_convex() -> None:
    """A chord above a convex graph, and one that runs below a graph that is not convex."""
    figure, (left, right) = panels(1, 2, height=3.1)
    w = np.linspace(-3, 3, 301)
    convex = 0.5 * np.maximum(0, -1 - w) + 0.35 * np.maximum(0, 1 + w) + 0.6 * np.maximum(0, w - 1) + 0.3
    bumpy = 0.12 * (w**2 - 4) ** 2 * 0.6 + 0.15 * w + 0.6
    for ax, values, (u, v), title in (
        (left, convex, (-2.6, 2.4), "convex"),
        (right, bumpy, (-2.05, 1.95), "not convex"),
    ):
        ax.plot(w, values, color=BLUE, linewidth=2.5)
        ends = np.interp([u, v], w, values)
        ax.plot([u, v], ends, "o--", color=VERMILION)
        ax.set_title(title)
        ax.set_xticks([u, v], ["u", "v"])
        ax.set_yticks([])
        ax.set_ylim(-0.6, 3.2)
    say(left, "chord above\nthe graph", (-0.4, 1.55), (-0.6, 2.6))
    say(right, "graph above\nthe chord", (0.0, 1.7), (0.0, 2.8))
    say(right, "local\nminimum", (1.97, 0.85), (1.8, 0.0))
    say(right, "global\nminimum", (-2.05, 0.27), (-1.0, -0.3))
    save(figure, "piecewise_convex")


def draw_subgradient() -> None:
    """A kink with the lines of several subgradients, and one slope too steep to be one."""
    figure, ax = panels(height=3.5)
    w = np.linspace(-2.2, 2.2, 201)
    ax.plot(w, np.maximum(-0.5 * w, w) + 1, color=BLUE, linewidth=3, zorder=4)
    for slope in (-0.5, -0.2, 0.1, 0.5, 1.0):
        ax.plot(w, 1 + slope * w, color=GREEN, linewidth=1.2, linestyle="--")
    ax.plot(w[w < 0.6], 1 - 1.1 * w[w < 0.6], color=VERMILION, linestyle=":", linewidth=2)
    ax.plot(0, 1, "o", color="black", markersize=8, zorder=5)
    ax.text(-2.15, 2.35, "slope -1/2", color=BLUE)
    ax.text(1.0, 2.75, "slope 1", color=BLUE)
    say(ax, "subgradients: every\nslope from -1/2 to 1", (1.5, 0.7), (1.35, -0.25), GREEN)
    say(ax, "no subgradient: this line\nruns above the graph", (-1.25, 2.37), (-0.35, 3.1), VERMILION)
    say(ax, "kink", (0, 1), (-0.1, 0.0))
    ax.set_ylim(-1, 3.5)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlabel("w")
    ax.set_ylabel("f(w)")
    save(figure, "piecewise_subgradient")


def draw_staircase() -> None:
    """The slope along a line of 1, 10 and all images."""
    digits = gd.datasets.load_digits()
    objective = gd.LinearObjective(digits.X / 16.0, digits.y)
    rng = np.random.default_rng(0)
    W, V = 0.3 * rng.normal(size=(2, 10, 65))
    figure, axes = panels(3, 1, height=5.4, sharex=True)
    for ax, n in zip(axes, (1, 10, objective.n_samples), strict=True):
        ray = gd.along_ray(objective.rows(np.arange(n)), W, V)
        kinks = ray.breakpoints(-2.0, 2.0)
        x = kinks if n <= 10 else np.linspace(-2, 2, 801)
        x = np.concatenate([[-2.0], x, [2.0]])
        ax.step(x, [ray.slope(a) for a in x], where="post", color=BLUE, linewidth=2)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set_title(f"{n} image{'s' * (n > 1)}: {kinks.size:,} steps")
        ax.set_ylabel("slope")
        ax.grid(alpha=0.3)
    axes[-1].set_xlabel("a, in W + a V")
    figure.suptitle("Digits, hinge loss: its slope along a line", fontsize=11)
    save(figure, "piecewise_staircase")


def main() -> None:
    """All three."""
    draw_convex()
    draw_subgradient()
    draw_staircase()


if __name__ == "__main__":
    main()
