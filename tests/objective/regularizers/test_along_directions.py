"""Regularizers along directions: quadratics and plain evaluation give the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
from gdfast.objective.regularizers.along_directions import penalties


class Plain:
    """A regularizer of which nothing is known."""

    def __init__(self, regularizer):
        self.value, self.gradient = regularizer.value, regularizer.gradient


REGULARIZERS = [gd.L2(0.7), gd.L1(0.3), gd.ElasticNet(0.2, 0.5), Plain(gd.L2(0.7))]


@pytest.mark.parametrize("regularizer", REGULARIZERS, ids=["L2", "L1", "ElasticNet", "a user's"])
@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(1, 9),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
    step=st.floats(-1e3, 1e3),
    other=st.floats(-1e3, 1e3),
)
def test_a_penalty_along_directions_is_the_regularizer_there(regularizer, seed, size, scale, step, other):
    rng = np.random.default_rng(seed)
    w, u, v = rng.normal(size=(3, 2, size))
    u *= scale
    exact = regularizer.value(w + step * u)
    on_ray = sum(part.values(np.array([[step]]))[0] for part in penalties(regularizer, w, u))
    assert on_ray == pytest.approx(exact, rel=1e-12)
    slope = sum(part.slope(step) for part in penalties(regularizer, w, u))
    assert slope == pytest.approx(np.vdot(regularizer.gradient(w + step * u), u), rel=1e-10, abs=1e-12 * scale**2)
    on_plane = sum(part.values(np.array([[step, other]]))[0] for part in penalties(regularizer, w, u, v))
    assert on_plane == pytest.approx(regularizer.value(w + step * u + other * v), rel=1e-11)
    turned = sum(part.reversed().values(np.array([[-step]]))[0] for part in penalties(regularizer, w, u))
    assert turned == pytest.approx(on_ray, rel=1e-14)


@pytest.mark.parametrize("near", [0.0, 1e-3, 1e-6, -1e-9])
def test_a_penalty_that_nearly_vanishes_keeps_its_digits(near):
    w = np.random.default_rng(0).normal(size=(10, 50))
    (part,) = penalties(gd.L2(1.0), w, -w)
    exact = near**2 * float((w * w).sum())
    assert part.values(np.array([[1 + near]]))[0] == pytest.approx(exact, rel=1e-6, abs=1e-28)


def test_directions_that_do_not_touch_the_penalised_weights_and_huge_ones():
    w = np.ones((2, 2))
    (still,) = penalties(gd.L2(1.0), w, np.zeros((2, 2)), np.ones((2, 2)))
    np.testing.assert_allclose(still.values(np.array([[5.0, 0.0], [5.0, 1.0]])), [4.0, 16.0])
    (huge,) = penalties(gd.L2(1.0), w, np.full((2, 2), 1e200))
    assert huge.values(np.array([[1e-200]]))[0] == pytest.approx(16.0)


def test_the_curvature_of_squares_is_their_second_derivative():
    rng = np.random.default_rng(0)
    w, u = rng.normal(size=(2, 3, 4))
    (part,) = penalties(gd.L2(0.7), w, u)
    assert part.curvature == pytest.approx(2 * 0.7 * float((u * u).sum()), rel=1e-14)


def test_the_kinks_of_l1_are_its_zeros():
    w, v = np.array([[1.0, -2.0, 0.0, 3.0]]), np.array([[-1.0, 4.0, 1.0, 0.0]])
    (part,) = penalties(gd.L1(0.5), w, v)
    steps, jumps = part.kinks()
    np.testing.assert_array_equal(steps, [1.0, 0.5, 0.0])
    np.testing.assert_array_equal(jumps, [1.0, 4.0, 1.0])
