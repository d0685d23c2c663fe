"""Draws docs/images/schedules.png, a picture of each schedule: `python docs/draw/schedules.py`."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

import gdfast as gd

FILE = Path(__file__).parents[1] / "images" / "schedules.png"
STEPS = 100
CALLS = [
    "Constant(0.1)",
    "StepDecay(0.1, every=25, factor=0.5)",
    "PiecewiseConstant([20, 70], [0.1, 0.05, 0.01])",
    "Sequence(0.1 / np.sqrt(np.arange(1, 101)))",
    "InverseTime(0.1, decay=0.05)",
    "Exponential(0.1, factor=0.97)",
    "Polynomial(0.1, steps=100)",
    "Polynomial(0.1, steps=100, power=2, end=0.02)",
    "Cosine(0.1, steps=100)",
    "CosineRestarts(0.1, period=15, multiplier=2)",
    "OneCycle(0.1, steps=100)",
    "Warmup(10, Cosine(0.1, steps=90))",
]


def made(call: str) -> object:
    """The schedule that a line of CALLS describes."""
    names = {name: getattr(gd, name) for name in gd.__all__}
    return eval(call, {**names, "np": np})


def main() -> None:
    """Twelve panels, one for each call; its arguments stand in a line of their own."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(6, 2, figsize=(6, 11), sharex=True, sharey=True, layout="constrained")
    for call, ax in zip(CALLS, axes.flat, strict=True):
        gd.plots.schedule(made(call), STEPS, ax)
        ax.set_title(call.replace("(", "(\n", 1), fontsize=8.5, family="monospace")
        ax.set_ylim(0, 0.11)
        ax.label_outer()
    figure.savefig(FILE, dpi=150, metadata={"Software": None})


if __name__ == "__main__":
    main()
