"""Which instruction set is the quickest on this machine: the kernels of each, timed in processes that take turns.

What runs is the widest that the processor has. A processor may lower its clock for it, so the widest need not be the
quickest; but results differ in their last bits from one instruction set to another, so nobody but the user changes it,
by GDFAST_ISA.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .._config import config
from ..objective.linear.objective import LinearObjective
from ..objective.losses import CrossEntropy, Hinge

VARIABLE = "GDFAST_ISA"
CASES = {
    "float32 hinge": ("float32", Hinge, 10),
    "float64 softmax": ("float64", CrossEntropy, 10),
    "uint8 hinge": ("uint8", Hinge, 10),
    "float32 softmax, 100 classes": ("float32", CrossEntropy, 100),
}
SHAPE = 6000, 784
ROUNDS = 7
CLEAR = 1.03
"""Times as long: less says nothing."""

Times = Mapping[str, Mapping[str, float]]


def measure(rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Milliseconds of one loss and gradient, the best of the rounds, by instruction set and case."""
    with contextlib.ExitStack() as stack:
        workers: dict[str, Callable[[], dict[str, float]]] = {}
        for name in config()["instruction sets available"]:
            workers[name] = stack.enter_context(_worker(name))
            workers[name]()  # not counted: it has started and is warm before the next one starts
        best = {name: dict.fromkeys(CASES, math.inf) for name in workers}
        for _ in range(rounds):
            for name, ask in workers.items():
                for case, milliseconds in ask().items():
                    best[name][case] = min(best[name][case], milliseconds)
    return best


def times_as_long(times: Times) -> dict[str, float]:
    """As the quickest, by instruction set: the geometric mean over the cases."""
    means = {name: math.exp(sum(map(math.log, cases.values())) / len(cases)) for name, cases in times.items()}
    return {name: mean / min(means.values()) for name, mean in means.items()}


def advice(ratios: Mapping[str, float], runs: str) -> str:
    """What to set, in one sentence."""
    quickest = min(ratios, key=lambda name: ratios[name])
    if ratios[runs] < CLEAR:
        return f"{runs}, which runs, is the quickest here (to within {CLEAR - 1:.0%}): there is nothing to set"
    return (
        f"{quickest} is the quickest here; {runs}, which runs, takes {ratios[runs]:.2f} times as long: "
        f"set {VARIABLE}={quickest} (results change in their last bits)"
    )


@contextlib.contextmanager
def _worker(name: str, code: str = f"from {__name__} import work; work()") -> Iterator[Callable[[], dict[str, float]]]:
    """A process with these kernels: each call times every case once."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code],
        env=_environment(name),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    requests, answers = process.stdin, process.stdout

    def ask() -> dict[str, float]:
        try:
            print(file=requests, flush=True)
            found: dict[str, float] = json.loads(answers.readline())
        except (OSError, ValueError) as error:
            raise ChildProcessError(f"the process that timed {name} has ended (exit code {process.wait()})") from error
        return found

    try:
        yield ask
    finally:
        process.kill()
        process.communicate()


def _environment(name: str) -> dict[str, str]:
    return {**os.environ, VARIABLE: name}


def work() -> None:
    """For each line that comes in, a line of JSON: each case's milliseconds."""
    calls = {name: _call(*case) for name, case in CASES.items()}
    for _ in sys.stdin:
        print(json.dumps({name: _milliseconds(call) for name, call in calls.items()}), flush=True)


def _call(dtype: str, loss: type[Hinge] | type[CrossEntropy], n_classes: int) -> Callable[[], Any]:
    rng = np.random.default_rng(0)
    n, d = SHAPE
    X = rng.integers(0, 256, (n, d), dtype=np.uint8)
    W = rng.normal(size=(n_classes, d + 1)).astype("float64" if dtype == "float64" else "float32")
    W[:, :-1] /= 255 * math.sqrt(d)
    objective = LinearObjective(X.astype(dtype), np.arange(n) % n_classes, loss(), n_classes=n_classes)
    objective.value_and_gradient(W)
    return lambda: objective.value_and_gradient(W)


def _milliseconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)
