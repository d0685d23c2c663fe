"""Draws docs/images/kink_stencil.png, a centred difference across a kink: `python docs/draw/kink_stencil.py`."""

from __future__ import annotations

import numpy as np
from chapter_style import panels, save

import gdfast as gd

AT = -1.0  # in units of 1e-6


def main() -> None:
    """max(0, x) with a stencil that crosses the kink above, with one that does not below."""
    figure, axes = panels(2, height=6.4, sharex=True, sharey=True)
    x = np.linspace(-14, 14, 281)
    for ax, h in zip(axes, (10.0, 0.9), strict=True):
        ends = np.array([AT - h, AT + h])
        values = np.maximum(ends, 0)
        slope = (values[1] - values[0]) / (2 * h)
        ax.plot(x, np.maximum(x, 0), color=gd.plots.GREY, linewidth=3)
        reach = np.array([-1.3, 1.3]) * h
        ax.plot(AT + reach, values.mean() + slope * reach, color=gd.plots.VERMILION, linewidth=2)
        ax.plot(ends, values, "s", color=gd.plots.VERMILION, markersize=8)
        ax.plot(AT, max(AT, 0), "o", color=gd.plots.BLUE, markersize=9, zorder=5)
        ax.annotate(
            "x, where the\nderivative is 0", (AT, 0), (-1.2, -4.4), ha="center", va="center", color=gd.plots.BLUE
        )
        name = "1e-5" if h > 1 else "9e-7"
        says = f"h = {name}: quotient {slope:.2g}"
        ax.set_title(says + (", crosses the kink" if slope else ", stays on one side: right"))
        if h > 1:
            ax.annotate("x - h", (ends[0], 0), (0, -18), textcoords="offset points", ha="center")
            ax.annotate("x + h", (ends[1], values[1]), (0, 10), textcoords="offset points", ha="right")
        ax.set(xlim=(-14, 14), ylim=(-7, 14), ylabel="max(0, x), in 1e-6")
    axes[1].set_xlabel("x, in 1e-6")
    save(figure, "kink_stencil")


if __name__ == "__main__":
    main()
