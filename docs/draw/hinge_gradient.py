"""Draws docs/images/hinge_gradient.png, the hinge's gradient for one image: `python docs/draw/hinge_gradient.py`."""

from __future__ import annotations

import numpy as np
from chapter_style import WIDTH, save

import gdfast as gd

SAMPLE = 2
REACH = 2.5  # of the colours: the right class's row is beyond it, or the others would be too pale to see


def main() -> None:
    """The image and its margins above; the gradient's ten rows as images below."""
    from matplotlib import pyplot as plt

    digits = gd.datasets.load_digits()
    one = gd.LinearObjective(digits.X[[SAMPLE]] / 16.0, digits.y[[SAMPLE]], gd.Hinge(), n_classes=10)
    W = 0.3 * np.random.default_rng(0).normal(size=one.shape)
    y, margins, gradient = int(one.y[0]), one.margins(W)[0], one.gradient(W)
    figure = plt.figure(figsize=(WIDTH, 6.4), layout="constrained")
    upper, lower = figure.subfigures(2, height_ratios=[1, 1.2])
    left, right = upper.subplots(1, 2, width_ratios=[1, 2.2])
    left.imshow(digits.X[SAMPLE].reshape(8, 8), cmap="gray_r")
    left.set(xticks=[], yticks=[], title=f"x: a {y}")
    wrong = [j for j in range(10) if j != y]
    violated = [j for j in wrong if margins[j] > 0]
    for j in wrong:
        bars = right.bar(j, margins[j], color=gd.plots.VERMILION if j in violated else "white", edgecolor="black")
        if j in violated:
            bars[0].set_hatch("//")
    right.axhline(0, color="black", linewidth=1)
    right.annotate("right\nclass", (y, 0), (0, 4), textcoords="offset points", ha="center", fontsize=9)
    right.set_xticks(range(10))
    right.set(xlabel="class j", title=f"margins $z_j$: {len(violated)} violated (> 0)")
    axes = lower.subplots(2, 5)
    for j, ax in enumerate(axes.flat):
        ax.imshow(gradient[j, :-1].reshape(8, 8), cmap="RdBu_r", vmin=-REACH, vmax=REACH)
        says = f"-{len(violated)} x" if j == y else "+ x" if j in violated else "0"
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"row {j}: {says}", fontsize=11, fontweight="bold" if j == y else None)
    lower.suptitle("the gradient: each row is a multiple of x", fontsize=11)
    save(figure, "hinge_gradient")


if __name__ == "__main__":
    main()
