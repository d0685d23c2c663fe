"""Draws docs/images/simultaneous.png, weights that move at once or one after the other."""

from __future__ import annotations

import numpy as np
from chapter_style import contours, panels, save

import gdfast as gd

RATE, STEPS = 0.3, 12
WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}


def gradient(w: np.ndarray) -> np.ndarray:
    """Of w1² + w2² + w1 w2, as in docs/learn/worked_examples.md."""
    return np.array([2 * w[0] + w[1], 2 * w[1] + w[0]])


def main() -> None:
    """Both runs from one start; of the sequential one each single move is drawn."""
    together, corners = [np.array([3.0, -4.0])], [np.array([3.0, -4.0])]
    for _ in range(STEPS):
        together.append(together[-1] - RATE * gradient(together[-1]))
        for i in range(2):
            moved = corners[-1].copy()
            moved[i] -= RATE * gradient(moved)[i]
            corners.append(moved)
    one, other = np.array(together), np.array(corners)
    figure, ax = panels(height=5.2)
    contours(
        ax, lambda a, b: a**2 + b**2 + a * b, np.linspace(-1, 4, 200), np.linspace(-4.6, 1, 200), np.arange(0.5, 30, 2)
    )
    ax.plot(*other.T, "--", color=gd.plots.VERMILION, linewidth=1.4)
    ax.plot(
        *other[::2].T,
        "s",
        color=gd.plots.VERMILION,
        markersize=7,
        label="sequential: first $w_1$, then $w_2$ at the new $w_1$",
    )
    ax.plot(*one.T, "o-", color=gd.plots.BLUE, markersize=6, label="simultaneous: gradient descent")
    ax.annotate("start", (3, -4), (8, -4), textcoords="offset points")
    ax.annotate(
        "both end in the minimum",
        (0, 0),
        (20, 30),
        textcoords="offset points",
        arrowprops={"arrowstyle": "->"},
        bbox=WHITE,
    )
    ax.set(xlabel="$w_1$", ylabel="$w_2$", xlim=(-0.9, 3.9), ylim=(-4.5, 0.9), aspect="equal")
    ax.set_title("$L = w_1^2 + w_2^2 + w_1 w_2$, learning rate 0.3")
    figure.legend(loc="outside lower center")
    save(figure, "simultaneous")


if __name__ == "__main__":
    main()
