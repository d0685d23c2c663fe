"""L(W + a V) along a line and L(W + a U + b V) on a plane: linear structure and plain evaluation, one result."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
import reference
from gdfast.objective import max_terms

MAKERS = {
    reference.HINGE: gd.Hinge,
    reference.SQUARED_HINGE: gd.SquaredHinge,
    reference.CROSS_ENTROPY: lambda margin: gd.CrossEntropy(),
    reference.SQUARED_ERROR: lambda margin: gd.SquaredError(),
    reference.HUBER: lambda margin: gd.Huber(margin),
}
STEPS = np.array([-3.0, -0.7, 0.0, 0.1, 0.5, 2.0, 10.0])


def pair(loss, seed=0, n=15, d=4, k=3, margin=1.0, bias=True, l1=0.0, l2=0.0, dtype=np.float64, **options):
    """The same problem twice: gdfast's and the oracle's; weights and a direction."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(dtype)
    y = rng.normal(size=(n, k)) if loss in reference.REGRESSIONS else rng.integers(0, k, n)
    regularizer = gd.ElasticNet(l1, l2) if l1 or l2 else None
    classes = None if loss in reference.REGRESSIONS else k
    objective = gd.LinearObjective(X, y, MAKERS[loss](margin), regularizer, bias=bias, n_classes=classes, **options)
    problem = reference.LinearProblem(X, y, loss, margin, l1, l2, bias, **options)
    return objective, problem, rng.normal(size=objective.shape), rng.normal(size=objective.shape)


class Plain:
    """An objective without structure: only what the protocol asks for."""

    def __init__(self, objective):
        self.value, self.gradient = objective.value, objective.gradient
        self.value_and_gradient = objective.value_and_gradient


