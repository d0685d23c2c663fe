"""Draws docs/images/algorithm_trace.png, a run of gradient descent and its trace."""

from __future__ import annotations

import numpy as np
from chapter_style import contours, panels, save

import gdfast as gd

BOWL = gd.FunctionObjective(
    lambda w: float(w[0] ** 2 + 4 * w[1] ** 2), lambda w: np.array([2.0, 8.0]) * w
)  # of docs/learn/the_algorithm.md
GTOL = 1e-6


def main() -> None:
    """The points on the contours above, the value and the gradient's largest element below."""
    run = gd.minimize(BOWL, [3.0, 2.0], step=0.1, gtol=GTOL, keep_weights=True)
    past = run.history
    figure, (upper, lower) = panels(2, height=7.6, height_ratios=[1.15, 1])
    contours(
        upper, lambda a, b: a**2 + 4 * b**2, np.linspace(-1, 3.6, 200), np.linspace(-1.2, 2.4, 200), range(1, 40, 3)
    )
    for k in range(6):
        upper.annotate(
            "", past.weights[k + 1], past.weights[k], arrowprops={"arrowstyle": "->", "color": gd.plots.BLUE, "lw": 2}
        )
    upper.plot(*past.weights[:9].T, "o", color=gd.plots.BLUE, markersize=5)
    for k in range(4):
        upper.annotate(f"$w_{k}$", past.weights[k], (7, 4) if k < 2 else (-3, 8), textcoords="offset points")
    upper.plot(0, 0, "*", color=gd.plots.VERMILION, markersize=14)
    upper.annotate("minimum", (0, 0), (0, -18), textcoords="offset points", ha="center", color=gd.plots.VERMILION)
    upper.set(xlabel="first weight", ylabel="second weight", aspect="equal", xlim=(-1, 3.6), ylim=(-1.1, 2.4))
    upper.set_title("$f(w) = w_1^2 + 4 w_2^2$, learning rate 0.1")
    lower.semilogy(past.steps, past.values, color=gd.plots.BLUE, label="f(w)")
    lower.semilogy(
        past.steps, past.gradient_norms, "--", color=gd.plots.VERMILION, label="largest |element of the gradient|"
    )
    lower.axhline(GTOL, color="black", linestyle=":")
    lower.annotate("gtol", (2, GTOL), (0, 4), textcoords="offset points")
    lower.plot(past.steps[-1], past.gradient_norms[-1], "o", color=gd.plots.VERMILION)
    lower.annotate(
        f"converged\nafter {run.steps} steps", (past.steps[-1], past.gradient_norms[-1]), (-8, 28),
        textcoords="offset points", ha="right", arrowprops={"arrowstyle": "->"},
    )  # fmt: skip
    lower.set(xlabel="step k")
    lower.legend(loc="upper right")
    save(figure, "algorithm_trace")


if __name__ == "__main__":
    main()
