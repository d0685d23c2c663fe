"""What goes wrong on a cluster: workers die, join and differ, rows are bad, Ctrl-C, and the scheduler dies at last."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gdfast as gd
from clusters import PATIENCE, Processes, processes, worker_of
from gdfast.distributed import DaskObjective
from gdfast.distributed.cluster import Cluster, WorkersChangedError
from gdfast.distributed.workers import fault_of, reporter
from gdfast.objective.chunked.engine import Start

N, D = 4000, 30
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, D)).astype(np.float32)
Y = RNG.integers(0, 3, N)
PARTS = np.array_split(X, 8)
W0 = np.zeros((3, D + 1))
HERE = gd.ChunkedObjective(PARTS, Y, gd.CrossEntropy())
# What the imports of gdfast find on a worker: nothing, or another version.
WITHOUT = "import sys; sys.modules['gdfast'] = None"
OTHER = """
import sys, types
package, config = types.ModuleType("gdfast"), types.ModuleType("gdfast._config")
package.__path__ = []
config.config = lambda: {"gdfast": "0.0.1", "instruction set": "avx2"}
sys.modules.update({"gdfast": package, "gdfast._config": config})
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with processes(tmp_path_factory.mktemp("cluster"), 2) as found:
        yield found


@pytest.fixture(scope="module")
def client(started: Processes) -> Iterator[Any]:
    from distributed import Client

    client = Client(started.address, set_as_default=False)
    client.wait_for_workers(2, timeout=PATIENCE)
    yield client
    client.close()


def there(client: Any, parts: Any = None) -> DaskObjective:
    return DaskObjective(PARTS if parts is None else parts, Y, gd.CrossEntropy(), client=client)


def run(objective: Any, callback: Callable[..., Any] | None = None, **options: Any) -> Any:
    return gd.minimize(objective, W0, gd.Momentum(), step=0.1, max_steps=12, callback=callback, **options)


def at_step(k: int, act: Callable[[], Any]) -> Callable[..., None]:
    def callback(step: int, w: Any, value: float) -> None:
        if step == k:
            act()

    return callback


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_bad_rows_are_told_as_on_one_machine(client: Any) -> None:
    bad = [part.copy() for part in PARTS]
    bad[5][7, 3] = bad[6][1, 1] = np.nan
    with pytest.raises(ValueError, match=r"X must be finite; X\[\d+, 3\] \(row 7 of X\[5\]\) is nan") as here_is:
        gd.ChunkedObjective(bad, Y, gd.CrossEntropy())
    with pytest.raises(ValueError, match="X must be finite") as there_is:
        there(client, bad)
    assert str(there_is.value) == str(here_is.value)


def test_an_error_in_a_task_is_the_one_of_the_first_chunk_that_has_one(client: Any) -> None:
    def failing(objective: Any, share: float, start: int) -> Any:
        if start >= 1000:
            raise ValueError(f"rows from {start} on")
        return (share,)

    objective = there(client)
    with pytest.raises(ValueError, match=r"^rows from 1000 on$") as there_is:
        objective.problem.sum(failing, Start())
    assert there_is.value.__cause__ is None
    assert objective.value(W0) == HERE.value(W0)


def test_ctrl_c_ends_a_run_at_once_and_leaves_nothing(client: Any) -> None:
    objective, pressed = there(client), []

    def press() -> None:
        pressed.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    result = run(objective, at_step(2, threading.Timer(0.01, press).start))
    assert result.status is gd.Status.INTERRUPTED
    assert time.perf_counter() - pressed[0] < 0.5
    wait_until(lambda: not any(client.processing().values()))
    result = run(objective)
    np.testing.assert_array_equal(result.w, run(HERE).w)


