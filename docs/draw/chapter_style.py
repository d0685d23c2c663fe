"""The common style of the chapters' pictures: narrow, so that their text is readable on a telephone; 150 dpi."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

WIDTH = 6.4  # inches: at 390 pixels a letter of 11 points is still 9 pixels high
IMAGES = Path(__file__).parents[1] / "images"


def styled() -> Any:
    """matplotlib.pyplot with this style."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    plt.rcParams.update({"font.size": 11, "axes.titlesize": 11, "axes.spines.top": False, "axes.spines.right": False})
    return plt


def panels(rows: int = 1, columns: int = 1, height: float = 3.6, **options: Any) -> tuple[Any, Any]:
    """A figure and its axes."""
    return styled().subplots(rows, columns, figsize=(WIDTH, height), layout="constrained", **options)


def mosaic(names: list[list[Any]], height: float, **options: Any) -> tuple[Any, Any]:
    """A figure and its axes by name; a name that stands in several cells has them all."""
    return styled().subplot_mosaic(names, figsize=(WIDTH, height), layout="constrained", **options)


def say(ax: Any, text: str, point: tuple[float, float], at: tuple[float, float], colour: str = "black") -> None:
    """A text with an arrow to a point."""
    arrow = {"arrowstyle": "->", "color": colour}
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
    ax.annotate(text, point, at, ha="center", va="center", color=colour, arrowprops=arrow, bbox=box, zorder=6)


def contours(ax: Any, f: Any, x: Any, y: Any, levels: Any) -> None:
    """Thin grey contours of f(x, y), which takes whole grids."""
    a, b = np.meshgrid(x, y)
    ax.contour(a, b, f(a, b), levels=levels, colors="#999999", linewidths=0.8)


def save(figure: Any, name: str) -> None:
    """Write docs/images/NAME.png."""
    file = IMAGES / f"{name}.png"
    figure.savefig(file, dpi=150, metadata={"Software": None})
    styled().close(figure)
    print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")
