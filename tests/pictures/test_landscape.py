"""Data of pictures: the numbers are the objective's, kinks and edges are where margins are 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
import reference
from landscapes import BOWL, STEPS, images

# A line.


@pytest.mark.parametrize("loss", [gd.Hinge(), gd.SquaredHinge(), gd.CrossEntropy()])
def test_lecture_9_a_line_is_the_objective_along_it(loss):
    objective, W, V, _ = images(20, loss=loss, regularizer=gd.L2(0.1))
    before = objective.passes
    line = gd.landscape.line(objective, W, V, STEPS)
    assert objective.passes - before <= 2
    np.testing.assert_allclose(line.values, [objective.value(W + a * V) for a in STEPS], rtol=1e-12)
    np.testing.assert_allclose(line.kink_values, [objective.value(W + a * V) for a in line.kinks], rtol=1e-12)
    assert (line.kinks.size > 0) == (not isinstance(loss, gd.CrossEntropy))
    fine = gd.along_ray(objective, W, V).values(np.linspace(-100, 100, 20_001))
    assert line.minimum_value <= fine.min() + 1e-12
    assert line.minimum_value == pytest.approx(objective.value(W + line.minimum * V), rel=1e-12)


def test_the_line_of_a_function_has_no_kinks_and_no_minimum_that_is_sure():
    line = gd.landscape.line(BOWL, np.array([3.0, 1.0]), np.array([-1.0, 0.0]), [0.0, 3.0])
    np.testing.assert_array_equal(line.values, [10.0, 1.0])
    assert (line.kinks.size, line.minimum, line.minimum_value) == (0, None, None)


def test_a_line_that_falls_for_ever_has_no_minimum():
    objective = gd.LinearObjective(np.ones((1, 1)), np.array([0]), gd.CrossEntropy(), bias=False, n_classes=2)
    W, V = np.zeros((2, 1)), np.array([[1.0], [0.0]])
    assert gd.landscape.line(objective, W, V, STEPS).minimum_value == pytest.approx(0.0, abs=1e-300)
    falls = gd.LinearObjective(np.zeros((1, 1)), np.array([0]), gd.Hinge(), Downhill(), bias=False, n_classes=2)
    assert gd.landscape.line(falls, W, V, STEPS).minimum is None


class Downhill:
    """A user's regularizer: minus the sum of the weights."""

    def value(self, W):
        return -float(W.sum())

    def gradient(self, W):
        return -np.ones_like(W)


# A plane.


@pytest.mark.parametrize("loss", [gd.Hinge(), gd.CrossEntropy()])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lecture_10_a_plane_is_the_objective_on_it(loss, dtype):
    objective, W, U, V = images(20, loss=loss, regularizer=gd.L2(0.1), dtype=dtype)
    a, b = np.linspace(-1, 1, 5), np.linspace(0, 3, 40)
    before = objective.passes
    plane = gd.landscape.plane(objective, W, U, V, a, b)
    assert objective.passes - before <= 3
    wide = gd.LinearObjective(objective.X.astype(float), objective.y, loss, gd.L2(0.1), n_classes=3)
    exact = [[wide.value(W + p * U + q * V) for q in b] for p in a]
    np.testing.assert_allclose(plane.values, exact, rtol=1e-12)
    assert plane.edges.shape == (0, 2, 2) if loss == gd.CrossEntropy() else plane.edges.size > 0


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 3), k=st.integers(2, 5), squared=st.booleans())
def test_lecture_11_one_image_has_straight_cell_edges_where_a_margin_is_0(seed, n, k, squared):
    loss = gd.SquaredHinge() if squared else gd.Hinge()
    objective, W, U, V = images(n, k, seed=seed, loss=loss)
    plane = gd.landscape.plane(objective, W, U, V, [-1.0, 1.0], [-2.0, 2.0])
    assert plane.edges.shape == (*plane.edge_terms.shape, 2)
    for (i, j), segment in zip(plane.edge_terms, plane.edges, strict=True):
        for share in (0.0, 0.3, 1.0):
            a, b = segment[0] + share * (segment[1] - segment[0])
            assert objective.margins(W + a * U + b * V)[i, j] == pytest.approx(0, abs=1e-11)
        for end in segment:  # on the border of the rectangle
            assert min(abs(abs(end[0]) - 1), abs(abs(end[1]) - 2)) == pytest.approx(0, abs=1e-14)
    # Every other term keeps its sign in the corners, so that no edge was forgotten.
    corners = [objective.margins(W + a * U + b * V) for a in (-1, 1) for b in (-2, 2)]
    signs = np.sign(corners)
    cut = np.argwhere(np.abs(signs.sum(axis=0)) < 4)
    wrong = [(i, j) for i, j in cut if j != objective.y[i]]
    assert wrong == [tuple(term) for term in plane.edge_terms]


