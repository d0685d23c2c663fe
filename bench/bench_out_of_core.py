"""Data larger than memory: a pass and an epoch of mini-batches over a file, beside the disk and the kernel alone.

Rows of uint8, CIFAR-10 repeated with noise (--data; else made-up images), are written to a new folder and removed at
the end. Held-out rows come from images that no row of the file comes from. For each thread count a process of its own
does, one after the other, each time with the file dropped from the system's cache before:

- read alone: every byte, in blocks as large as a chunk, into one buffer, by plain readinto; before and after a pass and
  an epoch, each of which is compared with the mean of its two neighbours (a disk's rate drifts);
- compute alone: value and gradient of one chunk that is in memory, times the number of chunks;
- a pass: the first value_and_gradient of a `ChunkedObjective`, whose rows are all on the disk still;
- an epoch: mini-batches by block shuffle, from zero weights, until its last step.

A last process takes the same number of steps over the same rows in FULL shuffle, made again in that order instead of
being read (a row is a function of its number): its held-out accuracy is what block shuffle is compared with.

Memory is Private_Clean + Private_Dirty of /proc/self/smaps_rollup (pages that this process alone has: data, stacks,
libraries' own pages; not the system's cache of files), the largest of samples that a thread takes. "From the disk" is
read_bytes of /proc/self/io: what came from the device and not from the cache.

    python bench/bench_out_of_core.py [--size 30] [--data cifar-10-batches-bin] [--folder WHERE] [--quick] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import common
import numpy as np
from out_of_core_data import N_FEATURES, Reordered, folder_of_its_own, forget, training_and_held_out, write

Array = np.ndarray[Any, Any]

BATCH = 256
MOMENTUM = 0.9
SCALE = 64.0  # of all pixels
LOSSES = {"hinge": ("Hinge", 2e-4), "softmax": ("CrossEntropy", 1e-3)}  # and the first step of an epoch
MEMORY_GOAL, PASS_GOAL, EPOCH_GOAL, ACCURACY_GOAL = 1e9, 1.2, 1.3, 0.003


def main() -> None:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--size", type=float, default=30.0, metavar="GB", help="of the file; default: 30")
        parser.add_argument("--data", help="folder with CIFAR-10's .bin files; default: made-up images")
        parser.add_argument("--folder", default=tempfile.gettempdir(), help="where the file is made, and removed")
        parser.add_argument("--loss", choices=LOSSES, default="hinge")
        parser.add_argument("--memory-limit", default="1 GB", help="of the ChunkedObjective")

    chosen = common.arguments(__doc__, add)
    if chosen.case is not None:
        case = dict(chosen.case)
        print(json.dumps(full_shuffle(**case) if "n_samples" in case else measure(**case)))
        return
    begin, facts = time.perf_counter(), common.machine()
    n_samples = int((0.05 if chosen.quick else chosen.size) * 1e9) // N_FEATURES
    if n_samples < 10 * BATCH:
        raise SystemExit(f"--size must be at least {10 * BATCH * N_FEATURES / 1e9:.3f}; it is {chosen.size}")
    if not chosen.json:
        print(common.describe(facts), flush=True)
    training, held_out = training_and_held_out(chosen.data, n_samples, chosen.quick)
    with folder_of_its_own(chosen.folder, (n_samples + held_out.n_samples) * (N_FEATURES + 1)) as folder:
        start = time.perf_counter()
        for name, made in (("train", training), ("held_out", held_out)):
            write(made, folder, name)
        made_in = time.perf_counter() - start
        np.save(folder / "mean.npy", training.read(0, 1000)[0].mean(axis=0))
        case = {"folder": str(folder), "loss": chosen.loss, "quick": chosen.quick}
        results = []
        for threads in chosen.threads:
            limited = {**case, "memory_limit": chosen.memory_limit}
            results.append({"threads": threads, **common.run_apart(__file__, limited, threads)})
            if not chosen.json:
                print(report(results[-1]), flush=True)
        again = {**case, "data": chosen.data, "n_samples": n_samples}
        full = common.run_apart(__file__, again, chosen.threads[-1])
    total = time.perf_counter() - begin
    if chosen.json:
        answer = {"machine": facts, "made_in": made_in, "results": results, "full_shuffle": full, "seconds": total}
        print(json.dumps(answer, indent=2))
    else:
        print(report_accuracy(results, full))
        print(f"\nmade in {made_in:.0f} s and removed; the whole run took {total / 60:.1f} minutes")


# The file, in a process with so many threads.


def measure(folder: str, loss: str, memory_limit: str, quick: bool) -> dict[str, Any]:
    """Every phase: seconds, bytes from the disk, memory."""
    import gdfast as gd

    file, mean = Path(folder) / "train.npy", np.load(Path(folder) / "mean.npy")
    phases: dict[str, dict[str, float]] = {}

    def phase(name: str, work: Callable[[], Any], is_cold: bool = True) -> Any:
        if is_cold:
            forget(file)
        fetched, used, start = bytes_from_disk(), time.process_time(), time.perf_counter()
        with PrivateMemory() as memory:
            answer = work()
        seconds = time.perf_counter() - start
        phases[name] = {
            "seconds": seconds,
            "processor": time.process_time() - used,
            "from_disk": bytes_from_disk() - fetched,
            "memory": memory.largest,
            "resident": memory.resident,
        }
        return answer

    def opened() -> Any:
        return gd.ChunkedObjective(
            file, Path(folder) / "train_y.npy", getattr(gd, LOSSES[loss][0])(), gd.L2(1e-4), mean=mean,
            scale=np.full(N_FEATURES, SCALE), memory_limit=memory_limit,
        )  # fmt: skip

    before = PrivateMemory.now()[0]
    known = phase("open", opened).problem.rows
    n_samples, rows = known.n_samples, int(np.diff(known.boundaries).max())
    n_bytes = phase("read alone", lambda: read_alone(file, rows * N_FEATURES))
    W = (0.003 * np.random.default_rng(0).normal(size=(10, N_FEATURES + 1))).astype(np.float32)
    compute = phase("compute alone", lambda: compute_alone(folder, loss, mean, W, rows, 3 if quick else 9), False)
    phases["compute alone"]["seconds"] = compute * n_samples / rows
    objectives = [opened(), opened()]
    value, gradient = phase("a pass", lambda: objectives.pop().value_and_gradient(W))
    phase("read alone, again", lambda: read_alone(file, rows * N_FEATURES))
    W_trained = phase("an epoch", lambda: epoch(objectives.pop(), loss, shuffle=True))
    phase("read alone, at last", lambda: read_alone(file, rows * N_FEATURES))
    return {
        "n_samples": n_samples,
        "n_bytes": n_bytes,
        "block": rows * N_FEATURES,
        "before": before,
        "phases": phases,
        "value": value,
        "gradient_norm": float(np.linalg.norm(gradient)),
        "accuracy": held_out_accuracy(folder, loss, mean, W_trained),
        "checksum": [float(np.asarray(a, np.float64).sum()) for a in (gradient, W_trained)],
    }


def read_alone(file: Path, block: int) -> int:
    """Every byte of the file into one buffer, block by block; how many."""
    buffer, total = memoryview(bytearray(block)), 0
    with open(file, "rb", buffering=0) as rows:
        while count := rows.readinto(buffer):
            total += count
    return total


def compute_alone(folder: str, loss: str, mean: Array, W: Array, rows: int, rounds: int) -> float:
    """Seconds of one chunk's value and gradient, in memory: the middle of some."""
    X = np.array(np.load(Path(folder) / "train.npy", mmap_mode="r")[:rows])
    objective = in_memory(X, np.load(Path(folder) / "train_y.npy")[:rows], loss, mean)
    return common.interleave({"": lambda: objective.value_and_gradient(W)}, rounds)[""].median


