"""Draws the pictures of docs/learn/searching.md, searching_*.png: `python docs/draw/searching.py`."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from chapter_style import panels, save, say

import gdfast as gd
from gdfast.pictures.canvas import BLUE, GREEN, VERMILION

BOWL = np.array([[1.0, 0.3], [0.3, 0.5]])


def loss(w: np.ndarray) -> float:
    """A tilted bowl with its minimum at 0."""
    return float(w @ BOWL @ w)


def draw_plane() -> None:
    """Three panels: points of random search, accepted and refused steps of local search, steps along the gradient."""
    rng = np.random.default_rng(3)
    start = np.array([-2.2, 2.4])
    figure, axes = panels(1, 3, height=2.8, sharey=True)
    x = np.linspace(-3, 3, 101)
    heights = np.array([[loss(np.array([a, b])) for a in x] for b in x])
    for ax in axes:
        ax.contour(x, x, heights, levels=np.arange(0.25, 14, 1.0), colors="#999999", linewidths=0.7)
        ax.plot(0, 0, "*", color="black", markersize=11)
        ax.set_aspect("equal")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.set_xlabel("w1")
    axes[0].set_ylabel("w2")
    points = rng.uniform(-3, 3, size=(30, 2))
    best = min(points, key=loss)
    axes[0].plot(*points.T, "o", color="#767676", markersize=4)
    axes[0].plot(*best, "o", color=VERMILION, markersize=9)
    axes[0].set_title(f"random search\nbest loss {loss(best):.2g}")
    w, path = start, [start]
    for _ in range(29):
        trial = w + 0.45 * rng.normal(size=2)
        axes[1].plot(*np.array([w, trial]).T, color="#999999", linewidth=0.8)
        if loss(trial) < loss(w):
            w = trial
            path.append(w)
    axes[1].plot(*np.array(path).T, "o-", color=VERMILION, markersize=5)
    axes[1].set_title(f"local search\nloss {loss(w):.2g}")
    w, path = start, [start]
    for _ in range(30):
        w = w - 0.25 * 2 * BOWL @ w
        path.append(w)
    axes[2].plot(*np.array(path).T, "o-", color=VERMILION, markersize=5)
    axes[2].set_title(f"gradient\nloss {loss(w):.5f}")
    for ax in axes[1:]:
        ax.plot(*start, "o", markerfacecolor="white", markeredgecolor=VERMILION, markersize=9, markeredgewidth=2)
    figure.suptitle("A loss of two weights, 30 evaluations each; the star is the minimum", fontsize=11)
    save(figure, "searching_plane")


def running_best(values: list[float]) -> np.ndarray:
    """The lowest value so far."""
    return np.minimum.accumulate(values)


def draw_strategies() -> None:
    """The best loss so far against evaluations."""
    digits = gd.datasets.load_digits()
    objective = gd.LinearObjective((digits.X - digits.X.mean(axis=0)) / 16.0, digits.y)
    rng = np.random.default_rng(0)
    random = running_best([objective.value(0.03 * rng.normal(size=objective.shape)) for _ in range(1000)])
    w = 0.3 * rng.normal(size=objective.shape)
    local = [objective.value(w)]
    for _ in range(999):
        trial = w + 0.03 * rng.normal(size=w.shape)
        value = objective.value(trial)
        w = trial if value < local[-1] else w
        local.append(min(value, local[-1]))
    descent = gd.minimize(objective, np.zeros(objective.shape), step=0.1, max_steps=999, gtol=0.0).history.values
    figure, ax = panels(height=4.0)
    n = np.arange(1, 1001)
    ax.loglog(n, random, color=GREEN, linestyle="-.", linewidth=2)
    ax.loglog(n, local, color=VERMILION, linestyle="--", linewidth=2)
    ax.loglog(n, descent[:1000], color=BLUE, linewidth=2.5)
    ax.axhline(9, color="black", linewidth=0.8)
    say(ax, "9: all weights 0", (1, 9), (1.9, 2.6))
    ax.text(1000, random[-1] * 0.85, "random search", color=GREEN, ha="right", va="top")
    ax.text(3, local[0] * 1.1, "random local search", color=VERMILION, va="bottom")
    ax.text(30, descent[30] * 0.5, "following the gradient", color=BLUE, ha="right")
    ax.set_ylim(0.06, 19)
    ax.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
    ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    ax.set_xlabel("evaluations of the loss")
    ax.set_ylabel("best loss so far")
    ax.set_title("Digits, hinge loss of 1442 images")
    ax.grid(alpha=0.3, which="both")
    save(figure, "searching_strategies")


def attacks(rows: tuple[int, ...]) -> int:
    """How many pairs of queens attack each other."""
    return len(attacking(rows))


def attacking(rows: tuple[int, ...]) -> list[tuple[int, int]]:
    """The pairs of columns whose queens do."""
    pairs = itertools.combinations(range(8), 2)
    return [(i, j) for i, j in pairs if rows[i] == rows[j] or abs(rows[i] - rows[j]) == j - i]


def moves(rows: tuple[int, ...]) -> Any:
    """One queen elsewhere in its column."""
    for column, row in itertools.product(range(8), range(8)):
        if row != rows[column]:
            yield (*rows[:column], row, *rows[column + 1 :])


def random_start(rng: np.random.Generator) -> tuple[int, ...]:
    """A board with one queen in each column."""
    return tuple(rng.integers(8, size=8).tolist())


def draw_queens() -> None:
    """A local optimum beside a solution."""
    stuck = next(found for seed in range(50) if (found := gd.hill_climb(attacks, random_start, moves, rng=seed)).value)
    solved = gd.hill_climb(attacks, random_start, moves, restarts=30, rng=2)
    figure, axes = panels(1, 2, height=3.9)
    board = np.indices((8, 8)).sum(axis=0) % 2
    for ax, found in zip(axes, (stuck, solved), strict=True):
        ax.imshow(board, cmap="Greys", vmin=0, vmax=4, origin="lower")
        for column, row in enumerate(found.w):
            ax.text(column, row - 0.05, "♛", ha="center", va="center", fontsize=19, family="DejaVu Sans")
        for i, j in attacking(found.w):
            ax.plot([i, j], [found.w[i], found.w[j]], color=VERMILION, linewidth=3, alpha=0.8)
        ax.set_xticks([])
        ax.set_yticks([])
    axes[0].set_title(f"local optimum: {stuck.value:.0f} attacking pair{'s' * (stuck.value > 1)},\nno move is better")
    axes[1].set_title("after restarts:\nno queen attacks another")
    save(figure, "searching_queens")


def main() -> None:
    """All three."""
    draw_plane()
    draw_strategies()
    draw_queens()


if __name__ == "__main__":
    main()
