"""Draws docs/images/line_fit.png, gradient descent that fits a line: `python docs/draw/line_fit.py`."""

from __future__ import annotations

import numpy as np
from chapter_style import contours, panels, save

import gdfast as gd

SHOWN = {0: ":", 1: "-.", 2: "--", 5: (0, (9, 1))}


def points() -> tuple[np.ndarray, np.ndarray]:
    """Those of docs/learn/worked_examples.md."""
    x = np.linspace(-1, 2, 30)
    return x, 0.5 - 1.5 * x + 0.3 * np.random.default_rng(0).normal(size=30)


def main() -> None:
    """The lines of some steps above, the trajectory in the plane of intercept and slope below."""
    x, y = points()
    objective = gd.LinearObjective(x[:, None], y, gd.SquaredError())
    run = gd.minimize(objective, np.zeros((1, 2)), step=0.2, gtol=1e-9, keep_weights=True)
    slope, intercept = np.array(run.history.weights)[:, 0].T
    figure, (upper, lower) = panels(2, height=8.4)
    upper.plot(x, y, "o", color=gd.plots.GREY, markersize=5)
    for k, dash in (SHOWN | {run.steps: "-"}).items():
        name = f"step {k}" if k < run.steps else f"the last, step {k}"
        colour = gd.plots.BLUE if k < run.steps else gd.plots.VERMILION
        upper.plot(x, intercept[k] + slope[k] * x, linestyle=dash, color=colour, linewidth=2, label=name)
        upper.annotate(
            f"{k}", (x[-1], intercept[k] + slope[k] * x[-1]), (5, -4), textcoords="offset points", color=colour
        )
    upper.set(xlabel="x", ylabel="y", title="the data, and the line of each step")
    upper.legend()
    a, b = np.linspace(-1.0, 1.6, 200), np.linspace(-2.6, 0.6, 200)
    mean = [np.mean(v) for v in (x, x * x, y, x * y, y * y)]
    contours(
        lower,
        lambda a, b: a * a + b * b * mean[1] + mean[4] + 2 * a * b * mean[0] - 2 * a * mean[2] - 2 * b * mean[3],
        a, b, np.concatenate([[0.1, 0.2], np.arange(0.4, 8, 0.4)]),
    )  # fmt: skip
    lower.plot(intercept, slope, "o-", color=gd.plots.BLUE, markersize=4)
    for k in SHOWN:
        lower.annotate(f"{k}", (intercept[k], slope[k]), (6, 5), textcoords="offset points", fontweight="bold")
    lower.plot(intercept[-1], slope[-1], "*", color=gd.plots.VERMILION, markersize=15)
    lower.set(xlabel="intercept $w_0$", ylabel="slope $w_1$", title="the loss as a function of both weights")
    save(figure, "line_fit")


if __name__ == "__main__":
    main()
