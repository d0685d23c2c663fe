"""The numerical gradient: centred difference quotients of all 30,730 weights over 50,000 images (hinge, h = 1e-6).

gdfast's quotients computed from the scores against the naive method, two evaluations of the loss per weight, with
gdfast's own fused loss and with NumPy's vectorised one. The naive method would take hours: it is timed on one weight
at a time, another in each round, and EXTRAPOLATED to all. float64 and float32 pixels are divided by 255; uint8 pixels
are raw, so the same h moves the scores 255 times as far and crosses more kinks.

Below each table: how far the quotients are from the analytic gradient (in float64, relative to its largest
element), over all weights, over those whose stencil crosses no kink, and over all less what the kinks add.

    python bench/bench_numerical_gradient.py [--data cifar-10-batches-bin] [--quick] [--json] [--threads 1 2]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import common
import numpy as np
from bench_full_batch import N_CLASSES, as_allocated, images, instruction_set, weights

Array = np.ndarray[Any, Any]

STEP = 1e-6


def main() -> None:
    common.tables(__doc__, __file__, ({"dtype": dtype} for dtype in ("float64", "float32", "uint8")), measure, report)


def measure(dtype: str, data: str | None, quick: bool, threads: int) -> dict[str, Any]:
    """One table, in a process that has just so many threads."""
    import gdfast as gd

    pixels, y = images(data, 1000 if quick else 50_000)
    X, W = as_allocated(pixels, dtype), weights(dtype).astype(np.float64)
    objective = gd.LinearObjective(X, y, gd.Hinge(), n_classes=N_CLASSES)
    wide = X.astype(np.float64)
    peer = wide if dtype == "float64" else X.astype(np.float32, copy=False)
    numpy_value = with_numpy(peer, y)
    if abs(numpy_value(W.astype(peer.dtype)) - objective.value(W)) > 1e-5 * objective.value(W):
        raise SystemExit("NumPy computes another loss")
    analytic = gd.LinearObjective(wide, y, gd.Hinge(), n_classes=N_CLASSES).gradient(W)
    contestants: dict[str, Callable[[], Any]] = {
        "gdfast": lambda: objective.numerical_gradient(W, h=STEP),
        "naive, gdfast's fused loss": one_weight(objective.value, W),
        # In float32 the step would be lost when it is added to a weight; the time is that of a longer one.
        "naive, NumPy's loss": one_weight(numpy_value, W.astype(peer.dtype), STEP if peer is wide else 1e-2),
    }
    found = accuracy(objective, W, analytic)
    timings = common.interleave({**contestants, **common.floor_probes(wide)}, rounds=3 if quick else 7)
    times = {name: timings[name].median * (1 if name == "gdfast" else W.size) for name in contestants}
    return {
        "n_samples": len(y),
        "n_weights": W.size,
        "gdfast_runs": instruction_set(),
        "seconds": times,
        "times_as_long_as_gdfast": {name: value / times["gdfast"] for name, value in times.items()},
        **found,
        # Each (row, class, feature) takes at least two vector instructions: a clamp and an addition.
        "floors": common.floors(timings, wide.nbytes, X.nbytes, 4.0 * wide.size * N_CLASSES),
    }


def accuracy(objective: Any, W: Array, analytic: Array) -> dict[str, Any]:
    """How far the quotients are from the analytic gradient, and how much of that is kinks."""
    errors = objective.numerical_gradient(W, h=STEP) - analytic
    crossings, excess = objective.kink_crossings(W, h=STEP)
    largest, untouched = np.abs(analytic).max(), np.abs(errors[crossings == 0])
    return {
        "error": float(np.abs(errors).max() / largest),
        "error_without_kinks": float(untouched.max() / largest) if untouched.size else None,
        "error_less_the_kinks_share": float(np.abs(errors - excess).max() / largest),
        "kink_crossings": int(crossings.sum()),
        "weights_with_crossings": int((crossings > 0).sum()),
    }


def report(result: dict[str, Any]) -> str:
    """One table with the floor and the errors below it."""
    threads, floors, clean = result["threads"], result["floors"], result["error_without_kinks"]
    rows = [[name, time_of(s), result["times_as_long_as_gdfast"][name]] for name, s in result["seconds"].items()]
    crossed = f"{result['weights_with_crossings']:,} of {result['n_weights']:,} weights"
    return "\n".join(
        [
            f"\n## {result['dtype']}, {result['n_samples']:,} images, {threads} thread{'s' * (threads > 1)}\n",
            common.table([f"all {result['n_weights']:,} quotients", "time", "x gdfast"], rows),
            f"\nfloor {floors['floor_ms']:.3g} ms: arithmetic {floors['arithmetic_ms']:.3g} ms (float64, two "
            f"instructions per row, class and feature), reading the data once {floors['memory_ms']:.3g} ms",
            f"the naive methods are extrapolated from single weights; gdfast runs {result['gdfast_runs']}",
            f"difference from the analytic gradient: {result['error']:.1e}; where no kink is crossed "
            + ("(nowhere) -" if clean is None else f"{clean:.1e}")
            + f"; less what kinks add {result['error_less_the_kinks_share']:.1e}",
            f"kinks: {result['kink_crossings']:,} crossings, in the stencils of {crossed}",
        ]
    )


def time_of(seconds: float) -> str:
    """In the unit that suits."""
    for unit, size in (("hours", 3600), ("minutes", 60), ("s", 1)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{1e3 * seconds:.3g} ms"


# The naive method.


def one_weight(value: Callable[[Array], float], W: Array, h: float = STEP) -> Callable[[], Array]:
    """The quotient of one weight, two evaluations; of another weight in each call."""
    import gdfast as gd

    weights_in_turn = iter(np.random.default_rng(2).permutation(W.size))
    return lambda: gd.numerical_gradient(value, W, h, coordinates=[int(next(weights_in_turn))])


def with_numpy(X: Array, y: Array) -> Callable[[Array], float]:
    """The mean hinge loss by one product, in place from there on."""
    rows = np.arange(len(y))

    def value(W: Array) -> float:
        scores = X @ W[:, :-1].T
        scores += W[:, -1]
        scores -= scores[rows, y][:, None] - 1
        scores[rows, y] = 0
        np.maximum(scores, 0, out=scores)
        return float(scores.sum(dtype=np.float64)) / len(y)

    return value


if __name__ == "__main__":
    main()
