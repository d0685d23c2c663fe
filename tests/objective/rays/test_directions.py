"""Directions: random ones scaled to the weights, from one point to another, and which are refused."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd

W = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0], [1e-3, 0.0, 0.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_random_direction_has_the_size_that_was_asked_for(dtype):
    like = W.astype(dtype)
    plain, normed, rowed = (gd.random_direction(7, like=like, normalize=how) for how in ("none", "norm", "row"))
    for direction in (plain, normed, rowed):
        assert direction.shape == W.shape
        assert direction.dtype == dtype
    tolerance = 1e-6 if dtype == np.float32 else 1e-14
    np.testing.assert_array_equal(plain, np.random.default_rng(7).standard_normal(W.shape).astype(dtype))
    assert np.linalg.norm(normed.astype(float)) == pytest.approx(np.linalg.norm(W), rel=tolerance)
    np.testing.assert_allclose(np.linalg.norm(rowed.astype(float), axis=1), [5, 0, 1e-3], rtol=tolerance)
    ratio = rowed[0] / plain[0]
    np.testing.assert_allclose(ratio, ratio[0], rtol=10 * tolerance)


def test_a_generator_moves_on_and_a_seed_does_not():
    rng = np.random.default_rng(0)
    first, second = gd.random_direction(rng, like=W), gd.random_direction(rng, like=W)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, gd.random_direction(0, like=W))


def test_weights_as_large_as_floats_are_no_trouble():
    huge = np.full((2, 2), 1e200)
    direction = gd.random_direction(0, like=huge, normalize="row")
    np.testing.assert_allclose(np.hypot(*direction.T), np.sqrt(2) * 1e200, rtol=1e-14)


@pytest.mark.parametrize(
    ("like", "normalize", "error", "message"),
    [
        (W, "rows", ValueError, "normalize must be 'none', 'norm' or 'row'"),
        (None, "none", TypeError, "like must be a float array"),
        (np.ones((2, 2), dtype=int), "none", TypeError, "like must be a float array"),
        (np.zeros((2, 2)), "norm", ValueError, "like must not be zero everywhere"),
        (np.zeros((2, 2)), "row", ValueError, "like must not be zero everywhere"),
        (np.ones(3), "row", ValueError, "like must have rows"),
        (np.array([[np.nan]]), "none", ValueError, "like must be finite"),
    ],
)
def test_bad_weights_to_be_like_are_named(like, normalize, error, message):
    with pytest.raises(error, match=message):
        gd.random_direction(0, like=like, normalize=normalize)


def test_a_step_of_1_leads_from_one_point_to_the_other():
    rng = np.random.default_rng(0)
    start, end = rng.normal(size=(2, 3, 4))
    objective = gd.LinearObjective(rng.normal(size=(20, 3)), rng.integers(0, 3, 20))
    ray = gd.along_ray(objective, start, gd.direction_between(start, end))
    assert ray.value(0.0) == pytest.approx(objective.value(start), rel=1e-13)
    assert ray.value(1.0) == pytest.approx(objective.value(end), rel=1e-13)


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (np.zeros((3, 3)), "W1 must differ from W0"),
        (np.zeros((3, 2)), "W1 must have the shape of W0"),
        (np.full((3, 3), np.inf), "W1 must be finite"),
    ],
)
def test_points_without_a_direction_between_them_are_refused(end, message):
    with pytest.raises(ValueError, match=message):
        gd.direction_between(np.zeros((3, 3)), end)


def test_points_too_far_apart_are_refused():
    with pytest.raises(ValueError, match="overflows float64"):
        gd.direction_between(np.array([-1.5e308]), np.array([1.5e308]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("factor", [1.0, -2.0, 0.3, 1e-12, 1e12])
def test_parallel_directions_span_no_plane(dtype, factor):
    rng = np.random.default_rng(1)
    objective = gd.LinearObjective(rng.normal(size=(9, 300)), rng.integers(0, 3, 9))
    u = rng.normal(size=objective.shape).astype(dtype)
    v = (dtype(factor) * u).astype(dtype)
    other = gd.FunctionObjective(objective.value, objective.gradient)
    for one in (objective, other):
        with pytest.raises(ValueError, match=r"(?i)v must not be parallel to u"):
            gd.on_plane(one, np.zeros(objective.shape, dtype=dtype), u, v)
    v[0, 0] *= dtype(1.01)
    assert gd.on_plane(objective, np.zeros(objective.shape, dtype=dtype), u, v).values([0.0], [0.0]) == 2.0
