"""The lowest point of a ray, its breakpoints, and the slopes on both sides of them."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
import reference
from gdfast.objective.rays import hinge_terms
from rays import Plain, pair


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
    monkeypatch.setattr(hinge_terms, "MOST_KINKS", 3)
    with pytest.raises(ValueError, match=r"at most 3 breakpoints; \[-1000, 1000\] has more, of 30 terms.* GiB"):
        ray.breakpoints(-1000.0, 1000.0)
    many = np.broadcast_to(0.5, 2**24 + 1)
    for one in (objective, Plain(objective)):
        with pytest.raises(
            ValueError, match=r"steps must hold at most 16,777,216 points; 16,777,217 would take .* GiB"
        ):
            gd.along_ray(one, W, V).values(many)
        with pytest.raises(ValueError, match=r"a and b \(5,000 x 4,000\) must have at most 16,777,216 points"):
            gd.on_plane(one, W, V, -V + W).values(np.arange(5000.0), np.arange(4000.0))


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
    # Where all margins are met the minimum is 0, and either value a rounding error of margins of about 1.
    assert ray.value(step) <= everywhere.min() + 1e-12 * abs(everywhere.min()) + 1e-15 * (1 + ray.value(0.0))


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
