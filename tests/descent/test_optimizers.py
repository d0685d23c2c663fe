"""Rules for the direction: against the plain recurrences, with states that are never changed in place."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gdfast import FunctionObjective, GradientDescent, Momentum, minimize
from gdfast.descent.optimizers import descent_direction, final_answer
from gdfast.protocols import Optimizer

OPTIMIZERS = [GradientDescent(), Momentum(), Momentum(0.0), Momentum(0.5)]

# An elongated bowl, for which momentum matters.
SCALES = np.array([1.0, 10.0, 0.1])
BOWL = FunctionObjective(lambda w: float(np.sum(SCALES * w**2)), lambda w: 2 * SCALES * w)


def test_gradient_descent_is_the_negative_gradient():
    gradient = np.array([[1.0, -2.0]])
    direction, state = GradientDescent().update(gradient, None, np.zeros((1, 2)))
    assert np.array_equal(direction, -gradient)
    assert state is None


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.99])
def test_momentum_is_pytorch_s_rule(momentum):
    """buf = momentum * buf + gradient; w -= lr * buf, as torch.optim.SGD does it from a first buf = gradient."""
    rates = [0.01 * (1 + k % 3) for k in range(40)]
    w, buffer = np.array([1.0, -1.0, 2.0]), None
    for rate in rates:
        gradient = BOWL.gradient(w)
        buffer = gradient if buffer is None else momentum * buffer + gradient
        w = w - rate * buffer
    result = minimize(BOWL, [1.0, -1.0, 2.0], Momentum(momentum), rates, max_steps=40)
    np.testing.assert_allclose(result.w, w, rtol=1e-12, atol=1e-15)


def test_momentum_zero_is_gradient_descent():
    plain, without = (minimize(BOWL, np.ones(3), rule, 0.01, max_steps=30) for rule in OPTIMIZERS[:3:2])
    assert np.array_equal(plain.w, without.w)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_state_goes_in_and_out_unchanged(optimizer, dtype):
    rng = np.random.default_rng(0)
    w = rng.normal(size=(2, 3)).astype(dtype)
    state = optimizer.init(w)
    for _ in range(4):
        gradient = rng.normal(size=(2, 3)).astype(dtype)
        before = np.copy(w), np.copy(gradient), np.copy(state)
        direction, fresh = optimizer.update(gradient, state, w)
        again, _ = optimizer.update(gradient, state, w)
        assert direction.dtype == dtype
        assert direction.shape == w.shape
        assert np.array_equal(direction, again)
        for array, copy in zip((w, gradient, state), before, strict=True):
            assert np.array_equal(array, copy)
        state = fresh


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_settings_are_frozen_values(optimizer):
    assert type(optimizer)() == type(optimizer)()
    assert hash(optimizer) == hash(optimizer)
    with pytest.raises(AttributeError):
        optimizer.momentum = 0.1


def test_numpy_numbers_as_settings_do_not_widen_float32():
    w = np.ones(3, np.float32)
    direction, state = Momentum(np.float64(0.9)).update(w, w, w)
    assert direction.dtype == state.dtype == np.float32


@pytest.mark.parametrize(
    ("momentum", "error", "message"),
    [
        (1.0, ValueError, r"momentum must be in \[0, 1\); it is 1"),
        (-0.1, ValueError, r"momentum must be in \[0, 1\)"),
        (math.nan, ValueError, "momentum must be finite"),
        ("0.9", TypeError, "momentum must be a real number; it is str '0.9'"),
        (True, TypeError, "momentum must be a real number"),
    ],
)
def test_bad_momentum(momentum, error, message):
    with pytest.raises(error, match=message):
        Momentum(momentum)


class Newton(GradientDescent):
    """Asks the objective itself: the bowl's curvature is known."""

    def init(self, w):
        return []

    def direction(self, objective, k, w, state):
        return -objective.gradient(w) / (2 * SCALES), [*state, k]


class Averaging(GradientDescent):
    """Hands back the mean of all w, w0 included."""

    def init(self, w):
        return (w, 1)

    def update(self, gradient, state, w):
        mean, n = state
        moved = w - 0.01 * gradient
        return -gradient, (mean + (moved - mean) / (n + 1), n + 1)

    def answer(self, w, state):
        return state[0]


def test_descent_direction_takes_the_optimizer_s_own_road():
    w, gradient = np.array([1.0, 2.0, 3.0]), np.array([9.0, 9.0, 9.0])
    direction, state = descent_direction(Newton(), BOWL, 7, w, gradient, [6])
    np.testing.assert_allclose(direction, -w, rtol=1e-15)
    assert state == [6, 7]
    direction, state = descent_direction(GradientDescent(), BOWL, 7, w, gradient, None)
    assert np.array_equal(direction, -gradient)


def test_a_run_with_an_own_direction():
    result = minimize(BOWL, [1.0, 2.0, 3.0], Newton(), 1.0)
    assert result.steps == 1
    np.testing.assert_allclose(result.w, np.zeros(3), atol=1e-15)


def test_a_run_with_an_answer_of_its_own():
    w0 = np.array([1.0, -1.0, 2.0])
    path = [w0]
    result = minimize(
        BOWL, w0, Averaging(), 0.01, max_steps=20, evaluate_every=10, callback=lambda k, w, value: path.append(w)
    )
    np.testing.assert_allclose(result.w, np.mean(path, axis=0), rtol=1e-12)
    assert result.value == BOWL.value(result.w)
    assert result.gradient_norm == np.abs(BOWL.gradient(result.w)).max()
    np.testing.assert_allclose(result.history.values, [BOWL.value(w) for w in path])
    at_ten = np.mean(path[:11], axis=0)
    np.testing.assert_allclose(result.history.evaluated_values, [BOWL.value(w) for w in (w0, at_ten, result.w)])
    assert result.evaluations == 21 + 2


def test_final_answer():
    w = np.ones(2)
    assert final_answer(GradientDescent(), w, None) is w
    assert final_answer(Averaging(), w, (2 * w, 5)).tolist() == [2.0, 2.0]


def test_the_rules_are_optimizers():
    rules: list[Optimizer] = OPTIMIZERS
    assert all(callable(rule.init) and callable(rule.update) for rule in rules)
