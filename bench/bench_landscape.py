"""The loss along a ray (1,000 points) and on a plane (100 x 100) over 50,000 CIFAR-10 images.

gdfast, scores included, against the naive method: one evaluation of the loss for each point, with gdfast's own fused
loss and with NumPy's vectorised one. The naive method is timed on one point at a time, another in each round, and
EXTRAPOLATED to all. float32 pixels are divided by 255, uint8 pixels are raw (NumPy gets them as float32).

Below each table: the passes over X that gdfast counted, and how far its values are from the naive ones at points that
were computed by both methods.

    python bench/bench_landscape.py [--data cifar-10-batches-bin] [--quick] [--json] [--threads 1 2]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import common
import numpy as np
from bench_full_batch import N_CLASSES, as_allocated, images, instruction_set, weights

Array = np.ndarray[Any, Any]

CASES = [("float32", "hinge"), ("uint8", "hinge"), ("float32", "softmax"), ("uint8", "softmax")]
GOALS = {  # seconds, times as fast as the naive method
    "hinge": {"ray": (0.4, 500), "plane": (1.0, 2000)},
    "softmax": {"ray": (0.15, 1000), "plane": (0.6, 2500)},
}
NAIVE = ("naive, gdfast's fused loss", "naive, NumPy's loss")


def main() -> None:
    common.tables(__doc__, __file__, ({"dtype": dtype, "loss": loss} for dtype, loss in CASES), measure, report)


def measure(dtype: str, loss: str, data: str | None, quick: bool, threads: int) -> dict[str, Any]:
    """One table, in a process that has just so many threads."""
    import gdfast as gd

    pixels, y = images(data, 1000 if quick else 50_000)
    X, W = as_allocated(pixels, dtype), weights(dtype)
    peer = X if dtype == "float32" else X.astype(np.float32)
    objective = gd.LinearObjective(X, y, gd.Hinge() if loss == "hinge" else gd.CrossEntropy(), n_classes=N_CLASSES)
    U, V = (gd.random_direction(seed, like=W, normalize="row") for seed in (1, 2))
    steps, axis = np.linspace(-1, 1, 1000), np.linspace(-1, 1, 100)
    contestants: dict[str, Callable[[], Any]] = {
        "ray": lambda: gd.along_ray(objective, W, V).values(steps),
        "plane": lambda: gd.on_plane(objective, W, U, V).values(axis, axis),
    }
    passes, values = {}, {}
    for name, call in contestants.items():
        before = objective.passes
        values[name] = call()
        passes[name] = objective.passes - before
    points = points_of(W, V, steps)
    naive = {NAIVE[0]: objective.value, NAIVE[1]: with_numpy(peer, y, loss)}
    for name, value in naive.items():
        contestants[name] = lambda value=value: value(next(points))
    timings = common.interleave(contestants, rounds=3 if quick else 5)
    return {
        "n_samples": len(y),
        "gdfast_runs": instruction_set(),
        "seconds": {name: timings[name].median for name in ("ray", "plane")},
        "naive_seconds_per_point": {name: timings[name].median for name in NAIVE},
        "passes": passes,
        "difference_from_naive": difference(objective.value, W, U, V, steps, axis, values),
    }


def points_of(W: Array, V: Array, steps: Array) -> Iterator[Array]:
    """Points of the ray in random order, again and again."""
    rng = np.random.default_rng(3)
    while True:
        for step in rng.permutation(steps):
            yield (W + step * V).astype(W.dtype)


def difference(
    value: Callable[[Array], float], W: Array, U: Array, V: Array, steps: Array, axis: Array, values: dict[str, Array]
) -> float:
    """The largest relative difference of the values from those of the fused loss, at a few points of each."""
    wide, u, v = (array.astype(np.float64) for array in (W, U, V))
    pairs = [(values["ray"][i], value(wide + steps[i] * v)) for i in (0, 333, 500, 999)]
    pairs += [(values["plane"][i, j], value(wide + axis[i] * u + axis[j] * v)) for i, j in ((0, 99), (50, 20), (70, 0))]
    found = max(abs(ours - theirs) / abs(theirs) for ours, theirs in pairs)
    if found > 1e-4:
        raise SystemExit(f"the ray or the plane differs from the loss by {found:.1e}")
    return float(found)


def report(result: dict[str, Any]) -> str:
    """One table with passes and differences below it."""
    threads, rows = result["threads"], []
    for name, points in (("ray", 1000), ("plane", 10_000)):
        seconds, per_point = result["seconds"][name], result["naive_seconds_per_point"]
        naive = [points * per_point[method] for method in NAIVE]
        goal_seconds, goal_times = GOALS[result["loss"]][name]
        goal = f"< {goal_seconds:g} s, >= {goal_times:,} x"
        rows.append([name, points, seconds, *naive, *(method / seconds for method in naive), goal])
    header = ["", "points", "s", *(f"{method}, s" for method in NAIVE), "x fused", "x NumPy", "goal"]
    title = f"{result['loss']}, {result['dtype']}, {result['n_samples']:,} images"
    return "\n".join(
        [
            f"\n## {title}, {threads} thread{'s' * (threads > 1)}\n",
            common.table(header, rows),
            "\nthe naive methods are extrapolated from single points; passes over X: "
            + ", ".join(f"{name} {count:g}" for name, count in result["passes"].items())
            + f"; largest difference from the fused loss {result['difference_from_naive']:.1e}",
            f"gdfast runs {result['gdfast_runs']}",
        ]
    )


def with_numpy(X: Array, y: Array, loss: str) -> Callable[[Array], float]:
    """The mean loss by one product, in place from there on."""
    rows = np.arange(len(y))

    def hinge(W: Array) -> float:
        scores = X @ W[:, :-1].T
        scores += W[:, -1]
        scores -= scores[rows, y][:, None] - 1
        scores[rows, y] = 0
        np.maximum(scores, 0, out=scores)
        return float(scores.sum(dtype=np.float64)) / len(y)

    def softmax(W: Array) -> float:
        scores = X @ W[:, :-1].T
        scores += W[:, -1]
        scores -= scores.max(axis=1, keepdims=True)
        right = scores[rows, y].sum(dtype=np.float64)
        np.exp(scores, out=scores)
        return float(np.log(scores.sum(axis=1)).sum(dtype=np.float64) - right) / len(y)

    return hinge if loss == "hinge" else softmax


if __name__ == "__main__":
    main()
