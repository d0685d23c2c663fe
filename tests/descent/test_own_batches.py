"""Subclasses of MiniBatches: what they choose is what the run sees; what is no choice of rows is refused by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import gdfast as gd

ROWS, FEATURES, CLASSES = 30, 4, 3


def problem(dtype=np.float64):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(ROWS, FEATURES)).astype(dtype), rng.integers(0, CLASSES, ROWS)
    return gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(0.01), n_classes=CLASSES)


@dataclass(frozen=True)
class Given(gd.MiniBatches):
    """Every epoch visits the rows in the order that `give` makes of the right one."""

    give: object = None

    def permutation(self, n_samples, epoch):
        return self.give(super().permutation(n_samples, epoch))


@dataclass(frozen=True)
class Favourites(gd.MiniBatches):
    """Rows of its own."""

    def rows(self, n_samples, k):
        return [k % n_samples, 2, 5]


NONSENSE = {
    "short": lambda order: order[:-1],
    "long": lambda order: np.append(order, 0),
    "one too high": lambda order: order + 1,
    "negative": lambda order: order - 1,
    "far too high": lambda order: order + 2**40,
    "empty": lambda order: order[:0],
    "two-dimensional": lambda order: order[:, None],
    "float": lambda order: order.astype(float),
    "bool": lambda order: order > 3,
    "text": lambda order: "text",
    "None": lambda order: None,
    "masked": lambda order: np.ma.MaskedArray(order, order > 3),
}


# The compiled steps of Momentum, the generic implementation of Lion, and of a gradient that is clipped.
@pytest.mark.parametrize("run", [{"optimizer": gd.Momentum()}, {"optimizer": gd.Lion()}, {"clip": 1.0}])
@pytest.mark.parametrize("name", NONSENSE)
def test_a_permutation_that_is_none_is_refused_by_name(name, run):
    objective = problem()
    with pytest.raises((TypeError, ValueError), match=r"batches\.permutation\(30, 0\) must"):
        gd.minimize(objective, np.zeros(objective.shape), batches=Given(7, give=NONSENSE[name]), max_steps=9, **run)


@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.Adam(), gd.Lion()])
@pytest.mark.parametrize("dtype", [np.int32, np.uint8, ">i8"])
def test_a_permutation_of_another_integer_type_is_the_same_run(optimizer, dtype):
    runs = [
        gd.minimize(problem(), np.zeros((CLASSES, FEATURES + 1)), optimizer, batches=batches, max_steps=9).w
        for batches in (gd.MiniBatches(7), Given(7, give=lambda order: order.astype(dtype)))
    ]
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize("optimizer", [gd.GradientDescent(), gd.Momentum(0.0)])
def test_rows_of_its_own_are_the_rows_of_the_run(optimizer):
    objective = problem()
    w = np.zeros(objective.shape)
    for k in range(5):
        w -= 0.1 * objective.rows([k, 2, 5]).gradient(w)
    result = gd.minimize(objective, np.zeros(objective.shape), optimizer, batches=Favourites(3), max_steps=5)
    np.testing.assert_allclose(result.w, w, rtol=1e-13, atol=1e-15)


def test_rows_that_are_none_are_refused_by_name():
    class Beyond(gd.MiniBatches):
        def rows(self, n_samples, k):
            return [n_samples]

    objective = problem()
    with pytest.raises(ValueError, match=r"batches\.rows\(30, 0\) must be in \[0, 30\)"):
        gd.minimize(objective, np.zeros(objective.shape), batches=Beyond(3), max_steps=5)
