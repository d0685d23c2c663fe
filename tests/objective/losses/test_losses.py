"""Losses on scores alone: values and gradients against the oracle, stability, ties, bad input."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
import reference
from gdfast.objective.losses.table import COMPILED

MAKERS = {
    reference.HINGE: lambda margin: gd.Hinge(margin),
    reference.SQUARED_HINGE: lambda margin: gd.SquaredHinge(margin),
    reference.CROSS_ENTROPY: lambda margin: gd.CrossEntropy(),
    reference.SQUARED_ERROR: lambda margin: gd.SquaredError(),
    reference.HUBER: lambda margin: gd.Huber(margin),
}
CLASSIFIERS = [reference.HINGE, reference.SQUARED_HINGE, reference.CROSS_ENTROPY]


def targets(loss, rng, n, k):
    return rng.normal(size=(n, k)) if loss in reference.REGRESSIONS else rng.integers(0, k, n)


@pytest.mark.parametrize("loss", reference.LOSSES)
@settings(max_examples=40)
@given(
    n=st.integers(1, 40),
    k=st.integers(2, 23),
    margin=st.floats(0.01, 100),
    size=st.sampled_from([1e-3, 1.0, 30.0]),
    weighted=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_value_and_gradient_are_the_formula(loss, n, k, margin, size, weighted, seed):
    rng = np.random.default_rng(seed)
    scores, y = size * rng.normal(size=(n, k)), targets(loss, rng, n, k)
    weights = rng.uniform(0.1, 3, n) if weighted else None
    made = MAKERS[loss](margin)
    value, gradient = made.value_and_gradient(scores, y, sample_weight=weights)
    expected_value, expected_gradient = reference.mean_loss(loss, scores, y, weights, margin)
    assert type(value) is float
    assert value == pytest.approx(expected_value, rel=1e-12)
    np.testing.assert_allclose(
        gradient, expected_gradient, rtol=0, atol=1e-12 * max(1, np.abs(expected_gradient).max())
    )
    assert gradient.shape == scores.shape
    assert made.value(scores, y, sample_weight=weights) == value
    np.testing.assert_array_equal(made.gradient(scores, y, sample_weight=weights), gradient)


@pytest.mark.parametrize("loss", reference.LOSSES)
def test_float32_scores(loss):
    rng = np.random.default_rng(3)
    scores, y = rng.normal(size=(200, 10)).astype(np.float32), targets(loss, rng, 200, 10)
    value, gradient = MAKERS[loss](1.0).value_and_gradient(scores, y)
    expected_value, expected_gradient = reference.mean_loss(loss, scores, y)
    assert value == pytest.approx(expected_value, rel=1e-5)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=0, atol=1e-5 * np.abs(expected_gradient).max())


@pytest.mark.parametrize("loss", [reference.SQUARED_HINGE, reference.CROSS_ENTROPY, *reference.REGRESSIONS])
def test_gradient_is_the_difference_quotient_of_the_value(loss):
    rng = np.random.default_rng(1)
    scores, y, made = rng.normal(size=(6, 5)), targets(loss, rng, 6, 5), MAKERS[loss](1.0)
    quotient = reference.numerical_gradient(lambda s: made.value(s, y), scores, h=1e-6)
    np.testing.assert_allclose(made.gradient(scores, y), quotient, atol=1e-8)


def test_zero_scores_have_the_known_losses():
    scores, y = np.zeros((7, 10)), np.arange(7)
    assert gd.Hinge(2.5).value(scores, y) == pytest.approx(9 * 2.5, rel=1e-15)
    assert gd.SquaredHinge(2.5).value(scores, y) == pytest.approx(9 * 2.5**2, rel=1e-15)
    assert gd.CrossEntropy().value(scores, y) == pytest.approx(math.log(10), rel=1e-15)


@pytest.mark.parametrize("made", [gd.Hinge(0.5), gd.SquaredHinge(0.5)])
def test_lecture_7_a_tie_at_the_kink_does_not_count(made):
    # s_1 - s_0 + margin is exactly 0: no loss and no gradient.
    value, gradient = made.value_and_gradient(np.array([[1.0, 0.5]]), np.array([0]))
    assert value == 0.0
    np.testing.assert_array_equal(gradient, [[0.0, 0.0]])
    # One step of rounding further it does.
    gradient = made.gradient(np.array([[1.0, np.nextafter(0.5, 1)]]), np.array([0]))
    assert gradient[0, 1] > 0


@pytest.mark.parametrize("size", [1e2, 1e4, 1e100, 1e300])
def test_cross_entropy_is_stable_for_scores_of_any_size(size):
    scores = np.array([[size, 0.0, -size], [-size, 0.0, size], [size, size, size]])
    y = np.array([0, 1, 2])
    value, gradient = gd.CrossEntropy().value_and_gradient(scores, y)
    assert value == pytest.approx((0 + size + math.log(3)) / 3, rel=1e-14)
    expected = np.array([[0, 0, 0], [0, -1, 1], [1 / 3, 1 / 3, -2 / 3]]) / 3
    np.testing.assert_allclose(gradient, expected, atol=1e-15)


def test_cross_entropy_keeps_small_losses():
    # A sure and right answer: the loss is exp(-40), far below the rounding of 1.
    value = gd.CrossEntropy().value(np.array([[40.0, 0.0]]), np.array([0]))
    assert value == pytest.approx(math.exp(-40), rel=1e-10)


def test_squared_error_takes_one_output_as_a_plain_vector():
    scores, y = np.array([[1.0], [2.0], [4.0]]), np.array([1.0, 0.0, 1.0])
    value, gradient = gd.SquaredError().value_and_gradient(scores, y)
    assert value == pytest.approx((0 + 4 + 9) / 3)
    np.testing.assert_allclose(gradient, np.array([[0.0], [4.0], [6.0]]) / 3)


@pytest.mark.parametrize("loss", reference.LOSSES)
def test_nothing_is_changed_and_a_weight_of_two_is_a_row_twice(loss):
    rng = np.random.default_rng(2)
    scores, y = rng.normal(size=(4, 3)), targets(loss, rng, 4, 3)
    before, made = scores.copy(), MAKERS[loss](1.0)
    weighted = made.value(scores, y, sample_weight=np.array([1.0, 2.0, 0.0, 1.0]))
    repeated = [0, 1, 1, 3]
    assert weighted == pytest.approx(made.value(scores[repeated], y[repeated]), rel=1e-14)
    np.testing.assert_array_equal(scores, before)


def test_losses_are_frozen_settings():
    assert gd.Hinge() == gd.Hinge(1.0)
    assert gd.Hinge(2.0) != gd.SquaredHinge(2.0)
    assert repr(gd.Hinge(2.0)) == "Hinge(margin=2.0)"
    assert hash(gd.CrossEntropy()) == hash(gd.CrossEntropy())
    with pytest.raises(dataclasses.FrozenInstanceError):
        gd.Hinge().margin = 3.0


@pytest.mark.parametrize("kind", [gd.Hinge, gd.SquaredHinge])
@pytest.mark.parametrize(
    ("margin", "error"),
    [
        (0.0, ValueError),
        (-1.0, ValueError),
        (math.nan, ValueError),
        (math.inf, ValueError),
        ("1", TypeError),
        (True, TypeError),
    ],
)
def test_a_bad_margin_is_named(kind, margin, error):
    with pytest.raises(error, match="margin"):
        kind(margin)


SCORES, LABELS = np.zeros((3, 4)), np.array([0, 1, 3])


@pytest.mark.parametrize("loss", CLASSIFIERS)
@pytest.mark.parametrize(
    ("scores", "y", "error", "named"),
    [
        (SCORES, np.array([0, 1, 4]), ValueError, r"y\[2\] is 4"),
        (SCORES, np.array([0, -1, 3]), ValueError, r"y\[1\] is -1"),
        (SCORES, np.array([0, 1]), ValueError, "y"),
        (SCORES, np.array([0.0, 1.0, 3.0]), TypeError, "y"),
        (SCORES, LABELS[:, None], ValueError, "y"),
        (SCORES, np.array(["a", "b", "c"]), TypeError, "y"),
        (np.zeros(3), LABELS, ValueError, "scores"),
        (np.zeros((3, 4), dtype=np.int64), LABELS, TypeError, "scores"),
        (np.zeros((0, 4)), LABELS[:0], ValueError, "scores|y"),
        (np.array([[0.0, 0, 0, np.nan]] * 3), LABELS, ValueError, "scores"),
        (np.array([[0.0, 0, 0, np.inf]] * 3), LABELS, ValueError, "scores"),
        (np.ma.masked_array(SCORES, SCORES == 0), LABELS, TypeError, "scores"),
    ],
)
def test_bad_scores_and_labels_are_named(loss, scores, y, error, named):
    made = MAKERS[loss](1.0)
    for call in (made.value, made.gradient, made.value_and_gradient):
        with pytest.raises(error, match=named):
            call(scores, y)


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize(
    "weights", [[1.0, -1.0, 1.0], [1.0, np.nan, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0], [[1.0], [1.0], [1.0]]]
)
def test_bad_sample_weights_are_named(loss, weights):
    y = SCORES if loss in reference.REGRESSIONS else LABELS
    with pytest.raises(ValueError, match="sample_weight"):
        MAKERS[loss](1.0).value(SCORES, y, sample_weight=np.array(weights))


@pytest.mark.parametrize(
    ("y", "error"),
    [
        (np.zeros((3, 3)), ValueError),
        (np.zeros(3), ValueError),
        (np.full((3, 4), np.nan), ValueError),
        (np.zeros((2, 4)), ValueError),
        (np.full((3, 4), "a"), TypeError),
    ],
)
def test_bad_regression_targets_are_named(y, error):
    with pytest.raises(error, match="y"):
        gd.SquaredError().value(SCORES, y)


@pytest.mark.parametrize("kind", [kind for kind in COMPILED if kind.has_kinks], ids=lambda kind: kind.name)
@settings(max_examples=50)
@given(seed=st.integers(0, 2**32), k=st.integers(2, 6))
def test_kink_distances_are_how_far_a_score_moves_before_the_gradient_jumps(kind, seed, k):
    rng = np.random.default_rng(seed)
    scores, y, loss = rng.normal(size=(4, k)), rng.integers(0, k, 4), kind()
    found, here = loss.kink_distances(scores, y), loss.gradient(scores, y)
    for i in range(4):
        for c in range(k):
            distance = found.own[i].min() if c == y[i] else found.wrong[i, c]
            jumps = []
            for reach in ((1 - 1e-9) * distance, (1 + 1e-9) * distance):
                ahead, behind = scores.copy(), scores.copy()
                ahead[i, c] += reach
                behind[i, c] -= reach
                jumps.append(any((loss.gradient(moved, y) != here).any() for moved in (ahead, behind)))
            assert jumps == [False, True]
