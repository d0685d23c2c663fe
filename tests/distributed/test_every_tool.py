"""What takes an objective works on a cluster's unchanged, by the bits that chunks on one machine give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gdfast as gd
from gdfast.distributed import DaskObjective

pytestmark = pytest.mark.slow  # what the other files test on a cluster, with more kinds of work

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 90)
PARTS = [X[:40], X[40:60], X[60:]]
W = np.random.default_rng(1).normal(size=(3, 7)) / 3
GRID = np.linspace(-1, 1, 5)
U, V = np.random.default_rng(2).normal(size=(2, 3, 7)) / 10


def pair(client: Any, loss: Any, regularizer: Any = None) -> tuple[Any, Any]:
    regularizer = gd.L2(0.1) if regularizer is None else regularizer
    there = DaskObjective(PARTS, Y, loss, regularizer, client=client)
    return there, gd.ChunkedObjective(PARTS, Y, loss, regularizer)


OPTIMIZERS = [
    gd.GradientDescent(), gd.Momentum(), gd.Nesterov(), gd.AdaGrad(), gd.RMSProp(), gd.AdaDelta(), gd.Adam(),
    gd.AdamW(), gd.AMSGrad(), gd.NAdam(), gd.RAdam(), gd.Lion(), gd.AveragedSGD(), gd.Newton(), gd.LBFGS(),
    gd.NonlinearConjugateGradient(), gd.LBFGS(preconditioner=gd.GramPreconditioner()),
]  # fmt: skip
QUICK = (gd.Momentum, gd.Newton, gd.NonlinearConjugateGradient)
CASES = [
    pytest.param(one, marks=() if isinstance(one, QUICK) else pytest.mark.slow, id=repr(one)) for one in OPTIMIZERS
]


@pytest.mark.parametrize("optimizer", CASES)
def test_optimizers_of_whole_passes(client: Any, optimizer: Any) -> None:
    results = [
        gd.minimize(objective, np.zeros(objective.shape), optimizer, step=0.05, max_steps=3)
        for objective in pair(client, gd.CrossEntropy())
    ]
    np.testing.assert_array_equal(results[0].w, results[1].w)
    assert results[0].passes == results[1].passes


@pytest.mark.parametrize(
    "step", [gd.Backtracking(), gd.StrongWolfe(), gd.ExactLineSearch(), gd.Cosine(0.1, 3)], ids=repr
)
@pytest.mark.parametrize("loss", [gd.Hinge(), gd.CrossEntropy()], ids=repr)
def test_steps(client: Any, loss: Any, step: Any) -> None:
    results = [
        gd.minimize(objective, W, gd.GradientDescent(), step=step, max_steps=3) for objective in pair(client, loss)
    ]
    np.testing.assert_array_equal(results[0].w, results[1].w)
    assert results[0].value == results[1].value


TOOLS: dict[str, Callable[[Any], Any]] = {
    "line": lambda objective: gd.landscape.line(objective, W, U, GRID).values,
    "plane": lambda objective: gd.landscape.plane(objective, W, U, V, GRID, GRID).values,
    "weight": lambda objective: gd.landscape.weight(objective, W, (0, 1), GRID).totals,
    "along_ray": lambda objective: gd.along_ray(objective, W, U).values(np.linspace(-1, 1, 5)),
    "on_plane": lambda objective: gd.on_plane(objective, W, U, V).values(np.linspace(-1, 1, 3), np.linspace(0, 1, 2)),
    "suggest_step": gd.suggest_step,
    "random_search": lambda objective: gd.random_search(objective, n=5, rng=0).w,
    "local_search": lambda objective: gd.local_search(objective, W, n=5, rng=0).w,
    "numerical_gradient": lambda objective: gd.numerical_gradient(objective.value, W, coordinates=[0, 9]),
    "path": lambda objective: gd.regularization_path(objective, [1.0, 0.1], tol=1e-2).W,
}


@pytest.mark.parametrize("name", TOOLS)
def test_tools(client: Any, name: str) -> None:
    there, here = pair(client, gd.CrossEntropy())
    np.testing.assert_array_equal(TOOLS[name](there), TOOLS[name](here))


def test_checks(client: Any) -> None:
    there, here = pair(client, gd.CrossEntropy())
    assert (
        gd.check_gradient(there, at=W, coordinates=4, rng=0).verdict
        == gd.check_gradient(here, at=W, coordinates=4, rng=0).verdict
    )
    assert str(gd.sanity_check(there)) == str(gd.sanity_check(here)).replace("ChunkedObjective", "DaskObjective")


def test_a_path_with_exact_zeros(client: Any) -> None:
    there, here = pair(client, gd.CrossEntropy(), gd.L1(0.1))
    paths = [gd.regularization_path(objective, [0.3, 0.1], tol=1e-2) for objective in (there, here)]
    np.testing.assert_array_equal(paths[0].W, paths[1].W)
    assert (np.asarray(paths[0].W) == 0).any()


def test_a_checkpoint_goes_on_here_and_there(client: Any, tmp_path: Path) -> None:
    there, here = pair(client, gd.CrossEntropy())
    whole = gd.minimize(here, W, gd.LBFGS(), step=gd.StrongWolfe(), max_steps=6)
    path = tmp_path / "run.npz"
    gd.minimize(there, W, gd.LBFGS(), step=gd.StrongWolfe(), max_steps=3, checkpoint=gd.Checkpoint(path, every=1))
    resumed = gd.resume(path, there, max_steps=6)
    np.testing.assert_array_equal(resumed.w, whole.w)
