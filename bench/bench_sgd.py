"""Stochastic steps: one epoch over 50,000 images in batches of 256, 64 and 1, and steps on 64 features.

gdfast runs `minimize(..., batches=MiniBatches(B), epochs=1)`, against NumPy's best vectorised loop (gather, two
products, update; for single rows a view and a product) and PyTorch (autograd, updates by hand and by
torch.optim.SGD). All use the same batches and must arrive at the same W before the clock starts; then they take
turns. Where an epoch has more than 2,000 steps, peers are timed on 2,000 of them, others in each round, and scaled.

Three times are given for gdfast: minimize(epochs=1), all that a user waits for, with the evaluation of the whole
objective at the end, which the peers do not make; the same without it, evaluate_every="never"; and a further epoch,
(minimize(epochs=1 + m) - minimize(epochs=1)) / m, which is what the peers do. Ratios are to the last.

The last table measures two sayings about mini-batches: that 100 rows at once are much cheaper than 100 times one
row, and that powers of two are the quicker sizes.

    python bench/bench_sgd.py [--data cifar-10-batches-bin] [--quick] [--json] [--threads 1 2]
"""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import common
import numpy as np
from bench_full_batch import N_CLASSES, instruction_set
from sgd_contestants import Array, Steps, Work, make_work, with_gdfast, with_numpy, with_torch

SAMPLE = 2000  # steps of a peer, at most
CASES = [
    *({"shape": "images", "batch": batch, "momentum": 0.0} for batch in (256, 64, 1)),
    *({"shape": "images", "batch": batch, "momentum": 0.9} for batch in (256, 1)),
    *({"shape": "64 features", "batch": batch, "momentum": m} for batch in (64, 1) for m in (0.0, 0.9)),
]
SIZES = (63, 64, 65, 100, 127, 128)


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--data", help="folder with CIFAR-10's .bin files; default: random pixels")
        parser.set_defaults(threads=[1])

    chosen = common.arguments(__doc__, add)
    if chosen.case is not None:
        measured = (sayings if "shape" not in chosen.case else measure)(**chosen.case, threads=chosen.threads[0])
        print(json.dumps(measured))
        return
    facts, results = common.machine(), []
    if not chosen.json:
        print(common.describe(facts))
    for threads in chosen.threads:
        for case in [*CASES, {}]:
            case = {**case, "data": chosen.data, "quick": chosen.quick}
            results.append({**case, "threads": threads, **common.run_apart(__file__, case, threads)})
            if not chosen.json:
                print((report if "shape" in case else report_sayings)(results[-1]), flush=True)
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


