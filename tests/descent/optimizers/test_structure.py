"""What an optimizer may offer beyond init and update: a direction of its own, an answer of its own."""

from __future__ import annotations

import numpy as np

from gdfast import FunctionObjective, GradientDescent, minimize
from gdfast.descent.optimizers import descent_direction, final_answer

# An elongated bowl.
SCALES = np.array([1.0, 10.0, 0.1])
BOWL = FunctionObjective(lambda w: float(np.sum(SCALES * w**2)), lambda w: 2 * SCALES * w)


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


def test_descent_direction_takes_the_optimizer_s_own():
    w, gradient = np.array([1.0, 2.0, 3.0]), np.array([9.0, 9.0, 9.0])
    direction, state = descent_direction(Newton(), BOWL, BOWL, 7, w, gradient, [6])
    np.testing.assert_allclose(direction, -w, rtol=1e-15)
    assert state == [6, 7]
    direction, state = descent_direction(GradientDescent(), BOWL, BOWL, 7, w, gradient, None)
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
