"""What a cluster's time is made of, measured on one machine: the constants of the model in docs/explanation/scaling.md.

One core: reading a cold file, value and gradient of a chunk in memory (three shapes), adding partial results up, and
how much the times of equal chunks differ. One and two workers (processes with one thread each, on loopback): a task (by
the clock, where all processes share these CPUs, and by the processor's time of the scheduler and client alone), a
call of a `DaskObjective` on 8 chunks of a few rows, an array to all workers and a result back. At last value and
gradient of 8 larger chunks on the workers, beside a `ChunkedObjective` in this process: what the model is checked by.

The best of some rounds counts; the spread is that of all rounds. --threads N: N CPUs and N workers.

    python bench/bench_scaling_constants.py [--folder WHERE] [--quick] [--json] [--threads 1 2]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import common
import numpy as np
from out_of_core_data import folder_of_its_own, forget

Array = np.ndarray[Any, Any]

CHUNK = 62_500_000  # bytes
KINDS = {
    "hinge, uint8, 10 x 3,073": ("Hinge", np.uint8, 3072, 10),
    "softmax, float32, 10 x 3,073": ("CrossEntropy", np.float32, 3072, 10),
    "softmax, float32, 1,000 x 769": ("CrossEntropy", np.float32, 768, 1000),
}
SIZES = (1_000, 250_000, 6_000_000)  # bytes of arrays that travel: a number, W of 10 x 3,073, W of 1,000 x 769
TASKS = (8, 512)  # chunks


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--folder", default=tempfile.gettempdir(), help="where a file is made, and removed")

    chosen = common.arguments(__doc__, add)
    if chosen.case is not None:
        print(json.dumps(measure(**chosen.case, threads=chosen.threads[0])))
        return
    facts, results = common.machine(), []
    if not chosen.json:
        print(common.describe(facts))
    for threads in chosen.threads:
        case = {"folder": chosen.folder, "quick": chosen.quick}
        results.append({"threads": threads, **common.run_apart(__file__, case, threads)})
        if not chosen.json:
            print(report(results[-1]), flush=True)
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


def measure(folder: str, quick: bool, threads: int) -> dict[str, Any]:
    """Everything, on so many CPUs with as many workers."""
    rounds, chunk = (3, CHUNK // 50) if quick else (15, CHUNK)
    answer: dict[str, Any] = {"core": core(folder, chunk, rounds) if threads == 1 else {}}
    if not common.versions("distributed"):
        return {**answer, "cluster": {}}
    with workers(threads) as client:
        return {**answer, "cluster": {**loopback(client, rounds), **check(client, folder, chunk, threads, rounds)}}


def best(call: Callable[[], Any], rounds: int) -> float:
    """Seconds."""
    return common.interleave({"": call}, rounds)[""].best


# One core.


def core(folder: str, chunk: int, rounds: int) -> dict[str, float]:
    """Rates in GB/s (of X, as it lies on the disk), and the spread of a chunk's time."""
    from gdfast.objective.chunked.ordered_sum import added

    found = {"cold read, GB/s": read_rate(folder, chunk, rounds)}
    for name, (loss, dtype, d, k) in KINDS.items():
        objective = objective_on(rows_of(chunk, dtype, d), loss, k)
        W = weights_of(k, d)
        times = [common.time_once(partial(objective.value_and_gradient, W)) for _ in range(rounds + 1)][1:]
        found[f"pass, {name}, GB/s"] = chunk / min(times) / 1e9
        found[f"spread, {name}"] = float(np.std(times) / np.mean(times))
    parts = [(0.0, np.ones((1000, 769))) for _ in range(16)]
    found["adding up, GB/s"] = sum(part[1].nbytes for part in parts) / best(partial(added, parts), rounds) / 1e9
    return found


def read_rate(folder: str, chunk: int, rounds: int) -> float:
    """Of a cold file of some chunks, into one buffer: GB/s, the middle of three."""
    block, rates = memoryview(bytearray(chunk)), []
    with folder_of_its_own(folder, rounds * chunk) as place:
        file = place / "bytes"
        fill(file, chunk, rounds)
        for _ in range(3):
            forget(file)
            start = time.perf_counter()
            with open(file, "rb", buffering=0) as rows:
                while rows.readinto(block):
                    pass
            rates.append(rounds * chunk / (time.perf_counter() - start) / 1e9)
    return float(np.median(rates))


def fill(file: Path, chunk: int, rounds: int) -> None:
    """Random bytes, on the disk when it returns."""
    bits = np.random.default_rng(0).bytes(chunk)
    with open(file, "wb") as rows:
        for _ in range(rounds):
            rows.write(bits)
        rows.flush()
        os.fsync(rows.fileno())


