"""How a library behaves beside others: two processes at once, a pass right after a product of BLAS's, and Ctrl-C.

Two at once: each of two processes computes loss and gradient (hinge, float32) over and over for some seconds, with as
many threads as there are CPUs: first one alone, then both. Half the speed alone is all that either can have; the share
of it that the slower one keeps is printed. Threads that spin while they wait for work lose it.

After a product: idle threads of BLAS go on spinning for a while (OpenBLAS's for a tenth of a second, unless
OPENBLAS_THREAD_TIMEOUT says otherwise) and take a processor from whoever comes next: loss and gradient (hinge, float32,
50,000 x 3,072) right after `A @ A` of 1,536 x 1,536, a tenth of a second later, and where BLAS may use one thread.

Ctrl-C: SIGINT is sent in the midst of long calls of every kind; the time until Python has it is printed.

    python bench/bench_manners.py [--quick] [--json] [--threads 2]
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import common
import numpy as np
from bench_full_batch import with_numpy

Array = np.ndarray[Any, Any]

LIBRARIES = ("gdfast", "NumPy", "PyTorch")
SHAPE, CLASSES = (20_000, 1024), 10


def main() -> None:
    chosen = common.arguments(__doc__)
    if chosen.case is not None:
        case = dict(chosen.case)
        run = heard if "interrupts" in case else after_product if "rounds" in case else calls_per_second
        print(json.dumps(run(**case)))
        return
    facts, threads = common.machine(), chosen.threads[-1]
    seconds = 0.5 if chosen.quick else 4.0
    shares = {name: share(name, threads, seconds) for name in LIBRARIES if name != "PyTorch" or has_torch()}
    interrupts = common.run_apart(__file__, {"interrupts": 3 if chosen.quick else 20, "quick": chosen.quick}, threads)
    passes = common.run_apart(__file__, {"rounds": 3 if chosen.quick else 15, "quick": chosen.quick}, threads)
    if chosen.json:
        print(
            json.dumps(
                {"machine": facts, "two at once": shares, "after a product": passes, "interrupts": interrupts}, indent=2
            )
        )
        return
    print(common.describe(facts))
    print(f"\n## Two processes at once, {threads} threads each on {threads} CPUs\n")
    header = ("", "calls a second, alone", "each of two", "the slower keeps of a fair half")
    rows = [
        (name, s["alone"], " and ".join(common.cell(rate) for rate in s["both"]), f"{s['kept']:.0%}")
        for name, s in shares.items()
    ]
    print(common.table(header, rows))
    print(f"\n## A pass after a product of BLAS's, {threads} threads\n")
    least = passes["nothing"]["median"]
    rows = [(name, each["median"], each["best"], each["median"] / least) for name, each in passes.items()]
    print(common.table(("before the pass", "median, ms", "best, ms", "x after nothing"), rows))
    print(f"\n## From Ctrl-C to KeyboardInterrupt, {threads} threads\n")
    header = ("in the midst of", "the call lasts, s", "median, ms", "longest, ms")
    print(common.table(header, [(name, i["call"], i["median"], i["longest"]) for name, i in interrupts.items()]))


# Two at once.


def share(library: str, threads: int, seconds: float) -> dict[str, Any]:
    """Calls a second of one process alone and of two at once."""
    alone = together(1, library, threads, seconds)[0]
    both = together(2, library, threads, seconds)
    return {"alone": alone, "both": both, "kept": min(both) / (alone / 2)}


def together(n: int, library: str, threads: int, seconds: float) -> list[float]:
    """Start n processes; when all are ready they begin to count."""
    environment = {name: value for name, value in os.environ.items() if name not in common.HANDICAPS}
    environment |= dict.fromkeys(common.THREAD_VARIABLES, str(threads))
    case = json.dumps({"library": library, "seconds": seconds})
    cpus = set(common.usable_cpus()[:threads])
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, "--case", case, "--threads", str(threads)],
            env=environment,
            preexec_fn=lambda: os.sched_setaffinity(0, cpus),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(n)
    ]
    for process in processes:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise SystemExit(f"{library} did not get ready")
    answers = [process.communicate()[0] for process in started(processes)]
    return [json.loads(answer.splitlines()[-1])["rate"] for answer in answers]


def started(processes: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    """The processes, told to go."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return processes


def calls_per_second(library: str, seconds: float) -> dict[str, float]:
    """What one process does: get ready, wait for the word, call for some seconds, count."""
    call = work_of(library)
    call()
    print("ready", flush=True)
    sys.stdin.readline()
    calls, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        call()
        calls += 1
    return {"rate": calls / (time.perf_counter() - begin)}