def in_memory(X: Array, y: Array, loss: str, mean: Array) -> Any:
    """The objective on rows in memory."""
    import gdfast as gd

    kind = getattr(gd, LOSSES[loss][0])()
    return gd.LinearObjective(X, y, kind, gd.L2(1e-4), mean=mean, scale=np.full(N_FEATURES, SCALE), n_classes=10)


def epoch(objective: Any, loss: str, shuffle: bool) -> Array:
    """One, from zero weights with a step that falls to 0: the weights after its last step.

    The last step ends it, not `minimize`, which would evaluate the whole objective then: another pass.
    """
    import gdfast as gd

    batches = gd.MiniBatches(BATCH, seed=1, shuffle=shuffle)
    steps = batches.steps_per_epoch(objective.n_samples)

    def end(k: int, w: Array, value: float) -> bool:
        raise EpochEnd(k, w)

    try:
        gd.minimize(
            objective, np.zeros(objective.shape, np.float32), gd.Momentum(MOMENTUM),
            gd.Cosine(LOSSES[loss][1], steps), batches=batches, epochs=1, callback=end, callback_every=steps,
        )  # fmt: skip
    except EpochEnd as ended:
        k, w = ended.args
        if k == steps:
            return np.asarray(w)
    raise SystemExit("the epoch ended too early")


class EpochEnd(Exception):
    """All steps of an epoch are taken: how many, and the weights."""


def held_out_accuracy(folder: str, loss: str, mean: Array, W: Array) -> float:
    """Of rows from images that nobody was trained on."""
    X, y = np.load(Path(folder) / "held_out.npy"), np.load(Path(folder) / "held_out_y.npy")
    return float(in_memory(X, y, loss, mean).accuracy(W))


