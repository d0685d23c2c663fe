"""Children of a process whose threads have computed, or are computing.

What `python forking.py KIND COUNT` prints is how many ended well, and what became of the others.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import gdfast as gd
from reliability import runs

warnings.simplefilter("ignore")  # of Python itself, about forks of programs with threads

PATIENCE = 20.0
OBJECTIVES = {kind: runs.OBJECTIVES[kind]() for kind in ("float64", "float32", "CSR", "chunked")}


def answer() -> bytes:
    """Of kernels, steps, duals, and chunks that a thread reads."""
    gradients = [runs.outcome("gradient", objective) for objective in OBJECTIVES.values()]
    return b"".join([*gradients, runs.outcome("mini-batches", OBJECTIVES["chunked"]), duals()])


def duals() -> bytes:
    """Of an objective whose facts nobody has asked for."""
    return runs.descent("DualCoordinateAscent", runs.OBJECTIVES["float32"]())


def end_of(child: int) -> str:
    """How it ends; it is killed where it doesn't."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return "well" if status == 0 else f"status {status}"
        time.sleep(0.002)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return "hangs"


def fork(is_right: Callable[[], bool]) -> str:
    """A child that checks whether something is right."""
    child = os.fork()
    if child == 0:
        code = 4
        try:
            code = 0 if is_right() else 3
        finally:
            os._exit(code)
    return end_of(child)


def after(count: int, right: bytes) -> Counter[str]:
    """After threaded calls."""
    return Counter(fork(lambda: answer() == right) for _ in range(count) if answer() == right)


def during(count: int, right: bytes) -> Counter[str]:
    """While other threads are inside kernels, facts and reads."""
    ends = threading.Event()

    def work() -> None:
        while not ends.is_set():
            answer()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    found = Counter(fork(lambda: answer() == right) for _ in range(count))
    ends.set()
    for thread in threads:
        thread.join()
    return found


def inside(count: int, right: bytes) -> Counter[str]:
    """From a callback, and both go on with the run."""
    found: Counter[str] = Counter()
    for i in range(count):
        objective = OBJECTIVES[("chunked", "float64")[i % 2]]
        children: list[int] = []

        def callback(k: int, *_: object, children: list[int] = children, place: int = 1 + i // 2 % 9) -> None:
            if k == place:
                children.append(os.fork())

        batches = gd.MiniBatches(100) if i % 4 < 2 else None
        w0 = runs.point(objective)
        expected = gd.minimize(objective, w0, gd.Adam(), 0.01, batches=batches, max_steps=70).w.tobytes()
        got = gd.minimize(objective, w0, gd.Adam(), 0.01, batches=batches, max_steps=70, callback=callback).w.tobytes()
        if children == [0]:
            os._exit(0 if got == expected else 3)
        found[end_of(children[0]) if got == expected else "wrong in the parent"] += 1
    return found


def pools(count: int, _: bytes) -> Counter[str]:
    """Of processes and of threads, `count` of joblib's with pools inside."""
    import joblib

    expected, found = runs.gradient(), Counter[str]()
    for method in multiprocessing.get_all_start_methods():
        with multiprocessing.get_context(method).Pool(2) as pool:
            got = set(pool.map(runs.gradient, range(4)))
        found["well" if got == {expected} else f"{method} is wrong"] += 1
    backends = ("threading", "multiprocessing", "loky")
    for outer, inner in list(product(backends, (None, *backends)))[:count]:
        with joblib.parallel_config(outer, n_jobs=2):
            got = set.union(*joblib.Parallel()(joblib.delayed(runs.gradients)(inner) for _ in range(2)))
        found["well" if got == {expected} else f"{inner} in {outer} is wrong"] += 1
    return found


if __name__ == "__main__":
    gd.set_num_threads(3)
    kind = {"after": after, "during": during, "inside": inside, "pools": pools}[sys.argv[1]]
    print(dict(kind(int(sys.argv[2]), answer())))
