"""Draws docs/images/batch_noise.png, how far mini-batch gradients are off: `python docs/draw/batch_noise.py`."""

from __future__ import annotations

import numpy as np
from chapter_style import contours, panels, save

import gdfast as gd

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
DRAWS = 200


def main() -> None:
    """The error against the batch size above, runs that fit a line with three batch sizes below."""
    digits = gd.datasets.load_digits()
    objective = gd.LinearObjective(digits.X, digits.y, gd.CrossEntropy(), gd.L2(1e-3), scale=np.full(64, 16.0))
    rng = np.random.default_rng(0)
    W = 0.1 * rng.normal(size=objective.shape)
    full = objective.gradient(W)
    errors = np.array([
        [np.linalg.norm(objective.rows(rng.choice(objective.n_samples, size)).gradient(W) - full) for _ in range(DRAWS)]
        for size in SIZES
    ]) / np.linalg.norm(full)  # fmt: skip
    figure, (upper, lower) = panels(2, height=8.4)
    low, high = np.quantile(errors, [0.05, 0.95], axis=1)
    upper.fill_between(SIZES, low, high, color=gd.plots.BLUE, alpha=0.2, label="90 % of the batches")
    upper.loglog(SIZES, errors.mean(axis=1), "o", color=gd.plots.BLUE, label="mean")
    upper.loglog(SIZES, errors[0].mean() / np.sqrt(SIZES), "--", color="black", label=r"$\propto 1 / \sqrt{|B|}$")
    upper.set(
        xlabel="batch size |B|",
        ylabel="error / length of the gradient",
        title="how far a mini-batch gradient is off: digits, softmax",
    )
    for axis, ticks in ((upper.xaxis, (1, 4, 16, 64, 256)), (upper.yaxis, (0.2, 0.5, 1, 2, 5))):
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.set_ticks([], minor=True)
    upper.legend()

    x = rng.uniform(-1, 2, 200)
    y = 0.5 - 1.5 * x + 0.7 * rng.normal(size=200)
    line = gd.LinearObjective(x[:, None], y, gd.SquaredError())
    optimum = line.solve()[0]
    A = np.stack([x, np.ones(200)], axis=1)
    H = A.T @ A / 200
    contours(
        lower,
        lambda a, b: sum(
            H[i, k] * u * v
            for i, u in enumerate((b - optimum[0], a - optimum[1]))
            for k, v in enumerate((b - optimum[0], a - optimum[1]))
        ),
        np.linspace(-0.6, 1.4, 200), np.linspace(-2.4, 0.4, 200), np.linspace(0.1, 2, 12) ** 2,
    )  # fmt: skip
    runs = (
        (1, "v:", gd.plots.VERMILION, "batches of 1"),
        (10, "s--", gd.plots.GREEN, "batches of 10"),
        (None, "o-", gd.plots.BLUE, "all 200 points"),
    )
    for size, style, colour, name in runs:
        batches = None if size is None else gd.MiniBatches(size, seed=3)
        run = gd.minimize(line, np.zeros((1, 2)), step=0.1, batches=batches, max_steps=60, gtol=0, keep_weights=True)
        weights = np.array(run.history.weights)[:, 0]
        lower.plot(weights[:, 1], weights[:, 0], style, color=colour, markersize=4, linewidth=1.2, label=name)
    lower.plot(optimum[1], optimum[0], "*", color="black", markersize=14, zorder=5, label="minimum")
    lower.set(xlabel="intercept $w_0$", ylabel="slope $w_1$", title="60 steps of three batch sizes, learning rate 0.1")
    lower.set(xlim=(-0.5, 1.3), ylim=(-2.3, 0.2))
    lower.legend(loc="upper right")
    save(figure, "batch_noise")


if __name__ == "__main__":
    main()