def rows_of(chunk: int, dtype: type[np.generic], d: int) -> Array:
    """About so many bytes of rows."""
    n, rng = chunk // (d * np.dtype(dtype).itemsize), np.random.default_rng(0)
    if dtype is np.uint8:
        return rng.integers(0, 256, (n, d), dtype=np.uint8)
    return rng.standard_normal((n, d), dtype=np.float32)


def weights_of(k: int, d: int) -> Array:
    """As after some steps."""
    return (0.003 * np.random.default_rng(1).normal(size=(k, d + 1))).astype(np.float32)


def labels_of(n: int, k: int) -> Array:
    """At random, every class among them."""
    y = np.random.default_rng(2).integers(0, k, n)
    y[: min(n, k)] = np.arange(min(n, k))
    return y


def objective_on(X: Array, loss: str, k: int) -> Any:
    """In memory."""
    import gdfast as gd

    return gd.LinearObjective(X, labels_of(len(X), k), getattr(gd, loss)(), n_classes=k)


# Workers on loopback.


@contextmanager
def workers(n: int) -> Iterator[Any]:
    """A client of n processes with one thread each."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        client.wait_for_workers(n)
        yield client


def loopback(client: Any, rounds: int) -> dict[str, float]:
    """Milliseconds of messages."""
    found = {}
    few, many = TASKS
    for name, clock in (("", time.perf_counter), ("of the scheduler's processor, ", time.process_time)):
        seconds = [common.interleave({"": partial(tree, client, m)}, rounds, clock)[""].best for m in TASKS]
        found[f"a task, {name}ms"] = 1e3 * (seconds[1] - seconds[0]) / (tasks_of(many) - tasks_of(few))
    for size in SIZES:
        array = np.random.default_rng(0).normal(size=size // 8)
        found[f"{size / 1e6:g} MB to every worker, ms"] = 1e3 * best(partial(to_every_worker, client, array), rounds)
        held = client.submit(same, array)
        client.gather(held)
        found[f"{size / 1e6:g} MB back, ms"] = 1e3 * best(partial(client.gather, held), rounds)
    return found


def tree(client: Any, n: int) -> None:
    """n tasks, and those that add up 16 of them, 16 of these, ..."""
    parts = client.map(number, range(n), pure=False)
    while len(parts) > 1:
        parts = client.map(number, [parts[i : i + 16] for i in range(0, len(parts), 16)], pure=False)
    parts[0].result()


def tasks_of(chunks: int) -> int:
    """How many the tree has."""
    return chunks + (tasks_of(-(-chunks // 16)) if chunks > 1 else 0)


def to_every_worker(client: Any, array: Array) -> None:
    """As W travels: one task's result, which the tasks of all others need."""
    future = client.submit(same, array, pure=False)
    addresses = list(client.scheduler_info()["workers"])
    client.gather([client.submit(number, future, pure=False, workers=[address]) for address in addresses])


def number(anything: Any) -> int:
    """A task's least work."""
    return 0


def same(array: Array) -> Array:
    """A task whose result is its argument."""
    return array


def check(client: Any, folder: str, chunk: int, threads: int, rounds: int) -> dict[str, float]:
    """Value and gradient of a `DaskObjective` on 8 files, and of a `ChunkedObjective` on them in this process."""
    import gdfast as gd
    from gdfast.distributed import DaskObjective

    found = {}
    for name, n_bytes in (("8 chunks of a few rows", 8 * 3072), (f"8 chunks of {chunk / 1e6:.3g} MB", chunk)):
        with folder_of_its_own(folder, 8 * n_bytes) as place:
            for i in range(8):
                X = rows_of(n_bytes, np.uint8, 3072)
                np.save(place / f"part-{i}.npy", X)
                np.save(place / f"part-{i}_labels.npy", labels_of(len(X), 10))
            W = weights_of(10, 3072)
            here = gd.ChunkedObjective(place, loss=gd.Hinge(), memory_limit=32 * n_bytes + 10**9, n_classes=10)
            there = DaskObjective(place, loss=gd.Hinge(), client=client, n_classes=10)
            if here.value(W) != there.value(W):
                raise SystemExit("the workers do not find the same value")
            calls = {where: partial(o.value_and_gradient, W) for where, o in (("here", here), ("there", there))}
            seconds = common.interleave(calls, rounds)
        found[f"{name}, in this process, ms"] = 1e3 * seconds["here"].best
        found[f"{name}, {threads} worker{'s' * (threads > 1)}, ms"] = 1e3 * seconds["there"].best
    return found


# Output.


def report(result: dict[str, Any]) -> str:
    """A table of one column."""
    rows = [(name, number) for part in ("core", "cluster") for name, number in result[part].items()]
    count = result["threads"]
    return "\n".join([f"\n## {count} CPU{'s' * (count > 1)}, as many workers\n", common.table(("", "measured"), rows)])


if __name__ == "__main__":
    main()
