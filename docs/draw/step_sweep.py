"""Draws docs/images/step_sweep.png, the error of difference quotients against h: `python docs/draw/step_sweep.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

import gdfast as gd

FILE = Path(__file__).parents[1] / "images" / "step_sweep.png"
STYLES = {"centered": ("centred", gd.plots.BLUE, "o", 2), "forward": ("forward", gd.plots.VERMILION, "s", 1)}


def worked(x: np.ndarray) -> Any:
    """The worked example of docs/how_to/differences.md, in x's own precision."""
    return x[0] ** 3 + 5 * x[0] * x[1] - 3 * x[1] * x[2] ** 2


def worked_gradient(x: np.ndarray) -> np.ndarray:
    """Its gradient, written out."""
    return np.array([3 * x[0] ** 2 + 5 * x[1], 5 * x[0] - 3 * x[2] ** 2, -6 * x[1] * x[2]])


def draw(sweep: gd.StepSweep, ax: Any) -> None:
    """Both curves, the power of h that truncation follows, and the best h of each scheme, ringed."""
    for scheme, (label, color, marker, power) in STYLES.items():
        curve = getattr(sweep, scheme)
        ax.loglog(
            sweep.h, curve.error, marker, color=color, markersize=4, label=f"{label}, best h = {curve.best_h:.0e}"
        )
        above = np.array([0.1, 3 * curve.best_h])
        ax.loglog(above, curve.error[0] * (above / 0.1) ** power, color=color, linewidth=1)
        middle = float(np.sqrt(above.prod()))
        ax.annotate(
            rf"$\propto h^{power}$" if power > 1 else r"$\propto h$",
            (middle, curve.error[0] * (middle / 0.1) ** power),
            xytext=(10, -8) if power > 1 else (-8, 8),
            textcoords="offset points",
            ha="left" if power > 1 else "right",
            color=color,
        )
        ax.plot(
            curve.best_h, curve.best_error, marker, color=color, markersize=11, fillstyle="none", markeredgewidth=1.5
        )
    below = np.array([np.nanmin(sweep.h[~np.isnan(sweep.error)]), sweep.best_h / 3])
    eps = float(np.finfo(sweep.dtype).eps)
    ax.loglog(below, eps / below, color="black", linestyle="--", linewidth=1, label="eps / h (cancellation)")


def main() -> None:
    """A panel for each float type."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(2, figsize=(6, 8.4), sharex=True, sharey=True, layout="constrained")
    for dtype, ax in zip((np.float64, np.float32), axes, strict=True):
        draw(gd.step_sweep(worked, worked_gradient, np.array([1.5, -2.0, 0.7], dtype)), ax)
        ax.set_title(dtype.__name__)
        ax.grid(alpha=0.3)
        ax.legend(loc="lower left")
        ax.set_ylabel("error of the derivatives,\nrelative to the largest")
    axes[1].set_xlabel("step h")
    axes[0].set_xlim(3e-14, 3)
    axes[0].set_ylim(1e-13, 1e1)
    figure.savefig(FILE, dpi=150, metadata={"Software": None})


if __name__ == "__main__":
    main()
