"""Softmax losses on grids by products of exponentials are the losses one by one, or are left to others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
from gdfast.objective.rays.log_sum_exp import MOST_PIECES, MOST_SPREAD, LogSums


def made(n, k, seed=0, scale=1.0, weighted=False):
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0, 1, n) if weighted else np.full(n, 1 / n)
    return LogSums(tuple(scale * rng.normal(size=(3, n, k))), rng.integers(0, k, n), weights)


def one_by_one(sums, a, b):
    scores = sums.parts[0] + a * sums.parts[1] + b * sums.parts[2]
    differences = scores - scores[np.arange(len(scores)), sums.labels][:, None]
    return float((sums.weights * np.logaddexp.reduce(differences, axis=1)).sum())


@settings(max_examples=60)
@given(
    n=st.integers(1, 40),
    k=st.integers(2, 6),
    seed=st.integers(0, 2**32),
    scale=st.sampled_from([0.1, 1.0, 3.0]),
    weighted=st.booleans(),
)
def test_on_a_grid_and_on_a_line(n, k, seed, scale, weighted):
    sums = made(n, k, seed, scale, weighted)
    rows, columns = np.array([-1.0, 0.5, 2.0]), np.linspace(-0.5, 1.5, 7)
    found = sums.on_grid(rows, columns)
    if found is not None:
        np.testing.assert_allclose(found, [[one_by_one(sums, a, b) for b in columns] for a in rows], rtol=1e-12)
    points = np.linspace(-1, 3, 50)
    line = LogSums(sums.parts[:2], sums.labels, sums.weights).on_line(points)
    if line is not None:
        np.testing.assert_allclose(line, [one_by_one(sums, a, 0.0) for a in points], rtol=1e-12)


def test_usual_losses_are_known():
    sums = made(30, 5)
    assert sums.on_grid(np.linspace(-1, 1, 4), np.linspace(-1, 1, 4)) is not None
    assert LogSums(sums.parts[:2], sums.labels, sums.weights).on_line(np.linspace(-1, 1, 40)) is not None


def test_what_would_lose_digits_is_left_to_others():
    axis = np.linspace(-1, 1, 33)
    steep = made(10, 4, scale=100.0)
    spread = np.ptp(steep.parts[2], axis=1).max()
    assert spread > MOST_SPREAD
    assert steep.on_grid(axis, axis * MOST_SPREAD * MOST_PIECES * 1.1 / spread) is None
    assert steep.on_grid(axis, axis * MOST_SPREAD * 0.5 * MOST_PIECES / spread) is not None  # in pieces
    assert steep.on_grid(axis, axis * MOST_SPREAD / spread) is not None
    line = LogSums(steep.parts[:2], steep.labels, steep.weights)
    assert line.on_line(np.array([0.0, 1.0, 1.5])) is None  # not evenly spaced
    right = np.zeros((4, 3))
    right[:, 0] = 30.0
    sure = LogSums((right, np.ones((4, 3)) * [1, 0, 0]), np.zeros(4, dtype=int), np.full(4, 0.25))
    assert sure.on_line(axis) is None  # exp(-30)


@pytest.mark.parametrize("scale", [1.0, 100.0, 1e5])
def test_many_points_of_softmax_are_the_points_one_by_one_however_steep(scale):
    rng = np.random.default_rng(0)
    objective = gd.LinearObjective(rng.normal(size=(50, 4)), rng.integers(0, 3, 50), gd.CrossEntropy(), gd.L2(1e-3))
    W, U, V = scale * rng.normal(size=(3, 3, 5))
    steps = np.linspace(-1, 1, 65)
    ray, plane = gd.along_ray(objective, W, V), gd.on_plane(objective, W, U, V)
    np.testing.assert_allclose(ray.values(steps), [ray.value(step) for step in steps], rtol=1e-12)
    one = [[plane.values([a], [b])[0, 0] for b in steps] for a in steps[::20]]
    np.testing.assert_allclose(plane.values(steps[::20], steps), one, rtol=1e-12)
