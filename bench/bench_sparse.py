"""Sparse rows: loss + gradient of all of them, epochs of stochastic steps from W = 0, and what the copy in tiles costs.

The full batch against SciPy's products with NumPy between them, in four formulations, the quickest of which counts.
The epochs against scikit-learn's SGDClassifier, which solves 20 problems of two classes (one against the rest), not
one of 20: like work, another problem. LinearSVC stands there for orientation: a whole fit. A further epoch is
(m + 1 epochs - 1 epoch) / m, for both; "1 epoch" is a whole call, with minimize's evaluation of the objective.

Processor time of all threads counts for one thread, so that neighbours on the machine do little harm; else the clock.

    python bench/bench_sparse.py [--data FOLDER] [--quick] [--json] [--threads 1 2]

FOLDER holds news20_train.npz and news20_labels.npz.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import common
import numpy as np
from bench_full_batch import instruction_set
from sparse_peers import N_CLASSES, Array, load, peer_epochs, peer_passes

LOSSES, DTYPES = ("hinge", "softmax"), ("float32", "float64")
CASES = [
    *({"what": "full batch", "loss": loss, "dtype": dtype} for loss in LOSSES for dtype in DTYPES),
    *({"what": "epochs", "loss": loss, "dtype": "float32"} for loss in LOSSES),
]
BATCHES = (1, 8, 64)
FURTHER = 4


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data", help="folder with 20 newsgroups as .npz; default: random rows")

    chosen = common.arguments(__doc__, add)
    if chosen.case is not None:
        case = dict(chosen.case)
        run = {"full batch": full_batch, "epochs": epochs}[case.pop("what")]
        print(json.dumps(run(**case, threads=chosen.threads[0])))
        return
    facts, results = common.machine(), []
    if not chosen.json:
        print(common.describe(facts))
    for threads in chosen.threads:
        for case in CASES:
            if case["what"] == "epochs" and threads > 1:
                continue  # stochastic steps follow one another
            given = {**case, "data": chosen.data, "quick": chosen.quick}
            results.append({**given, "threads": threads, **common.run_apart(__file__, given, threads)})
            if not chosen.json:
                print(report(results[-1]), flush=True)
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


def full_batch(loss: str, dtype: str, data: str | None, quick: bool, threads: int) -> dict[str, Any]:
    """One pass over all rows."""
    objective, X, y = make(loss, dtype, data, quick)
    W = (0.01 * np.random.default_rng(0).normal(size=objective.shape)).astype(dtype)
    tracemalloc.start()
    start = time.perf_counter()
    value, gradient = objective.value_and_gradient(W)
    first = time.perf_counter() - start
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    peers = peer_passes(X, y, W, loss)
    for name, run in peers.items():
        other_value, other = run()
        # one margin on the edge moves a float32 hinge gradient by a whole row
        if abs(value - other_value) > 1e-4 * value or np.abs(gradient - other).max() > 1e-2 * np.abs(gradient).max():
            raise SystemExit(f"{name} finds another value or gradient than gdfast")
    contestants = {"gdfast": lambda: objective.value_and_gradient(W), **peers}
    timings = in_turn({**contestants, **common.floor_probes(X.data[None, :])}, 3 if quick else 15, threads)
    entries_bytes = X.data.nbytes // X.data.size + 2
    n_bytes = 2 * W.nbytes + X.nnz * entries_bytes + X.data.nbytes + X.indices.nbytes
    return {
        **facts(X),
        "milliseconds": {name: 1e3 * timings[name].best for name in contestants},
        "first_call_ms": 1e3 * first,
        "kept_MB": kept / 1e6,
        "peak_MB": peak / 1e6,
        "floors": common.floors(timings, X.data.nbytes, n_bytes, 4.0 * X.nnz * N_CLASSES),
    }


def epochs(loss: str, dtype: str, data: str | None, quick: bool, threads: int) -> dict[str, Any]:
    """Epochs from W = 0."""
    import gdfast as gd

    objective, X, y = make(loss, dtype, data, quick)
    zero, peer = np.zeros(objective.shape, dtype=dtype), peer_epochs(X, y, loss)
    contestants: dict[str, Callable[[], Any]] = {}
    for n in (1, 1 + FURTHER):
        for batch in BATCHES:
            contestants[f"gdfast, batch {batch}: {n}"] = lambda n=n, batch=batch: gd.minimize(  # type: ignore[misc]
                objective, zero, step=0.1, batches=gd.MiniBatches(batch), epochs=n
            )
        contestants[f"SGDClassifier: {n}"] = lambda n=n: peer(n)  # type: ignore[misc]
    timings = in_turn(contestants, 2 if quick else 7, threads)
    names = [*(f"gdfast, batch {batch}" for batch in BATCHES), "SGDClassifier"]
    one = {name: 1e3 * timings[f"{name}: 1"].best for name in names}
    further = {name: (1e3 * timings[f"{name}: {1 + FURTHER}"].best - one[name]) / FURTHER for name in names}
    orientation = {} if quick or loss != "hinge" else {"LinearSVC, a whole fit": 1e3 * linear_svc(X, y)}
    return {**facts(X), "milliseconds_1_epoch": one | orientation, "milliseconds_further": further}


def linear_svc(X: Any, y: Array) -> float:
    from sklearn.svm import LinearSVC

    start = time.process_time()
    LinearSVC().fit(X, y)
    return time.process_time() - start


def make(loss: str, dtype: str, data: str | None, quick: bool) -> tuple[Any, Any, Array]:
    import gdfast as gd

    X, y = load(data, quick, dtype)
    return gd.LinearObjective(X, y, gd.Hinge() if loss == "hinge" else gd.CrossEntropy(), n_classes=N_CLASSES), X, y


def facts(X: Any) -> dict[str, Any]:
    size = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    return {"shape": list(X.shape), "entries": int(X.nnz), "X_MB": size / 1e6, "gdfast_runs": instruction_set()}


def in_turn(contestants: dict[str, Callable[[], Any]], rounds: int, threads: int) -> dict[str, common.Timing]:
    """Each once per round, after one round that is not counted."""
    clock = time.process_time if threads == 1 else time.perf_counter
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, call in contestants.items():
            start = clock()
            call()
            if turn > 0:
                seconds[name].append(clock() - start)
    return {name: common.Timing(statistics.median(times), min(times)) for name, times in seconds.items()}


def report(result: dict[str, Any]) -> str:
    """One table."""
    n, d = result["shape"]
    title = (
        f"\n## {result['what']}, {n:,} x {d:,} with {result['entries']:,} entries, {result['dtype']}, "
        f"{result['loss']}, {result['threads']} thread{'s' * (result['threads'] > 1)}\n"
    )
    if result["what"] == "epochs":
        one, further = result["milliseconds_1_epoch"], result["milliseconds_further"]
        peer = further["SGDClassifier"]
        rows = [
            [name, ms, further.get(name), peer / further[name] if name in further else None] for name, ms in one.items()
        ]
        return "\n".join([title, common.table(["", "ms, 1 epoch", "ms, a further one", "x SGDClassifier"], rows)])
    times, floors = result["milliseconds"], result["floors"]
    rows = [[name, ms, ms / times["gdfast"], ms / floors["memory_ms"]] for name, ms in times.items()]
    return "\n".join(
        [
            title,
            common.table(["loss + gradient", "ms", "x gdfast", "x memory floor"], rows),
            f"\nmemory floor {floors['memory_ms']:.3g} ms (X, its copy, W and the gradient once); X holds "
            f"{result['X_MB']:.3g} MB, the copy and the gradient {result['kept_MB']:.3g} MB, at most "
            f"{result['peak_MB']:.3g} MB while it is made; the first call takes {result['first_call_ms']:.3g} ms; "
            f"gdfast runs {result['gdfast_runs']}",
        ]
    )


if __name__ == "__main__":
    main()
