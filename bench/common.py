"""What every benchmark shares: fair timing, practical floors, facts about the machine, tables and JSON.

Fair means: all contestants take turns in one run (whatever else the machine does hits them alike), each thread
count runs in a process of its own that may use just so many CPUs (so every library obeys, whatever its switches
are), and libraries run at their own best: variables that pin OpenBLAS to an older processor are not passed on.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

# They make OpenBLAS choose kernels for another processor or cache than it finds.
HANDICAPS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
SQUARE = 1024  # rows of the matrices whose product measures arithmetic
SHORT = 0.03  # seconds
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "GDFAST_NUM_THREADS")
INSTRUCTION_SETS = ("sse2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "asimd")


# One run, started by hand; and one process per thread count, started by it.


def arguments(
    description: str | None, add: Callable[[argparse.ArgumentParser], Any] | None = None
) -> argparse.Namespace:
    """The options of every benchmark, and its own by `add`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a small size and few rounds, to see that it runs")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "--threads", type=int, nargs="+", default=None, metavar="N", help="default: 1 and all CPUs up to 2"
    )
    parser.add_argument("--case", type=json.loads, default=None, help=argparse.SUPPRESS)
    if add is not None:
        add(parser)
    chosen = parser.parse_args()
    cpus = len(usable_cpus())
    if chosen.threads is None:
        chosen.threads = [1, 2] if cpus > 1 else [1]
    if not all(1 <= n <= cpus for n in chosen.threads):
        parser.error(f"--threads must be between 1 and the {cpus} CPUs that this process may use")
    return chosen


def tables(
    description: str | None,
    file: str,
    cases: Iterable[dict[str, Any]],
    measure: Callable[..., dict[str, Any]],
    report: Callable[[dict[str, Any]], str],
) -> None:
    """All of a benchmark that has a table for each case and thread count, on CIFAR-10's pixels or random ones."""
    chosen = arguments(
        description,
        lambda parser: parser.add_argument("--data", help="folder with CIFAR-10's .bin files; default: random pixels"),
    )
    if chosen.case is not None:
        print(json.dumps(measure(**chosen.case, threads=chosen.threads[0])))
        return
    facts, results = machine(), []
    if not chosen.json:
        print(describe(facts))
    for kind in cases:
        for threads in chosen.threads:
            case = {**kind, "data": chosen.data, "quick": chosen.quick}
            results.append({**case, "threads": threads, **run_apart(file, case, threads)})
            if not chosen.json:
                print(report(results[-1]), flush=True)
    if chosen.json:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


def usable_cpus() -> list[int]:
    """The CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def run_apart(script: str, case: dict[str, Any], threads: int) -> dict[str, Any]:
    """Start `script --case CASE` on `threads` CPUs; what it prints last is its answer as JSON."""
    environment = {name: value for name, value in os.environ.items() if name not in HANDICAPS}
    environment |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    cpus = usable_cpus()[:threads]
    pin = (lambda: os.sched_setaffinity(0, cpus)) if hasattr(os, "sched_setaffinity") else None
    run = subprocess.run(
        [sys.executable, script, "--case", json.dumps(case), "--threads", str(threads)],
        env=environment,
        preexec_fn=pin,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        raise SystemExit(f"the case {case} failed on {threads} threads (exit code {run.returncode})")
    answer: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return answer


# Timing.


@dataclass(frozen=True)
class Timing:
    """Seconds per call: the middle and the best of the rounds."""

    median: float
    best: float


def interleave(
    contestants: dict[str, Callable[[], Any]], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, Timing]:
    """Time each contestant once per round, in turn, after one round that is not counted.

    A turn begins when the threads of the one before are asleep. Where calls are short, one call in every turn goes
    ahead untimed and warms the caches.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        for name, call in contestants.items():
            settle()
            elapsed = time_once(call, clock)
            if elapsed < SHORT:
                elapsed = time_once(call, clock)
            if turn > 0:
                seconds[name].append(elapsed)
    return {name: Timing(statistics.median(times), min(times)) for name, times in seconds.items()}