@pytest.mark.parametrize("loss", reference.LOSSES)
@settings(max_examples=40)
@given(
    n=st.integers(1, 20),
    d=st.integers(1, 6),
    k=st.integers(2, 6),
    margin=st.floats(0.1, 10),
    bias=st.booleans(),
    penalize_bias=st.booleans(),
    l1=st.sampled_from([0.0, 0.2]),
    l2=st.sampled_from([0.0, 0.3]),
    moved=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_lecture_9_values_along_a_ray_are_the_objective(loss, n, d, k, moved, seed, **options):
    rng = np.random.default_rng(seed + 1)
    if moved:
        options["mean"], options["scale"] = rng.normal(size=d), rng.uniform(0.5, 2, d)
        options["sample_weight"] = rng.uniform(0.1, 2, n)
    objective, problem, W, V = pair(loss, seed, n, d, k, **options)
    ray = gd.along_ray(objective, W, V)
    expected = np.array([problem.value(W + a * V) for a in STEPS])
    np.testing.assert_allclose(ray.values(STEPS), expected, rtol=1e-11)
    assert type(ray.value(0.5)) is float
    assert ray.value(0.5) == pytest.approx(expected[4], rel=1e-11)


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("bias", [True, False])
def test_slopes_are_directional_derivatives(loss, bias):
    objective, problem, W, V = pair(loss, bias=bias, l1=0.1, l2=0.2)
    ray = gd.along_ray(objective, W, V)
    for a in STEPS:
        slope = ray.slope(float(a))
        assert type(slope) is float
        assert slope == pytest.approx((problem.gradient(W + a * V) * V).sum(), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("loss", reference.LOSSES)
def test_structured_and_plain_rays_agree(loss):
    objective, _, W, V = pair(loss, l2=0.1)
    structured, plain = gd.along_ray(objective, W, V), gd.along_ray(Plain(objective), W, V)
    assert type(structured) is not type(plain)
    np.testing.assert_allclose(structured.values(STEPS), plain.values(STEPS), rtol=1e-12)
    for a in STEPS:
        assert structured.value(a) == pytest.approx(plain.value(a), rel=1e-12)
        assert structured.slope(a) == pytest.approx(plain.slope(a), rel=1e-10, abs=1e-10)


def test_a_ray_of_any_function():
    function = gd.FunctionObjective(lambda w: float((w**2).sum()), lambda w: 2 * w)
    ray = gd.along_ray(function, np.array([3.0, 1.0]), np.array([-1.0, 0.0]))
    np.testing.assert_allclose(ray.values(np.array([0.0, 1.0, 3.0])), [10.0, 5.0, 1.0])
    assert ray.slope(1.0) == pytest.approx(-4.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_lecture_7_the_slope_at_a_kink_is_the_one_to_the_right(sign):
    # One sample x = 1 of class 0: L(a) = max(0, w1 - w0 + 1), which along sign * e1 from w1 = -1 is max(0, sign * a).
    objective = gd.LinearObjective(np.ones((1, 1)), np.array([0]), bias=False, n_classes=2)
    ray = gd.along_ray(objective, np.array([[0.0], [-1.0]]), np.array([[0.0], [sign]]))
    assert ray.value(0.0) == 0.0
    assert ray.slope(0.0) == max(0.0, sign)
    assert ray.slope(2.0) == max(0.0, sign)
    assert ray.slope(-2.0) == min(0.0, sign)


def test_the_slope_of_l1_at_a_zero_weight_is_the_one_to_the_right():
    objective = gd.LinearObjective(np.zeros((2, 1)), np.array([0, 1]), gd.Hinge(), gd.L1(0.5), bias=False)
    ray = gd.along_ray(objective, np.zeros((2, 1)), np.array([[3.0], [-1.0]]))
    assert ray.slope(0.0) == pytest.approx(0.5 * 4)
    assert ray.slope(-1.0) == pytest.approx(-0.5 * 4)


def test_points_on_a_ray_cost_no_pass_over_the_data():
    objective, _, W, V = pair(reference.HINGE)
    ray = gd.along_ray(objective, W, V)
    assert objective.passes <= 2
    before = objective.passes
    ray.values(np.linspace(0, 1, 1000))
    ray.slope(0.5)
    assert objective.passes == before


def test_a_ray_does_not_move_with_its_arrays():
    objective, problem, W, V = pair(reference.CROSS_ENTROPY, l2=0.1)
    ray = gd.along_ray(objective, W, V)
    expected = problem.value(W + 0.5 * V)
    W[:], V[:] = 0, 0
    assert ray.value(0.5) == pytest.approx(expected, rel=1e-12)


def test_a_convex_objective_is_convex_along_every_ray():
    objective, _, W, V = pair(reference.HINGE, n=40)
    values = gd.along_ray(objective, W, V).values(np.linspace(-5, 5, 301))
    assert np.diff(values, 2).min() > -1e-10


def test_lecture_13_the_mean_of_rays_is_the_ray_of_the_mean():
    objective, _, W, V = pair(reference.HINGE, n=30)
    single = [gd.along_ray(objective.rows([i]), W, V).values(STEPS) for i in range(30)]
    np.testing.assert_allclose(np.mean(single, axis=0), gd.along_ray(objective, W, V).values(STEPS), rtol=1e-12)


@pytest.mark.parametrize("loss", reference.LOSSES)
def test_float32_data_keep_scores_in_float64(loss):
    objective, problem, W, V = pair(loss, dtype=np.float32)
    expected = [problem.value(W + a * V) for a in STEPS]
    np.testing.assert_allclose(gd.along_ray(objective, W, V).values(STEPS), expected, rtol=1e-10)


@pytest.mark.parametrize("structured", [True, False])
@pytest.mark.parametrize(
    ("W", "V", "error", "named"),
    [
        (np.zeros((3, 5)), np.ones((3, 4)), ValueError, "v|V"),
        (np.zeros((3, 5)), np.full((3, 5), np.nan), ValueError, "v|V"),
        (np.zeros((3, 5)), np.ones((3, 5), dtype=int), TypeError, "v|V"),
        (np.zeros((3, 5)), np.zeros((3, 5)), ValueError, "v|V"),
        (np.full((3, 5), np.inf), np.ones((3, 5)), ValueError, "w|W"),
        (np.zeros((3, 5), dtype=int), np.ones((3, 5)), TypeError, "w|W"),
    ],
)
def test_bad_points_and_directions_are_named(structured, W, V, error, named):
    objective, _, _, _ = pair(reference.HINGE)
    with pytest.raises(error, match=rf"\b({named})\b"):
        gd.along_ray(objective if structured else Plain(objective), W, V)


def test_an_objective_that_is_none_is_refused():
    with pytest.raises(TypeError, match="objective"):
        gd.along_ray(lambda w: 0.0, np.ones(2), np.ones(2))


@pytest.mark.parametrize("made", [gd.along_ray, gd.on_plane])
def test_a_class_is_no_objective(made):
    with pytest.raises(TypeError, match="objective must have value, gradient"):
        made(gd.LinearObjective, *[np.ones(2)] * (2 if made is gd.along_ray else 3))


MASKED = np.ma.masked_array([0.0, 1.0], [False, True])


@pytest.mark.parametrize("steps", [np.zeros((2, 2)), np.array([np.nan]), np.array(["1"]), np.array([]), MASKED])
def test_bad_steps_are_named(steps):
    objective, _, W, V = pair(reference.HINGE)
    for ray in (gd.along_ray(objective, W, V), gd.along_ray(Plain(objective), W, V)):
        with pytest.raises((TypeError, ValueError), match="steps"):
            ray.values(steps)


@pytest.mark.parametrize(("step", "error"), [(np.nan, ValueError), ("1", TypeError), (np.ones(2), TypeError)])
@pytest.mark.parametrize("method", ["value", "slope"])
def test_a_bad_step_is_named(step, error, method):
    objective, _, W, V = pair(reference.HINGE)
    for ray in (gd.along_ray(objective, W, V), gd.along_ray(Plain(objective), W, V)):
        with pytest.raises(error, match=r"^step must be"):
            getattr(ray, method)(step)


# The lowest point of a ray.


@pytest.mark.parametrize("loss", reference.LOSSES)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), l2=st.sampled_from([0.0, 0.1]))
def test_lecture_30_the_minimum_of_a_ray_along_the_negative_gradient(loss, seed, l2):
    objective, problem, W, _ = pair(loss, seed, n=20, l2=l2)
    gradient = problem.gradient(W)
    ray = gd.along_ray(objective, W, -gradient)
    step = ray.minimum()
    assert type(step) is float
    assert step > 0
    assert gd.along_ray(Plain(objective), W, -gradient).minimum() == pytest.approx(step, rel=1e-6)
    best = ray.value(step)
    around = np.concatenate([step * np.linspace(0, 3, 400), step + np.array([-1e-6, 1e-6])])
    assert best <= ray.values(around).min() + 1e-12 * abs(best)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_the_minimum_of_a_hinge_is_one_of_its_kinks(seed):
    objective, problem, W, V = pair(reference.HINGE, seed, n=10)
    margins, rates = problem.margins(W), problem.margins(W + V) - problem.margins(W)
    wrong = np.arange(3)[None, :] != problem.y[:, None]
    kinks = -margins[wrong] / rates[wrong]
    lowest = min(problem.value(W + a * V) for a in [0.0, *kinks[kinks > 0]])
    ray = gd.along_ray(objective, W, V)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        step = ray.minimum(max_step=1e6)
    assert step == 1e6 or ray.value(step) == pytest.approx(lowest, rel=1e-11, abs=1e-12)


def test_the_minimum_of_a_ray_that_rises_or_falls_for_ever():
    linear = gd.LinearObjective(np.ones((1, 1)), np.array([0]), gd.CrossEntropy(), bias=False, n_classes=2)
    W, V = np.zeros((2, 1)), np.array([[1.0], [0.0]])
    for objective in (linear, Plain(linear)):
        assert gd.along_ray(objective, W, -V).minimum() == 0.0
        # exp(-a) is below the rounding of the slope some time, but the loss falls as far as asked.
        with pytest.warns(RuntimeWarning, match="still falls at max_step = 20:"):
            assert gd.along_ray(objective, W, V).minimum(max_step=20.0) == 20.0


def kinks_of(problem, W, V):
    """Where the margins of the oracle are 0 along a ray, and how much the slope of the mean rises there."""
    margins, rates = problem.margins(W), problem.margins(W + V) - problem.margins(W)
    wrong = np.arange(W.shape[0])[None, :] != problem.y[:, None]
    steps = -margins[wrong] / rates[wrong]
    return steps[np.argsort(steps)], (np.abs(rates[wrong]) / len(margins))[np.argsort(steps)]


@pytest.mark.parametrize("loss", [reference.HINGE, reference.SQUARED_HINGE])
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), bias=st.booleans(), k=st.integers(2, 5), n=st.integers(1, 20))
def test_lecture_9_breakpoints_are_the_zeros_of_the_margins(loss, seed, bias, k, n):
    objective, problem, W, V = pair(loss, seed, n=n, k=k, bias=bias)
    kinks, _ = kinks_of(problem, W, V)
    found = gd.along_ray(objective, W, V).breakpoints(-2.0, 3.0)
    np.testing.assert_allclose(found, kinks[(kinks >= -2) & (kinks <= 3)], rtol=1e-9)


