"""assert_gradient: silent on a right gradient, the whole report on a wrong one."""

from __future__ import annotations

import numpy as np
import pytest

from gdfast.testing import assert_gradient


def value(w):
    return float(np.sum(w**4))


def test_lecture_23_a_right_gradient_passes_silently(capsys):
    assert assert_gradient(value, lambda w: 4 * w**3, np.array([1.0, -2.0])) is None
    assert capsys.readouterr().out == ""


def test_lecture_23_a_wrong_gradient_raises_with_the_report():
    with pytest.raises(AssertionError) as caught:
        assert_gradient(value, lambda w: 3 * w**3, np.array([[1.0, -2.0]]))
    assert "Gradient check: FAIL" in str(caught.value)
    assert "[0, 1]" in str(caught.value)


def test_the_arguments_are_those_of_check_gradient():
    w = np.arange(1.0, 5.0)

    def wrong_last(w):
        return 4 * w**3 * [1, 1, 1, 1.001]

    assert_gradient(value, wrong_last, w, coordinates=[0, 1, 2], h=1e-4, rtol=1e-6, rng=0)
    assert_gradient(value, wrong_last, w, rtol=1e-2)
    with pytest.raises(AssertionError):
        assert_gradient(value, wrong_last, w)
    with pytest.raises(AssertionError):
        assert_gradient(value, wrong_last, w, h=1e-2, coordinates=[3], rtol=1e-6)


def test_noise_is_no_pass():
    w = np.array([1.3, -0.7, 2.1], dtype=np.float32)
    with pytest.raises(AssertionError, match="NOISE"):
        assert_gradient(lambda w: 1e6 + np.sum(w**4), lambda w: 4 * w**3, w)


def test_float32_passes_as_far_as_it_can_tell():
    w = np.array([1.3, -0.7, 2.1], dtype=np.float32)
    assert_gradient(lambda w: np.sum(w**4), lambda w: 4 * w**3, w)
    with pytest.raises(AssertionError, match="FAIL"):
        assert_gradient(lambda w: np.sum(w**4), lambda w: 4 * w**3 * np.float32(1.02), w)


def test_many_points_at_once_and_one_direction():
    w = np.array([1.3, -0.7, 2.1])
    assert_gradient(lambda w: np.sum(w**4, axis=-1), lambda w: 4 * w**3, w, vectorized=True)
    assert_gradient(value, lambda w: 4 * w**3, w, coordinates="direction", rng=0)


def test_a_wrong_argument_is_no_assertion():
    with pytest.raises(TypeError, match="at must be"):
        assert_gradient(value, lambda w: 4 * w**3)