def measure(shape: str, batch: int, momentum: float, data: str | None, quick: bool, threads: int) -> dict[str, Any]:
    """One table, in a process that has just so many threads."""
    work, W = make_work(shape, batch, momentum, data, quick, threads)
    steps = -(-len(work.y) // batch)
    sample, further = min(steps, SAMPLE), 1 if shape == "images" else 10
    peers = {"NumPy": with_numpy(work)}
    if batch == 1:
        peers["NumPy, as for larger batches"] = with_numpy(work, singly=False)
    with contextlib.suppress(ImportError):
        peers |= {"PyTorch, updates by hand": with_torch(work, False), "PyTorch, torch.optim": with_torch(work, True)}
    differences: dict[str, float] = {}
    # A margin within rounding of its edge moves the hinge's gradient by a whole row: the longer the run, the likelier.
    for length, tolerance in ((3, 1e-4), (sample, 2e-2)):
        short = with_gdfast(work)(W, max_steps=length)
        for name, take_steps in peers.items():
            other = take_steps(W, 0, length)
            differences[name] = float(np.abs(other - short).max() / np.abs(short).max())
            if differences[name] > tolerance:
                raise SystemExit(
                    f"{name} arrives at other weights than gdfast after {length} steps: they differ by "
                    f"{differences[name]:.1e}"
                )
    unevaluated = {"1 epoch, never": partial(with_gdfast(work), W, epochs=1, evaluate_every="never")}
    contestants = (
        gdfast_epochs(work, W, further)
        | unevaluated
        | {name: in_turn(take_steps, W, sample, steps) for name, take_steps in peers.items()}
    )
    probes = {**common.floor_probes(work.X), "gather": lambda: gathered(work)}
    timings = common.interleave(contestants | probes, rounds=3 if quick else 9)
    seconds = {name: timings[name].median * steps / sample for name in peers}
    mine = {
        "gdfast, minimize(epochs=1)": timings["1 epoch"].median,
        'the same with evaluate_every="never"': timings["1 epoch, never"].median,
        "gdfast, a further epoch": an_epoch(timings, further),
    }
    return {
        "n_samples": len(work.y),
        "n_features": work.X.shape[1],
        "dtype": str(work.X.dtype),
        "gdfast_runs": instruction_set(),
        "steps_per_epoch": steps,
        "steps_timed_of_peers": sample,
        "milliseconds_per_epoch": {name: 1e3 * value for name, value in (mine | seconds).items()},
        "weights_moved_by": float(np.abs(short - W).max() / np.abs(short).max()),
        "weights_differ_from_gdfast_by": differences,
        "gather_ms": 1e3 * timings["gather"].best,
        "floors": common.floors(timings, work.X.nbytes, work.X.nbytes, 4.0 * work.X.size * N_CLASSES),
    }


def report(result: dict[str, Any]) -> str:
    """One table with the floors below it."""
    times, steps, floors = result["milliseconds_per_epoch"], result["steps_per_epoch"], result["floors"]
    unit = times["gdfast, a further epoch"]
    rows = [[name, ms, 1e3 * ms / steps, ms / unit, ms / floors["floor_ms"]] for name, ms in times.items()]
    rule = f"momentum {result['momentum']}" if result["momentum"] else "gradient descent"
    lines = [
        f"\n## {result['n_samples']:,} rows of {result['n_features']:,} features, {result['dtype']}, batch "
        f"{result['batch']}, {rule}, {result['threads']} thread{'s' * (result['threads'] > 1)}\n",
        common.table(["one epoch", "ms", "us per step", "x gdfast", "x floor"], rows),
        f"\nfloor {floors['floor_ms']:.3g} ms: reading the data once {floors['memory_ms']:.3g} ms, arithmetic "
        f"{floors['arithmetic_ms']:.3g} ms, copying the batches' rows (numpy.take) {result['gather_ms']:.3g} ms; "
        f"gdfast runs {result['gdfast_runs']}",
    ]
    if result["steps_timed_of_peers"] < steps:
        lines.append(f"peers: timed on {result['steps_timed_of_peers']:,} of {steps:,} steps, and scaled")
    return "\n".join(lines)


# Turns.


def gathered(work: Work) -> None:
    """The rows of an epoch's batches, one batch after the other into the same memory."""
    buffer = np.empty((work.batch, work.X.shape[1]), dtype=work.X.dtype)
    for rows in work.rows(singly=False):
        np.take(work.X, rows, axis=0, out=buffer[: len(rows)], mode="clip")


def gdfast_epochs(work: Work, W: Array, further: int, name: str = "") -> dict[str, Callable[[], Array]]:
    """One epoch and some more, each with minimize's evaluation at the end: their difference is free of it."""
    run = with_gdfast(work)
    return {f"{name}1 epoch": lambda: run(W, epochs=1), f"{name}more epochs": lambda: run(W, epochs=1 + further)}


def an_epoch(timings: dict[str, common.Timing], further: int, name: str = "") -> float:
    """Seconds."""
    return (timings[f"{name}more epochs"].median - timings[f"{name}1 epoch"].median) / further


def in_turn(take_steps: Steps, W: Array, sample: int, steps: int) -> Callable[[], Array]:
    """Takes other steps in each call, so that their rows do not wait in a cache."""
    first = 0

    def run() -> Array:
        nonlocal first
        start, first = first, first + sample if first + 2 * sample <= steps else 0
        return take_steps(W, start, start + sample)

    return run


# Two sayings about mini-batches.


def sayings(data: str | None, quick: bool, threads: int) -> dict[str, Any]:
    """Nanoseconds per row: of the gradient of 100 rows at once and one by one, and of an epoch by batch size."""
    import gdfast as gd

    work, W = make_work("images", 64, 0.0, data, quick, threads)
    contestants: dict[str, Callable[[], Any]] = {}
    for size in SIZES:
        work = replace(work, batch=size)
        contestants |= gdfast_epochs(work, W, 1, f"{size}: ")
        last = len(work.y) // size
        contestants[f"{size}: NumPy"] = partial(with_numpy(work), W, 0, last)
    objective = gd.LinearObjective(work.X, work.y, gd.Hinge(), n_classes=N_CLASSES)
    rows = np.random.default_rng(0).permutation(len(work.y))[:2000]
    at_once = [objective.rows(rows[i : i + 100]) for i in range(0, 2000, 100)]
    singles = [objective.rows(rows[i : i + 1]) for i in range(2000)]
    hundreds: dict[str, Callable[[], Any]] = {
        "gdfast, gradients: at once": lambda: [part.gradient(W) for part in at_once],
        "gdfast, gradients: one by one": lambda: [part.gradient(W) for part in singles],
        "NumPy, steps: at once": partial(with_numpy(replace(work, batch=100)), W, 0, 20),
        "NumPy, steps: one by one": partial(with_numpy(replace(work, batch=1)), W, 0, 2000),
    }
    timings = common.interleave(contestants | hundreds, rounds=3 if quick else 9)
    n = len(work.y)
    return {
        "hundreds_ns_per_row": {name: 1e9 * timings[name].median / 2000 for name in hundreds},
        "epoch_ns_per_row": {
            size: {
                "gdfast": 1e9 * an_epoch(timings, 1, f"{size}: ") / n,
                "NumPy": 1e9 * timings[f"{size}: NumPy"].median / (n // size * size),
            }
            for size in SIZES
        },
    }


def report_sayings(result: dict[str, Any]) -> str:
    hundreds, epochs = result["hundreds_ns_per_row"], result["epoch_ns_per_row"]
    pairs = []
    for name in ("gdfast, gradients", "NumPy, steps"):
        at_once, single = hundreds[f"{name}: at once"], hundreds[f"{name}: one by one"]
        pairs.append([name, at_once, single, single / at_once])
    rows = [
        [size, *(times[name] / unit for name in times for unit in (1.0, epochs["64"][name]))]
        for size, times in epochs.items()
    ]
    header = ["rows per step", "gdfast, ns per row", "to 64", "NumPy, ns per row", "to 64"]
    return "\n".join(
        [
            f"\n## Gradients of many rows, {result['threads']} thread{'s' * (result['threads'] > 1)}\n",
            common.table(["ns per row", "100 rows at once", "one by one", "ratio"], pairs),
            "\nAn epoch by batch size:\n",
            common.table(header, rows),
        ]
    )


if __name__ == "__main__":
    main()
