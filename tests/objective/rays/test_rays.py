"""L(W + a V) along a line and L(W + a U + b V) on a plane: linear structure and plain evaluation, one result."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
import reference
from rays import STEPS, Plain, pair


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
    for one in (objective, Plain(objective)):
        values = gd.on_plane(one, W, U, V).values(a, b)
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
