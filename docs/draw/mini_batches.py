"""Draws docs/images/mini_batches.png: the loss against passes and seconds. `python docs/draw/mini_batches.py`."""

from __future__ import annotations

import time
from pathlib import Path

import matplotlib
import numpy as np

import gdfast as gd

FILE = Path(__file__).parents[1] / "images" / "mini_batches.png"
PASSES, REPEATS = 30, 60
STEPS = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
SIZES: list[int | None] = [None, 256, 64, 16, 1]
COLOURS = ["black", "#0072B2", "#D55E00", "#009E73", "#CC79A7"]
MARKERS = ["o", "s", "^", "D", "v"]


def digits() -> gd.LinearObjective:
    """Cross-entropy with L2 on scikit-learn's digits."""
    data = gd.datasets.load_digits()
    return gd.LinearObjective(data.X, data.y, gd.CrossEntropy(), gd.L2(1e-3), scale=np.full(64, 16.0))


def run(objective: gd.LinearObjective, size: int | None, step: float) -> gd.Result:
    """Plain gradient descent for PASSES passes, evaluated after each of them."""
    batches = None if size is None else gd.MiniBatches(size, seed=0)
    every = 1 if batches is None else batches.steps_per_epoch(objective.n_samples)
    W0 = np.zeros(objective.shape, np.float32)
    return gd.minimize(objective, W0, step=step, batches=batches, epochs=PASSES, evaluate_every=every)


def seconds_of(objective: gd.LinearObjective, size: int | None, step: float) -> float:
    """The processor's time for a run: the least of REPEATS, so that other work on the machine counts for little."""
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        run(objective, size, step)
        found.append(time.process_time() - start)
    return min(found)


def main() -> None:
    """Each batch size with the best of STEPS, against passes and against time."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    gd.set_num_threads(1)  # the data are tiny
    objective = digits()
    optimum = gd.minimize(objective, np.zeros(objective.shape), gd.Nesterov(), 0.5, max_steps=20_000).require().value
    figure, (left, right) = plt.subplots(2, figsize=(6, 8.4), layout="constrained")
    for size, colour, marker in zip(SIZES, COLOURS, MARKERS, strict=True):
        step = min(STEPS, key=lambda step, size=size: run(objective, size, step).value)
        result = run(objective, size, step)
        seconds = np.linspace(0, seconds_of(objective, size, step), PASSES + 1)
        excess = result.history.evaluated_values - optimum
        name = "full batch" if size is None else f"batches of {size}"
        style = {"color": colour, "marker": marker, "markersize": 4, "linewidth": 1.2}
        left.plot(range(PASSES + 1), excess, label=f"{name}, step {step:g}", **style)
        right.plot(1e3 * seconds[1:], excess[1:], **style)
        print(f"{name:14} step {step:4}  objective {result.value:.4f} after {1e3 * seconds[-1]:6.1f} ms")
    left.set_xlabel("passes over the data")
    right.set_xlabel("milliseconds of one core (logarithmic)")
    right.set_xscale("log")
    for ax in (left, right):
        ax.set_yscale("log")
        ax.set_ylabel("objective minus its minimum")
        ax.grid(alpha=0.3)
    left.legend()
    figure.savefig(FILE, dpi=150, metadata={"Software": None})


if __name__ == "__main__":
    main()
