"""How time and memory grow: loss and gradient against the numbers of rows, features, classes and threads.

Hinge, float32, from the shape 20,000 x 1,024 with 10 classes; one number at a time is varied, the sizes take turns.
Slopes are those of straight lines through log(time) and log(memory): 1 is proportional, 0 is constant. Memory is the
most that one call takes beyond X, at its peak. The table of threads is measured for --threads, everything else on the
first of them.

The last table holds the peak resident memory of a whole process less X, at 50,000 x 3,072 with 10 classes, beside the
goal for every kind of work: 64 MB and 8 times the gradient.

    python bench/bench_scaling.py [--out scaling.png] [--quick] [--json] [--threads 1 2]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import common
import numpy as np
from bench_classes import bytes_beyond, resident
from bench_full_batch import with_numpy

Array = np.ndarray[Any, Any]

AXES = {"rows": (1250, 2500, 5000, 10_000, 20_000, 40_000), "features": (64, 128, 256, 512, 1024, 2048, 4096),
        "classes": (2, 4, 10, 20, 50, 100, 200)}  # fmt: skip
MIDDLE = {"rows": 20_000, "features": 1024, "classes": 10}
PAGE = 4096  # bytes: the least that resident memory can grow by


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--out", metavar="FILE", help="draw the curves (needs matplotlib)")

    chosen = common.arguments(__doc__, add)
    if chosen.case is not None:
        case = dict(chosen.case)
        print(json.dumps(resident_work(**case) if "dtype" in case else grow(**case)))
        return
    facts, first = common.machine(), chosen.threads[0]
    axes = {axis: common.run_apart(__file__, {"axis": axis, "quick": chosen.quick}, first)["points"] for axis in AXES}
    axes["threads"] = [
        {**common.run_apart(__file__, {"axis": None, "quick": chosen.quick}, threads)["points"][0], "size": threads}
        for threads in chosen.threads
    ]
    slopes = {axis: fits(points) for axis, points in axes.items()}
    peaks = {
        dtype: common.run_apart(__file__, {"dtype": dtype, "quick": chosen.quick}, chosen.threads[-1])
        for dtype in ("float32", "float64", "uint8")
    }
    if chosen.json:
        print(
            json.dumps({"machine": facts, "threads": first, "axes": axes, "slopes": slopes, "peaks": peaks}, indent=2)
        )
    else:
        print(common.describe(facts))
        print(report(axes, slopes, peaks, first))
    if chosen.out:
        draw(axes, slopes, chosen.out)


# Time and memory by size.


def grow(axis: str | None, quick: bool) -> dict[str, Any]:
    """Milliseconds and bytes at each size along an axis; without an axis, in the middle only."""
    sizes = AXES[axis] if axis is not None else (0,)
    shapes = [MIDDLE | ({axis: size} if axis is not None else {}) for size in sizes]
    if quick:
        shapes = [shape | {"rows": max(100, shape["rows"] // 10)} for shape in shapes]
    makers: dict[str, Callable[[], Callable[[], Any]]] = {}
    for i, shape in enumerate(shapes):
        makers |= {f"{name} {i}": make for name, make in both(**shape).items()}
    contestants = {name: make() for name, make in makers.items()}
    for call in contestants.values():  # the libraries' own buffers
        call()
    memory = {name: bytes_beyond(lambda make=make: make()()) for name, make in makers.items()}
    timings = common.interleave(contestants, rounds=3 if quick else 9)
    return {
        "points": [
            {
                "size": shape[axis] if axis is not None else None,
                "milliseconds": {name: 1e3 * timings[f"{name} {i}"].median for name in ("gdfast", "NumPy")},
                "bytes_beyond_X": {name: memory[f"{name} {i}"] for name in ("gdfast", "NumPy")},
            }
            for i, shape in enumerate(shapes)
        ]
    }


def both(rows: int, features: int, classes: int) -> dict[str, Callable[[], Callable[[], Any]]]:
    """What makes the contestants, with the buffers that they keep, on random rows."""
    import gdfast as gd

    rng = np.random.default_rng(0)
    X, y = rng.random((rows, features), dtype=np.float32), rng.integers(0, classes, rows)
    W = (rng.normal(size=(classes, features + 1)) * 3 / np.sqrt(features)).astype(np.float32)
    objective = gd.LinearObjective(X, y, gd.Hinge(), n_classes=classes)
    return {
        "gdfast": lambda: partial(objective.value_and_gradient, W),
        "NumPy": lambda: with_numpy(X, y, W, "hinge"),
    }


def fits(points: list[dict[str, Any]]) -> dict[str, float | None]:
    """Slopes on log axes, by least squares; None with a single size, or where memory is not known."""
    sizes = [point["size"] for point in points]
    found: dict[str, float | None] = {}
    for kind in ("milliseconds", "bytes_beyond_X"):
        for name in ("gdfast", "NumPy"):
            values = [point[kind][name] for point in points]
            known = len(sizes) > 1 and None not in values
            if known and kind == "bytes_beyond_X":
                values = [max(value, PAGE) for value in values]
            found[f"{name}, {kind}"] = float(np.polyfit(np.log(sizes), np.log(values), 1)[0]) if known else None
    return found


# The peak of a whole process.


def resident_work(dtype: str, quick: bool) -> dict[str, Any]:
    """Peak resident bytes less X, of a process that holds X and does one kind of work after the other."""
    import gdfast as gd

    n, d, k = 2000 if quick else 50_000, 3072, 10
    rng, X = np.random.default_rng(0), np.empty((n, d), dtype=dtype)
    for first in range(0, n, 500):  # nothing of X's size beside it
        block = rng.integers(0, 256, (min(500, n - first), d), dtype=np.uint8)
        X[first : first + 500] = block if dtype == "uint8" else block / 255
    y, W = rng.integers(0, k, n), np.zeros((k, d + 1), dtype=np.float64 if dtype == "float64" else np.float32)
    objective = gd.LinearObjective(X, y, gd.Hinge(), n_classes=k)
    batches = gd.MiniBatches(256, seed=0)
    works: dict[str, Callable[[], Any]] = {
        "making the objective": lambda: gd.LinearObjective(X, y, gd.Hinge(), n_classes=k),
        "loss + gradient": lambda: objective.value_and_gradient(W),
        "one epoch of SGD": lambda: gd.minimize(objective, W, step=1e-6, batches=batches, epochs=1),
        "numerical gradient": lambda: objective.numerical_gradient(W),
        "a ray": lambda: objective.along_ray(W, np.ones_like(W)).values(np.linspace(0, 1e-6, 10)),
    }
    beyond = {}
    for name, work in works.items():
        known = bytes_beyond(work)  # which starts the peak anew
        beyond[name] = None if known is None else {"process": resident("VmHWM") - X.nbytes, "call": known}
    return {"n_samples": n, "goal": 64 * 2**20 + 8 * W.nbytes, "beyond_X": beyond}


# Output.


def report(axes: dict[str, Any], slopes: dict[str, Any], peaks: dict[str, Any], first: int) -> str:
    """A table for each axis with its slopes, then the peaks."""
    lines = []
    for axis, points in axes.items():
        where = "" if axis == "threads" else f", {first} thread{'s' * (first > 1)}"
        rows = [
            [f"{point['size']:,}", *point["milliseconds"].values(), *map(megabytes, point["bytes_beyond_X"].values())]
            for point in points
        ]
        rows.append(["slope", *("-" if slope is None else f"{slope:.2f}" for slope in slopes[axis].values())])
        header = [axis, "gdfast, ms", "NumPy, ms", "gdfast, MB beyond X", "NumPy, MB beyond X"]
        lines += [f"\n## {axis}{where}\n", common.table(header, rows)]
    rows = [
        [dtype, work, *((None, None) if known is None else map(megabytes, known.values())), megabytes(peak["goal"])]
        for dtype, peak in peaks.items()
        for work, known in peak["beyond_X"].items()
    ]
    header = ["X", "work", "process less X, MB", "the call, MB", "goal, MB"]
    n = peaks["float32"]["n_samples"]
    return "\n".join([*lines, f"\n## Peak resident memory, {n:,} rows of 3,072 features\n", common.table(header, rows)])


def megabytes(n_bytes: int | None) -> float | None:
    return None if n_bytes is None else n_bytes / 1e6


def draw(axes: dict[str, Any], slopes: dict[str, Any], file: str) -> None:
    """Time above, memory below, one column for each axis, both scales logarithmic."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(3.2 * len(axes), 6), layout="constrained")
    panels = figure.subplots(2, len(axes), sharey="row", sharex="col")
    kinds = {"milliseconds": "ms", "bytes_beyond_X": "MB beyond X"}
    for row, (kind, label) in zip(panels, kinds.items(), strict=True):
        row[0].set_ylabel(label)
        for panel, (axis, points) in zip(row, axes.items(), strict=True):
            sizes = [point["size"] for point in points]
            for name, marker in (("gdfast", "o"), ("NumPy", "s")):
                values = [point[kind][name] for point in points]
                if None in values:
                    continue
                if kind == "bytes_beyond_X":
                    values = [max(value, PAGE) / 1e6 for value in values]
                slope = slopes[axis][f"{name}, {kind}"]
                text = name if slope is None else f"{name}, slope {slope:.2f}"
                panel.loglog(sizes, values, marker=marker, markersize=4, label=text)
            panel.legend(fontsize="small", frameon=False)
            panel.grid(alpha=0.3)
            if kind == "bytes_beyond_X":
                panel.set_xlabel(axis)
            panel.xaxis.set_minor_formatter(NullFormatter())
            if axis == "threads":
                panel.set_xticks(sizes, [str(size) for size in sizes])
                panel.minorticks_off()
    figure.suptitle("Loss and gradient: time and memory by size")
    figure.savefig(file, dpi=150)


if __name__ == "__main__":
    main()
