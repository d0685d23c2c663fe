"""Softmax with many classes: loss and gradient of 1,000 classes on 100,000 rows of 768 features, float32.

The shape of a linear probe on embeddings. gdfast against NumPy (the whole score matrix, and blocks of rows with
exponentials in place), PyTorch (autograd) and JAX (jit) where they are installed: time, in turns, and the most memory
that one call takes beyond X, each in a process of its own which has made one small call before.

    python bench/bench_classes.py [--quick] [--json] [--threads 1 2]

What was tried (Zen 4, 1 thread, float32, GFLOP/s of about 104 possible; NumPy's blocks reach 90): tiles of 10 classes
74; panels of 48 outputs, X packed as tiles of 8 rows by 8 columns for both phases 92, with the softmax's loops in
vectors 101. Unrolling the sum 8-fold 99, 2-fold 99, not at all 96. Blocks of 24 rows lost (82 at 3,072 features),
56 and 88 are alike (97). Below 32 outputs the tiles stay ahead; without fused multiply-adds, nearly always.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Callable
from typing import Any

import common
import numpy as np
from bench_full_batch import instruction_set, with_jax, with_numpy, with_torch

Array = np.ndarray[Any, Any]
Answer = tuple[float, Array]

N_FEATURES, N_CLASSES = 768, 1000
BLOCK = 4000  # rows: larger blocks were quicker (250 to 4,000 tried), this one holds 16 MB of scores
NAMES = ("gdfast", "NumPy", "NumPy, blocks of rows", "PyTorch", "JAX")


def main() -> None:
    chosen = common.arguments(__doc__)
    if chosen.case is not None:
        case = dict(chosen.case)
        run = measure_memory if "name" in case else measure
        print(json.dumps(run(**case, threads=chosen.threads[0])))
        return
    facts, results = common.machine(), []
    if not chosen.json:
        print(common.describe(facts))
    for threads in chosen.threads:
        case = {"quick": chosen.quick}
        result = {**case, "threads": threads, **common.run_apart(__file__, case, threads)}
        result["bytes_beyond_X"] = {
            name: common.run_apart(__file__, {"name": name, **case}, threads)["bytes"]
            for name in result["milliseconds"]
        }
        results.append(result)
        if not chosen.json:
            print(report(result), flush=True)
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


def measure(quick: bool, threads: int) -> dict[str, Any]:
    """The times, in a process that has just so many threads."""
    blas = common.blas()  # before anyone imports scipy, which brings another
    X, y, W = probe(5000 if quick else 100_000)
    contestants: dict[str, Callable[[], Answer]] = {}
    for name in NAMES:
        try:
            contestants[name] = make(name, X, y, W, threads)
        except ImportError:
            continue
    differences = disagreement(contestants)
    timings = common.interleave({**contestants, **common.floor_probes(X)}, rounds=3 if quick else 5)
    return {
        "n_samples": len(y),
        "blas": blas,
        "gdfast_runs": instruction_set(),
        "milliseconds": {name: 1e3 * timings[name].median for name in contestants},
        "times_as_long_as_gdfast": {name: timings[name].median / timings["gdfast"].median for name in contestants},
        "gradient_differs_from_numpy_by": differences,
        "floors": common.floors(timings, X.nbytes, X.nbytes, 4.0 * X.size * N_CLASSES),
    }


def measure_memory(name: str, quick: bool, threads: int) -> dict[str, Any]:
    """The most that one call takes beyond X, its labels and W; None where the system does not tell."""
    few = probe(64)
    make(name, *few, threads)()  # the library, its threads and their buffers
    X, y, W = probe(5000 if quick else 100_000)
    return {"bytes": bytes_beyond(lambda: make(name, X, y, W, threads)())}


def bytes_beyond(call: Callable[[], Any]) -> int | None:
    """By how much a call raises the resident memory of this process, at its peak (Linux)."""
    try:
        ctypes.CDLL(None).malloc_trim(0)  # memory that was freed before is no room for this call
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # the peak starts anew
        before = resident("VmRSS")
        call()
        return max(0, resident("VmHWM") - before)
    except (OSError, AttributeError):
        return None


def resident(name: str) -> int:
    """VmRSS (now) or VmHWM (peak), in bytes."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(name))


