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
    assert report.verdict == "PASS"
    assert report.uncounted.tolist() == [0, 5, 10, 15]
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
    assert np.all(w.reshape(-1)[report.uncounted] < -10)
    assert not np.isin(report.worst(5), report.uncounted).any()


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
