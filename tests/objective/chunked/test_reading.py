"""Reading ahead, what stays in memory, what goes to files, and how all of it ends."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gdfast as gd
import interrupts
from gdfast.objective.chunked.reading import read_ahead

N, D, PER_CHUNK = 400, 32, 40
LIMIT = 8 * PER_CHUNK * D * 8


class Rows:
    """The user's own chunks, who note what is asked of them."""

    n_samples, n_features, dtype = N, D, np.dtype(np.float64)

    def __init__(self, pause: float = 0.0, bad: int | None = None) -> None:
        self.X = np.random.default_rng(0).normal(size=(N, D))
        self.pause, self.bad = pause, bad
        self.reads: list[tuple[int, int]] = []

    def read(self, start: int, stop: int) -> Any:
        self.reads.append((start, stop))
        time.sleep(self.pause)
        if self.bad is not None and start <= self.bad < stop:
            raise RuntimeError("the store fell over")
        return self.X[start:stop]


Y = np.random.default_rng(1).integers(0, 3, N)


def objective(rows: Rows, limit: int = LIMIT, **options: Any) -> gd.ChunkedObjective:
    made = gd.ChunkedObjective([rows], Y, gd.CrossEntropy(), gd.L2(0.1), memory_limit=limit, **options)
    rows.reads.clear()
    return made


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "gdfast-read"]


def test_two_are_made_ahead_and_no_more() -> None:
    made: list[int] = []
    at_most = []

    def make(i: int) -> int:
        made.append(i)
        return i

    for i in read_ahead(make, range(8)):
        time.sleep(0.02)  # time enough to run away
        at_most.append(len(made) - i)
    assert at_most == [3] * 6 + [2, 1]
    assert not readers()


def test_work_and_reads_overlap() -> None:
    """The next chunk is being read before this one is done with."""
    events: list[str] = []
    begun = [threading.Event() for _ in range(4)]

    def make(i: int) -> int:
        events.append(f"read {i}")
        begun[i].set()
        return i

    for i in read_ahead(make, range(4)):
        if i < 3:
            assert begun[i + 1].wait(5)
        events.append(f"work {i}")
    for i in range(3):
        assert events.index(f"read {i + 1}") < events.index(f"work {i}")


def test_the_first_chunks_stay_in_memory_and_the_others_are_read_in_every_pass() -> None:
    rows = Rows()
    chunked = objective(rows)
    W = np.zeros(chunked.shape)
    n_held = 3  # eighths of the memory, as large as a chunk
    assert chunked.problem.engine.n_chunks == N // PER_CHUNK
    for _ in range(2):
        rows.reads.clear()
        chunked.value(W)
        assert rows.reads == [(start, start + PER_CHUNK) for start in range(n_held * PER_CHUNK, N, PER_CHUNK)]
    assert not readers()


def test_everything_stays_where_it_fits() -> None:
    rows = Rows()
    chunked = objective(rows, 10**9)
    chunked.value(np.zeros(chunked.shape))
    assert rows.reads == []


def test_an_array_in_memory_is_never_copied() -> None:
    X = np.random.default_rng(0).normal(size=(N, D))
    chunked = gd.ChunkedObjective(X, Y, memory_limit=LIMIT)
    engine: Any = chunked.problem.engine
    assert engine.n_chunks == N // PER_CHUNK
    assert all(np.shares_memory(chunk.whole.X, X) for chunk in engine._held.values())
    assert len(engine._held) == engine.n_chunks


def test_what_a_read_raises_comes_out_whole() -> None:
    rows = Rows()
    chunked = objective(rows)
    rows.bad = N - 1
    with pytest.raises(RuntimeError, match="the store fell over") as caught:
        chunked.value(np.zeros(chunked.shape))
    assert any(frame.name == "read" for frame in caught.traceback)
    assert not readers()
    rows.bad = None
    assert chunked.value(np.zeros(chunked.shape)) == pytest.approx(np.log(3))


def test_an_error_in_the_work_ends_the_reader() -> None:
    rows = Rows()
    chunked = objective(rows)
    problem = chunked.problem

    def work(objective: Any, share: float) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        problem.sum(work)
    assert not readers()


@pytest.mark.parametrize("pause", [0.05, 0.0])
def test_an_interrupt_ends_all_at_once(pause: float) -> None:
    """While a store is read, and while the kernels work."""
    told = interrupts.interrupted(
        f"""
class Rows:
    n_samples, n_features, dtype = 40_000, 100, np.dtype(np.uint8)
    def read(self, start, stop):
        time.sleep({pause})
        return np.full((stop - start, 100), start % 200, dtype=np.uint8)
objective = gd.ChunkedObjective([Rows()], np.arange(40_000) % 5, memory_limit=1_000_000)
W = np.ones(objective.shape)
objective.value(W)
press_after(0.3)
try:
    while True:
        objective.value_and_gradient(W)
except KeyboardInterrupt:
    tell(left=[thread.name for thread in threading.enumerate() if thread.name == "gdfast-read"])
"""
    )
    assert told["left"] == []
    assert told["seconds"] < interrupts.PATIENCE


