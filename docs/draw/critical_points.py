"""Draws docs/images/critical_newton.png, Newton's method on f': `python docs/draw/critical_points.py`."""

from __future__ import annotations

import numpy as np
from chapter_style import panels, save, say

from gdfast.pictures.canvas import BLUE, VERMILION


def draw_newton() -> None:
    """f above, f' below with the tangents of three steps."""
    figure, (above, below) = panels(2, 1, height=5.6, sharex=True, height_ratios=[1, 1.4])
    w = np.linspace(0.1, 2.2, 201)
    above.plot(w, np.exp(w) - 2 * w, color=BLUE, linewidth=2.5)
    below.plot(w, np.exp(w) - 2, color=BLUE, linewidth=2.5)
    below.axhline(0, color="black", linewidth=0.8)
    at = 2.0
    for k in range(3):
        slope = np.exp(at) - 2
        ahead = at - slope / np.exp(at)
        above.plot(at, np.exp(at) - 2 * at, "o", color=VERMILION, zorder=4)
        below.plot([at, at], [0, slope], color="#767676", linestyle=":")
        below.plot([at, ahead], [slope, 0], color=VERMILION, linewidth=1.8)
        below.plot(at, slope, "o", color=VERMILION, zorder=4)
        below.text(at, -0.5, f"w{k}", ha="center")
        at = ahead
    say(below, "tangent of f'", (1.6, 2.4), (1.15, 3.6), VERMILION)
    say(below, "f' = 0: the minimum, ln 2", (np.log(2), 0), (0.55, 1.6))
    above.plot(np.log(2), 2 - 2 * np.log(2), "*", color="black", markersize=12, zorder=5)
    above.set_ylabel("f = $e^w$ - 2w")
    below.set_ylabel("f' = $e^w$ - 2")
    below.set_ylim(-1.2, 6.2)
    below.set_xlabel("w")
    save(figure, "critical_newton")


if __name__ == "__main__":
    draw_newton()
