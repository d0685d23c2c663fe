"""A DaskObjective gives the bits of a ChunkedObjective with the same chunks, at any number of workers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import gdfast as gd
from clusters import Running
from gdfast.datasets.chunks import chunk_source
from gdfast.distributed import DaskObjective

FEATURES = 6
LOSSES: list[Any] = [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy(), gd.SquaredError(), gd.Huber(0.5)]


def problem(kind: str, loss: Any, n: int = 230) -> tuple[Any, Any, dict[str, Any]]:
    rng = np.random.default_rng(0)
    X: Any = rng.integers(0, 255, (n, FEATURES)) if kind == "uint8" else rng.normal(size=(n, FEATURES))
    y = rng.integers(0, 3, n) if loss.classifies else rng.normal(size=n)
    options = {"scale": X.std(axis=0), "sample_weight": rng.uniform(0, 2, n)}
    if kind == "csr":
        return scipy.sparse.csr_array(np.where(X > 0, X, 0).astype("float32")), y, options
    return X.astype(kind), y, options | {"mean": X.mean(axis=0)}


def pair(client: Any, kind: str, loss: Any) -> tuple[Any, Any, Any]:
    """The same objective on the cluster and here, in chunks of 23 rows and fewer; weights."""
    X, y, options = problem(kind, loss)
    limit = 8 * 23 * math.ceil(chunk_source(X).bytes_per_row)
    there = DaskObjective(X, y, loss, gd.L2(0.1), client=client, memory_limit=limit, **options)
    here = gd.ChunkedObjective(X, y, loss, gd.L2(0.1), memory_limit=limit, **options)
    assert there.problem.engine.n_chunks == here.problem.engine.n_chunks == 10
    return there, here, np.random.default_rng(1).normal(size=here.shape)


@pytest.mark.parametrize("kind", ["uint8", "float32", "csr"])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_same_bits(client: Any, loss: Any, kind: str) -> None:
    there, here, W = pair(client, kind, loss)
    (value, gradient), (wanted, wanted_gradient) = there.value_and_gradient(W), here.value_and_gradient(W)
    assert value == wanted
    np.testing.assert_array_equal(gradient, wanted_gradient)
    mine, other = there.along_ray(W, W + 1), here.along_ray(W, W + 1)
    assert mine.slope(0.3) == other.slope(0.3)
    assert mine.reversed().slope(0.3) == other.reversed().slope(0.3)
    np.testing.assert_array_equal(mine.values(np.linspace(-1, 1, 5)), other.values(np.linspace(-1, 1, 5)))
    np.testing.assert_array_equal(there.scores(W), here.scores(W))
    assert there.passes == here.passes


def test_whatever_the_number_of_workers(cluster: Running) -> None:
    found = []
    for n_workers in (1, 2, 3):
        cluster.cluster.scale(n_workers)
        cluster.client.wait_for_workers(n_workers)
        there, here, W = pair(cluster.client, "float32", gd.CrossEntropy())
        assert len([worker for worker in there.workers() if worker.chunks]) == n_workers
        found.append(gd.minimize(there, W, gd.LBFGS(), step=gd.StrongWolfe(), max_steps=4))
    wanted = gd.minimize(here, W, gd.LBFGS(), step=gd.StrongWolfe(), max_steps=4)
    for result in found:
        np.testing.assert_array_equal(result.w, wanted.w)
        assert result.value == wanted.value
        assert result.passes == wanted.passes
