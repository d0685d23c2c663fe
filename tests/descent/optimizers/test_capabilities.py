"""What an optimizer may offer beyond init and update: a direction, a step or an answer of its own."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast import FunctionObjective, GradientDescent, minimize
from gdfast.descent.optimizers import direction_of, final_answer

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


def test_the_direction_takes_the_optimizers_own_method():
    w, gradient = np.array([1.0, 2.0, 3.0]), np.array([9.0, 9.0, 9.0])
    direction, state = direction_of(Newton())(BOWL, BOWL, 7, w, gradient, [6])
    np.testing.assert_allclose(direction, -w, rtol=1e-15)
    assert state == [6, 7]
    direction, state = direction_of(GradientDescent())(BOWL, BOWL, 7, w, gradient, None)
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


class ScheduleFree:
    """Schedule-free SGD (Defazio and others, 2024): w is the mean of the z, the gradient is taken between both."""

    beta = 0.9

    def init(self, w):
        return (w.copy(), 0)

    def evaluation_point(self, w, state):
        z, steps = state
        return w if steps == 0 else (1 - self.beta) * z + self.beta * w

    def step(self, gradient, state, w, length):
        z, steps = state
        z = z - length * gradient
        return w + (z - w) / (steps + 1), (z, steps + 1)


def slow_schedule_free(gradient_of, w, rate_of, steps):
    """The three lines of the paper; (path of w, points at which gradients were taken)."""
    z, path, points = w, [w], []
    for k in range(steps):
        points.append(0.1 * z + 0.9 * w)
        z = z - rate_of(k) * gradient_of(k, points[-1])
        w = (1 - 1 / (k + 1)) * w + z / (k + 1)
        path.append(w)
    return path, points


@pytest.mark.parametrize("rate", [0.02, gd.Cosine(0.03, 30)], ids=str)
def test_a_run_whose_optimizer_owns_the_step(rate):
    rate_of = rate if callable(rate) else lambda k: rate
    path, _ = slow_schedule_free(lambda k, y: BOWL.gradient(y), np.array([1.0, 2.0, 3.0]), rate_of, 30)
    seen = []
    result = minimize(
        BOWL, [1.0, 2.0, 3.0], ScheduleFree(), rate, max_steps=30, callback=lambda k, w, value: seen.append((w, value))
    )
    np.testing.assert_allclose([w for w, _ in seen], path[1:], rtol=1e-12)
    assert [value for _, value in seen] == [BOWL.value(w) for w, _ in seen]
    assert result.value == BOWL.value(result.w)
    assert result.evaluations == 31 + 29  # at w each time, and at another point but for the first step
    np.testing.assert_allclose(result.history.step_sizes, [rate_of(k) for k in range(30)])


def test_a_mini_batch_is_evaluated_at_that_point_alone():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.normal(size=40)
    objective, batches = gd.LinearObjective(X, y, gd.SquaredError()), gd.MiniBatches(8, seed=2)

    def part(k):
        return objective.rows(batches.rows(40, k))

    w0 = np.ones(objective.shape)
    path, points = slow_schedule_free(lambda k, y: part(k).gradient(y), w0, lambda k: 0.05, 20)
    result = minimize(objective, w0, ScheduleFree(), 0.05, batches=batches, max_steps=20)
    np.testing.assert_allclose(result.w, path[-1], rtol=1e-12)
    np.testing.assert_allclose(result.history.values, [part(k).value(points[k]) for k in range(20)], rtol=1e-12)
    assert result.evaluations == 21


def test_an_own_step_must_return_weights():
    class Wrong(ScheduleFree):
        def step(self, gradient, state, w, length):
            return w[:2], state

    with pytest.raises(ValueError, match=r"the optimizer must return an array of w's shape \(3,\)"):
        minimize(BOWL, [1.0, 2.0, 3.0], Wrong())
    with pytest.raises(ValueError, match="ScheduleFree needs a step that is a number, a sequence or a schedule"):
        minimize(BOWL, [1.0, 2.0, 3.0], ScheduleFree(), gd.ExactLineSearch())
    with pytest.raises(ValueError, match="clip needs an optimizer that works on the gradient alone"):
        minimize(BOWL, [1.0, 2.0, 3.0], ScheduleFree(), clip=1.0)


def test_an_own_step_that_leads_nowhere_finite_has_diverged():
    result = minimize(BOWL, [1.0, 2.0, 3.0], ScheduleFree(), 1e300, max_steps=50)
    assert result.status is gd.Status.DIVERGED
    assert np.isfinite(result.w).all()
