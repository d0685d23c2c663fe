"""Eight Python threads at once, on the same objectives and on their own, while thread counts change."""

from __future__ import annotations

import gc
import sys
import threading
import warnings

import numpy as np
import pytest
import threadpoolctl

import gdfast as gd
from gdfast._config import own_threads
from reliability import runs

PYTHON_THREADS = 8
LEFT_OUT = {"chunked CSR", "own loss"}  # slow ones


class Storm:
    """Threads that draw a computation, an objective and a way to set thread counts, and compare with what is right."""

    def __init__(self, amount: int) -> None:
        kinds = [kind for kind in runs.OBJECTIVES if kind not in LEFT_OUT]
        self.objectives = {kind: runs.OBJECTIVES[kind]() for kind in kinds}
        self.right = {(name, kind): runs.outcome(name, runs.OBJECTIVES[kind]()) for name in runs.COMPUTATIONS
                      for kind in kinds}  # fmt: skip
        self.amount, self.faults = amount, []

    def run(self) -> None:
        """Until each thread has made its share."""
        threads = [threading.Thread(target=self._live, args=(i,)) for i in range(PYTHON_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _live(self, number: int) -> None:
        rng = np.random.default_rng(number)
        names = sorted(self.right)
        for _ in range(self.amount // PYTHON_THREADS):
            name, kind = names[rng.integers(len(names))]
            try:
                got = self._one(name, kind, int(rng.integers(6)), int(rng.integers(1, 9)))
            except Exception as error:
                got = repr(error).encode()
            if got != self.right[name, kind]:
                self.faults.append((name, kind, got[:80]))

    def _one(self, name: str, kind: str, way: int, n: int) -> bytes:
        if way == 0:
            gd.set_num_threads(n)
        elif way == 1:
            with own_threads(n):
                return runs.outcome(name, self.objectives[kind])
        elif way == 2:  # gdfast's alone: NumPy's own products depend on the count of its library
            with threadpoolctl.threadpool_limits({"gdfast": n}):
                return runs.outcome(name, self.objectives[kind])
        elif way == 3:
            self.objectives[kind] = runs.OBJECTIVES[kind]()
            gc.collect()
        elif way == 4:
            with pytest.raises(ValueError, match="W"):
                self.objectives[kind].value(np.full(self.objectives[kind].shape, np.nan))
        return runs.outcome(name, self.objectives[kind])


@pytest.mark.slow
@pytest.mark.timeout(660)
@pytest.mark.filterwarnings("ignore")
def test_eight_threads_at_once(amount, record_property):
    storm = Storm(amount(80, 2_000))
    filters, errors, interval = list(warnings.filters), np.geterr(), sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        storm.run()
    finally:
        sys.setswitchinterval(interval)
    assert not storm.faults
    assert list(warnings.filters) == filters
    assert np.geterr() == errors
    record_property("figure", f"8 Python threads at once: {storm.amount} computations, 0 wrong")


def test_an_error_in_one_thread_leaves_the_others_alone():
    objective, faults = runs.OBJECTIVES["float64"](), []
    right = runs.outcome("mini-batches", objective)

    def fail() -> None:
        for _ in range(20):
            try:
                gd.minimize(objective, runs.point(objective), callback=lambda *_: 1 / 0, max_steps=5)
            except ZeroDivisionError:
                continue
            faults.append("no error")

    def work() -> None:
        faults.extend("wrong" for _ in range(5) if runs.outcome("mini-batches", objective) != right)

    threads = [threading.Thread(target=each) for each in (fail, work, fail, work)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def test_a_slow_fact_of_one_objective_holds_up_no_other():
    """`functools.cached_property` of Python 3.11 would: its lock is one for all instances."""
    from gdfast._derived import derived

    began, ends = threading.Event(), threading.Event()

    class Slow:
        @derived
        def fact(self) -> int:
            began.set()
            assert ends.wait(30)
            return 1

    first, second = Slow(), Slow()
    thread = threading.Thread(target=lambda: first.fact)
    thread.start()
    assert began.wait(30)
    began.clear()
    other = threading.Thread(target=lambda: second.fact)
    other.start()
    assert began.wait(30)
    ends.set()
    thread.join()
    other.join()
    assert (first.fact, second.fact) == (1, 1)
