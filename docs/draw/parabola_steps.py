"""Draws docs/images/parabola_steps.png, five learning rates on w²: `python docs/draw/parabola_steps.py`."""

from __future__ import annotations

import numpy as np
from chapter_style import panels, save

import gdfast as gd

RATES = {
    0.1: "down one side",
    0.5: "the minimum in one step",
    0.9: "from side to side, closer",
    1.0: "to and fro for ever",
    1.1: "further away: diverges",
}
SQUARE = gd.FunctionObjective(lambda w: float(w**2), lambda w: 2 * w)
STEPS = 6


def main() -> None:
    """A panel for each learning rate, and w against the step in the last one."""
    figure, axes = panels(3, 2, height=8.2)
    w = np.linspace(-6, 6, 301)
    *few, last = axes.flat
    styles = zip(few, RATES.items(), ("o-", "s-", "^-", "D-", "v-"), strict=True)
    colours = (gd.plots.BLUE, gd.plots.GREEN, gd.plots.PURPLE, "black", gd.plots.VERMILION)
    for (ax, (rate, says), style), colour in zip(styles, colours, strict=True):
        points = gd.minimize(SQUARE, 3.0, step=rate, max_steps=STEPS, keep_weights=True).history.weights
        ax.plot(w, w**2, color=gd.plots.GREY)
        shown = points[np.abs(points) < 6]
        ax.plot(shown, shown**2, style, color=colour, linewidth=1.2, markersize=5)
        ax.annotate("start", (3, 9), (8, -4), textcoords="offset points")
        ax.set(xlim=(-6, 6), ylim=(-3, 34), title=f"a = {rate:g}: {says}")
        ax.title.set_fontsize(10)
        ax.label_outer()
        last.plot(points, style, color=colour, markersize=4, label=f"a = {rate:g}")
    for ax in axes[:, 0]:
        ax.set_ylabel("$L(w) = w^2$")
    last.set(ylim=(-9, 15), title="w after each step")
    last.title.set_fontsize(10)
    last.set_xlabel("step k")
    last.legend(ncols=2, fontsize=8, loc="upper left")
    axes[2, 0].set_xlabel("w")
    save(figure, "parabola_steps")


if __name__ == "__main__":
    main()
