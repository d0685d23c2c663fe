"""A DaskObjective refuses what it can't use, in words that name the remedy, before any work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gdfast as gd
from gdfast.distributed import DaskObjective

X, Y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A cluster of threads in this process."""
    from distributed import Client

    with Client(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=":0", set_as_default=False) as c:
        yield c


def test_the_client_that_is_running_is_taken(client: Any) -> None:
    with client.as_current():
        objective = DaskObjective(X, Y, gd.Hinge())
    assert objective.value(np.zeros((3, 3))) == 2.0
    (worker,) = objective.workers()
    assert worker.threads == 2
    assert worker.address.startswith("inproc://")


def test_no_client() -> None:
    with pytest.raises(ValueError, match=r"client must be a dask\.distributed Client .*distributed.Client\(\) starts"):
        DaskObjective(X, Y)


@pytest.mark.parametrize("wrong", ["tcp://127.0.0.1:8786", 3])
def test_what_is_no_client(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"client must be a dask\.distributed Client; it is"):
        DaskObjective(X, Y, client=wrong)


def test_a_closed_client() -> None:
    from distributed import Client

    with Client(processes=False, n_workers=1, dashboard_address=":0", set_as_default=False) as closed:
        pass
    with pytest.raises(ValueError, match="client must be connected to a scheduler; its status is 'closed'"):
        DaskObjective(X, Y, client=closed)


@pytest.mark.parametrize(
    "options", [{"y": Y[:5]}, {"loss": 3}, {"memory_limit": "lots"}, {"bias": 2}, {"mean": np.ones(3)}], ids=str
)
def test_the_other_arguments_are_refused_as_by_a_chunked_objective(client: Any, options: dict[str, Any]) -> None:
    known = {"X": X, "y": Y} | options
    with pytest.raises((TypeError, ValueError)) as here:
        gd.ChunkedObjective(**known)
    with pytest.raises(type(here.value)) as there:
        DaskObjective(**known, client=client)
    assert str(there.value) == str(here.value)


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (gd.DualCoordinateAscent(), {}),
        (gd.SVRG(), {"batches": gd.MiniBatches(2)}),
        (gd.CoordinateDescent(), {}),
        (gd.Adam(), {"batches": gd.MiniBatches(2)}),
    ],
    ids=["DualCoordinateAscent", "SVRG", "CoordinateDescent", "mini-batches"],
)
def test_what_visits_single_rows_is_refused_by_name(client: Any, optimizer: Any, options: dict[str, Any]) -> None:
    objective = DaskObjective(X, Y, gd.Hinge(), gd.L2(0.1), client=client)
    before = objective.passes
    with pytest.raises(TypeError, match="DaskObjective"):
        gd.minimize(objective, np.zeros(objective.shape), optimizer, step=0.1, **options)
    assert objective.passes == before
