"""AveragedSGD: the iterates of plain descent, and the mean of the weights as the result."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd


def bowl():
    return gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)


@pytest.mark.parametrize(
    ("start", "steps"), [(0, 0), (0, 1), (0, 12), (5, 3), (5, 5), (5, 6), (5, 7), (5, 30), (9, 10)]
)
def test_the_answer_is_the_mean_from_start_on(start, steps):
    path, w0 = [], np.array([1.0, -3.0])
    result = gd.minimize(
        bowl(), w0, gd.AveragedSGD(start), 0.3, max_steps=steps, gtol=0, callback=lambda k, w, value: path.append(w)
    )
    plain = gd.minimize(bowl(), w0, step=0.3, max_steps=steps, gtol=0)
    assert steps == 0 or np.array_equal(path[-1], plain.w)
    if steps > start:
        np.testing.assert_allclose(result.w, np.mean(path[start:], axis=0), rtol=1e-12)
    else:
        assert np.array_equal(result.w, plain.w)
    assert result.value == bowl().value(result.w)


def test_the_state_says_the_mean_at_any_time():
    rng = np.random.default_rng(3)
    rule, w, path = gd.AveragedSGD(2), np.zeros(3), []
    state = rule.init(w)
    for k in range(10):
        direction, state = rule.update(rng.normal(size=3), state, w)
        w = w + 0.1 * direction
        path.append(w)
        assert state.steps == k + 1
        np.testing.assert_allclose(rule.answer(w, state), np.mean(path[2:], axis=0) if k >= 2 else w, rtol=1e-12)


def test_long_means_keep_float32():
    rule, w = gd.AveragedSGD(), np.full(4, 7.3, np.float32)
    state = rule.init(w)
    for _ in range(3000):
        _, state = rule.update(np.zeros_like(w), state, w)
    assert rule.answer(w, state).dtype == np.float32
    np.testing.assert_allclose(rule.answer(w, state), w, rtol=1e-6)


def test_the_mean_of_noisy_steps_is_nearer_than_the_last_of_them():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(400, 5))
    y = X @ np.arange(5.0) + rng.normal(size=400)
    objective = gd.LinearObjective(X, y, gd.SquaredError())
    optimum = gd.minimize(objective, np.zeros((1, 6)), step=0.3, max_steps=500).value
    run = {"step": 0.05, "batches": gd.MiniBatches(4, seed=0), "epochs": 20}
    last = gd.minimize(objective, np.zeros((1, 6)), **run).value
    mean = gd.minimize(objective, np.zeros((1, 6)), gd.AveragedSGD(start=500), **run).value
    assert mean - optimum < 0.1 * (last - optimum)


@pytest.mark.parametrize("evaluate_every", [None, 7])
def test_a_run_has_converged_where_the_mean_has(evaluate_every):
    """Not where w has: the gradient at what is handed back is what gtol is about."""
    run = {"gtol": 1e-3, "evaluate_every": evaluate_every}
    early = gd.minimize(bowl(), np.array([3.0, -4.0]), gd.AveragedSGD(), 0.3, max_steps=40, **run)
    assert early.status is gd.Status.MAX_STEPS
    assert early.gradient_norm > 1e-3
    late = gd.minimize(bowl(), np.array([3.0, -4.0]), gd.AveragedSGD(start=30), 0.3, max_steps=70, **run)
    assert late.status is gd.Status.CONVERGED
    assert late.gradient_norm <= 1e-3
