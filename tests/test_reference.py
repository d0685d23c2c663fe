"""The oracle against itself: gradients against difference quotients, and examples worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import reference


def draw(loss: str, seed: int = 0, n: int = 5, d: int = 3, k: int = 4):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = rng.normal(size=(n, k)) if loss in reference.REGRESSIONS else rng.integers(0, k, n)
    return X, y, rng.normal(size=(k, d + 1)), rng


@pytest.mark.parametrize("loss", reference.LOSSES)
def test_score_gradient_is_the_difference_quotient(loss):
    _, y, W, rng = draw(loss)
    scores, weights = W[:, :1].T + rng.normal(size=(5, 4)), rng.uniform(0, 2, 5)

    def f(s):
        return reference.mean_loss(loss, s, y, weights, 0.7)[0]

    gradient = reference.mean_loss(loss, scores, y, weights, 0.7)[1]
    np.testing.assert_allclose(gradient, reference.numerical_gradient(f, scores, h=1e-6), atol=1e-8)


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("penalize_bias", [True, False])
def test_objective_gradient_is_the_difference_quotient(loss, bias, penalize_bias):
    X, y, W, rng = draw(loss, seed=1)
    problem = reference.LinearProblem(
        X,
        y,
        loss,
        margin=1.3,
        l1=0.2,
        l2=0.3,
        bias=bias,
        penalize_bias=penalize_bias,
        sample_weight=rng.uniform(0.1, 1, len(X)),
        mean=rng.normal(size=3),
        scale=rng.uniform(0.5, 2, 3),
    )
    W = W if bias else W[:, :-1]
    np.testing.assert_allclose(problem.gradient(W), reference.numerical_gradient(problem.value, W, h=1e-6), atol=1e-7)


def test_forward_and_chosen_quotients_of_a_square():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])

    def f(x):
        return float((x**2).sum())

    np.testing.assert_allclose(reference.numerical_gradient(f, x, 0.5, "forward"), 2 * x + 0.5)
    np.testing.assert_allclose(reference.numerical_gradient(f, x, 0.5, "centered"), 2 * x)
    np.testing.assert_allclose(reference.numerical_gradient(f, x, 0.5, coordinates=[3, 0]), [8.0, 2.0])


def test_lecture_8_worked_example_by_hand():
    # w = (2, 1, -1) without bias, x = (1, 2, -1), labels 0, 1, 2:
    # L0 = max(0, 1 - 2 + 1) + max(0, -1 - 2 + 1) = 0
    # L1 = max(0, 4 - 2 + 1) + max(0, -2 - 2 + 1) = 3
    # L2 = max(0, -2 - 1 + 1) + max(0, -1 - 1 + 1) = 0
    W = np.array([[2.0], [1.0], [-1.0]])
    problem = reference.LinearProblem(np.array([[1.0], [2.0], [-1.0]]), np.array([0, 1, 2]), bias=False)
    assert problem.value(W) == 1.0
    # Only the term of class 0 on the second sample counts (the tie in L0 does not): x = 2 for row 0, -2 for row 1.
    np.testing.assert_array_equal(problem.gradient(W), [[2 / 3], [-2 / 3], [0.0]])


def test_rows_by_hand():
    s = np.array([1.0, 2.0, 0.5])
    assert reference.hinge(s, 0)[0] == 2.5
    assert reference.squared_hinge(s, 0)[0] == 4.25
    assert reference.squared_error(s, np.array([0.0, 2.0, 1.5]))[0] == 2.0
    assert reference.huber(s, np.array([0.5, 2.0, 2.5]))[0] == 0.25 + 3.0
    assert reference.cross_entropy(np.zeros(4), 2)[0] == pytest.approx(math.log(4))
    assert reference.cross_entropy(np.array([1000.0, 0.0]), 1)[0] == 1000.0


def test_margins_predictions_and_crossings_by_hand():
    problem = reference.LinearProblem(np.array([[1.0]]), np.array([0]), bias=False)
    W = np.array([[2.0], [1.5], [0.0]])
    np.testing.assert_array_equal(problem.margins(W), [[0.0, 0.5, -1.0]])
    np.testing.assert_array_equal(problem.predict(W), [0])
    assert problem.accuracy(W) == 1.0
    # Class 1's margin is 0.5: a step of 0.6 in w0 or w1 takes it past 0; class 2's is -1: out of reach.
    np.testing.assert_array_equal(problem.kink_crossings(W, 0.6), [[1], [1], [0]])


def test_regularizers_by_hand():
    W = np.array([[-1.0, 0.0, 2.0]])
    assert reference.penalty(W, l1=0.5, l2=0.25) == 0.5 * 3 + 0.25 * 5
    np.testing.assert_array_equal(reference.penalty_gradient(W, l1=0.5, l2=0.25), [[-1.0, 0.0, 1.5]])
