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
from gdfast.objective.regularizers.regularizers import is_convex, strengths_of

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


def test_the_curvature_is_the_second_derivative():
    assert gd.L2(0.7).curvature == 2 * 0.7
    assert gd.ElasticNet(0.2, 0.5).curvature == 2 * 0.5
    np.testing.assert_array_equal(gd.L2(0.7).hessian_product(np.ones(2), np.array([1.0, -2.0])), [2 * 0.7, -4 * 0.7])
    np.testing.assert_array_equal(
        gd.ElasticNet(0.2, 0.5).hessian_product(np.ones(2), np.array([1.0, -2.0])), [1.0, -2.0]
    )


def test_another_strength_keeps_the_ratio():
    assert gd.ElasticNet(0.0, 0.5).with_strength(3.0) == gd.ElasticNet(0.0, 3.0)
    assert gd.ElasticNet(0.5, 0.25).with_strength(3.0) == gd.ElasticNet(3.0, 1.5)


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


@pytest.mark.parametrize(("regularizer", "strengths"), CASES)
@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), length=st.floats(0, 100), scale=st.sampled_from([1e-6, 1.0, 1e6]))
def test_the_proximal_step_is_the_minimum_it_claims(regularizer, strengths, seed, length, scale):
    """v - w + length * (a subgradient of R at v) = 0, element by element."""
    w = np.random.default_rng(seed).normal(size=(3, 4)) * scale
    before = w.copy()
    v = regularizer.proximal(w, length)
    l1, l2 = (length * strengths.get(name, 0.0) for name in ("l1", "l2"))
    left = w - v - 2 * l2 * v  # must be l1 * sign(v), or within +-l1 where v is 0
    rounding = 1e-14 * (np.abs(w) + l1)
    assert (np.abs(left - l1 * np.sign(v))[v != 0] <= rounding[v != 0]).all()
    assert (np.abs(left)[v == 0] <= l1 + rounding[v == 0]).all()
    assert (v * w >= 0).all()
    np.testing.assert_array_equal(w, before)
    assert regularizer.proximal(w.astype(np.float32), length).dtype == np.float32


def test_proximal_steps_by_hand():
    w = np.array([3.0, -0.5, 0.2, 0.0])
    np.testing.assert_array_equal(gd.L1(2.0).proximal(w, 0.25), [2.5, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(gd.L2(2.0).proximal(w, 0.25), w / 2)
    np.testing.assert_array_equal(gd.ElasticNet(2.0, 2.0).proximal(w, 0.25), [1.25, 0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("w", "length", "error", "name"),
    [([1, 2], 1.0, TypeError, "w"), ([np.nan], 1.0, ValueError, "w"), ([1.0], -1.0, ValueError, "length")],
)
def test_a_bad_proximal_step_is_named(w, length, error, name):
    with pytest.raises(error, match=name):
        gd.L1(1.0).proximal(np.array(w), length)


class Doubled(gd.L2):
    """A subclass that changes the value is another function, of which nothing is known."""

    def value(self, W):
        return 2 * super().value(W)


def test_strengths_are_known_of_gdfasts_own_alone():
    assert strengths_of(None) == (0.0, 0.0)
    assert strengths_of(gd.L1(2.0)) == (2.0, 0.0)
    assert strengths_of(gd.ElasticNet(2.0, 3.0)) == (2.0, 3.0)
    assert strengths_of(Doubled(1.0)) is None
    assert not is_convex(Doubled(1.0))
    assert is_convex(gd.L2(1.0))
