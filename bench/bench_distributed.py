"""DaskObjective on loopback: what a message costs, what two workers gain, deaths in mid-run, and dask-ml beside it.

- overhead: seconds of an evaluation on chunks so small that nothing is computed, 8 of them on two workers.
- two workers of one thread beside ChunkedObjective on two threads, in turns: the same chunks, the same bits.
- deaths: runs of 2 to 4 workers, two of which are killed (SIGKILL) while the run goes on, the second when the Nanny of
  the first has started another; what each recovery took, until the next step was reported, and whether the bits are
  those of one machine. Then a worker that joins, and the scheduler's death and gd.resume on another cluster.
- dask-ml, where it is installed, to the same quality on the same blocks.

    python bench/bench_distributed.py [--only overhead workers deaths peers] [--quick] [--json] [--threads 1]

`--threads` is how many threads the run on one machine has (2, where there are as many CPUs, else 1).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import common
import numpy as np

sys.path.append(str(Path(__file__).parent.parent / "tests"))

import gdfast as gd
from clusters import processes, quiet_cluster, worker_of
from gdfast.distributed import DaskObjective

PARTS = ("overhead", "workers", "deaths", "peers")
CHUNKS = 8
Found = dict[str, Any]


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="these parts")
        parser.add_argument("--runs", type=int, default=10, help="runs with two deaths each")
        parser.set_defaults(threads=[min(2, len(common.usable_cpus()))])

    chosen = common.arguments(__doc__, add)
    for name in ("distributed.client", "distributed.batched"):  # a scheduler that was killed is gone, they say
        logging.getLogger(name).setLevel(logging.CRITICAL)
    facts, results = common.machine(), {}
    if not chosen.json:
        print(common.describe(facts))
    for part in chosen.only:
        results[part] = MEASURES[part](chosen)
        if not chosen.json:
            print(f"\n{part}\n\n{results[part]['text']}", flush=True)
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


# ---- overhead ----


def overhead(chosen: argparse.Namespace) -> Found:
    """Seconds of value_and_gradient where the kernels have nothing to do."""
    rounds = 20 if chosen.quick else 100
    rows = []
    with quiet_cluster(2) as running:
        for name, features, classes in (("10 x 11 weights", 10, 10), ("10 x 3,073 weights, 246 kB", 3072, 10)):
            objective, W = small(running.client, features, classes)
            seconds = timed(lambda objective=objective, W=W: objective.value_and_gradient(W), rounds)
            ray = objective.along_ray(W, W)
            steps = np.linspace(0, 1, 5)
            asked = timed(lambda ray=ray, steps=steps: ray.values(steps), rounds)
            rows.append([name, *(1e3 * x for x in (statistics.median(seconds), min(seconds))), 1e3 * min(asked)])
    columns = ("W", "evaluation, ms (median)", "best", "a point of a ray, best")
    return {"text": common.table(columns, rows), "rows": rows}


def small(client: Any, features: int, classes: int) -> tuple[DaskObjective, Any]:
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(2 * classes, features)).astype(np.float32) for _ in range(CHUNKS)]
    y = np.tile(np.arange(classes), 2 * CHUNKS)
    objective = DaskObjective(parts, y, gd.CrossEntropy(), client=client)
    W = rng.normal(size=objective.shape)
    objective.value(W)
    return objective, W


def timed(call: Callable[[], Any], rounds: int) -> list[float]:
    return [common.time_once(call) for _ in range(rounds)]


# ---- two workers beside two threads ----


def workers(chosen: argparse.Namespace) -> Found:
    """The same chunks on two workers and on one machine, in turns; passes long enough that messages are small."""
    n, features = (8_000, 256) if chosen.quick else (2_000_000, 512)
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (n, features), dtype=np.uint8)
    y = rng.integers(0, 10, n)
    parts = np.array_split(X, CHUNKS)
    here = gd.ChunkedObjective(parts, y, gd.CrossEntropy(), scale=np.full(features, 255.0), memory_limit=4 * X.nbytes)
    gd.set_num_threads(chosen.threads[0])
    with quiet_cluster(2) as running:
        there = DaskObjective(parts, y, gd.CrossEntropy(), scale=np.full(features, 255.0), client=running.client)
        W = rng.normal(size=here.shape) / 100
        same = np.array_equal(there.gradient(W), here.gradient(W))
        both = {"there": lambda: there.value_and_gradient(W), "here": lambda: here.value_and_gradient(W)}
        found = common.interleave(both, 3 if chosen.quick else 15)
    ratio = found["there"].best / found["here"].best
    rows = [[f"{X.nbytes / 1e6:,.0f} MB", 1e3 * found["there"].best, 1e3 * found["here"].best, ratio, str(same)]]
    columns = ("X", "two workers, ms", f"one machine, {chosen.threads[0]} threads", "ratio", "same bits")
    return {"text": common.table(columns, rows), "rows": rows}


# ---- deaths ----


def deaths(chosen: argparse.Namespace) -> Found:
    """Kills in runs, a worker that joins, the scheduler's death."""
    with tempfile.TemporaryDirectory() as folder:
        problem = Problem(Path(folder), 4_000 if chosen.quick else 40_000)
        lines = [killed(problem, 2 + i % 3, i) for i in range(1 if chosen.quick else chosen.runs)]
        recoveries = [seconds for line in lines for seconds in line["recoveries"]]
        n_same = sum(line["same"] for line in lines)
        rows = [
            ["runs with the bits of one machine", f"{n_same} of {len(lines)}"],
            ["workers killed", str(len(recoveries))],
            ["recovery, s: median", float(statistics.median(recoveries))],
            ["recovery, s: longest", float(max(recoveries))],
            *scheduler_dies(problem),
        ]
    return {"text": common.table(("deaths", ""), rows), "rows": rows, "runs": lines}


