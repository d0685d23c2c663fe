"""Values in float32: a right gradient is told from a wrong one where the precision allows; what it hides is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdfast.checks import check_gradient
from gradients import point, softmax, softmax_gradient


def in_float32(w):
    return np.log(np.exp(w).sum())


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0, 3.0]))
def test_a_right_gradient_passes_and_a_wrong_one_fails(seed, scale):
    w = (scale * point((5, 4), seed)).astype(np.float32)
    report = check_gradient(in_float32, softmax_gradient, w)
    assert report.verdict in ("PASS", "NOISE"), str(report)  # small entries drown
    assert report.verdict == "PASS" or scale == 3.0
    assert report.h == 5e-3
    for wrong in (lambda w: -softmax_gradient(w), lambda w: softmax_gradient(w) * np.float32(1.1), np.zeros_like):
        assert check_gradient(in_float32, wrong, w).verdict == "FAIL"


def test_what_the_precision_hides_is_said():
    report = check_gradient(in_float32, softmax_gradient, point((5, 4)).astype(np.float32))
    assert any("smaller errors can't be seen (the values are less precise" in sentence for sentence in report.diagnosis)


def test_a_step_of_ones_own_is_kept():
    w = point((5, 4)).astype(np.float32)
    assert check_gradient(in_float32, softmax_gradient, w, h=1e-2).h == 1e-2


def test_values_in_float32_at_a_float64_point_are_known_by_their_type():
    report = check_gradient(lambda w: np.float32(softmax(w)), softmax_gradient, point(5))
    assert report.h == 5e-3
    assert report.verdict == "PASS"
    assert check_gradient(lambda w: np.float32(softmax(w)), lambda w: 1.1 * softmax_gradient(w), point(5)).h == 5e-3


def test_a_part_in_float32_is_found_by_its_noise():
    def f(w):
        return float(np.float32(softmax(w)))

    assert check_gradient(f, softmax_gradient, point(5)).verdict != "FAIL"
    assert check_gradient(f, lambda w: -softmax_gradient(w), point(5)).verdict == "FAIL"
    report = check_gradient(lambda w: 1000 + f(w), softmax_gradient, point(5))
    assert any("is a part in float32?" in s for s in check_gradient(f, softmax_gradient, point(5)).diagnosis)
    assert report.verdict != "FAIL"


def test_a_gradient_that_drowns_in_the_value_is_noise():
    w = point(5).astype(np.float32)
    report = check_gradient(lambda w: np.float32(1e6) + in_float32(w), softmax_gradient, w)
    assert report.verdict == "NOISE"
    assert any("use a float64 point" in sentence for sentence in report.diagnosis)


def test_where_the_step_leaves_the_domain_a_smaller_one_is_taken():
    w = np.full(3, 1e-3, dtype=np.float32)
    report = check_gradient(lambda w: np.sum(np.sqrt(w)), lambda w: 0.5 / np.sqrt(w), w)
    assert report.steps.max() < 1e-3
    assert report.verdict != "FAIL"
    assert check_gradient(lambda w: np.sum(np.sqrt(w)), lambda w: 1 / np.sqrt(w), w).verdict == "FAIL"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("scale", [1.0, 0.1, 0.01])
def test_a_network_full_of_kinks_gives_no_false_alarm(seed, scale):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(20, 6)).astype(np.float32), rng.integers(0, 3, 20)
    cut = [6 * 12, 6 * 12 + 12, 6 * 12 + 12 + 36]

    def forward(t):
        W1, b1, W2, b2 = np.split(t, cut)
        before = X @ W1.reshape(6, 12) + b1
        scores = np.maximum(before, 0) @ W2.reshape(12, 3) + b2
        return before, scores - scores.max(axis=1, keepdims=True), W2.reshape(12, 3)

    def f(t):
        scores = forward(t)[1]
        return (np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(20), y]).mean()

    def gradient(t):
        before, scores, W2 = forward(t)
        p = np.exp(scores)
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(20), y] -= 1
        p /= 20
        back = (p @ W2.T) * (before > 0)
        hidden = np.maximum(before, 0)
        return np.concatenate([(X.T @ back).ravel(), back.sum(axis=0), (hidden.T @ p).ravel(), p.sum(axis=0)])

    t = (scale * rng.normal(size=123)).astype(np.float32)
    assert check_gradient(f, gradient, t).verdict != "FAIL"
    assert check_gradient(f, lambda t: gradient(t) * np.float32(1.2), t).verdict == "FAIL"
