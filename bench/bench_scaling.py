"""How time and memory grow: loss and gradient against rows, features, classes, nonzeros and threads.

Hinge, float32, from the shape 20,000 x 1,024 with 10 classes (sparse: 20,000 x 20,000); one number at a time is varied,
the sizes take turns, the least of the rounds counts (of one thread: processor time). Slopes are those of straight lines
through log(time) and log(memory): 1 is proportional, 0 is constant. Memory is the most that one call takes beyond X, at
its peak. The table of threads is measured for --threads, everything else on the first of them.

The last table holds the peak resident memory of a whole process less X, at 50,000 x 3,072 with 10 classes, beside the
goal for every kind of work: 64 MB and 8 times the gradient.

    python bench/bench_scaling.py [--quick] [--json] [--threads 1 2]

`python docs/draw/growth.py --measure` runs it, keeps the numbers and puts picture and tables into the page.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import common
import numpy as np
from bench_classes import bytes_beyond, resident
from bench_full_batch import with_numpy
from sparse_peers import peer_passes

Array = np.ndarray[Any, Any]
Makers = dict[str, Callable[[], Callable[[], Any]]]

AXES = {"rows": (1250, 2500, 5000, 10_000, 20_000, 40_000), "features": (64, 128, 256, 512, 1024, 2048, 4096),
        "classes": (2, 4, 10, 20, 50, 100, 200), "nonzeros": (4, 8, 16, 32, 64, 128, 256)}  # fmt: skip
MIDDLE = {"rows": 20_000, "features": 1024, "classes": 10}
SPARSE = {"rows": 20_000, "features": 20_000, "classes": 10}
PAGE = 4096  # bytes: the least that resident memory can grow by


def main() -> None:
    chosen = common.arguments(__doc__)
    if chosen.case is not None:
        case = dict(chosen.case)
        print(json.dumps(resident_work(**case) if "dtype" in case else grow(**case, threads=chosen.threads[0])))
        return
    facts, first = common.machine(), chosen.threads[0]
    axes = {axis: common.run_apart(__file__, {"axis": axis, "quick": chosen.quick}, first)["points"] for axis in AXES}
    axes["threads"] = [
        {**common.run_apart(__file__, {"axis": None, "quick": chosen.quick}, threads)["points"][0], "size": threads}
        for threads in chosen.threads
    ]
    found = {
        "machine": facts,
        "threads": first,
        "axes": axes,
        "slopes": {axis: fits(points) for axis, points in axes.items()},
        "peaks": {
            dtype: common.run_apart(__file__, {"dtype": dtype, "quick": chosen.quick}, chosen.threads[-1])
            for dtype in ("float32", "float64", "uint8")
        },
    }
    print(json.dumps(found, indent=1) if chosen.json else f"{common.describe(facts)}\n{report(found)}")


# Time and memory by size.


def grow(axis: str | None, quick: bool, threads: int) -> dict[str, Any]:
    """Milliseconds and bytes at each size along an axis; without an axis, in the middle only."""
    middle = SPARSE if axis == "nonzeros" else MIDDLE
    shapes = [middle] if axis is None else [middle | {axis: size} for size in AXES[axis]]
    if quick:
        shapes = [shape | {"rows": max(100, shape["rows"] // 10)} for shape in shapes]
    makers: Makers = {}
    for i, shape in enumerate(shapes):
        makers |= {f"{name} {i}": make for name, make in (sparse if "nonzeros" in shape else dense)(**shape).items()}
    contestants = {name: make() for name, make in makers.items()}
    for call in contestants.values():  # the libraries' own buffers
        call()
    memory = {name: bytes_beyond(lambda make=make: make()()) for name, make in makers.items()}
    # Neighbours on the machine do less harm to processor time; numbers of threads are compared by the clock.
    clock = time.process_time if threads == 1 and axis is not None else time.perf_counter
    timings = common.interleave(contestants, rounds=3 if quick else 9, clock=clock)
    return {
        "points": [
            {
                "size": shape[axis] if axis is not None else None,
                "milliseconds": {name: 1e3 * timings[f"{name} {i}"].best for name in ("gdfast", "peer")},
                "bytes_beyond_X": {name: memory[f"{name} {i}"] for name in ("gdfast", "peer")},
            }
            for i, shape in enumerate(shapes)
        ]
    }


def dense(rows: int, features: int, classes: int) -> Makers:
    """What makes the contestants, with the buffers that they keep, on random rows; the peer is NumPy."""
    import gdfast as gd

    rng = np.random.default_rng(0)
    X, y = rng.random((rows, features), dtype=np.float32), rng.integers(0, classes, rows)
    W = (rng.normal(size=(classes, features + 1)) * 3 / np.sqrt(features)).astype(np.float32)
    objective = gd.LinearObjective(X, y, gd.Hinge(), n_classes=classes)
    return {
        "gdfast": lambda: partial(objective.value_and_gradient, W),
        "peer": lambda: with_numpy(X, y, W, "hinge"),
    }


def sparse(rows: int, features: int, classes: int, nonzeros: int) -> Makers:
    """The same on rows with so many entries, anywhere; the peer is SciPy with NumPy, X^T laid ready, at its best."""
    import scipy.sparse as sp

    import gdfast as gd

    rng = np.random.default_rng(0)
    columns = rng.integers(0, features, (rows, nonzeros)).ravel()
    values = rng.random(columns.size, dtype=np.float32)
    X = sp.csr_array((values, (np.repeat(np.arange(rows), nonzeros), columns)), shape=(rows, features))
    y = rng.integers(0, classes, rows)
    W = (rng.normal(size=(classes, features + 1)) * 3 / np.sqrt(nonzeros)).astype(np.float32)
    objective = gd.LinearObjective(X, y, gd.Hinge(), n_classes=classes)
    peer = peer_passes(X, y, W, "hinge")["SciPy, X^T copied, W^T a view"]
    return {"gdfast": lambda: partial(objective.value_and_gradient, W), "peer": lambda: peer}


def fits(points: list[dict[str, Any]]) -> dict[str, float | None]:
    """Slopes on log axes, by least squares; None with a single size, or where memory is not known."""
    sizes = [point["size"] for point in points]
    found: dict[str, float | None] = {}
    for kind in ("milliseconds", "bytes_beyond_X"):
        for name in ("gdfast", "peer"):
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


def report(found: dict[str, Any]) -> str:
    """A table for each axis with its slopes, then the peaks."""
    lines, first = [], found["threads"]
    for axis, points in found["axes"].items():
        where = {"threads": "", "nonzeros": f" of each row, {first} thread"}.get(axis, f", {first} thread")
        peer = "SciPy" if axis == "nonzeros" else "NumPy"
        rows = [
            [f"{point['size']:,}", *point["milliseconds"].values(), *map(megabytes, point["bytes_beyond_X"].values())]
            for point in points
        ]
        slopes = found["slopes"][axis].values()
        rows.append(["slope", *("-" if slope is None else f"{round(slope, 2) + 0:.2f}" for slope in slopes)])
        header = [axis, "gdfast, ms", f"{peer}, ms", "gdfast, MB beyond X", f"{peer}, MB beyond X"]
        lines += [f"### {axis}{where}{'s' * (first > 1 and bool(where))}\n", common.table(header, rows), ""]
    rows = [
        [dtype, work, *((None, None) if known is None else map(megabytes, known.values())), megabytes(peak["goal"])]
        for dtype, peak in found["peaks"].items()
        for work, known in peak["beyond_X"].items()
    ]
    header = ["X", "work", "process less X, MB", "the call, MB", "goal, MB"]
    n = found["peaks"]["float32"]["n_samples"]
    return "\n".join([*lines, f"### Peak resident memory, {n:,} rows of 3,072 features\n", common.table(header, rows)])


def megabytes(n_bytes: int | None) -> float | None:
    return None if n_bytes is None else n_bytes / 1e6


if __name__ == "__main__":
    main()
