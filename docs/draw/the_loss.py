"""Draws the pictures of docs/learn/the_loss.md, loss_*.png: `python docs/draw/the_loss.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from chapter_style import mosaic, panels, save, say

import gdfast as gd
from gdfast.pictures.canvas import BLUE, GREEN, VERMILION


def draw_scores(X: np.ndarray, y: np.ndarray) -> None:
    """A digit, and the ten templates with the score that each gives it."""
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(1e-3))
    W = gd.minimize(objective, np.zeros(objective.shape), gd.LBFGS(), step=gd.StrongWolfe()).w
    chosen = int(np.flatnonzero(y == 3)[2])
    scores = objective.scores(W)[chosen]
    names = [["x", *range(5)], ["x", *range(5, 10)]]
    figure, axes = mosaic(names, height=4.0, width_ratios=[1.7, 1, 1, 1, 1, 1])
    templates = [axes[j] for j in range(10)]
    largest, left = np.abs(W[:, :-1]).max(), axes["x"]
    left.imshow(X[chosen].reshape(8, 8), cmap="Greys")
    left.set_title(f"image x,\nlabel {y[chosen]}")
    for j, ax in enumerate(templates):
        drawn = ax.imshow(W[j, :-1].reshape(8, 8), cmap="RdBu_r", vmin=-largest, vmax=largest)
        best = j == scores.argmax()
        style = {"fontweight": "bold", "color": GREEN} if best else {}
        ax.set_title(f"class {j}\n{scores[j]:.1f}", **style)
    for ax in (left, *templates):
        ax.set_xticks([])
        ax.set_yticks([])
        for spine in ax.spines.values():
            spine.set_visible(True)
    bar = figure.colorbar(drawn, ax=templates, orientation="horizontal", shrink=0.7, aspect=30)
    bar.set_label("weight of a pixel (red > 0, blue < 0)")
    figure.suptitle("Digits, softmax: ten templates and the scores they give x", fontsize=11)
    save(figure, "loss_scores")


def draw_functions() -> None:
    """Three losses of one wrong class, against the lead of the right class."""
    lead = np.linspace(-2, 3, 301)
    figure, ax = panels(height=3.7)
    ax.plot(lead, np.maximum(0, 1 - lead), color=BLUE, linewidth=2.5)
    ax.plot(lead, np.maximum(0, 1 - lead) ** 2, color=VERMILION, linestyle="--")
    ax.plot(lead, np.logaddexp(0, -lead), color=GREEN, linestyle="-.", linewidth=2)
    ax.axvline(0, color="black", linewidth=0.8)
    say(ax, "squared hinge", (-1, 4), (-1.7, 4.2), VERMILION)
    ax.text(-1.75, 3.0, "hinge", color=BLUE)
    ax.text(-1.95, 1.05, "cross-entropy", color=GREEN)
    say(ax, "margin met:\nthe hinge is 0", (1, 0), (1.7, 1.0), BLUE)
    ax.text(-0.08, 5.1, "wrong class higher", ha="right")
    ax.text(0.08, 5.1, "right class higher", ha="left")
    ax.set_ylim(-0.1, 5)
    ax.set_xlabel("lead of the right class, $s_y - s_j$")
    ax.set_ylabel("loss of one wrong class")
    save(figure, "loss_functions")


def draw_separated(X: np.ndarray, y: np.ndarray) -> None:
    """The loss of t W, W separating, with and without a regularizer."""
    few = gd.LinearObjective(X[:20], y[:20], n_classes=10)
    W = gd.minimize(few, np.zeros(few.shape), step=0.05).w
    with_L2 = gd.LinearObjective(X[:20], y[:20], gd.Hinge(), gd.L2(0.05), n_classes=10)
    t = np.linspace(0, 4, 401)
    zero = np.zeros(few.shape)
    data, both = (gd.landscape.line(objective, zero, W, t) for objective in (few, with_L2))
    figure, ax = panels(height=3.6)
    ax.plot(t, data.values, color=BLUE, linewidth=2.5)
    ax.plot(t, both.values, color=VERMILION, linestyle="--", linewidth=2)
    ax.plot(both.minimum, both.minimum_value, "o", color=VERMILION, markersize=8)
    top = float(both.values[-1])
    ax.set_ylim(-0.3, max(9.8, top + 0.5))
    say(ax, "W = 0: loss 9", (0, 9), (0.75, 8.6))
    say(ax, "hinge: exactly 0 for every larger t", (2.9, 0), (2.9, 0.85), BLUE)
    say(ax, f"with L2: one minimum, t = {both.minimum:.2g}", (both.minimum, both.minimum_value), (2.0, 6.2), VERMILION)
    ax.set_title("20 digits, weights t · W that separate them from t = 1 on")
    ax.set_xlabel("t")
    ax.set_ylabel("objective")
    save(figure, "loss_separated")


def draw_rounder(objective: Any) -> None:
    """The loss along one line for growing numbers of images."""
    rng = np.random.default_rng(0)
    rng.normal(size=(10, 65))  # as the chapter, so that the numbers of kinks are the same
    W, _, V = 0.3 * rng.normal(size=(3, 10, 65))
    steps = np.linspace(-3, 3, 301)
    figure, axes = panels(2, 2, height=4.8, sharex=True)
    for ax, n in zip(axes.flat, (1, 3, 10, objective.n_samples), strict=True):
        line = gd.landscape.line(objective.rows(np.arange(n)), W, V, steps)
        x = np.sort(np.append(line.steps, line.kinks)) if n <= 10 else line.steps
        ax.plot(x, gd.along_ray(objective.rows(np.arange(n)), W, V).values(x), color=BLUE, linewidth=2)
        if n <= 10:
            ax.plot(line.kinks, line.kink_values, "o", color="black", markersize=4)
        ax.set_title(f"{n} image{'s' * (n > 1)}: {line.kinks.size:,} kinks")
        ax.grid(alpha=0.3)
    for ax in axes[:, 0]:
        ax.set_ylabel("hinge loss")
    for ax in axes[1]:
        ax.set_xlabel("a, in W + a V")
    figure.suptitle("Digits: the same line, the mean of ever more images", fontsize=11)
    save(figure, "loss_rounder")


def main() -> None:
    """All four."""
    digits = gd.datasets.load_digits()
    X, y = digits.X / 16.0, digits.y
    draw_scores(X, y)
    draw_functions()
    draw_separated(X, y)
    draw_rounder(gd.LinearObjective(X, y))


if __name__ == "__main__":
    main()