def test_lecture_13_the_mean_of_planes_is_the_plane_of_the_mean_and_is_rounder():
    objective, W, U, V = images(100, regularizer=None)
    a = np.linspace(-2, 2, 33)
    whole = gd.landscape.plane(objective, W, U, V, a, a)
    single = [gd.landscape.plane(objective.rows([i]), W, U, V, a, a) for i in range(100)]
    np.testing.assert_allclose(np.mean([plane.values for plane in single], axis=0), whole.values, rtol=1e-12)
    assert all(plane.edges.size for plane in single[:3])
    assert whole.edges.size == 0  # 200 lines would be a picture of lines

    def bent(plane):  # in how much of the plane is it curved
        return np.mean(np.abs(np.diff(plane.values, 2, axis=0)) > 1e-9)

    assert bent(single[0]) < 0.3 < 0.9 < bent(whole)


# One weight.


def test_lecture_12_each_term_on_its_own_and_their_sum():
    # LECTURE 8's example: x = 1, 2, -1 of the classes 0, 1, 2; the loss as a function of the first weight.
    x, others = np.array([1.0, 2.0, -1.0]), (0.5, -0.25)
    objective = gd.LinearObjective(x[:, None], np.arange(3), bias=False)
    values = np.linspace(-3, 3, 61)
    weight = gd.landscape.weight(objective, np.array([[7.0], [0.5], [-0.25]]), (0, 0), values)
    w0, (w1, w2) = values, others
    expected = {
        (0, 1): np.maximum(0, w1 * x[0] - w0 * x[0] + 1),
        (0, 2): np.maximum(0, w2 * x[0] - w0 * x[0] + 1),
        (1, 0): np.maximum(0, w0 * x[1] - w1 * x[1] + 1),
        (1, 2): np.maximum(0, w2 * x[1] - w1 * x[1] + 1) + 0 * w0,
        (2, 0): np.maximum(0, w0 * x[2] - w2 * x[2] + 1),
        (2, 1): np.maximum(0, w1 * x[2] - w2 * x[2] + 1) + 0 * w0,
    }
    assert [tuple(label) for label in weight.labels] == list(expected)
    np.testing.assert_allclose(3 * weight.terms, list(expected.values()), atol=1e-13)
    np.testing.assert_allclose(weight.terms.sum(axis=0), weight.totals, rtol=1e-13)
    assert (weight.index, weight.at, weight.n_terms) == ((0, 0), 7.0, 6)


@pytest.mark.parametrize("loss", [gd.Hinge(2.0), gd.SquaredHinge()])
def test_of_many_terms_the_largest_are_kept_and_the_rest_is_known(loss):
    objective, W, _, _ = images(40, loss=loss, regularizer=gd.L2(0.3))
    values = np.linspace(-2, 2, 50)
    every = gd.landscape.weight(objective, W, (1, 2), values, max_terms=1000)
    few = gd.landscape.weight(objective, W, 1 * 5 + 2, values, max_terms=7)
    assert (len(every.terms), len(few.terms), few.n_terms) == (80, 7, 80)
    moved = W.copy()
    for value, total, rest in zip(values, every.totals, every.rest, strict=True):
        moved[1, 2] = value
        assert total == pytest.approx(objective.value(moved), rel=1e-12)
        assert rest == pytest.approx(0.3 * (moved[:, :-1] ** 2).sum(), rel=1e-10)
    heights = every.terms.max(axis=1)
    kept = [np.flatnonzero((every.labels == label).all(axis=1))[0] for label in few.labels]
    assert kept == sorted(np.argsort(-heights)[:7])
    np.testing.assert_array_equal(few.terms, every.terms[kept])
    np.testing.assert_array_equal(few.totals, every.totals)


def test_which_weight_is_said_by_its_position_in_any_form():
    objective, W, *_ = images(10)
    weights = [gd.landscape.weight(objective, W, index, STEPS) for index in ((1, 2), [1, 2], np.array([1, 2]), 7)]
    assert weights == weights[:1] * 4
    assert weights[0].index == (1, 2)


def test_other_objectives_have_totals_alone():
    objective, W, _, _ = images(10, loss=gd.CrossEntropy())
    weight = gd.landscape.weight(objective, W, (0, 0), STEPS)
    assert (weight.terms.shape, weight.labels.shape, weight.n_terms) == ((0, 41), (0, 2), 0)
    np.testing.assert_allclose(gd.landscape.weight(BOWL, np.ones(3), 1, [0.0, 2.0]).totals, [2.0, 6.0])


# Step sizes.


