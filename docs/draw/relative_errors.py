"""Draws docs/images/relative_errors.png, gradient checks of right and wrong gradients."""

from __future__ import annotations

import numpy as np
from chapter_style import panels, save

import gdfast as gd

BANDS = ((1e-14, 1e-7, "fine"), (1e-7, 1e-4, "fine with\nkinks"), (1e-4, 1e-2, "suspi-\ncious"), (1e-2, 10, "wrong"))
SHADES = ("#ffffff", "#f0f0f0", "#d9d9d9", "#bdbdbd")


def errors_of(numerical: np.ndarray, analytic: np.ndarray) -> np.ndarray:
    """|a - n| / max(|a|, |n|), without those where both are zero."""
    size = np.maximum(np.abs(numerical), np.abs(analytic))
    return (np.abs(numerical - analytic)[size > 0] / size[size > 0]).ravel()


def main() -> None:
    """A row of points for each gradient."""
    digits = gd.datasets.load_digits()
    X, y = digits.X[:200] / 16.0, digits.y[:200]
    objective, hinge = (gd.LinearObjective(X, y, loss) for loss in (gd.CrossEntropy(), gd.Hinge()))
    W = 0.3 * np.random.default_rng(0).normal(size=objective.shape)
    right, every = objective.gradient(W), range(W.size)
    numerical = gd.numerical_gradient(objective.value, W, coordinates=every).reshape(W.shape)
    single = gd.LinearObjective(X.astype(np.float32), y, gd.CrossEntropy())
    W32 = W.astype(np.float32)
    coarse = gd.numerical_gradient(lambda w: np.float32(single.value(w)), W32, h=5e-3, coordinates=every).reshape(
        W.shape
    )
    kinked = gd.numerical_gradient(hinge.value, W, h=1e-2, coordinates=every).reshape(W.shape)
    one_row = right.copy()
    one_row[3] *= 1.1
    cases = {
        "right, float64": errors_of(numerical, right),
        "right, float32,\nh = 5e-3": errors_of(coarse, single.gradient(W32)),
        "right, hinge with\nkinks, h = 1e-2": errors_of(kinked, hinge.gradient(W)),
        "one row of ten\n10 % too large": errors_of(numerical, one_row),
        "factor 2 missing": errors_of(numerical, right / 2),
        "sign flipped": errors_of(numerical, -right),
    }
    figure, ax = panels(height=5.6)
    rng = np.random.default_rng(1)
    for (low, high, name), shade in zip(BANDS, SHADES, strict=True):
        ax.axvspan(low, high, color=shade, zorder=0)
        ax.text(np.sqrt(max(low, 1e-13) * high), -0.95, name, ha="center", va="center", fontsize=9)
    colours = (gd.plots.BLUE,) * 3 + (gd.plots.VERMILION,) * 3
    for row, (errors, colour) in enumerate(zip(cases.values(), colours, strict=True)):
        marker = "o" if colour == gd.plots.BLUE else "x"
        ax.plot(
            np.maximum(errors, 1e-13),
            row + rng.uniform(-0.28, 0.28, errors.size),
            marker,
            color=colour,
            markersize=3,
            alpha=0.5,
        )
    ax.set_xscale("log")
    ax.set_yticks(range(len(cases)), list(cases))
    ax.set(xlim=(1e-13, 10), ylim=(5.6, -1.5), xlabel="relative error of each derivative")
    ax.set_xticks([1e-12, 1e-10, 1e-7, 1e-4, 1e-2, 1])
    ax.grid(False)
    save(figure, "relative_errors")


if __name__ == "__main__":
    main()