def time_once(call: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that one call takes."""
    start = clock()
    call()
    return clock() - start


def settle(slice_: float = 0.01, patience: float = 1.0) -> None:
    """Wait until this process uses no processor time.

    Idle threads of a library may go on spinning for work (OpenBLAS's for some 80 ms): they would take a CPU from
    whoever comes next.
    """
    deadline = time.perf_counter() + patience
    while time.perf_counter() < deadline:
        used = time.process_time()
        time.sleep(slice_)
        if time.process_time() - used < 0.1 * slice_:
            return


# Floors: what the machine reaches in practice, measured in the same rounds as the contestants.


def floor_probes(X: np.ndarray[Any, Any]) -> dict[str, Callable[[], Any]]:
    """Contestants that do nothing but read the float array X, and nothing but multiply and add in its type.

    Reading: BLAS's dot product and matrix-vector product, and NumPy's largest element; the fastest counts.
    Arithmetic: NumPy's product of square matrices, the practical peak (some 10 % below the processor's).
    """
    flat, square = X.reshape(-1), np.random.default_rng(0).normal(size=(SQUARE, SQUARE)).astype(X.dtype)
    vector, product = np.ones(X.shape[1], dtype=X.dtype), np.empty_like(square)
    return {
        "read: dot": lambda: flat @ flat,
        "read: matrix-vector": lambda: X @ vector,
        "read: largest": lambda: flat.max(),
        "multiply": lambda: np.matmul(square, square, out=product),
    }


def floors(timings: dict[str, Timing], probe_bytes: int, n_bytes: int, n_operations: float) -> dict[str, float]:
    """Rates from the probes' best times, and how long reading n_bytes and n_operations take at least."""
    bandwidth = probe_bytes / min(timing.best for name, timing in timings.items() if name.startswith("read"))
    rate = 2 * SQUARE**3 / timings["multiply"].best
    memory, arithmetic = n_bytes / bandwidth, n_operations / rate
    return {
        "read_GB_per_s": bandwidth / 1e9,
        "multiply_GFLOP_per_s": rate / 1e9,
        "memory_ms": 1e3 * memory,
        "arithmetic_ms": 1e3 * arithmetic,
        "floor_ms": 1e3 * max(memory, arithmetic),
    }


# Facts.


def machine() -> dict[str, Any]:
    """Processor, CPUs, instruction sets, libraries."""
    names, flags = [], []
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                key, _, text = (part.strip() for part in line.partition(":"))
                if key == "model name":
                    names.append(text)
                elif key in ("flags", "Features"):
                    flags = [flag for flag in INSTRUCTION_SETS if flag in text.split()]
    except OSError:
        names.append(platform.processor() or platform.machine())
    return {
        "processor": names[0] if names else platform.machine(),
        "cpus": len(usable_cpus()),
        "instruction_sets": flags,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions("gdfast", "numpy", "scipy", "scikit-learn", "torch", "jax"),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "ignored_variables": [f"{name}={os.environ[name]}" for name in HANDICAPS if name in os.environ],
    }


def versions(*names: str) -> dict[str, str]:
    """Of those that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def blas() -> list[str]:
    """The BLAS that NumPy runs on: library, version, the processor it chose its kernels for, threads."""
    import threadpoolctl

    return [
        f"{pool['internal_api']} {pool['version']}, kernels for {pool.get('architecture', 'unknown')}, "
        f"threads: {pool['num_threads']}"
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    ]


# Output.


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table with aligned columns; numbers to three significant digits."""
    texts = [list(header), *([cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(header))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |" for row in texts
    ]
    return "\n".join([lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]])


def cell(value: Any) -> str:
    """One cell: 12.3, 1,230, or the text itself."""
    if not isinstance(value, float):
        return "" if value is None else str(value)
    digits = max(0, 2 - int(np.floor(np.log10(abs(value))))) if value else 0
    return f"{value:,.{digits}f}"


def describe(facts: dict[str, Any]) -> str:
    """The machine in a few lines."""
    lines = [
        f"{facts['processor']}, {facts['cpus']} CPUs, {' '.join(facts['instruction_sets'])}",
        f"{facts['system']}, Python {facts['python']}",
        ", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
    ]
    if facts["load"] is not None and facts["load"] > 0.5:
        lines.append(f"the machine is busy (load average {facts['load']:.1f}): trust only ratios, and those little")
    if facts["ignored_variables"]:
        lines.append(f"not passed on, so that BLAS runs at its best: {', '.join(facts['ignored_variables'])}")
    return "\n".join(lines)
