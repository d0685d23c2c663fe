"""Draws docs/images/reproduce_seeds.png, the accuracies that the searches reach on CIFAR-10 from seed to seed.

The numbers in docs/draw/reproduce.json were printed by `python docs/learn/reproduce.py --data cifar-10-batches-bin`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from chapter_style import panels, save

NUMBERS = Path(__file__).parent / "reproduce.json"
BANDS = {"random search": (12, 16, 15.55), "random local search": (20, 25, 21.4)}  # the lecture's, and its own run
COLOURS = {"random search": "#555555", "random local search": "#C04A00"}


def main() -> None:
    """A row of marks for each search and kind of pixels, over the band that the lecture gives."""
    rows = json.loads(NUMBERS.read_text(encoding="utf-8"))
    figure, ax = panels(height=0.75 * len(rows) + 1.5)
    for place, row in enumerate(rows):
        low, high, published = BANDS[row["search"]]
        ax.fill_between([low, high], place - 0.38, place + 0.38, color="#DDDDDD", linewidth=0, zorder=0)
        ax.plot(published, place - 0.24, "*", color="black", markersize=11, zorder=4)
        accuracies = np.sort(row["accuracies"])
        spread = 0.09 * ((np.arange(accuracies.size) % 3) - 1)  # so that equal ones do not hide each other
        ax.plot(accuracies, place + spread, "o", color=COLOURS[row["search"]], markersize=6, markeredgecolor="white")
        ax.vlines(np.median(accuracies), place - 0.38, place + 0.38, color="black", linewidth=1.5)
    ax.axvline(10, color="black", linestyle=":", linewidth=1)
    ax.set_yticks(range(len(rows)), [f"{row['search']},\n{row['pixels']} pixels" for row in rows])
    ax.set_ylim(len(rows) - 0.45, -0.6)
    ax.text(10, -0.55, " chance level", va="top")
    ax.set_xlabel("accuracy on 45,000 other images, in %")
    figure.suptitle("CIFAR-10, best of 1,000 evaluations of the hinge loss:\na mark for each seed", fontsize=11)
    ax.plot([], [], "*", color="black", label="the lecture's own run", markersize=11, linestyle="none")
    ax.fill_between([], [], [], color="#DDDDDD", label="the lecture's band")
    ax.plot([], [], color="black", label="median of the seeds")
    figure.legend(loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    save(figure, "reproduce_seeds")


if __name__ == "__main__":
    main()
