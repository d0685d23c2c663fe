"""Draws docs/images/line_searches.png, three ways to choose a step along a ray: `python docs/draw/line_searches.py`."""

from __future__ import annotations

import numpy as np
from chapter_style import panels, save

import gdfast as gd

SHARE = 0.25  # of the promised decrease, so large that the line can be told from a level one
GRID = (0.05, 0.4, 1.3)


def main() -> None:
    """The loss along minus the gradient of a small classifier, and where each search goes."""
    digits = gd.datasets.load_digits()
    objective = gd.LinearObjective(digits.X, digits.y, gd.CrossEntropy(), scale=np.full(64, 16.0))
    W = 0.3 * np.random.default_rng(1).normal(size=objective.shape)
    ray = gd.along_ray(objective, W, -objective.gradient(W))
    start, slope, best = ray.value(0.0), ray.slope(0.0), ray.minimum()
    while ray.value(far := 2.6 * best) < start:
        best *= 1.3
    best = ray.minimum()
    steps = np.linspace(0, far, 300)
    figure, ax = panels(height=5.6)
    ax.plot(steps, ray.values(steps), color="black", linewidth=2)
    ax.plot(
        steps,
        start + SHARE * slope * steps,
        ":",
        color=gd.plots.VERMILION,
        linewidth=1.5,
        label="sufficient decrease: must lie below",
    )
    tried = far * 0.5 ** np.arange(10)
    accepted = next(i for i, a in enumerate(tried) if ray.value(a) <= start + SHARE * slope * a)
    values = [ray.value(a) for a in tried[: accepted + 1]]
    ax.plot(
        tried[:accepted],
        values[:-1],
        "x",
        color=gd.plots.VERMILION,
        markersize=10,
        markeredgewidth=2,
        label="backtracking: too long, halve it",
    )
    ax.plot(tried[accepted], values[-1], "s", color=gd.plots.VERMILION, markersize=10, label="backtracking: accepted")
    grid = best * np.array(GRID)
    found = min(grid, key=ray.value)
    ax.plot(
        grid,
        ray.values(grid),
        "^",
        color=gd.plots.BLUE,
        markersize=9,
        fillstyle="none",
        markeredgewidth=1.5,
        label="grid search: candidates",
    )
    ax.plot(found, ray.value(found), "^", color=gd.plots.BLUE, markersize=9, label="grid search: the best of them")
    reach = np.array([-0.25, 0.25]) * best
    ax.plot(best + reach, [ray.value(best)] * 2, color=gd.plots.GREEN, linewidth=2)
    ax.plot(best, ray.value(best), "D", color=gd.plots.GREEN, markersize=9, label="exact: the slope is 0")
    lowest = ray.value(best)
    ax.set(xlim=(-0.03 * far, 1.04 * far), ylim=(lowest - 0.15 * (start - lowest), start + 0.3 * (start - lowest)))
    ax.set(xlabel="step a along minus the gradient", ylabel=r"$\varphi(a) = L(W - a \nabla L)$")
    figure.legend(loc="outside lower center", ncols=1)
    save(figure, "line_searches")


if __name__ == "__main__":
    main()