def test_two_threads_at_a_time() -> None:
    chunked = objective(Rows())
    Ws = np.random.default_rng(2).normal(size=(2, *chunked.shape))
    right = [chunked.value_and_gradient(W) for W in Ws]
    found: dict[int, Any] = {}
    threads = [
        threading.Thread(target=lambda k: found.update({k: chunked.value_and_gradient(Ws[k % 2])}), args=(k,))
        for k in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(6):
        assert found[k][0] == right[k % 2][0]
        np.testing.assert_array_equal(found[k][1], right[k % 2][1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_evaluates_too() -> None:
    chunked = objective(Rows())
    W = np.zeros(chunked.shape)
    value = chunked.value(W)
    child = os.fork()
    if child == 0:
        os._exit(0 if chunked.value(W) == value else 1)
    assert os.waitpid(child, 0)[1] == 0


# ---- scores that rays keep ----


def small_ray(tmp_path: Path, monkeypatch: Any, limit: int) -> Any:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    chunked = gd.ChunkedObjective([Rows()], Y, gd.CrossEntropy(), gd.L2(0.1), memory_limit=limit, n_classes=20)
    W, V = np.random.default_rng(2).normal(size=(2, *chunked.shape))
    linear = gd.LinearObjective(Rows().X, Y, gd.CrossEntropy(), gd.L2(0.1), n_classes=20)
    return chunked, linear, W, V


def test_scores_without_room_go_to_files_which_go_with_the_ray(tmp_path: Path, monkeypatch: Any) -> None:
    chunked, linear, W, V = small_ray(tmp_path, monkeypatch, 8 * 12 * 20 * 16)
    first, second = chunked.along_ray(W, V), chunked.along_ray(V, W)
    files = sorted(tmp_path.rglob("*.npy"))
    assert chunked.problem.engine.n_chunks < len(files) < 2 * chunked.problem.engine.n_chunks
    n_bytes = sum(np.load(path, mmap_mode="r").nbytes for path in files)
    assert 2 * 2 * N * 20 * 8 - n_bytes <= chunked.memory_limit
    steps = np.linspace(-1, 1, 5)
    np.testing.assert_allclose(first.values(steps), linear.along_ray(W, V).values(steps), rtol=1e-11)
    np.testing.assert_allclose(second.slope(0.5), linear.along_ray(V, W).slope(0.5), rtol=1e-10)
    del first
    gc.collect()
    assert 0 < len(list(tmp_path.rglob("*.npy"))) < len(files)
    del second
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_there_is_room_for_scores_again_when_rays_are_gone(tmp_path: Path, monkeypatch: Any) -> None:
    chunked, _, W, V = small_ray(tmp_path, monkeypatch, 2_000_000)
    for _ in range(30):
        ray = chunked.along_ray(W, V)
        assert not list(tmp_path.iterdir())
        del ray


def test_a_temporary_folder_without_room_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    chunked, _, W, V = small_ray(tmp_path, monkeypatch, 8 * 12 * 20 * 16)
    free = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: free)
    with pytest.raises(OSError, match=r"must have room for [\d,]+ bytes.*1,000 are free: set TMPDIR") as caught:
        chunked.along_ray(W, V)
    assert str(tmp_path) in str(caught.value)
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(OSError, match="must have room for"):
        chunked.along_ray(W, V)
    gc.collect()
    assert not list(tmp_path.iterdir())


# ---- what is not finite ----


@pytest.mark.parametrize("kind", ["dense", "csr"])
def test_an_element_that_is_not_finite_is_named_before_any_work(kind: str, tmp_path: Path) -> None:
    from scipy import sparse

    X = np.random.default_rng(0).normal(size=(N, D)).astype(np.float32)
    X[123, 7] = np.nan
    parts: Any = [X[:100], X[100:]]
    where = r"X\[1\]"
    if kind == "csr":
        parts = [sparse.csr_array(part) for part in parts]
    else:
        parts = [tmp_path / "part-0.npy", tmp_path / "part-1.npy"]
        np.save(parts[0], X[:100])
        np.save(parts[1], X[100:])
        where = ".*part-1.npy"
    with pytest.raises(ValueError, match=rf"X must be finite; X\[123, 7\] \(row 23 of {where}\) is nan"):
        gd.ChunkedObjective(parts, Y)
    assert np.isnan(gd.ChunkedObjective(parts, Y, check_finite=False).value(np.ones((3, D + 1))))
    assert not readers()


def test_bytes_are_not_scanned() -> None:
    rows = Rows()
    rows.X, rows.dtype = rows.X.astype(np.uint8), np.dtype(np.uint8)
    gd.ChunkedObjective([rows], Y, memory_limit=LIMIT)
    assert rows.reads == [(0, 1)]