def test_the_hinge_is_straight_between_breakpoints_and_bends_at_each():
    objective, problem, W, V = pair(reference.HINGE, n=12)
    ray = gd.along_ray(objective, W, V)
    found = ray.breakpoints(-1.0, 1.0)
    assert len(found) > 5
    _, jumps = kinks_of(problem, W, V)
    all_kinks, _ = kinks_of(problem, W, V)
    for kink, jump in zip(found, jumps[(all_kinks >= -1) & (all_kinks <= 1)], strict=True):
        assert ray.slope(kink) - ray.slope_left(kink) == pytest.approx(jump, rel=1e-9)
        assert ray.slope(kink) == pytest.approx(ray.rough_slope(kink + 1e-9), rel=1e-9, abs=1e-12)
        assert ray.slope_left(kink) == pytest.approx(ray.rough_slope(kink - 1e-9), rel=1e-9, abs=1e-12)
    for low, high in pairwise(found):
        if high - low > 1e-6:
            thirds = ray.values(np.linspace(low, high, 4))
            assert np.abs(np.diff(thirds, 2)).max() < 1e-13
            assert ray.slope_left(0.5 * (low + high)) == pytest.approx(ray.slope(0.5 * (low + high)), rel=1e-12)


@pytest.mark.parametrize("loss", [reference.CROSS_ENTROPY, reference.SQUARED_ERROR])
def test_smooth_rays_have_no_breakpoints_but_those_of_l1(loss):
    objective, _, W, V = pair(loss)
    assert gd.along_ray(objective, W, V).breakpoints(-1e9, 1e9).size == 0
    objective, _, W, V = pair(loss, l1=0.1, l2=0.2)
    zeros = np.sort((-W / V)[:, :-1].ravel())
    np.testing.assert_array_equal(gd.along_ray(objective, W, V).breakpoints(-1e9, 1e9), zeros)


