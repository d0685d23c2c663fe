"""A DaskObjective gives the bits of a ChunkedObjective with the same chunks, at any number of workers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gdfast as gd
from chunked import FEATURES, LOSSES, rows_of_kind
from clusters import Running
from gdfast.distributed import DaskObjective
from gdfast.distributed.tasks import visited
from gdfast.objective.chunked import operations

N_ROWS, N_CHUNKS = 230, 10


def pair(client: Any, kind: str, loss: Any, **options: Any) -> tuple[Any, Any, Any]:
    """The same objective on the cluster and here, in chunks of 23 rows; matrices of weights (3, *shape)."""
    rng = np.random.default_rng(0)
    X = rows_of_kind(kind, rng, N_ROWS)
    y = rng.integers(0, 3, N_ROWS) if loss.classifies else rng.normal(size=N_ROWS)
    options |= {"scale": rng.uniform(0.5, 2, FEATURES), "sample_weight": rng.uniform(0, 2, N_ROWS)}
    if not kind.startswith("csr"):
        options["mean"] = rng.normal(size=FEATURES)
    parts = [X[first : first + 23] for first in range(0, N_ROWS, 23)]
    there = DaskObjective(parts, y, loss, gd.L2(0.1), client=client, **options)
    here = gd.ChunkedObjective(parts, y, loss, gd.L2(0.1), **options)
    assert there.problem.engine.n_chunks == here.problem.engine.n_chunks == N_CHUNKS
    return there, here, rng.normal(size=(3, *here.shape))


def run(objective: Any) -> Any:
    return gd.minimize(objective, np.zeros(objective.shape), gd.LBFGS(), step=gd.StrongWolfe(), max_steps=4)


def test_at_one_two_and_three_workers(cluster: Running) -> None:
    """What was made before a worker joined uses it."""
    there, here, _ = pair(cluster.client, "float32", gd.CrossEntropy())
    wanted = run(here)
    for n_workers in (1, 2, 3):
        cluster.cluster.scale(n_workers)
        cluster.client.wait_for_workers(n_workers)
        assert sorted(worker.chunks for worker in there.workers()) == [[10], [5, 5], [3, 3, 4]][n_workers - 1]
        result = run(there)
        np.testing.assert_array_equal(result.w, wanted.w)
        assert result.value == wanted.value
        assert result.passes == wanted.passes


@pytest.mark.parametrize("n_chunks", [1, 16, 17, 40])
def test_however_many_chunks_share_a_task(cluster: Running, n_chunks: int) -> None:
    """A task takes the more neighbours the quicker a function was: no bit depends on it."""
    cluster.cluster.scale(2)
    cluster.client.wait_for_workers(2)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 5)).astype(np.float32), rng.integers(0, 3, 120)
    parts = np.array_split(X, n_chunks)
    there = DaskObjective(parts, y, gd.CrossEntropy(), client=cluster.client)
    here = gd.ChunkedObjective(parts, y, gd.CrossEntropy())
    W, D = rng.normal(size=(2, *here.shape))
    value, gradient = here.value_and_gradient(W)
    slope = here.along_ray(W, D).slope(0.5)
    engine, tasks = there.problem.engine, []
    for seconds in (1e6, 0.03 * n_chunks, 1e-6):
        for function in (operations.value_and_gradient, operations.ray_slope, visited):
            engine.note(function, seconds)
        tasks.append(sum(map(len, engine.runs(operations.value_and_gradient))))
        found, its = there.value_and_gradient(W)
        assert found == value
        np.testing.assert_array_equal(its, gradient)
        for function in (operations.ray_slope, visited):
            engine.note(function, seconds)
        assert there.along_ray(W, D).slope(0.5) == slope
    assert tasks[0] == n_chunks
    assert tasks[2] == {1: 1, 16: 2, 17: 3, 40: 4}[n_chunks]
    assert tasks[2] <= tasks[1] <= tasks[0]


@pytest.mark.parametrize("kind", ["uint8", "float32", "csr"])
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_every_loss_on_every_kind_of_rows(client: Any, loss: Any, kind: str) -> None:
    there, here, (W, U, _) = pair(client, kind, loss)
    (value, gradient), (wanted, wanted_gradient) = there.value_and_gradient(W), here.value_and_gradient(W)
    assert value == wanted
    np.testing.assert_array_equal(gradient, wanted_gradient)
    assert there.along_ray(W, U).slope(0.3) == here.along_ray(W, U).slope(0.3)
    assert there.passes == here.passes


def test_all_that_a_chunked_objective_says(client: Any) -> None:
    there, here, (W, U, V) = pair(client, "float32", gd.CrossEntropy(), penalize_bias=True)
    a, b = np.linspace(-1, 1, 4), np.linspace(0, 1, 3)
    np.testing.assert_array_equal(there.on_plane(W, U, V).values(a, b), here.on_plane(W, U, V).values(a, b))
    np.testing.assert_array_equal(there.gram(), here.gram())
    np.testing.assert_array_equal(there.values_at(np.stack([U, V])), here.values_at(np.stack([U, V])))
    np.testing.assert_array_equal(there.numerical_gradient(W), here.numerical_gradient(W))
    np.testing.assert_array_equal(there.hessian_product(W, V), here.hessian_product(W, V))
    np.testing.assert_array_equal(there.scores(W), here.scores(W))
    assert there.accuracy(W) == here.accuracy(W)
    assert there.fingerprint(W) == here.fingerprint(W)
    assert there.in_float64().value(W) == here.in_float64().value(W)
    assert there.with_terms(gd.Hinge(), None).value(W) == here.with_terms(gd.Hinge(), None).value(W)


def test_a_loss_of_ones_own(client: Any) -> None:
    loss = gd.ScoreLoss(lambda scores, y: (scores[:, 0] ** 2, np.eye(scores.shape[1])[0] * 2 * scores[:, :1]))
    there, here, (W, _, _) = pair(client, "float32", loss)
    assert there.value(W) == here.value(W)
    np.testing.assert_array_equal(there.gradient(W), here.gradient(W))
