"""SVRG: a constant step leads to the optimum, linearly, where plain stochastic descent circles around it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import gdfast as gd


def problem(dtype=np.float64):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 6)).astype(dtype), rng.integers(0, 3, size=300)
    return gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(0.05))


RUN = {"step": 0.2, "batches": gd.MiniBatches(5, seed=1)}


def test_it_converges_linearly_where_plain_descent_does_not():
    objective, W = problem(), np.zeros((3, 7))
    best = gd.minimize(objective, W, gd.LBFGS(), gd.StrongWolfe(), gtol=1e-10).value
    gaps = [gd.minimize(objective, W, gd.SVRG(), epochs=e, **RUN).value - best for e in (4, 8, 12, 16, 20)]
    assert all(later < 0.3 * sooner or later < 1e-13 for sooner, later in pairwise(gaps))
    assert gaps[-1] < 1e-10
    plain = gd.minimize(objective, W, epochs=20, **RUN).value - best
    assert plain > 1e-5


def test_the_direction_is_the_formula():
    objective, W = problem(), np.random.default_rng(1).normal(size=(3, 7))
    path = [W]
    result = gd.minimize(
        objective, W, gd.SVRG(period=4), max_steps=11, callback=lambda k, w, value: path.append(w), **RUN
    )
    for k in range(11):
        batch = objective.rows(RUN["batches"].rows(300, k))
        snapshot = path[k - k % 4]
        direction = -(batch.gradient(path[k]) - batch.gradient(snapshot) + objective.gradient(snapshot))
        np.testing.assert_allclose(path[k + 1], path[k] + 0.2 * direction, rtol=1e-12, atol=1e-15)
    # Each step evaluates its batch, and one gradient more; the end evaluates the whole.
    assert result.evaluations == 11 + 11 + 1


def test_its_passes_are_counted():
    objective = problem()
    result = gd.minimize(objective, np.zeros((3, 7)), gd.SVRG(), epochs=6, **RUN)
    # Per epoch one pass at w and one at the snapshot (none at its own step), per two epochs one of the whole.
    assert result.passes == pytest.approx(6 + 6 - 3 * 5 / 300 + 3 + 1)


def test_a_run_in_two_halves_of_whole_periods_is_one_run():
    objective, W = problem(), np.zeros((3, 7))
    once = gd.minimize(objective, W, gd.SVRG(), epochs=2, **RUN)
    again = gd.minimize(objective, W, gd.SVRG(period=120), epochs=2, **RUN)
    assert np.array_equal(once.w, again.w)


def test_uphill_and_float32():
    objective = problem(np.float32)
    up = gd.maximize(Negative(objective), np.zeros((3, 7), np.float32), gd.SVRG(), epochs=4, **RUN)
    down = gd.minimize(objective, np.zeros((3, 7), np.float32), gd.SVRG(), epochs=4, **RUN)
    assert up.w.dtype == down.w.dtype == np.float32
    np.testing.assert_allclose(up.w, down.w, rtol=1e-6)


class Negative:
    """-L with its mini-batches."""

    def __init__(self, objective):
        self._objective = objective
        self.n_samples = objective.n_samples

    def value(self, w):
        return -self._objective.value(w)

    def gradient(self, w):
        return -self._objective.gradient(w)

    def value_and_gradient(self, w):
        return self.value(w), self.gradient(w)

    def rows(self, indices):
        return Negative(self._objective.rows(indices))


def test_states_are_values():
    objective, W = problem(), np.ones((3, 7))
    rule = gd.SVRG(period=3)
    state = rule.init(W)
    batch = objective.rows([0, 1])
    _, first = rule.batch_direction(objective, batch, 0, W, batch.gradient(W), state)
    assert not state.snapshot.any()
    direction, second = rule.batch_direction(objective, batch, 1, 2 * W, batch.gradient(2 * W), first)
    again, _ = rule.batch_direction(objective, batch, 1, 2 * W, batch.gradient(2 * W), first)
    assert np.array_equal(direction, again)
    assert (first.steps, second.steps, second.evaluations) == (1, 2, 2)
    assert np.array_equal(second.snapshot, W)


def test_what_it_refuses():
    bowl = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)
    with pytest.raises(
        TypeError, match=r"SVRG needs an objective with n_samples and rows\(indices\); it is FunctionObjective"
    ):
        gd.minimize(bowl, [1.0], gd.SVRG())
    with pytest.raises(ValueError, match="SVRG needs mini-batches"):
        gd.minimize(problem(), np.zeros((3, 7)), gd.SVRG())
    with pytest.raises(ValueError, match="clip needs"):
        gd.minimize(problem(), np.zeros((3, 7)), gd.SVRG(), clip=1.0, **RUN)
    with pytest.raises(ValueError, match="period must be >= 1"):
        gd.SVRG(period=0)
    with pytest.raises(TypeError, match="period must be an integer"):
        gd.SVRG(period=1.5)
    W = np.zeros((3, 7))
    with pytest.raises(ValueError, match="SVRG must know its period"):
        gd.SVRG().batch_direction(problem(), problem(), 0, W, W, gd.SVRG().init(W))