@pytest.mark.parametrize("loss", [gd.Hinge(), gd.CrossEntropy()])
def test_lecture_34_tiny_steps_change_nothing_good_ones_help_and_long_ones_overshoot(loss):
    digits = gd.datasets.load_digits()
    objective = gd.LinearObjective(digits.X, digits.y, loss)
    W = 1e-4 * np.random.default_rng(0).standard_normal(objective.shape)
    steps = 10.0 ** np.arange(-12.0, 5.0)
    before = objective.passes
    seen = gd.landscape.step_sizes(objective, W, steps)
    assert objective.passes - before <= 3
    gradient = objective.gradient(W)
    np.testing.assert_allclose(seen.values, [objective.value(W - s * gradient) for s in steps], rtol=1e-6)
    assert seen.start == pytest.approx(objective.value(W), rel=1e-6)
    assert seen.values[0] == pytest.approx(seen.start, rel=1e-6)  # the published shape: 2.2007, ...
    assert seen.best_value == seen.values.min() < 0.8 * seen.start  # ... 1.6478, ...
    assert seen.values[-1] > 1000 * seen.start  # ... 25392
    assert seen.best_step == steps[seen.values.argmin()]
    assert seen.exact_value <= seen.best_value
    assert seen.exact_step < seen.overshoot
    ray = gd.along_ray(objective, W, -gradient)
    assert ray.value(seen.overshoot) <= seen.start < ray.value(seen.overshoot * (1 + 1e-9))


def test_step_sizes_along_another_direction_and_down_for_ever():
    straight = gd.FunctionObjective(lambda w: float(w[0]), lambda w: np.array([1.0, 0.0]))
    seen = gd.landscape.step_sizes(straight, np.zeros(2), [1.0, 5.0])
    assert (seen.best_step, seen.best_value, seen.exact_step, seen.exact_value, seen.overshoot) == (5, -5, *[None] * 3)
    up = gd.landscape.step_sizes(BOWL, np.array([1.0, 0.0]), [0.1, 2.0], direction=np.array([1.0, 0.0]))
    assert (up.exact_step, up.exact_value, up.best_step) == (0.0, 1.0, 0.1)
    assert up.overshoot == pytest.approx(0.0, abs=1e-7)


def test_there_is_no_step_down_from_a_minimum():
    with pytest.raises(ValueError, match="the gradient at w is zero everywhere"):
        gd.landscape.step_sizes(BOWL, np.zeros(2), [1.0])


# Bad input.


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda o, W, V: gd.landscape.line(o, W, V, []), (TypeError, ValueError), "steps must"),
        (lambda o, W, V: gd.landscape.line(o, W, V, [np.inf]), ValueError, "steps must be finite"),
        (lambda o, W, V: gd.landscape.line(o, W, V[:1], STEPS), ValueError, "v must have the shape of w"),
        (lambda o, W, V: gd.landscape.line(o, W, 0 * V, STEPS), ValueError, "v must not be zero"),
        (lambda o, W, V: gd.landscape.plane(o, W, V, -2 * V, STEPS, STEPS), ValueError, "v must not be parallel to u"),
        (lambda o, W, V: gd.landscape.plane(o, W, V, W, STEPS, [[1.0]]), ValueError, "b must be one-dimensional"),
        (lambda o, W, V: gd.landscape.plane(o, W, V, W, np.ones(5000), np.ones(5000)), ValueError, "16,777,216 points"),
        (lambda o, W, V: gd.landscape.weight(o, W, (0, 9), STEPS), ValueError, r"index must be in \[0, 5\)"),
        (lambda o, W, V: gd.landscape.weight(o, W, (0,), STEPS), ValueError, "index must have 2 parts"),
        (lambda o, W, V: gd.landscape.weight(o, W, [0.0, 1.0], STEPS), TypeError, "index"),
        (lambda o, W, V: gd.landscape.weight(o, W, 15, STEPS), ValueError, r"index must be in \[0, 15\); it is 15"),
        (lambda o, W, V: gd.landscape.weight(o, W, 0.5, STEPS), TypeError, "index must be an integer"),
        (lambda o, W, V: gd.landscape.weight(o, W, 0, STEPS, max_terms=0), ValueError, "max_terms must be >= 1"),
        (lambda o, W, V: gd.landscape.step_sizes(o, W, [np.nan]), ValueError, "steps must be finite"),
        (lambda o, W, V: gd.landscape.step_sizes(o, W[0], STEPS), ValueError, "w must have the shape"),
    ],
)
def test_bad_input_is_named_before_any_work(call, error, message):
    objective, W, V, _ = images(10)
    before = objective.passes
    with pytest.raises(error, match=message):
        call(objective, W, V)
    assert objective.passes == before


def test_the_oracle_agrees_with_the_line():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(9, 4)), rng.integers(0, 3, 9)
    W, V = rng.normal(size=(2, 3, 5))
    problem = reference.LinearProblem(X, y, reference.HINGE, 1.0, 0.0, 0.0, True)
    line = gd.landscape.line(gd.LinearObjective(X, y, n_classes=3), W, V, STEPS)
    np.testing.assert_allclose(line.values, [problem.value(W + a * V) for a in STEPS], rtol=1e-12)
