"""Runs of weights on the plane of their largest spread."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from landscapes import BOWL, images


def test_principal_directions_are_those_of_largest_spread():
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    ws = rng.normal(size=(200, 12)) * np.array([5.0, 2.0, *[0.1] * 10]) @ axes.T + 3.0
    directions, explained = gd.landscape.principal_directions(ws.reshape(200, 3, 4))
    flat = directions.reshape(2, 12)
    np.testing.assert_allclose(flat @ flat.T, np.eye(2), atol=1e-14)
    assert np.all(np.abs((flat * axes[:, :2].T).sum(axis=1)) > 0.999)
    variances = np.linalg.eigvalsh(np.cov(ws.T))[::-1]
    np.testing.assert_allclose(explained, variances[:2] / variances.sum(), rtol=1e-12)
    assert all(direction[np.abs(direction).argmax()] > 0 for direction in flat)
    again, _ = gd.landscape.principal_directions(-ws.reshape(200, 3, 4))
    np.testing.assert_allclose(again, directions, atol=1e-12)


def test_a_run_is_seen_on_the_plane_of_its_way():
    objective, W, _, _ = images(40, loss=gd.CrossEntropy(), regularizer=gd.L2(0.01))
    ws = [W]
    gd.minimize(objective, W, step=0.5, max_steps=30, callback=lambda k, w, value: ws.append(w.copy()) or False)
    seen = gd.landscape.trajectory(objective, ws)
    assert seen.points.shape == (31, 2)
    np.testing.assert_allclose(seen.points[-1], 0, atol=1e-12)
    assert seen.explained[0] > seen.explained[1] > 0
    offsets = np.array(ws) - ws[-1]
    shares = (seen.points**2).sum(axis=0) / (offsets**2).sum()
    np.testing.assert_allclose(seen.explained, shares, rtol=1e-9)
    assert seen.explained.sum() > 0.9
    np.testing.assert_allclose(seen.values, [objective.value(w) for w in ws], rtol=1e-12)
    assert np.array_equal(np.concatenate(list(seen.heights.values())), seen.values)
    i, j = 10, 50
    there = seen.origin + seen.plane.a[i] * seen.directions[0] + seen.plane.b[j] * seen.directions[1]
    assert seen.plane.values[i, j] == pytest.approx(objective.value(there), rel=1e-12)
    for axis, coordinates in ((seen.plane.a, seen.points[:, 0]), (seen.plane.b, seen.points[:, 1])):
        assert axis[0] < coordinates.min() < coordinates.max() < axis[-1]


def test_several_runs_share_a_plane_and_two_parameters_are_their_own_axes():
    rng = np.random.default_rng(0)
    runs = {"slow": rng.normal(size=(5, 2, 3)), "fast": rng.normal(size=(3, 2, 3))}
    seen = gd.landscape.trajectory(BOWL, runs, a=[0.0, 1.0], b=[-1.0, 0.0, 1.0])
    assert {name: len(path) for name, path in seen.paths.items()} == {"slow": 5, "fast": 3}
    np.testing.assert_allclose(seen.origin, (runs["slow"][-1] + runs["fast"][-1]) / 2)
    back = seen.origin + np.tensordot(seen.paths["fast"], seen.directions, 1)
    left = runs["fast"] - back
    assert np.abs(np.tensordot(left, seen.directions, ([1, 2], [1, 2]))).max() < 1e-12
    rosenbrock = gd.test_functions.Rosenbrock()
    ws = np.array([[-1.2, 1.0], [0.0, 0.5], [1.0, 1.0]])
    own = gd.landscape.trajectory(rosenbrock, ws, a=np.linspace(-2, 2, 9), b=np.linspace(-1, 3, 5))
    np.testing.assert_array_equal(own.points, ws)
    assert own.plane.values[6, 2] == rosenbrock.value(np.array([1.0, 1.0]))
    assert own.explained.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("count", [2, 6])
def test_a_straight_way_has_a_fixed_second_direction(count):
    ws = [np.array([1.0, 2.0, 3.0, 4.0]) * 0.5**k for k in range(count)]
    first, second = (gd.landscape.trajectory(BOWL, ws) for _ in range(2))
    assert first == second
    np.testing.assert_allclose(first.explained, [1, 0], atol=1e-12)
    assert first.plane.b[0] < first.plane.b[-1]


@pytest.mark.parametrize("along", [[1.0, 0.0], [0.0, 2.0], [1.0, 2.0, 3.0]])
def test_a_straight_way_has_room_on_both_sides(along):
    ws = [1 + 0.5**k * np.array(along) for k in range(4)]
    seen = gd.landscape.trajectory(BOWL, ws)
    length = np.ptp(seen.points, axis=0).max()
    assert min(np.ptp(seen.plane.a), np.ptp(seen.plane.b)) >= 0.39 * length


@pytest.mark.parametrize(
    ("ws", "message"),
    [
        ([], "ws must hold weights"),
        ({}, "ws must hold at least one run"),
        ({"a": []}, r"ws\['a'\] must hold weights"),
        ([np.ones(3)], "ws must hold at least two different weights"),
        ([np.ones(3), np.ones(3)], "ws must hold at least two different weights; it holds 2, all equal"),
        ([np.ones(2), np.ones(2)], "ws must hold at least two different weights"),
        ([np.ones(1), np.zeros(1)], "weights of at least two elements"),
        ([np.ones(3), np.ones(4)], r"ws\[1\] must have the shape of ws\[0\]"),
        ([np.ones(3), np.full(3, np.nan)], r"ws\[1\] must be finite"),
        (np.broadcast_to(1.0, (10**6, 10**4)), r"ws must take at most 2 GiB; .* would take about 298.0 GiB"),
    ],
)
def test_bad_ways_are_named(ws, message):
    with pytest.raises(ValueError, match=message):
        gd.landscape.trajectory(BOWL, ws)
