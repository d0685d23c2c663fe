"""Which coordinates are checked: all, a stratified sample, given ones, or one direction."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from gdfast.checks import check_gradient
from gradients import Quartic, point, softmax, softmax_gradient


def test_small_problems_are_checked_fully_and_large_ones_by_a_sample():
    for size, checked in ((1000, 1000), (1001, 1000), (5000, 1000)):
        report = check_gradient(lambda w: float(np.sum(w)), np.ones_like, np.ones(size), rng=0)
        assert report.coordinates.size == checked


@pytest.mark.parametrize("shape", [(3, 2000), (400, 7), (500, 8), (600, 5), (1500, 2), (3000, 4)])
def test_a_sample_covers_every_row_evenly_and_the_bias(shape):
    n_rows = shape[0]
    report = check_gradient(lambda w: 1.0, np.zeros_like, np.ones(shape), rng=0)
    chosen = report.coordinates
    assert chosen.size == max(1000, n_rows)
    assert np.array_equal(chosen, np.unique(chosen))
    rows, columns = np.unravel_index(chosen, shape)
    per_row = np.bincount(rows, minlength=n_rows)
    assert per_row.min() >= 1
    assert per_row.max() - per_row.min() <= 1
    biases = np.sum(columns == shape[1] - 1)
    assert biases == n_rows if chosen.size >= 2 * n_rows else biases >= 1
    assert len(np.unique(columns)) == shape[1] or shape[1] > chosen.size


@pytest.mark.parametrize("n", [1, 2, 3, 7, 39, 40, 41])
def test_an_integer_asks_for_a_sample_of_that_many(n):
    w = point((4, 10))
    report = check_gradient(Quartic((4, 10)), at=w, coordinates=n, rng=3)
    assert report.coordinates.size == min(n, 40)
    again = check_gradient(Quartic((4, 10)), at=w, coordinates=n, rng=3)
    assert np.array_equal(report.coordinates, again.coordinates)


def test_flat_indices_are_taken_as_they_are():
    w = point((4, 10))
    objective = Quartic((4, 10))
    report = check_gradient(objective, at=w, coordinates=[39, 0, 12])
    assert report.coordinates.tolist() == [39, 0, 12]
    np.testing.assert_allclose(report.analytic, objective.gradient(w).reshape(-1)[[39, 0, 12]])
    assert objective.values == 9


def test_one_random_direction_compares_one_slope():
    w = point((4, 10))
    objective = Quartic((4, 10))
    report = check_gradient(objective, at=w, coordinates="direction", rng=5)
    assert report.verdict == "PASS"
    assert report.evaluations == objective.values == 5
    assert report.direction.shape == w.shape
    assert np.sum(report.direction**2) == pytest.approx(1, rel=1e-12)
    assert report.analytic[0] == pytest.approx(np.sum(report.direction * objective.gradient(w)), rel=1e-12)
    expected = gd.directional_derivative(objective.value, w, report.direction)
    assert report.numerical[0] == pytest.approx(expected, rel=1e-8)
    assert report.coordinates.size == report.worst(3).size == report.kinks.size == report.not_judged.size == 0
    assert "one random direction of 40 coordinates checked" in str(report)
    again = check_gradient(objective, at=w, coordinates="direction", rng=5)
    assert np.array_equal(again.direction, report.direction)
    other = check_gradient(objective, at=w, coordinates="direction", rng=6)
    assert not np.array_equal(other.direction, report.direction)


@pytest.mark.parametrize("flat", [0, 13, 39])
def test_a_direction_sees_one_wrong_entry_among_many(flat):
    def wrong(w):
        gradient = softmax_gradient(w)
        gradient.flat[flat] *= 1.5
        return gradient

    for rng in range(5):
        report = check_gradient(softmax, wrong, point((4, 10)), coordinates="direction", rng=rng)
        assert report.verdict == "FAIL", str(report)
        assert check_gradient(softmax, softmax_gradient, point((4, 10)), coordinates="direction", rng=rng).passed


def test_a_direction_needs_the_structure_of_no_objective():
    rng = np.random.default_rng(0)
    objective = gd.LinearObjective(rng.normal(size=(30, 4)), rng.integers(3, size=30), gd.Hinge())
    report = check_gradient(objective, at=rng.normal(size=(3, 5)), coordinates="direction", rng=1)
    assert report.passed
    assert not report.structured


def test_a_function_of_many_points_is_asked_in_blocks():
    a, w = np.arange(1.0, 7.0), point(6)
    asked = []

    def values(points):
        asked.append(points.shape)
        return points**4 @ a

    report = check_gradient(values, lambda w: 4 * a * w**3, w, vectorized=True)
    plain = check_gradient(lambda w: float(w**4 @ a), lambda w: 4 * a * w**3, w)
    assert report.verdict == plain.verdict == "PASS"
    np.testing.assert_allclose(report.numerical, plain.numerical, rtol=1e-9)
    assert asked == [(1, 6), (1, 6), (1, 6), (12, 6)]
    assert report.evaluations == plain.evaluations == 15
    assert check_gradient(values, lambda w: -4 * a * w**3, w, vectorized=True).verdict == "FAIL"


def test_worst_is_ordered_and_as_long_as_asked():
    def wrong(w):
        return softmax_gradient(w) * (1 + 0.01 * np.array([1, 5, 3, 4, 2]))

    report = check_gradient(softmax, wrong, point(5))
    assert report.worst(3).tolist() == [1, 3, 2]
    assert report.worst(0).size == 0
    assert report.worst(99).size == 5
    with pytest.raises(ValueError, match="k must be >= 0"):
        report.worst(-1)