def test_a_worker_with_another_instruction_set_is_told_and_used(client: Any, started: Processes) -> None:
    objective = there(client)
    with worker_of(started.address, GDFAST_ISA="baseline"):
        client.wait_for_workers(3, timeout=PATIENCE)
        with pytest.warns(UserWarning, match="the same bits only with the same instruction set") as told:
            workers = objective.workers()
        assert "baseline: tcp://127.0.0.1:" in str(told[0].message)
        assert sorted(worker.chunks for worker in workers) == [2, 3, 3]
        assert objective.value(W0) == pytest.approx(HERE.value(W0), rel=1e-6)
    wait_until(lambda: len(client.nthreads()) == 2)
    assert objective.value(W0) == HERE.value(W0)


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        (WITHOUT, r"the worker tcp://\S+ must have gdfast installed \(this process has gdfast \S+\)"),
        (OTHER, r"the worker tcp://\S+ must have the same version of gdfast: it has 0\.0\.1, this process has gdfast"),
    ],
    ids=["without gdfast", "another version"],
)
def test_a_worker_that_cannot_compute(client: Any, started: Processes, tmp_path: Path, code: str, fault: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(code, encoding="utf-8")
    objective = there(client)
    with worker_of(started.address, PYTHONPATH=str(tmp_path)):
        client.wait_for_workers(3, timeout=PATIENCE)
        with pytest.raises(ValueError, match=fault):
            there(client)
        with pytest.warns(UserWarning, match=fault + ".*it is not used"):
            workers = objective.workers()
        assert len(workers) == 2
        np.testing.assert_array_equal(run(objective).w, run(HERE).w)
    wait_until(lambda: len(client.nthreads()) == 2)


def test_other_faults_in_one_sentence() -> None:
    own = reporter()()
    assert fault_of("the worker A", own) is None
    assert fault_of("the worker A", own | {"numpy": "1.26.4"}) == (
        "the worker A must have the same major version of numpy: "
        f"it has numpy 1.26.4, this process has {np.__version__}"
    )
    assert fault_of("the worker A", OSError("gone")) == "the worker A does not answer: OSError: gone"


def test_a_worker_is_killed_in_mid_run(client: Any, started: Processes) -> None:
    objective = there(client)
    ray = objective.along_ray(W0, W0 + 1)
    result = run(objective, at_step(4, threading.Timer(0.01, started.workers[0].kill).start))
    wanted = run(HERE)
    np.testing.assert_array_equal(result.w, wanted.w)
    assert result.passes == wanted.passes
    assert ray.value(0.5) == HERE.along_ray(W0, W0 + 1).value(0.5)
    (worker,) = objective.workers()
    assert worker.chunks == 8


def test_a_result_is_lost_with_its_worker_after_it_was_done(client: Any, started: Processes) -> None:
    """The scheduler would compute it again, on that worker alone: nobody may wait for it."""
    before = set(client.scheduler_info()["workers"])
    with worker_of(started.address) as process:
        client.wait_for_workers(len(before) + 1, timeout=PATIENCE)
        (address,) = set(client.scheduler_info()["workers"]) - before
        future = client.submit(bytes, 1000, workers=[address], pure=False)
        wait_until(future.done)
        cluster = Cluster(client)
        process.kill()
        process.wait()
        with pytest.raises(WorkersChangedError):
            cluster.result(future, {address})


def test_the_scheduler_dies_and_another_cluster_goes_on(client: Any, started: Processes, tmp_path: Path) -> None:
    from distributed import Client

    path = tmp_path / "run.npz"
    saves = gd.Checkpoint(path, every=1)
    with pytest.raises(ConnectionError, match=f"the scheduler at {started.address} can't be reached") as there_is:
        run(there(client), at_step(5, started.scheduler.kill), checkpoint=saves)
    assert "\n" not in str(there_is.value)
    with pytest.raises(ValueError, match="client must be connected to a scheduler"):
        there(client)
    with Client(processes=False, dashboard_address=":0", set_as_default=False) as other:
        result = gd.resume(path, there(other))
    np.testing.assert_array_equal(result.w, run(HERE).w)
    assert result.steps == 12