def full_shuffle(folder: str, loss: str, data: str | None, n_samples: int, quick: bool) -> dict[str, Any]:
    """The epoch on the same rows in a random order of all of them, which are made again in that order."""
    import gdfast as gd

    training, _ = training_and_held_out(data, n_samples, quick)
    mean, order = np.load(Path(folder) / "mean.npy"), np.random.default_rng(2).permutation(n_samples)
    objective = gd.ChunkedObjective(
        [Reordered(training, order)], np.load(Path(folder) / "train_y.npy")[order], getattr(gd, LOSSES[loss][0])(),
        gd.L2(1e-4), mean=mean, scale=np.full(N_FEATURES, SCALE),
    )  # fmt: skip
    start = time.perf_counter()
    W = epoch(objective, loss, shuffle=False)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "accuracy": held_out_accuracy(folder, loss, mean, W)}


# What the system says of this process.


class PrivateMemory:
    """The largest private memory while it is open, sampled by a thread; RSS as well."""

    PAUSE = 0.02  # seconds: less than a chunk takes

    def __init__(self) -> None:
        self.largest = self.resident = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    @staticmethod
    def now() -> tuple[int, int]:
        """Private_Clean + Private_Dirty, and Rss, in bytes."""
        sizes = {}
        with open("/proc/self/smaps_rollup", encoding="ascii") as file:
            for line in file:
                name, _, rest = line.partition(":")
                if rest.endswith("kB\n"):
                    sizes[name] = 1024 * int(rest.split()[0])
        return sizes["Private_Clean"] + sizes["Private_Dirty"], sizes["Rss"]

    def _sample(self) -> None:
        while not self._over.wait(self.PAUSE):
            private, resident = self.now()
            self.largest, self.resident = max(self.largest, private), max(self.resident, resident)

    def __enter__(self) -> Self:
        self.largest, self.resident = self.now()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()


def bytes_from_disk() -> int:
    """What this process has fetched from the device, not from the system's cache."""
    with open("/proc/self/io", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("read_bytes"))


# Output.


def report(result: dict[str, Any]) -> str:
    """A table of the phases, and the goals below it."""
    threads, phases, n_bytes = result["threads"], result["phases"], result["n_bytes"]
    rows = [
        (
            name, of["seconds"], n_bytes / of["seconds"] / 1e9 if name != "open" else None, of["processor"],
            of["from_disk"] / 1e9, of["memory"] / 1e6, of["resident"] / 1e6,
        )
        for name, of in phases.items()
    ]  # fmt: skip
    most = max(of["memory"] for of in phases.values())
    header = (
        "",
        "seconds",
        "GB/s",
        "processors' s",
        "from the disk, GB",
        "private memory at most, MB",
        "RSS at most, MB",
    )
    return "\n".join(
        [
            f"\n## {n_bytes / 1e9:.1f} GB, {result['n_samples']:,} rows, {threads} thread{'s' * (threads > 1)}\n",
            common.table(header, rows),
            "",
            judged("a pass / max(cold read, compute)", ratio(phases, "a pass"), PASS_GOAL),
            judged("an epoch / max(cold read, compute)", ratio(phases, "an epoch"), EPOCH_GOAL),
            judged("private memory, GB", most / 1e9, MEMORY_GOAL / 1e9)
            + f"; {result['before'] / 1e6:.0f} MB of it before anything was read",
        ]
    )


def ratio(phases: dict[str, dict[str, float]], name: str) -> float:
    """How long a phase took, by the longer of the compute alone and the reads before and after it."""
    names = list(phases)
    i = names.index(name)
    reads = [
        next(phases[other]["seconds"] for other in others if "read" in other) for others in (names[i::-1], names[i:])
    ]
    return phases[name]["seconds"] / max(sum(reads) / 2, phases["compute alone"]["seconds"])


def report_accuracy(results: list[dict[str, Any]], full: dict[str, Any]) -> str:
    """Block shuffle beside the full shuffle."""
    rows = [(f"block shuffle, {r['threads']} thread{'s' * (r['threads'] > 1)}", r["accuracy"]) for r in results]
    same = all(r["checksum"] == results[0]["checksum"] for r in results)
    distance = max(abs(r["accuracy"] - full["accuracy"]) for r in results)
    lines = [
        "\n## Held-out accuracy after one epoch\n",
        common.table(("", "accuracy"), [(name, f"{a:.4f}") for name, a in [*rows, ("full shuffle", full["accuracy"])]]),
        "",
        judged("difference", distance, ACCURACY_GOAL),
    ]
    if len(results) > 1:
        lines.append(f"gradients and weights of all thread counts: {'the same sums' if same else 'DIFFERENT'}")
    return "\n".join(lines)


def judged(name: str, number: float, goal: float) -> str:
    """A number beside its goal."""
    return f"{name}: {number:.3g} (goal {goal:g}: {'reached' if number <= goal else 'MISSED'})"


if __name__ == "__main__":
    main()