def test_breakpoints_of_uint8_and_sparse_rows_and_of_copies():
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(3)
    X, y = rng.integers(0, 4, (20, 5)).astype(np.uint8), rng.integers(0, 3, 20)
    W, V = rng.normal(size=(2, 3, 6))
    problem = reference.LinearProblem(X.astype(float), y, reference.HINGE, 1.0, 0.0, 0.0, True)
    kinks, _ = kinks_of(problem, W, V)
    kinks = kinks[np.abs(kinks) <= 5]
    twice = np.repeat(X, 2, axis=0)
    for rows, labels in ((X, y), (sparse.csr_array(X.astype(np.float32)), y), (twice, np.repeat(y, 2))):
        objective = gd.LinearObjective(rows, labels, n_classes=3)
        ray = gd.along_ray(objective, W, V)
        found = ray.breakpoints(-5.0, 5.0)
        assert np.abs(found[:, None] - kinks).min(axis=1).max() < 1e-9  # copies meet once
        assert np.abs(found[:, None] - kinks).min(axis=0).max() < 1e-9
        plain = gd.along_ray(Plain(gd.LinearObjective(X.astype(float), y, n_classes=3)), W, V)
        np.testing.assert_allclose(ray.values(np.linspace(-5, 5, 99)), plain.values(np.linspace(-5, 5, 99)), rtol=1e-12)


def test_samples_of_no_weight_have_no_breakpoints():
    objective, _, W, V = pair(reference.HINGE, n=6, sample_weight=np.array([1.0, 0, 0, 0, 0, 2]))
    whole, _, _, _ = pair(reference.HINGE, n=6)
    ends = gd.along_ray(whole.rows([0, 5]), W, V).breakpoints(-100.0, 100.0)
    np.testing.assert_array_equal(gd.along_ray(objective, W, V).breakpoints(-100.0, 100.0), ends)
    assert ends.size > 0