def work_of(library: str) -> Callable[[], Any]:
    """Loss and gradient by one library."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal(SHAPE, dtype=np.float32)
    y = rng.integers(0, CLASSES, SHAPE[0])
    W = 0.01 * rng.standard_normal((CLASSES, SHAPE[1] + 1), dtype=np.float32)
    if library == "gdfast":
        import gdfast as gd

        objective = gd.LinearObjective(X, y, gd.Hinge())
        return lambda: objective.value_and_gradient(W)
    if library == "NumPy":
        return with_numpy(X, y, W, "hinge")
    import torch

    x, labels, w = torch.from_numpy(X), torch.from_numpy(y), torch.from_numpy(W).requires_grad_()

    def with_torch() -> None:
        w.grad = None
        scores = x @ w[:, :-1].T + w[:, -1]
        (CLASSES * torch.nn.functional.multi_margin_loss(scores, labels)).backward()

    return with_torch


def has_torch() -> bool:
    """Whether PyTorch is installed."""
    return bool(common.versions("torch"))


# After a product.


def after_product(rounds: int, quick: bool) -> dict[str, dict[str, float]]:
    """Milliseconds of loss and gradient, by what BLAS did before; the cases take turns."""
    import threadpoolctl

    import gdfast as gd

    rng = np.random.default_rng(0)
    X = rng.standard_normal((5_000 if quick else 50_000, 3072), dtype=np.float32)
    objective = gd.LinearObjective(X, rng.integers(0, CLASSES, len(X)), gd.Hinge())
    W = 0.01 * rng.standard_normal((CLASSES, 3073), dtype=np.float32)
    A = rng.standard_normal((1536, 1536), dtype=np.float32)

    def on_one_thread() -> None:
        with threadpoolctl.threadpool_limits(1, "blas"):
            A @ A

    def one_thread_of_ours() -> float:
        n_threads = gd.get_num_threads()
        gd.set_num_threads(1)
        try:
            return common.time_once(lambda: objective.value_and_gradient(W))
        finally:
            gd.set_num_threads(n_threads)

    before: dict[str, Callable[[], Any]] = {
        "nothing": lambda: None,
        "a product": lambda: A @ A,
        "a product, and 0.1 s": lambda: (A @ A, time.sleep(0.1)),
        "a product on one thread": on_one_thread,
    }
    seconds: dict[str, list[float]] = {name: [] for name in (*before, "nothing; the pass on 1 thread")}
    for _ in range(rounds):
        for name, work in before.items():
            common.settle()
            work()
            seconds[name].append(common.time_once(lambda: objective.value_and_gradient(W)))
        common.settle()
        seconds["nothing; the pass on 1 thread"].append(one_thread_of_ours())
    return {
        name: {"median": 1e3 * float(np.median(times)), "best": 1e3 * min(times)} for name, times in seconds.items()
    }


# Ctrl-C.


def heard(interrupts: int, quick: bool) -> dict[str, dict[str, float]]:
    """For each long call: how long it takes, and the milliseconds from SIGINT to KeyboardInterrupt."""
    import gdfast as gd

    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may have ignored it
    rng = np.random.default_rng(0)
    rows = 5_000 if quick else 50_000
    X = rng.standard_normal((rows, 3072), dtype=np.float32)
    y = rng.integers(0, CLASSES, rows)
    W = 0.01 * rng.standard_normal((CLASSES, 3073))
    hinge, softmax = gd.LinearObjective(X, y, gd.Hinge()), gd.LinearObjective(X, y, gd.CrossEntropy())
    pixels = gd.LinearObjective(rng.integers(0, 256, X.shape, dtype=np.uint8), y, gd.Hinge())
    many = np.repeat(W[None], 50, axis=0)
    ray = hinge.along_ray(W, W)
    batches = gd.MiniBatches(64)
    calls = {
        "50 losses in one pass": lambda: hinge.values_at(many),
        "numerical gradient, hinge": lambda: hinge.numerical_gradient(W),
        "numerical gradient, softmax": lambda: softmax.numerical_gradient(W),
        "10,000 points of a ray": lambda: ray.values(np.linspace(-1, 1, 10_000)),
        "uint8, a gradient at a time": lambda: [pixels.gradient(W) for _ in range(50)],
    }
    answer = {}
    for name, call in calls.items():
        length = common.time_once(call)
        waits = waits_of(call, lambda length=length: length * rng.random(), interrupts)
        answer[name] = {"call": length, "median": float(np.median(waits)), "longest": max(waits)}

    # minimize does not raise: it returns what it has
    def run() -> None:
        result = gd.minimize(softmax, W, gd.Momentum(0.9), step=0.01, batches=batches, epochs=1_000)
        if result.status is not gd.Status.INTERRUPTED:
            raise SystemExit(f"the run ended as {result.status.name} before it could be interrupted")
        raise KeyboardInterrupt

    waits = waits_of(run, lambda: 0.3 + 0.3 * rng.random(), interrupts)
    answer["minimize, mini-batches"] = {
        "call": None, "median": float(np.median(waits)), "longest": max(waits)
    }  # fmt: skip
    return answer


def waits_of(call: Callable[[], Any], delay: Callable[[], float], n: int) -> list[float]:
    """n of them, from calls that were not over before the signal came."""
    found: list[float] = []
    for _ in range(20 * n):
        wait = wait_after(call, delay())
        found += [] if wait is None else [wait]
        if len(found) == n:
            return found
    raise SystemExit("the calls are over before they can be interrupted")


def wait_after(call: Callable[[], Any], delay: float) -> float | None:
    """Milliseconds from SIGINT, sent after a delay, to the KeyboardInterrupt; None when the call was over before."""
    sent = 0.0

    def send() -> None:
        nonlocal sent
        sent = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(delay, send)
    timer.start()
    try:
        call()
    except KeyboardInterrupt:
        return 1e3 * (time.perf_counter() - sent)
    try:
        timer.join()
        time.sleep(0.01)
    except KeyboardInterrupt:
        pass
    return None


if __name__ == "__main__":
    main()
