"""Kinks of any function: what lies between the slopes left and right is right, what lies outside is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdfast.checks import check_gradient
from gradients import point

A = np.array([1.5, -2.0, 0.7])  # slopes of the smooth part


def absolute(x):
    return float(np.sum(np.abs(x)) + np.sum(A * x))


def relu(x):
    return float(np.sum(np.maximum(x, 0)) + np.sum(A * x))


def largest(x):
    return float(max(x[0], x[1]) + np.sum(A * x))


# At a kink: `at` lies on it in coordinate 0, the slopes there are A[0] + low and A[0] + high.
AT_KINKS = [
    (absolute, [0.0, 1.0, -1.0], np.array([0.0, 1.0, -1.0]), -1.0, 1.0),
    (relu, [0.0, 1.0, -1.0], np.array([0.0, 1.0, 0.0]), 0.0, 1.0),
    (largest, [0.3, 0.3, 2.0], np.array([0.0, 0.5, 0.0]), 0.0, 1.0),
    (lambda x: -absolute(x), [0.0, 1.0, -1.0], np.array([0.0, -1.0, 1.0]) - 2 * A, -1.0, 1.0),
]


@pytest.mark.parametrize(("f", "at", "rest", "low", "high"), AT_KINKS)
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 1.0])
def test_a_subgradient_passes_at_the_kink(f, at, rest, low, high, share):
    gradient = A + rest
    gradient[0] = A[0] * (-1 if f(np.ones(3)) < 0 else 1) + low + share * (high - low)
    if f is largest:
        gradient[1] = A[1] + 1 - share
    report = check_gradient(f, lambda x: gradient.copy(), at)
    assert report.passed, str(report)
    assert report.verdict == ("PASS" if share == 0.5 else "KINKS")
    assert 0 in report.kinks
    assert report.unexplained < 1e-7
    assert any("the point itself is on a kink" in sentence for sentence in report.diagnosis)


@pytest.mark.parametrize(("f", "at", "rest", "low", "high"), AT_KINKS)
@pytest.mark.parametrize("beyond", [1e-3, 0.1, 5.0])
@pytest.mark.parametrize("side", [-1, 1])
def test_what_lies_outside_fails_at_the_kink(f, at, rest, low, high, beyond, side):
    gradient = A + rest
    gradient[0] = A[0] * (-1 if f(np.ones(3)) < 0 else 1) + (low - beyond if side < 0 else high + beyond)
    report = check_gradient(f, lambda x: gradient.copy(), at)
    assert report.verdict == "FAIL", str(report)
    assert report.worst(1).tolist() == [0]


@pytest.mark.parametrize("distance", [1e-7, 1e-6, 3e-6, 9e-6])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_kink_close_by_is_left_behind_by_a_smaller_step(distance, side):
    at = np.array([side * distance, 1.0, -1.0])
    report = check_gradient(absolute, lambda x: A + np.sign(x), at)
    assert report.verdict == "KINKS", str(report)
    assert report.kinks.tolist() == [0]
    assert report.max_relative_error > 1e-2 > 1e-6 > report.unexplained
    assert any("A smaller step crosses none" in sentence for sentence in report.diagnosis)


@pytest.mark.parametrize("distance", [1e-7, 1e-6, 3e-6, 9e-6])
@pytest.mark.parametrize("error", [1e-3, -0.5, -2.0])
def test_a_kink_close_by_hides_no_bug(distance, error):
    def wrong(x):
        return A + np.sign(x) + np.array([error, 0, 0])

    report = check_gradient(absolute, wrong, [distance, 1.0, -1.0])
    assert report.verdict == "FAIL", str(report)
    assert report.worst(1).tolist() == [0]


@pytest.mark.parametrize("n", [2, 3, 4])
def test_terms_that_tie_share_one_slope_and_do_not_each_take_it_all(n):
    def f(x):
        return float(x.max() + 0.1 * np.sum(x))

    def shared(x):
        return 0.1 + (x == x.max()) / np.sum(x == x.max())

    at = np.append(np.full(n, 2.0), [1.0, -1.0])
    first = np.full(n + 2, 0.1)
    first[0] += 1
    for right in (shared, lambda x: first.copy()):
        assert check_gradient(f, right, at).passed
    report = check_gradient(f, lambda x: 0.1 + (x == x.max()), at)  # each entry is right alone
    assert report.verdict == "FAIL"
    assert any(">= for >" in sentence for sentence in report.diagnosis)


def test_kinks_in_every_coordinate_are_all_seen():
    x = np.zeros(300)
    report = check_gradient(lambda x: float(np.abs(x).sum()), lambda x: np.sign(x) + 0.3, x)
    assert report.verdict == "KINKS"
    assert report.kinks.size == 300
    wrong = np.zeros(300)
    wrong[123] = 1.01
    report = check_gradient(lambda x: float(np.abs(x).sum()), lambda x: wrong.copy(), x)
    assert report.verdict == "FAIL"
    assert report.worst(1).tolist() == [123]


@pytest.mark.parametrize("slope", [0.0, 1.0, 1e4])
def test_a_jump_has_no_derivative(slope):
    report = check_gradient(lambda x: float(np.sum(np.where(x >= 1, 1.0, 0.0))), lambda x: 0 * x + slope, [1.0, 3.0])
    assert report.verdict == "FAIL"
    assert any("f jumps there" in sentence for sentence in report.diagnosis)


def test_an_infinite_slope_is_no_derivative_though_the_quotient_is_zero():
    report = check_gradient(lambda x: float(np.sqrt(np.abs(x)).sum()), np.zeros_like, [0.0])
    assert report.verdict == "FAIL"
    assert any("infinitely steep" in sentence for sentence in report.diagnosis)


@pytest.mark.parametrize("h", [1e-5, 1e-4, 1e-3])
def test_curvature_is_no_kink_however_strong(h):
    def f(x):
        return float(np.sum(1e6 * (x - 0.5) ** 2) + np.sum(x))

    report = check_gradient(f, lambda x: 2e6 * (x - 0.5) + 1, [0.5, 0.5 + 1e-9, 0.7], h=h)
    assert report.verdict == "PASS", str(report)
    assert report.kinks.size == 0


def test_where_the_second_derivative_jumps_there_is_no_kink():
    report = check_gradient(lambda x: float(np.sum(np.maximum(x, 0) ** 2)), lambda x: 2 * np.maximum(x, 0), [0.0, 1.0])
    assert report.verdict == "PASS", str(report)
    assert report.kinks.size == 0


waves = st.lists(
    st.tuples(st.floats(-2, 2), st.floats(-30, 30), st.floats(-3, 3)), min_size=1, max_size=4
)  # amplitude, frequency, phase


@given(waves, st.floats(-3, 3), st.integers(0, 2**32 - 1), st.sampled_from([1e-6, 1e-5, 1e-4]))
def test_smooth_functions_never_read_as_kinks_and_right_gradients_never_fail(terms, slope, seed, h):
    x = np.random.default_rng(seed).uniform(-2, 2, size=5)

    def f(x):
        return float(sum(a * np.sum(np.sin(b * x + c)) for a, b, c in terms) + slope * np.sum(np.exp(x)))

    def gradient(x):
        return sum(a * b * np.cos(b * x + c) for a, b, c in terms) + slope * np.exp(x)

    report = check_gradient(f, gradient, x, h=h)
    assert report.verdict in ("PASS", "NOISE"), str(report)
    assert report.kinks.size == 0


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["factor", "sign", "one entry", "shift", "zero", "permuted"]),
    st.floats(1e-3, 3),
    st.sampled_from(["smooth", "absolute", "relu", "near"]),
)
def test_a_bug_never_passes(seed, bug, size, kind):
    rng = np.random.default_rng(seed)
    a, x = rng.uniform(0.5, 2, 6), point(6, seed)
    if kind == "near":  # within a stencil of its kink
        x[2] = 4e-6

    def f(x):
        curve = np.maximum(x, 0) if kind == "relu" else x**4 if kind == "smooth" else np.abs(x)
        return float(np.sum(a * curve) + np.sum(x**2))

    def right(x):
        slope = (x > 0) * 1.0 if kind == "relu" else 4 * x**3 if kind == "smooth" else np.sign(x)
        return a * slope + 2 * x

    def wrong(x):
        g = right(x)
        if bug == "one entry":
            g[seed % 6] += size
            return g
        return {
            "factor": g * (1 + size),
            "sign": -g,
            "shift": g + size,
            "zero": 0 * g,
            "permuted": g[[1, 2, 3, 4, 5, 0]],
        }[bug]

    assert check_gradient(f, right, x).passed
    assert check_gradient(f, wrong, x).verdict == "FAIL"


@pytest.mark.parametrize("n_kinks", [1, 2, 5])
def test_kinks_elsewhere_excuse_no_bug(n_kinks):
    """A stretch where clip(x, 0, 6) is flat, beside coordinates that lie on its kinks."""
    x = np.array([*[0.0, 6.0, 0.0, 6.0, 0.0][:n_kinks], 3.0, -1.0, 7.0])
    report = check_gradient(lambda x: float(np.clip(x, 0, 6).sum()), lambda x: (x > 0) * 1.0, x)
    assert report.verdict == "FAIL", str(report)
    assert report.worst(1).tolist() == [n_kinks + 2]


def test_a_bug_at_a_kink_is_not_called_none():
    """Between 0.9 and 1.1 at 0; automatic differentiation of relu(x) - relu(-x) + |x| / 10 says 0."""
    report = check_gradient(
        lambda x: float(np.sum(x + np.abs(x) / 10)), lambda x: (x != 0) * (1 + np.sign(x) / 10), np.array([0.0, 1.0])
    )
    assert report.verdict == "FAIL"
    text = " ".join(report.diagnosis)
    assert "that is no bug" not in text
    assert "automatic differentiation too may be wrong" in text