@pytest.mark.parametrize(
    ("ends", "error", "named"),
    [((1.0, 0.0), ValueError, "hi"), ((np.nan, 1.0), ValueError, "lo"), ((0.0, "1"), TypeError, "hi")],
)
def test_bad_ends_are_named(ends, error, named):
    objective, _, W, V = pair(reference.HINGE)
    with pytest.raises(error, match=rf"^{named} must be"):
        gd.along_ray(objective, W, V).breakpoints(*ends)


def test_too_many_breakpoints_and_points_are_refused_with_the_memory_they_need(monkeypatch):
    objective, _, W, V = pair(reference.HINGE)
    ray = gd.along_ray(objective, W, V)
    monkeypatch.setattr(max_terms, "MOST_KINKS", 3)
    with pytest.raises(ValueError, match=r"at most 3 breakpoints; \[-1000, 1000\] has more, of 30 terms.* GiB"):
        ray.breakpoints(-1000.0, 1000.0)
    many = np.broadcast_to(0.5, 2**24 + 1)
    for road in (objective, Plain(objective)):
        with pytest.raises(
            ValueError, match=r"steps must hold at most 16,777,216 points; 16,777,217 would take .* GiB"
        ):
            gd.along_ray(road, W, V).values(many)
        with pytest.raises(ValueError, match=r"a and b \(5,000 x 4,000\) must have at most 16,777,216 points"):
            gd.on_plane(road, W, V, -V + W).values(np.arange(5000.0), np.arange(4000.0))


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), l1=st.sampled_from([0.0, 0.05]), n=st.integers(1, 30))
def test_the_exact_minimum_of_a_hinge_is_a_breakpoint(seed, l1, n):
    objective, problem, W, _ = pair(reference.HINGE, seed, n=n, l1=l1)
    gradient = problem.gradient(W)
    if not gradient.any():
        return
    ray = gd.along_ray(objective, W, -gradient)
    step = ray.lowest_anywhere()
    if step is None:
        return
    if step == 0:  # at a kink of L1 or between flat pieces
        assert ray.slope(0.0) >= 0 >= ray.slope_left(0.0)
        return
    assert step in ray.breakpoints(-1e12, 1e12)
    assert ray.slope_left(step) < 1e-14
    assert ray.slope(step) > -1e-14
    everywhere = ray.values(ray.breakpoints(-1e12, 1e12))
    assert ray.value(step) <= everywhere.min() + 1e-12 * abs(everywhere.min())


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32))
def test_a_flat_bottom_whose_slope_is_rounded_has_its_minimum_at_the_kink_where_it_begins(seed):
    """Small integers: many slopes are 0, but for the rounding of their shares."""
    rng = np.random.default_rng(seed)
    n, k = rng.integers(3, 7), rng.integers(2, 5)
    X, y = rng.integers(-3, 4, (n, 2)).astype(float), rng.integers(0, k, n)
    objective = gd.LinearObjective(X, y, bias=False, n_classes=k)
    W, V = rng.integers(-3, 4, (2, k, 2)).astype(float)
    if not V.any():
        return
    ray = objective.along_ray(W, V)
    step, kinks = ray.minimum(), np.append(0.0, ray.breakpoints(0.0, 100.0))
    assert step in kinks
    assert ray.value(step) <= ray.values(kinks).min() + 1e-13


def test_the_slopes_left_and_right_of_a_kink():
    # L(a) = max(0, a) along the ray: see LECTURE 7's test.
    objective = gd.LinearObjective(np.ones((1, 1)), np.array([0]), bias=False, n_classes=2)
    ray = gd.along_ray(objective, np.array([[0.0], [-1.0]]), np.array([[0.0], [1.0]]))
    assert (ray.slope_left(0.0), ray.slope(0.0)) == (0.0, 1.0)
    assert (ray.slope_left(1.0), ray.slope_left(-1.0)) == (1.0, 0.0)
    l1 = gd.LinearObjective(np.zeros((2, 1)), np.array([0, 1]), gd.Hinge(), gd.L1(0.5), bias=False)
    corner = gd.along_ray(l1, np.zeros((2, 1)), np.array([[3.0], [-1.0]]))
    assert (corner.slope_left(0.0), corner.slope(0.0)) == (-2.0, 2.0)


