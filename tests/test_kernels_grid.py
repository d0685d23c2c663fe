"""Kernels of losses on grids and at many points of a line: the losses point by point, in long double."""

from __future__ import annotations

import numpy as np
import pytest

import reference
from gdfast import _kernels
from gdfast.objective.losses.table import COMPILED

HINGE, SQUARED_HINGE, CROSS_ENTROPY, SQUARED_ERROR, HUBER = range(5)
FLOAT64 = 3
wide = np.longdouble


def made(loss, n, k, seed=0, scale=1.0, weights=None, index=None):
    """A problem on scores, and three parts of them."""
    rng = np.random.default_rng(seed)
    parts = scale * rng.normal(size=(3, n, k))
    labels = rng.integers(0, k, n).astype(np.int32)
    targets = rng.normal(size=(n, k))
    return on_parts(loss, parts, labels, targets, weights), labels, targets, parts


def on_parts(loss, parts, labels, targets=None, weights=None):
    kind = COMPILED[loss]
    return _kernels.Problem(
        parts[0], FLOAT64, labels if kind.classifies else None, None if kind.classifies else targets, weights, None,
        None, None, loss, 0.7, 1 / len(labels), parts[0].shape[1], False,
    )  # fmt: skip


def on_grid(problem, parts, a, b):
    values = np.full((a.size, b.size), np.nan)
    problem.grid(*parts, a, b, values)
    return values


def softmax(parts, labels, a, b, weights=None):
    """In long double, each row's loss log(1 + sum exp(gaps)) by itself."""
    base, first, second = (np.asarray(part, wide) for part in parts)
    weights = np.ones(len(labels)) if weights is None else weights
    values = np.zeros((a.size, b.size), wide)
    for i, row in enumerate(labels):
        gaps = [np.delete(part[i] - part[i, row], row) for part in (base, first, second)]
        x = gaps[0] + wide(a)[:, None, None] * gaps[1] + wide(b)[None, :, None] * gaps[2]
        most = np.maximum(x.max(axis=2, initial=0), 0)
        total = np.where(
            most > 0,
            np.log(np.exp(-most) + np.exp(x - most[..., None]).sum(axis=2)),
            np.log1p(np.exp(np.minimum(x, 0)).sum(axis=2)),
        )
        values += wide(weights[i]) * (most + total)
    return np.asarray(values / len(labels), np.float64)


UNEVEN = np.sort(np.random.default_rng(9).uniform(-1, 1, 140))
SHAPES = [(1, 1), (1, 40), (40, 1), (3, 7), (6, 8), (7, 9), (13, 33), (121, 5), (5, 129)]


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_on_a_grid(shape, even):
    problem, labels, _, parts = made(CROSS_ENTROPY, 20, 5, scale=3.0)
    a, b = (np.linspace(-1.5, 1, n) if even else UNEVEN[:n].copy() for n in shape)
    np.testing.assert_allclose(on_grid(problem, parts, a, b), softmax(parts, labels, a, b), rtol=1e-14)