class Problem:
    """Rows in a file, and what a run on one machine gives."""

    def __init__(self, folder: Path, n: int) -> None:
        rng = np.random.default_rng(0)
        self.folder, self.y = folder, rng.integers(0, 10, n)
        X = rng.normal(size=(n, 200)) + 0.2 * rng.normal(size=(10, 200))[self.y]
        self.limit = 8 * (n // CHUNKS) * 200 * 4
        np.save(folder / "X.npy", X.astype(np.float32))
        self.wanted = self.run(gd.ChunkedObjective(folder / "X.npy", self.y, *self.terms, memory_limit=self.limit))

    terms = (gd.CrossEntropy(), gd.L2(1e-4))

    def on(self, client: Any) -> DaskObjective:
        return DaskObjective(self.folder / "X.npy", self.y, *self.terms, client=client, memory_limit=self.limit)

    def run(self, objective: Any, callback: Any = None, **options: Any) -> Any:
        w0 = np.zeros(objective.shape)
        return gd.minimize(objective, w0, gd.Momentum(), step=0.05, max_steps=30, callback=callback, **options)

    def is_same(self, result: Any) -> bool:
        return bool(np.array_equal(result.w, self.wanted.w)) and result.value == self.wanted.value


def killed(problem: Problem, n_workers: int, seed: int) -> Found:
    """A run, two workers of which are killed."""
    chance, reported, kills = random.Random(seed), [], []
    with quiet_cluster(n_workers) as running:

        def kill() -> None:
            pids = list(running.client.run(os.getpid).values())
            kills.append(time.perf_counter())
            os.kill(chance.choice(pids), signal.SIGKILL)

        def callback(k: int, w: Any, value: float) -> None:
            reported.append(time.perf_counter())
            if k in (5, 18):
                running.client.wait_for_workers(n_workers, timeout=60)
                threading.Timer(chance.uniform(0, 0.05), kill).start()

        result = problem.run(problem.on(running.client), callback)
    recoveries = [min((t - death for t in reported if t > death), default=0.0) for death in kills]
    return {"workers": n_workers, "same": problem.is_same(result), "recoveries": recoveries}


def scheduler_dies(problem: Problem) -> Iterator[list[Any]]:
    """A worker joins, then the scheduler is killed, and another cluster goes on from the checkpoint."""
    from distributed import Client

    path, shares = problem.folder / "run.npz", []
    with processes(problem.folder, 2) as running, contextlib.ExitStack() as stack:
        client = Client(running.address, set_as_default=False)
        client.wait_for_workers(2, timeout=60)
        objective = problem.on(client)

        def callback(k: int, w: Any, value: float) -> None:
            if k == 8:
                stack.enter_context(worker_of(running.address))
                client.wait_for_workers(3, timeout=60)
                time.sleep(1.1)
            if k == 12:
                shares.extend(sorted(worker.chunks for worker in objective.workers()))
            if k == 20:
                running.scheduler.kill()

        sentence = ""
        try:
            problem.run(objective, callback, checkpoint=gd.Checkpoint(path, every=1))
        except ConnectionError as error:
            sentence = str(error)
        client.close()
    yield ["chunks of three workers, one of which joined in mid-run", str(shares)]
    yield ["the scheduler was killed", sentence.replace(str(running.address), "ADDRESS").split(";")[0]]
    with quiet_cluster(2) as running:
        result = gd.resume(path, problem.on(running.client))
    yield ["gd.resume on another cluster: the bits of one machine", str(problem.is_same(result))]


# ---- peers ----


def peers(chosen: argparse.Namespace) -> Found:
    """dask-ml on the same blocks."""
    from cluster_peers import COLUMNS, beside

    try:
        import dask_ml  # noqa: F401
    except ImportError:
        return {"text": "skipped: dask-ml is not installed (pip install dask-ml)", "rows": []}
    rows = []
    for n in (2_000,) if chosen.quick else (200_000, 2_000_000):
        with quiet_cluster(2) as running:
            rows += [[f"{n:,}", *row] for row in beside(running.client, n, CHUNKS, chosen.quick)]
    return {"text": common.table(("rows", *COLUMNS), rows), "rows": rows}


MEASURES = {"overhead": overhead, "workers": workers, "deaths": deaths, "peers": peers}

if __name__ == "__main__":
    main()