@pytest.mark.parametrize("loss", reference.LOSSES)
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_a_ray_is_lowest_at_the_same_place_from_wherever_it_starts(loss, seed):
    objective, problem, W, _ = pair(loss, seed, n=20, l2=0.1)
    gradient = problem.gradient(W)
    lowest = gd.along_ray(objective, W, -gradient).lowest_anywhere()
    from_beyond = gd.along_ray(objective, W - 3 * lowest * gradient, -gradient).lowest_anywhere()
    assert lowest > 0
    assert from_beyond == pytest.approx(-2 * lowest, rel=1e-6)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 30), k=st.integers(2, 6), m=st.integers(32, 80))
def test_many_points_at_once_are_the_points_one_by_one(seed, n, k, m):
    objective, _, W, V = pair(reference.HINGE, seed, n=n, k=k, l1=0.1, l2=0.2)
    steps = np.random.default_rng(seed).normal(size=m) * 3
    ray = gd.along_ray(objective, W, V)
    np.testing.assert_allclose(ray.values(steps), [ray.value(step) for step in steps], rtol=1e-12)
    plane = gd.on_plane(objective, W, V, W)
    one_by_one = [[plane.values([a], [b])[0, 0] for b in steps] for a in steps[:3]]
    np.testing.assert_allclose(plane.values(steps[:3], steps), one_by_one, rtol=1e-12)


def test_lecture_5_a_hinge_of_nothing_is_exactly_nothing_at_many_points_too():
    X, y = np.eye(3), np.arange(3)
    ray = gd.along_ray(gd.LinearObjective(X, y, bias=False), 5 * np.eye(3), np.eye(3))
    assert not ray.values(np.linspace(-3.9, 100, 200)).any()
    assert ray.values(np.linspace(-5, -4.1, 200)).min() > 0


# Planes.


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("bias", [True, False])
def test_lecture_10_values_on_a_plane_are_the_objective(loss, bias):
    objective, problem, W, U = pair(loss, bias=bias, l1=0.1, l2=0.2)
    V = np.random.default_rng(9).normal(size=W.shape)
    a, b = np.array([-1.0, 0.0, 0.3, 2.0]), np.array([0.5, 0.0, -3.0])
    expected = [[problem.value(W + p * U + q * V) for q in b] for p in a]
    for road in (objective, Plain(objective)):
        values = gd.on_plane(road, W, U, V).values(a, b)
        assert values.shape == (4, 3)
        np.testing.assert_allclose(values, expected, rtol=1e-11)


def test_a_plane_of_any_function_stays_in_the_type_of_its_point():
    seen = set()

    def value(w):
        seen.add(w.dtype)
        return float(w @ w)

    w, u, v = np.array([[1.0, 2.0], [1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    plane = gd.on_plane(gd.FunctionObjective(value, lambda w: 2 * w), w, u, v)
    np.testing.assert_allclose(plane.values([0.0, 1.0], [0.0, 1.0]), [[5, 10], [8, 13]])
    assert seen == {np.dtype(np.float32)}


def test_points_on_a_plane_cost_no_pass_over_the_data():
    objective, _, W, U = pair(reference.HINGE)
    plane = gd.on_plane(objective, W, U, np.eye(*W.shape))
    assert objective.passes <= 3
    before = objective.passes
    plane.values(np.linspace(0, 1, 30), np.linspace(0, 1, 30))
    assert objective.passes == before


@pytest.mark.parametrize("threads", [2, 3, 5])
def test_any_number_of_threads_gives_the_same_bits(threads):
    objective, _, W, V = pair(reference.CROSS_ENTROPY, n=3000)

    def answers():
        ray = gd.along_ray(objective, W, V)
        return [*ray.values(STEPS), ray.slope(0.3), *gd.on_plane(objective, W, V, -W).values(STEPS, STEPS).ravel()]

    gd.set_num_threads(1)
    alone = answers()
    gd.set_num_threads(threads)
    assert answers() == alone


@pytest.mark.parametrize("loss", reference.LOSSES)
def test_scores_beyond_floats_are_an_outcome_and_no_warning(loss):
    objective, _, W, V = pair(loss)
    ray = gd.along_ray(objective, 1e200 * W, 1e200 * V)
    far = np.linspace(-1e200, 1e200, 65)
    assert not np.isfinite(ray.values(far)).all()
    ray.slope(1e200)
    ray.breakpoints(-1e200, 1e200)
