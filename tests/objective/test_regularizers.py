"""Regularizers on a whole array: the formulas, the subgradient at zero, bad settings."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
import reference

CASES = [
    (gd.L2(0.3), {"l2": 0.3}),
    (gd.L1(0.2), {"l1": 0.2}),
    (gd.ElasticNet(0.2, 0.3), {"l1": 0.2, "l2": 0.3}),
    (gd.ElasticNet(l1=0.0, l2=0.0), {}),
    (gd.L2(0), {}),
]


@pytest.mark.parametrize(("regularizer", "strengths"), CASES)
@settings(max_examples=40)
@given(shape=st.tuples(st.integers(1, 6), st.integers(1, 6)), seed=st.integers(0, 2**32))
def test_value_and_gradient_are_the_formula(regularizer, strengths, shape, seed):
    W = np.random.default_rng(seed).normal(size=shape)
    W[0, 0] = 0
    before = W.copy()
    value, gradient = regularizer.value(W), regularizer.gradient(W)
    assert type(value) is float
    assert value == pytest.approx(reference.penalty(W, **strengths), rel=1e-13)
    np.testing.assert_allclose(gradient, reference.penalty_gradient(W, **strengths), rtol=1e-13)
    np.testing.assert_array_equal(W, before)


@pytest.mark.parametrize(("regularizer", "strengths"), CASES)
def test_float32_weights_keep_their_dtype_and_total_in_float64(regularizer, strengths):
    W = np.full((300, 1000), 0.1, dtype=np.float32)
    expected = sum(strengths.get(name, 0) * np.float64(W[0, 0]) ** power for name, power in (("l1", 1), ("l2", 2)))
    assert regularizer.value(W) == pytest.approx(W.size * expected, rel=1e-6)
    assert regularizer.gradient(W).dtype == np.float32


def test_the_l1_gradient_at_zero_is_zero():
    np.testing.assert_array_equal(gd.L1(2.0).gradient(np.array([-1.0, 0.0, -0.0, 1e-300])), [-2.0, 0.0, 0.0, 2.0])


def test_a_large_elastic_net_is_the_sum_of_its_parts():
    W = np.random.default_rng(0).normal(size=(10, 65))
    net = gd.ElasticNet(0.1, 0.4)
    assert net.value(W) == pytest.approx(gd.L1(0.1).value(W) + gd.L2(0.4).value(W), rel=1e-14)
    np.testing.assert_allclose(net.gradient(W), gd.L1(0.1).gradient(W) + gd.L2(0.4).gradient(W), rtol=1e-14)


def test_regularizers_are_frozen_settings():
    assert gd.L2(0.5) == gd.L2(strength=0.5)
    assert gd.L2(0.5) != gd.L1(0.5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        gd.L2(0.5).strength = 1.0
    assert repr(gd.ElasticNet(0.5, 1.5)) == "ElasticNet(l1=0.5, l2=1.5)"


@pytest.mark.parametrize(
    ("strength", "error"),
    [(-0.1, ValueError), (math.nan, ValueError), (math.inf, ValueError), ("1", TypeError), (None, TypeError)],
)
def test_a_bad_strength_is_named(strength, error):
    with pytest.raises(error, match="strength"):
        gd.L2(strength)
    with pytest.raises(error, match="strength"):
        gd.L1(strength)
    with pytest.raises(error, match="l1"):
        gd.ElasticNet(strength, 1.0)
    with pytest.raises(error, match="l2"):
        gd.ElasticNet(1.0, strength)
