"""Rows come to the workers of a cluster from where they are: files, arrays in this process, blocks of dask arrays."""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import gdfast as gd
from clusters import PATIENCE, Running
from gdfast.distributed import DaskObjective
from gdfast.distributed.suppliers import Read, Sent, supplier_of

pytestmark = pytest.mark.slow  # what the other files test on a cluster, with more kinds of work

N, D = 2000, 20
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, D)).astype(np.float32)
Y = RNG.integers(0, 3, N)
W = RNG.normal(size=(3, D + 1))
LIMIT = N * D * 4  # of which a chunk is a small part


def value_here(rows: Any = X, y: Any = Y, limit: Any = LIMIT) -> float:
    return float(gd.ChunkedObjective(rows, y, gd.CrossEntropy(), memory_limit=limit).value(W))


def there(client: Any, rows: Any, y: Any = Y, limit: Any = LIMIT) -> DaskObjective:
    return DaskObjective(rows, y, gd.CrossEntropy(), client=client, memory_limit=limit)


def test_a_file_is_read_by_the_workers_themselves(client: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", Y)
    objective = there(client, tmp_path / "X.npy", tmp_path / "y.npy")
    assert objective.value(W) == value_here()
    (worker,) = objective.workers()
    assert worker.chunks == objective.problem.engine.n_chunks > 1
    assert worker.n_bytes == X.nbytes


def test_what_a_worker_has_no_room_for_is_read_in_every_pass(client: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", X)
    objective = there(client, tmp_path / "X.npy", limit=X.nbytes // 2)
    (worker,) = objective.workers()
    assert 0 < worker.n_bytes <= X.nbytes // 2
    assert objective.value(W) == value_here(limit=X.nbytes // 2)
    (tmp_path / "X.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"X\.npy is gone"):
        objective.value(W)


@pytest.mark.parametrize("rows", [X, np.asfortranarray(X), scipy.sparse.csr_array(X)], ids=["C", "F", "csr"])
def test_an_array_in_this_process_is_sent(client: Any, rows: Any) -> None:
    assert there(client, rows).value(W) == value_here(rows)


def test_what_holds_rows_is_told_from_what_reads_them(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", X)
    source = gd.ChunkedObjective(tmp_path / "X.npy", Y).problem.rows.source
    assert isinstance(supplier_of(source, np.array([0, N])), Read)
    source = gd.ChunkedObjective(X, Y).problem.rows.source
    assert isinstance(supplier_of(source, np.array([0, N])), Sent)


@pytest.mark.parametrize("kept", [False, True], ids=["lazy", "persisted"])
@pytest.mark.parametrize("columns", [D, D // 2])
def test_dask_arrays(client: Any, kept: bool, columns: int) -> None:
    da = pytest.importorskip("dask.array")
    rows, y = da.from_array(X, chunks=(700, columns)), da.from_array(Y, chunks=500)
    if kept:
        rows, y = client.persist([rows, y])
    objective = there(client, rows, y, "1 GB")
    assert objective.problem.engine.n_chunks == 3
    assert objective.value(W) == value_here([X[:700], X[700:1400], X[1400:]], limit="1 GB")


def test_persisted_blocks_are_read_from_the_cluster_that_holds_them(client: Any) -> None:
    da = pytest.importorskip("dask.array")
    rows = client.persist(da.from_array(X, chunks=(700, D)))
    here = gd.ChunkedObjective(rows, Y, memory_limit="1 GB")
    assert here.value(W) == gd.ChunkedObjective([X[:700], X[700:1400], X[1400:]], Y, memory_limit="1 GB").value(W)


def test_dask_arrays_of_unknown_lengths(client: Any) -> None:
    da = pytest.importorskip("dask.array")
    rows = da.from_array(X, chunks=(700, D))
    chosen = rows[rows[:, 0] > 0]
    known = X[:, 0] > 0
    with client.as_current():
        objective = there(client, chosen, Y[known], "1 GB")
    assert objective.n_samples == known.sum()
    assert objective.value(W) == pytest.approx(value_here(X[known], Y[known]), rel=1e-5)


def test_nothing_is_left_on_the_workers(cluster: Running) -> None:
    objective = there(cluster.client, X)
    ray = objective.along_ray(W, W)
    ray.value(0.5)
    scheduler = cluster.cluster.scheduler
    assert [key for key in scheduler.tasks if "-keep-" in key]
    del ray, objective
    gc.collect()
    deadline = time.monotonic() + PATIENCE
    while scheduler.tasks and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(scheduler.tasks) == []
