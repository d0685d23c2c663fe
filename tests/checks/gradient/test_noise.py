"""Noise, truncation, float32 and critical points are told apart from bugs."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast.checks import check_gradient
from gradients import Structured, point, softmax, softmax_gradient


def test_an_objective_may_declare_that_it_computes_in_float32():
    class Single(Structured):
        arithmetic = np.float32

        def gradient(self, w):
            exact = super().gradient(w)
            return exact + 1e-7 * np.abs(exact).max() * np.resize([1, -1], w.shape)

    w = point((4, 5))
    w[:, 0] *= 1e-2  # small derivatives beside large ones: 1e-7 of the largest is much of them
    report = check_gradient(Single((4, 5)), at=w)
    assert report.verdict == "NOISE"
    assert report.not_judged.tolist() == [0, 5, 10, 15]
    assert str(report).startswith("Gradient check: NOISE (4 of 20 coordinates not judged)")
    Single.arithmetic = np.float64
    assert check_gradient(Single((4, 5)), at=w).verdict == "FAIL"


def test_a_step_that_is_far_too_small_is_noise():
    report = check_gradient(softmax, softmax_gradient, point(5), h=1e-15)
    assert report.verdict == "NOISE"
    assert "use h near 6e-06" in report.diagnosis[-1]


@pytest.mark.parametrize("seed", range(5))
def test_entries_below_the_rounding_noise_do_not_count(seed):
    w = point((5, 40), seed)
    w[:, ::2] -= 17  # derivatives near 1e-9, noise near 1e-10
    report = check_gradient(softmax, softmax_gradient, w)
    assert report.verdict == "PASS"
    assert report.max_relative_error > report.rtol >= report.unexplained
    assert np.all(w.reshape(-1)[report.not_judged] < -10)
    assert not np.isin(report.worst(5), report.not_judged).any()


ROSENBROCK = (
    lambda x: float(100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2),
    lambda x: np.array([-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)]),
)


@pytest.mark.parametrize(
    ("f", "gradient", "x"),
    [
        (lambda x: float(x**3), lambda x: 3 * x**2, 0.0),
        (lambda x: float(np.sum(x**4 + x**3)), lambda x: 4 * x**3 + 3 * x**2, np.zeros(40)),
        (*ROSENBROCK, [1.0, 1.0]),
        (lambda x: float(np.sum((x - 1.1) ** 2)), lambda x: 2 * (x - 1.1), np.full(3, 1.1)),
    ],
)
def test_lecture_24_a_right_gradient_passes_at_critical_points(f, gradient, x):
    report = check_gradient(f, gradient, x)
    assert report.verdict == "PASS", str(report)


@pytest.mark.parametrize("size", [1, 5, 40])
def test_lecture_24_a_wrong_gradient_fails_at_critical_points(size):
    def wrong(x):
        gradient = 3 * x**2
        gradient[-1] = 1e-9
        return gradient

    report = check_gradient(lambda x: float(np.sum(x**3)), wrong, np.zeros(size))
    assert report.verdict == "FAIL"
    assert report.worst(1).tolist() == [size - 1]


def saturated(w):
    """Minus the logarithm of a probability near 1, as the rest of a difference."""
    return -np.log(1 / (1 + np.exp(-800 * w))).sum()


@pytest.mark.parametrize("x", [0.03, 0.04, 0.045, 0.05, 0.06, 0.5])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lecture_42_a_saturated_function_whose_gradient_is_next_to_nothing_passes(x, dtype):
    w = np.full(3, x, dtype)
    report = check_gradient(saturated, lambda w: -800 * np.exp(-800 * w) / (1 + np.exp(-800 * w)), w)
    assert report.verdict == "PASS", str(report)
    assert check_gradient(saturated, lambda w: np.full_like(w, 0.1), w).verdict == "FAIL"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lecture_42_a_softmax_that_is_certain_passes(dtype):
    x = np.array([1.0, 0.5], dtype)

    def f(W):
        scores = W @ x
        return np.log(np.exp(scores - scores.max()).sum()) - (scores[0] - scores.max())

    def gradient(W):
        p = np.exp(W @ x - (W @ x).max())
        p /= p.sum()
        p[0] -= 1
        return np.outer(p, x)

    for largest in (20.0, 40.0, 60.0, 700.0):
        report = check_gradient(f, gradient, np.array([[largest, 0], [0, 0]], dtype))
        assert report.verdict == "PASS", str(report)


def test_a_flat_function_with_a_steep_gradient_fails():
    assert check_gradient(lambda w: 0.0, lambda w: np.full_like(w, 1e-30), np.ones(3)).verdict == "PASS"
    assert check_gradient(lambda w: 0.0, lambda w: np.full_like(w, 1e-3), np.ones(3)).verdict == "FAIL"
    assert check_gradient(lambda w: 1e-20 * float(w @ w), lambda w: 1e-20 * w, np.ones(3)).verdict == "FAIL"


def test_lecture_24_least_squares_pass_at_their_minimum():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(40, 5)) * 10.0 ** rng.integers(-2, 3, 5)
        y = X @ rng.normal(size=5) + (seed % 2) * rng.normal(size=40)  # odd: the fit is not perfect
        w = np.linalg.lstsq(X, y)[0]
        f, gradient = lambda w, X=X, y=y: np.mean((X @ w - y) ** 2), lambda w, X=X, y=y: 2 * X.T @ (X @ w - y) / 40
        report = check_gradient(f, gradient, w)
        assert report.verdict == "PASS", str(report)