def report(result: dict[str, Any]) -> str:
    """One table with the floors below it."""
    times, memory, floors = result["milliseconds"], result["bytes_beyond_X"], result["floors"]
    rows = [
        [
            name,
            times[name],
            result["times_as_long_as_gdfast"][name],
            times[name] / floors["floor_ms"],
            4e-6 * result["n_samples"] * N_FEATURES * N_CLASSES / times[name],
            None if memory[name] is None else memory[name] / 1e6,
        ]
        for name in times
    ]
    size = f"{result['n_samples']:,} rows of {N_FEATURES} features, {N_CLASSES:,} classes"
    return "\n".join(
        [
            f"\n## {size}, float32, {result['threads']} thread{'s' * (result['threads'] > 1)}\n",
            common.table(["loss + gradient", "ms", "x gdfast", "x floor", "GFLOP/s", "MB beyond X"], rows),
            f"\nfloor {floors['floor_ms']:.3g} ms: reading the data once {floors['memory_ms']:.3g} ms, arithmetic "
            f"{floors['arithmetic_ms']:.3g} ms; W and its gradient are {4e-6 * N_CLASSES * (N_FEATURES + 1):.1f} MB "
            "each, the gradient is counted",
            f"gdfast runs {result['gdfast_runs']}; NumPy's BLAS: {'; '.join(result['blas'])}",
        ]
    )


# Data and contestants.


def probe(n: int) -> tuple[Array, Array, Array]:
    """Rows as embeddings are, labels, small weights."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, N_FEATURES), dtype=np.float32)
    W = 0.05 * rng.standard_normal((N_CLASSES, N_FEATURES + 1), dtype=np.float32)
    return X, rng.integers(0, N_CLASSES, n), W


def make(name: str, X: Array, y: Array, W: Array, threads: int) -> Callable[[], Answer]:
    """A function that computes loss and gradient anew."""
    if name == "gdfast":
        import gdfast as gd

        objective = gd.LinearObjective(X, y, gd.CrossEntropy(), n_classes=N_CLASSES)
        return lambda: objective.value_and_gradient(W)
    if name == "PyTorch":
        return with_torch(X, y, W, "softmax", threads)
    if name == "JAX":
        return with_jax(X, y, W, "softmax", threads)
    return with_numpy(X, y, W, "softmax") if name == "NumPy" else in_blocks(X, y, W)


def in_blocks(X: Array, y: Array, W: Array) -> Callable[[], Answer]:
    """NumPy, block by block in one buffer of scores."""
    n, numbers = len(y), np.arange(BLOCK)

    def run() -> Answer:
        gradient, value = np.zeros_like(W), 0.0
        scores, part = np.empty((BLOCK, N_CLASSES), dtype=W.dtype), np.empty_like(W[:, :-1])
        for first in range(0, n, BLOCK):
            x, labels = X[first : first + BLOCK], y[first : first + BLOCK]
            block, rows = scores[: len(x)], numbers[: len(x)]
            np.matmul(x, W[:, :-1].T, out=block)
            block += W[:, -1]
            block -= block.max(axis=1, keepdims=True)
            value -= float(block[rows, labels].sum(dtype=np.float64))
            np.exp(block, out=block)
            totals = block.sum(axis=1, keepdims=True)
            value += float(np.log(totals).sum(dtype=np.float64))
            totals *= n
            block /= totals
            block[rows, labels] -= np.float32(1 / n)
            np.matmul(block.T, x, out=part)
            gradient[:, :-1] += part
            gradient[:, -1] += block.sum(axis=0)
        return value / n, gradient

    return run


def disagreement(contestants: dict[str, Callable[[], Answer]]) -> dict[str, float]:
    """The largest difference of each gradient from NumPy's, relative to the largest entry; too much is an error."""
    value, gradient = contestants["NumPy"]()
    found = {}
    for name, call in contestants.items():
        other_value, other = call()
        found[name] = float(np.abs(np.asarray(other) - gradient).max() / np.abs(gradient).max())
        if not (abs(float(other_value) - value) < 1e-4 * abs(value) and found[name] < 1e-3):
            raise SystemExit(f"{name} computes something else than NumPy: loss {other_value} against {value}")
    return found


if __name__ == "__main__":
    main()
