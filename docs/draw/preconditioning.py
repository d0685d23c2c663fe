"""Draws docs/images/preconditioning.png: the bowl before and after. `python docs/draw/preconditioning.py`."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

import gdfast as gd

FILE = Path(__file__).parents[1] / "images" / "preconditioning.png"
STEPS = 12
BLUE, RED = "#0072B2", "#D55E00"


def correlated() -> gd.LinearObjective:
    """Squared error of one output on two features that are nearly the same."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(200, 1))
    X = common + 0.35 * rng.normal(size=(200, 2))
    y = X @ [0.2, 1.6] + 0.3 * rng.normal(size=200)
    return gd.LinearObjective(X, y, gd.SquaredError(), gd.L2(1e-3), bias=False)


def main() -> None:
    """Steps of the best constant length along minus the gradient, in W and in V = W L with P = L L'."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    objective = correlated()
    P = 2 * (objective.gram() + 1e-3 * np.eye(2))
    L = np.linalg.cholesky(P)
    best = objective.solve()
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 4.2), layout="constrained")
    names = ("weights W", "weights times L, with P = L L'")
    for axis, root, colour, name in zip(axes, (np.eye(2), L), (BLUE, RED), names, strict=True):
        inverse = np.linalg.inv(root)
        curvatures = np.linalg.eigvalsh(inverse @ P @ inverse.T)
        length, w = 2 / (curvatures[0] + curvatures[-1]), np.zeros((1, 2))
        points = [w @ root]
        for _ in range(STEPS):
            w = w - length * objective.gradient(w) @ inverse.T @ inverse
            points.append(w @ root)
        path, centre = np.concatenate(points), (best @ root)[0]
        reach = 1.25 * np.abs(path - centre).max()
        ticks = np.linspace(-reach, reach, 201)
        plane = objective.on_plane(best, inverse[:1], inverse[1:])
        heights = plane.values(ticks, ticks).T - objective.value(best)
        levels = heights.max() * 0.6 ** np.arange(14, -1, -1)
        axis.contour(centre[0] + ticks, centre[1] + ticks, heights, levels=levels, colors="0.6", linewidths=0.8)
        axis.plot(*path.T, "o-", color=colour, markersize=5, linewidth=1.8)
        axis.plot(*centre, "*", color="black", markersize=12)
        axis.set_aspect("equal")
        axis.set_title(f"{name}\ncondition number {curvatures[-1] / curvatures[0]:.3g}", fontsize=11)
        axis.tick_params(labelsize=10)
        print(f"{name}: {objective.value(w) - objective.value(best):.2e} above the minimum after {STEPS} steps")
    figure.savefig(FILE, dpi=150)


if __name__ == "__main__":
    main()
