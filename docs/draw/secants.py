"""Draws docs/images/secants.png, forward and centred differences as secants: `python docs/draw/secants.py`."""

from __future__ import annotations

import numpy as np
from chapter_style import panels, save

import gdfast as gd

AT, H = 0.6, 0.5


def main() -> None:
    """A curve, its tangent, and the two secants of a large h."""

    def f(x: float) -> float:
        return np.exp(x) - 0.4 * x

    slope = np.exp(AT) - 0.4
    forward, centred = (f(AT + H) - f(AT)) / H, (f(AT + H) - f(AT - H)) / (2 * H)
    x = np.linspace(-0.3, 1.5, 200)
    figure, ax = panels(height=5.4)
    ax.plot(x, f(x), color="black", linewidth=2)
    ax.plot(
        x,
        f(AT) + slope * (x - AT),
        color=gd.plots.GREY,
        linewidth=2,
        label=f"tangent: slope {slope:.4g}, the derivative",
    )
    ax.plot(
        x,
        f(AT) + forward * (x - AT),
        "-.",
        color=gd.plots.VERMILION,
        linewidth=2,
        label=f"forward secant: slope {forward:.4g}",
    )
    ax.plot(
        x,
        f(AT - H) + centred * (x - AT + H),
        "--",
        color=gd.plots.BLUE,
        linewidth=2,
        label=f"centred secant: slope {centred:.4g}",
    )
    for at, name, place, side in (
        (AT - H, "x - h", (-10, 10), "right"),
        (AT, "x", (8, -16), "left"),
        (AT + H, "x + h", (-10, 12), "right"),
    ):
        ax.plot(at, f(at), "o", color="black", markersize=8, zorder=5)
        ax.annotate(f"f({name})", (at, f(at)), place, textcoords="offset points", ha=side)
        ax.plot([at, at], [0.2, f(at)], ":", color="black", linewidth=1)
    ax.set_xticks([AT - H, AT, AT + H], ["x - h", "x", "x + h"])
    ax.set(xlim=(-0.3, 1.5), ylim=(0.2, 4.2))
    ax.grid(False)
    figure.legend(loc="outside lower center")
    save(figure, "secants")


if __name__ == "__main__":
    main()
