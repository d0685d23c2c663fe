"""Draws docs/images/checklist.png, the first loss and 20 samples that are overfitted."""

from __future__ import annotations

import numpy as np
from chapter_style import panels, save

import gdfast as gd

SIZES = np.logspace(-5, 1, 25)
STEPS = 200


def main() -> None:
    """The first loss against the size of random weights above, the loss on 20 samples below."""
    digits = gd.datasets.load_digits()
    scale = np.full(64, 16.0)
    hinge, softmax = (
        gd.LinearObjective(digits.X, digits.y, loss, scale=scale) for loss in (gd.Hinge(), gd.CrossEntropy())
    )
    normal = np.random.default_rng(0).normal(size=hinge.shape)
    figure, (upper, lower) = panels(2, height=7.8)
    for objective, name, expected, style, colour in (
        (hinge, "hinge", 9.0, "o-", gd.plots.BLUE),
        (softmax, "softmax", np.log(10), "s--", gd.plots.VERMILION),
    ):
        upper.loglog(
            SIZES, [objective.value(size * normal) for size in SIZES], style, color=colour, markersize=4, label=name
        )
        says = "(classes - 1) · margin = 9" if name == "hinge" else "log(classes) = 2.303"
        upper.annotate(says, (SIZES[0], expected), (4, 8), textcoords="offset points", color=colour)
    upper.axvspan(0.3, SIZES[-1], color=gd.plots.GREY, alpha=0.25)
    upper.text(1.7, 1.35, "start\ntoo large", ha="center", va="bottom")
    upper.set(
        xlabel="size of random weights",
        ylabel="first loss",
        title="digits: the first loss",
        xlim=(SIZES[0], SIZES[-1]),
        ylim=(1.2, 300),
    )
    upper.legend(loc="upper left")

    few = hinge.rows(np.arange(20))
    ones = np.hstack([digits.X[:20] / 16.0, np.ones((20, 1))])

    def without_right_class(W: np.ndarray) -> np.ndarray:
        C = (few.margins(W) > 0).astype(float)
        C[np.arange(20), digits.y[:20]] = 0.0
        return C.T @ ones / 20

    for gradient, name, style, colour in (
        (few.gradient, "right gradient", "-", gd.plots.BLUE),
        (without_right_class, "right class's row forgotten", "--", gd.plots.VERMILION),
        (lambda W: 0.1 * -few.gradient(W), "sign flipped", ":", "black"),
    ):
        run = gd.minimize(gd.FunctionObjective(few.value, gradient), np.zeros(hinge.shape), step=0.1, max_steps=STEPS)
        lower.plot(run.history.steps, run.history.values, style, color=colour, linewidth=2, label=name)
        if run.value == 0:
            lower.plot(run.steps, 0, "o", color=colour, markersize=8)
            lower.annotate(
                f"exactly 0 after {run.steps} steps",
                (run.steps, 0),
                (-6, 70),
                textcoords="offset points",
                ha="left",
                arrowprops={"arrowstyle": "->"},
            )
    lower.set(
        xlabel="step k",
        ylabel="loss on 20 samples",
        title="digits, hinge: can it overfit 20 samples?",
        ylim=(-0.5, 14),
        xlim=(0, STEPS),
    )
    lower.legend(loc="upper right")
    save(figure, "checklist")


if __name__ == "__main__":
    main()
