"""Draws docs/images/valley.png, a constant step and exact line search in a narrow valley."""

from __future__ import annotations

import numpy as np
from chapter_style import contours, panels, save

import gdfast as gd

VALLEY = gd.FunctionObjective(
    lambda w: float(w[0] ** 2 + 30 * w[1] ** 2), lambda w: np.array([2.0, 60.0]) * w
)  # of docs/learn/step_sizes.md


def main() -> None:
    """A panel for each; axes of different scale would bend right angles, so both are equal."""
    figure, axes = panels(2, height=4.0, sharex=True)
    for ax, (name, step) in zip(
        axes, {"constant step 0.031": 0.031, "exact line search": gd.ExactLineSearch()}.items(), strict=True
    ):
        run = gd.minimize(VALLEY, [3.0, 0.1], step=step, max_steps=15, gtol=0, keep_weights=True)
        contours(
            ax,
            lambda a, b: a**2 + 30 * b**2,
            np.linspace(-0.3, 3.3, 200),
            np.linspace(-0.5, 0.5, 100),
            np.linspace(0.05, 3.2, 10) ** 2,
        )
        ax.plot(*run.history.weights.T, "o-", color=gd.plots.BLUE, markersize=4, linewidth=1.2)
        ax.plot(0, 0, "*", color=gd.plots.VERMILION, markersize=14)
        ax.set(xlim=(-0.2, 3.2), ylim=(-0.45, 0.45), aspect="equal", ylabel="$w_2$")
        ax.set_title(f"{name}: loss {run.value:.2g} after 15 steps")
    axes[1].set_xlabel("$w_1$")
    save(figure, "valley")


if __name__ == "__main__":
    main()
