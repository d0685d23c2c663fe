"""nearest_kinks: the step it calls safe crosses nothing, a hair more crosses; the terms it names are those crossed."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

import gdfast as gd
from gdfast.objective import capabilities

KINDS = ["dense", "uint8", "float32", "sparse", "batch", "scaled"]


def made(kind, seed=0, regularizer=None):
    rng = np.random.default_rng(seed)
    X, y, options = rng.normal(size=(60, 7)), rng.integers(4, size=60), {}
    if kind == "uint8":
        X, options = rng.integers(0, 256, size=(60, 7)).astype(np.uint8), {"scale": np.full(7, 255.0)}
    if kind == "float32":
        X = X.astype(np.float32)
    if kind == "sparse":
        X = scipy.sparse.random(60, 7, 0.5, format="csr", random_state=seed)
    if kind == "scaled":
        options = {"mean": rng.normal(size=7), "scale": rng.uniform(0.5, 2, size=7), "bias": False}
    weights = np.arange(60) % 5 * 1.0  # some are 0: their terms cross nothing
    objective = gd.LinearObjective(X, y, gd.Hinge(), regularizer, sample_weight=weights, n_classes=4, **options)
    if kind == "batch":
        objective = objective.rows([3, 7, 7, 9, 20, 31])
    return objective, 0.3 * rng.normal(size=objective.shape), weights


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("regularizer", [None, gd.L1(0.1)])
@pytest.mark.parametrize("h", [1e-3, 0.05])
def test_the_safe_step_is_the_largest_that_crosses_nothing(kind, regularizer, h):
    objective, W, _ = made(kind, regularizer=regularizer)
    found = objective.nearest_kinks(W, h)
    crosses = objective.kink_crossings(W, h)[0].ravel() > 0
    assert np.array_equal(found.safe_h < h, crosses)
    assert found.safe_h.max() <= h
    for i in np.flatnonzero(crosses):
        step = found.safe_h[i]
        assert objective.kink_crossings(W, step * (1 - 1e-9), coordinates=[i])[0][0] == 0
        assert objective.kink_crossings(W, step * (1 + 1e-9), coordinates=[i])[0][0] > 0
    some = np.flatnonzero(crosses)[::2] if crosses.any() else np.array([0, 3])
    assert np.array_equal(objective.nearest_kinks(W, h, some).safe_h, found.safe_h[some])


@pytest.mark.parametrize("kind", ["dense", "float32", "scaled"])
def test_the_terms_are_those_that_a_weight_crosses(kind):
    objective, W, weights = made(kind)
    h = 0.05
    margins = objective.margins(W)
    crossed = set()
    for i in range(W.size):
        sides = []
        for sign in (-1, 1):
            moved = W.copy()
            moved.flat[i] += sign * h
            sides.append(objective.margins(moved) > 0)
        crossed |= {(int(i), int(c)) for i, c in np.argwhere(sides[0] != sides[1]) if weights[i] > 0}
    found = objective.nearest_kinks(W, h)
    assert found.n_terms == len(crossed) > 3
    assert {(i, c) for i, c, _ in found.terms} <= crossed
    sizes = sorted(abs(margins[i, c]) for i, c in crossed)
    assert [abs(margin) for _, _, margin in found.terms] == pytest.approx(sizes[: len(found.terms)], rel=1e-4)


def test_it_is_asked_through_one_free_function():
    objective, W, _ = made("dense")
    assert capabilities.nearest_kinks(objective, W, 0.05).n_terms == objective.nearest_kinks(W, 0.05).n_terms
    assert capabilities.nearest_kinks(gd.FunctionObjective(lambda w: 0.0), np.ones(3)) is None
    smooth = gd.LinearObjective(np.ones((2, 1)), np.array([0, 1]), gd.CrossEntropy(), gd.L2(0.1))
    assert smooth.nearest_kinks(np.ones((2, 2))) is None


@pytest.mark.parametrize("arguments", [{"h": 0.0}, {"h": np.nan}, {"coordinates": [99]}, {"coordinates": []}])
def test_bad_arguments_are_refused(arguments):
    objective, W, _ = made("dense")
    with pytest.raises(ValueError, match=next(iter(arguments))):
        objective.nearest_kinks(W, **arguments)