@pytest.mark.parametrize("k", [1, 2, 3, 10, 11, 300])
@pytest.mark.parametrize("scale", [1e-9, 0.3, 10.0, 100.0, 1e3, 1e5])
def test_softmax_of_any_number_of_classes_however_steep(k, scale):
    problem, labels, _, parts = made(CROSS_ENTROPY, 30, k, seed=k, scale=scale)
    a, b = np.linspace(-1, 1, 9), np.linspace(-0.5, 2, 11)
    right = softmax(parts, labels, a, b)
    np.testing.assert_allclose(on_grid(problem, parts, a, b), right, rtol=1e-13, atol=1e-15)
    line = np.empty(45)
    problem.mix(parts[0], parts[1], None, np.linspace(-1, 1, 45), line, None, None)
    along = softmax((parts[0], parts[1], 0 * parts[1]), labels, np.linspace(-1, 1, 45), np.zeros(1))[:, 0]
    np.testing.assert_allclose(line, along, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("kind", ["alike", "by class", "any", "many zeros", "none"])
def test_weights_of_rows(kind):
    n, k = 150, 4
    rng = np.random.default_rng(3)
    labels = made(CROSS_ENTROPY, n, k)[1]
    weights = {
        "alike": np.full(n, 0.25), "by class": np.array([0.5, 1.0, 2.0, 0.0])[labels], "any": rng.uniform(0, 1, n),
        "many zeros": rng.uniform(0, 1, n) * (rng.random(n) < 0.2), "none": np.zeros(n),
    }[kind]  # fmt: skip
    problem, labels, _, parts = made(CROSS_ENTROPY, n, k, weights=weights)
    a, b = np.linspace(-1, 1, 7), np.linspace(0, 1, 10)
    np.testing.assert_allclose(
        on_grid(problem, parts, a, b), softmax(parts, labels, a, b, weights), rtol=1e-14, atol=1e-300
    )


def test_small_losses_keep_their_digits():
    labels = np.zeros(40, np.int32)
    parts = np.zeros((3, 40, 3))
    parts[0, :, 0] = 30.0 + np.arange(40) / 8
    parts[1:] = np.random.default_rng(0).normal(size=(2, 40, 3))
    a, b = np.linspace(-1, 1, 20), np.linspace(-2, 1, 20)
    right = softmax(parts, labels, a, b)
    assert right.max() < 1e-8
    np.testing.assert_allclose(on_grid(on_parts(CROSS_ENTROPY, parts, labels), parts, a, b), right, rtol=1e-13)


@pytest.mark.parametrize("gap", [300.0, 600.0, 690.0, 710.0, 5000.0, 1e300])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_rows_whose_scores_spread_too_far_for_exponentials(part, gap):
    problem, labels, _, parts = made(CROSS_ENTROPY, 33, 4, seed=1)
    parts[part, 5:20, 1] += gap
    parts[part, 9:30, 3] -= gap
    a, b = np.linspace(-1, 1, 12), np.linspace(-1.5, 1, 17)
    np.testing.assert_allclose(on_grid(problem, parts, a, b), softmax(parts, labels, a, b), rtol=1e-13)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_scores_that_are_not_finite_reach_the_values(part, value):
    problem, _, _, parts = made(CROSS_ENTROPY, 33, 4)
    parts[part, 17, 2] = value
    assert np.isnan(on_grid(problem, parts, np.linspace(-1, 1, 7), np.linspace(-1, 1, 9))).all()
    if part < 2:
        line = np.zeros(40)
        problem.mix(parts[0], parts[1], None, np.linspace(-1, 1, 40), line, None, None)
        assert np.isnan(line).all()


def test_scores_that_overflow_at_some_points_are_not_finite_there_alone():
    problem, _, _, parts = made(CROSS_ENTROPY, 5, 3)
    parts[1, 2] = [1e308, -1e307, 1e307]
    a, b = np.array([-1e5, 0.0, 1e5]), np.linspace(-1, 1, 40)
    found = on_grid(problem, parts, a, b)
    assert not np.isfinite(found[[0, 2]]).any()
    np.testing.assert_allclose(found[1], on_grid(problem, parts, np.zeros(1), b)[0], rtol=1e-15)
    infinite = on_grid(problem, parts, np.array([0.0, np.nan]), np.array([0.0, np.inf]))
    assert np.isfinite(infinite[0, 0])
    assert np.isnan(infinite[[0, 1, 1], [1, 0, 1]]).all()


def one_by_one(loss, parts, labels, targets, weights, a, b):
    """The oracle's sum of losses at all points, divided by the number of rows."""
    kind = COMPILED[loss]
    y = labels if kind.classifies else targets
    values = np.empty((a.size, b.size))
    for i, j in np.ndindex(*values.shape):
        scores = parts[0] + a[i] * parts[1] + b[j] * parts[2]
        losses = [reference.row_loss(kind.name, row, one, 0.7)[0] for row, one in zip(scores, y, strict=True)]
        values[i, j] = np.dot(losses, weights)
    return values


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", range(len(COMPILED)), ids=lambda loss: COMPILED[loss].name)
def test_every_loss_on_a_grid_and_on_lines(loss, weighted):
    weights = np.random.default_rng(5).uniform(0, 1, 30) if weighted else np.ones(30)
    problem, labels, targets, parts = made(loss, 30, 4, weights=weights if weighted else None)
    index = np.array([3, 29, 4, 4, 17])
    a, b = UNEVEN[:9].copy(), np.linspace(-1, 1, 10)
    for one, rows, share in ((problem, np.arange(30), 1 / 30), (problem.on_rows(index, 0.5), index, 0.5)):
        of = tuple(np.ascontiguousarray(part[rows]) for part in parts)
        y = labels[rows], targets[rows], share * weights[rows]
        np.testing.assert_allclose(on_grid(one, of, a, b), one_by_one(loss, of, *y, a, b), rtol=1e-13)
        for steps in (np.linspace(-1, 2, 50), UNEVEN[:50].copy()):
            line = np.empty(50)
            one.mix(of[0], of[1], None, steps, line, None, None)
            np.testing.assert_allclose(line, one_by_one(loss, of, *y, steps, np.zeros(1))[:, 0], rtol=1e-13)


@pytest.mark.parametrize("loss", range(len(COMPILED)), ids=lambda loss: COMPILED[loss].name)
def test_scores_of_any_size_are_not_finite_where_they_are_not_point_by_point(loss):
    rng = np.random.default_rng(1)
    problem, _, _, parts = made(loss, 20, 4)
    a, b = np.array([-1.0, 0.0, 0.5]), np.array([-2.0, 0.0, 1e5])
    for part, value in ((0, 1e200), (1, 1e308), (2, 1e306), (1, np.inf), (0, np.nan), (2, -np.inf)):
        of = parts.copy()
        of[part, rng.integers(20), rng.integers(4)] = value
        found, one = on_grid(problem, of, a, b), np.empty(1)
        for i, j in np.ndindex(3, 3):
            problem.mix(*of, np.array([[a[i], b[j]]]), one, None, None)
            if np.isfinite(one[0]):
                np.testing.assert_allclose(found[i, j], one[0], rtol=1e-12)
            else:
                assert not np.isfinite(found[i, j])


def test_a_squared_error_near_zero_keeps_its_digits():
    """Of a fit that is nearly exact: sums of squares far away from it would cancel."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 50, 3))
    parts = np.stack([1e-6 * rng.normal(size=(50, 3)) - 3 * first + 2 * second, first, second])
    problem = on_parts(SQUARED_ERROR, parts, np.zeros(50, np.int32), np.zeros((50, 3)))
    a, b = 3 + np.linspace(-1e-6, 1e-6, 5), -2 + np.linspace(-1e-6, 1e-6, 7)
    base, u, v = (np.asarray(part, wide) for part in parts)
    right = np.array([[((base + x * u + y * v) ** 2).sum() / 50 for y in wide(b)] for x in wide(a)], np.float64)
    assert right.max() < 1e-10
    np.testing.assert_allclose(on_grid(problem, parts, a, b), right, rtol=1e-8)


@pytest.mark.parametrize("loss", range(len(COMPILED)), ids=lambda loss: COMPILED[loss].name)
def test_the_same_bits_with_any_number_of_threads(loss):
    problem, _, _, parts = made(loss, 3000, 3)
    a, b = np.linspace(-1, 1, 130), np.linspace(-1, 1, 4)
    found = []
    for threads in (1, 2, 5):
        _kernels.set_num_threads(threads)
        line = np.empty(100)
        problem.mix(parts[0], parts[1], None, np.linspace(-1, 1, 100), line, None, None)
        found.append((on_grid(problem, parts, a, b), line))
    for grid, line in found[1:]:
        assert np.array_equal(grid, found[0][0])
        assert np.array_equal(line, found[0][1])


def test_a_loss_without_sums_of_its_own_goes_point_by_point():
    _, labels, _, parts = made(HINGE, 11, 4)
    factors = np.random.default_rng(3).uniform(size=(11, 4))
    pairs = on_parts(HINGE, parts, labels).with_pairs(factors)
    a, b = np.linspace(-1, 2, 3), np.linspace(-2, 1, 5)
    scores = parts[0] + a[:, None, None, None] * parts[1] + b[:, None, None] * parts[2]
    differences = scores - np.take_along_axis(scores, labels[None, None, :, None], axis=3)
    right = (factors * differences**2).sum(axis=(2, 3)) / 2
    np.testing.assert_allclose(on_grid(pairs, parts, a, b), right, rtol=1e-13)
