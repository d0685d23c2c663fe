"""A LinearObjective can be copied and pickled: it is made anew from its arguments."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import gdfast as gd

COPIES = {"copy": copy.copy, "deepcopy": copy.deepcopy, "pickle": lambda thing: pickle.loads(pickle.dumps(thing))}


def cases():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 5)), rng.integers(0, 3, 40)
    weights = rng.random(40)
    folded = {"mean": X.mean(axis=0), "scale": X.std(axis=0), "sample_weight": weights}
    yield "classes", gd.LinearObjective(X, y, gd.Hinge(2.0), gd.L2(0.1), n_classes=4, penalize_bias=True, **folded)
    yield "targets", gd.LinearObjective(X, X[:, 0], gd.SquaredError(), bias=False)
    yield "two targets", gd.LinearObjective(X.astype(np.float32), X[:, :2], gd.Huber(0.5), gd.L1(0.1))
    yield "mini-batch", gd.LinearObjective(X, y, gd.CrossEntropy(), **folded).rows([3, 3, 1]).rows([0, 2])


CASES = dict(cases())


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("name", CASES)
def test_a_copy_is_the_same_objective(name, copy):
    objective = CASES[name]
    other = COPIES[copy](objective)
    W = np.random.default_rng(1).normal(size=objective.shape)
    assert other.shape == objective.shape
    value, gradient = objective.value_and_gradient(W)
    assert other.value(W) == value
    assert np.array_equal(other.gradient(W), gradient)
    assert np.array_equal(other.predict(W), objective.predict(W))
    assert (other.X is objective.X) == (copy == "copy")


def test_sparse_rows_too():
    sp = pytest.importorskip("scipy.sparse")
    X = sp.random(30, 8, 0.3, random_state=0, format="csr")
    objective = gd.LinearObjective(X, np.arange(30) % 3, scale=np.full(8, 2.0))
    W = np.random.default_rng(1).normal(size=objective.shape)
    assert copy.deepcopy(objective).value(W) == objective.value(W)
