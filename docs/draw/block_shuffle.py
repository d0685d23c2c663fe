"""Draws docs/images/block_shuffle.png: full shuffle, block shuffles and none. `python docs/draw/block_shuffle.py`."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

import gdfast as gd

FILE = Path(__file__).parents[1] / "images" / "block_shuffle.png"
COPIES, EPOCHS, SIZE, RATE = 10, 10, 64, 0.5
WINDOW = 20 * SIZE  # 9 % of the rows
ORDERS: dict[str, gd.MiniBatches] = {
    "full shuffle": gd.MiniBatches(SIZE),
    "window of 1,280 rows in 256 blocks": gd.MiniBatches(SIZE, window=WINDOW),
    "window of 256 rows in 64 blocks": gd.MiniBatches(SIZE, window=4 * SIZE, blocks=64),
    "window of 1,280 rows in 4 blocks": gd.MiniBatches(SIZE, window=WINDOW, blocks=4),
    "window of 1,280 rows in 1 block": gd.MiniBatches(SIZE, window=WINDOW, blocks=1),
    "no shuffle": gd.MiniBatches(SIZE, shuffle=False),
}
COLOURS = ["black", "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00"]
MARKERS = ["o", "s", "D", "^", "v", "x"]


def objectives(is_sorted: bool) -> tuple[gd.LinearObjective, gd.LinearObjective]:
    """Cross-entropy with L2 on noisy copies of scikit-learn's digits, and on the digits that are held out."""
    data, rng = gd.datasets.load_digits(), np.random.default_rng(0)
    X = np.tile(data.X, (COPIES, 1)) + rng.normal(scale=4.0, size=(COPIES * len(data.X), 64))
    y = np.tile(data.y, COPIES)
    order = np.argsort(y, kind="stable") if is_sorted else rng.permutation(y.size)
    scale = np.full(64, 16.0)
    held_out = gd.LinearObjective(data.X_test, data.y_test, gd.CrossEntropy(), scale=scale)
    return gd.LinearObjective(X[order], y[order], gd.CrossEntropy(), gd.L2(1e-3), scale=scale), held_out


def main() -> None:
    """Plain gradient descent with a rate that falls to 0, evaluated after each epoch."""
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    gd.set_num_threads(1)
    figure, axes = plt.subplots(2, 2, figsize=(8, 6.5), sharex=True, sharey="row", layout="constrained")
    for is_sorted, (above, below) in zip((False, True), axes.T, strict=True):
        objective, held_out = objectives(is_sorted)
        optimum = gd.solve(objective, 1e-6).value
        above.set_title("rows sorted by class" if is_sorted else "rows in no order")
        for (name, batches), colour, marker in zip(ORDERS.items(), COLOURS, MARKERS, strict=True):
            every = batches.steps_per_epoch(objective.n_samples)
            result = gd.minimize(
                objective,
                np.zeros(objective.shape, np.float32),
                step=gd.Cosine(RATE, EPOCHS * every),
                batches=batches,
                epochs=EPOCHS,
                evaluate_every=every,
                metrics={"accuracy": held_out.accuracy},
            )
            past, epochs = result.history, np.arange(EPOCHS + 1)
            style = {"color": colour, "marker": marker, "markersize": 4, "linewidth": 1.2}
            above.plot(epochs, past.evaluated_values - optimum, label=name, **style)
            below.plot(epochs[1:], past.metrics["accuracy"][1:], **style)
            print(
                f"{above.get_title():21} {name:34} objective {result.value - optimum:.5f} above its minimum, "
                f"held-out accuracy {past.metrics['accuracy'][-1]:.3f}"
            )
    axes[0, 0].set_ylabel("objective minus its minimum")
    axes[0, 0].set_yscale("log")
    axes[1, 0].set_ylabel("held-out accuracy")
    for ax in axes[1]:
        ax.set_xlabel("epochs")
    for ax in axes.flat:
        ax.grid(alpha=0.3)
    axes[0, 0].legend()
    figure.savefig(FILE, dpi=150, metadata={"Software": None})


if __name__ == "__main__":
    main()
