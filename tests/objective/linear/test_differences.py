"""LECTURE 18: the structured numerical gradient is the brute-force difference quotient, only faster.

The steps here are LARGE: the quotient is then far from the derivative, so that an analytic gradient in disguise
fails, and the brute force loses nothing to cancellation.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
import reference
from gdfast.objective.capabilities import numerical_gradient

MAKERS = {
    reference.HINGE: gd.Hinge,
    reference.SQUARED_HINGE: gd.SquaredHinge,
    reference.CROSS_ENTROPY: lambda margin: gd.CrossEntropy(),
    reference.SQUARED_ERROR: lambda margin: gd.SquaredError(),
    reference.HUBER: lambda margin: gd.Huber(margin),
}


def pair(loss, seed=0, n=12, d=4, k=3, margin=1.0, bias=True, l1=0.0, l2=0.0, dtype=np.float64, **options):
    """The same problem twice: gdfast's and the oracle's; and weights."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 256, (n, d)) / 64 if dtype == np.uint8 else rng.normal(size=(n, d))
    X = X.astype(dtype)
    y = rng.normal(size=(n, k)) if loss in reference.REGRESSIONS else rng.integers(0, k, n)
    W = rng.normal(size=(k, d + bias))
    regularizer = gd.ElasticNet(l1, l2) if l1 or l2 else None
    classes = None if loss in reference.REGRESSIONS else k
    objective = gd.LinearObjective(X, y, MAKERS[loss](margin), regularizer, bias=bias, n_classes=classes, **options)
    return objective, reference.LinearProblem(X, y, loss, margin, l1, l2, bias, **options), W


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("scheme", ["centered", "forward"])
@settings(max_examples=25)
@given(
    n=st.integers(1, 20),
    d=st.integers(1, 9),
    k=st.integers(2, 7),
    h=st.sampled_from([0.5, 0.05, 1e-3]),
    margin=st.floats(0.1, 10),
    bias=st.booleans(),
    penalize_bias=st.booleans(),
    l1=st.sampled_from([0.0, 0.2]),
    l2=st.sampled_from([0.0, 0.3]),
    weighted=st.booleans(),
    moved=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_lecture_18_equals_brute_force(loss, scheme, n, d, k, h, weighted, moved, seed, **options):
    rng = np.random.default_rng(seed + 1)
    if weighted:
        options["sample_weight"] = rng.uniform(0.1, 2, n)
    if moved:
        options["mean"], options["scale"] = rng.normal(size=d), rng.uniform(0.5, 2, d)
    objective, problem, W = pair(loss, seed, n, d, k, **options)
    expected = reference.numerical_gradient(problem.value, W, h, scheme)
    quotient = objective.numerical_gradient(W, h=h, scheme=scheme)
    assert quotient.shape == W.shape
    np.testing.assert_allclose(quotient, expected, rtol=0, atol=2e-14 * (1 + problem.value(W)) / h)


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("scheme", ["centered", "forward"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8])
def test_differences_stay_in_float64_whatever_the_data_are(loss, scheme, dtype):
    objective, problem, W = pair(loss, n=40, d=20, k=5, dtype=dtype)
    expected = reference.numerical_gradient(problem.value, W, 1e-2, scheme)
    quotient = objective.numerical_gradient(W, h=1e-2, scheme=scheme)
    np.testing.assert_allclose(quotient, expected, rtol=0, atol=1e-10 * (1 + np.abs(expected).max()))


@pytest.mark.parametrize("loss", reference.LOSSES)
def test_default_is_the_derivative_to_many_digits(loss):
    objective, problem, W = pair(loss, seed=4, n=50)
    assert loss != reference.HINGE or problem.kink_crossings(W, 1e-5).sum() == 0
    np.testing.assert_allclose(objective.numerical_gradient(W), objective.gradient(W), atol=1e-9)


@pytest.mark.parametrize("scheme", ["centered", "forward"])
@pytest.mark.parametrize("loss", reference.LOSSES)
@settings(max_examples=20)
@given(coordinates=st.lists(st.integers(0, 14), min_size=1, max_size=20))
def test_chosen_coordinates_in_the_order_given(loss, scheme, coordinates):
    objective, _, W = pair(loss, l2=0.1)
    everything = objective.numerical_gradient(W, h=0.1, scheme=scheme)
    chosen = objective.numerical_gradient(W, h=0.1, scheme=scheme, coordinates=coordinates)
    assert chosen.shape == (len(coordinates),)
    np.testing.assert_allclose(chosen, everything.ravel()[coordinates], rtol=0, atol=1e-13)


@pytest.mark.parametrize("k", [1, 2, 11, 20, 100])
def test_any_number_of_outputs(k):
    objective, problem, W = pair(reference.SQUARED_ERROR, n=4, d=3, k=k)
    expected = reference.numerical_gradient(problem.value, W, 0.1)
    np.testing.assert_allclose(objective.numerical_gradient(W, h=0.1), expected, rtol=0, atol=1e-11 * k)


@pytest.mark.parametrize("loss", [reference.HINGE, reference.SQUARED_HINGE, reference.CROSS_ENTROPY])
@pytest.mark.parametrize("k", [11, 20, 60])
def test_any_number_of_classes(loss, k):
    objective, problem, W = pair(loss, n=9, d=3, k=k)
    expected = reference.numerical_gradient(problem.value, W, 0.1)
    np.testing.assert_allclose(objective.numerical_gradient(W, h=0.1), expected, rtol=0, atol=1e-11 * k)


def test_a_tiny_difference_of_large_losses_keeps_its_digits():
    # Every loss is about 1e6, every difference about 1e-6: the plain quotient would keep 4 digits.
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200, 3)), rng.integers(0, 3, 200)
    objective = gd.LinearObjective(X, y, gd.Hinge(1e6))
    W = rng.normal(size=(3, 4))
    np.testing.assert_allclose(objective.numerical_gradient(W, h=1e-6), objective.gradient(W), atol=1e-7)


@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("loss", reference.LOSSES)
def test_any_number_of_threads_gives_the_same_bits(loss, threads):
    objective, _, W = pair(loss, n=1500, d=30, k=5)
    gd.set_num_threads(1)
    alone = objective.numerical_gradient(W, h=1e-3)
    gd.set_num_threads(threads)
    np.testing.assert_array_equal(objective.numerical_gradient(W, h=1e-3), alone)


def test_weights_are_untouched_and_float32_weights_are_taken():
    objective, problem, W = pair(reference.CROSS_ENTROPY)
    W = W.astype(np.float32)
    before = W.copy()
    quotient = objective.numerical_gradient(W, h=0.1)
    np.testing.assert_array_equal(W, before)
    np.testing.assert_allclose(quotient, reference.numerical_gradient(problem.value, W, 0.1), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"h": 0.0}, ValueError, "h"),
        ({"h": -1e-5}, ValueError, "h"),
        ({"h": np.inf}, ValueError, "h"),
        ({"h": "1"}, TypeError, "h"),
        ({"scheme": "backward"}, ValueError, "scheme"),
        ({"scheme": None}, (TypeError, ValueError), "scheme"),
        ({"coordinates": [15]}, ValueError, "coordinates"),
        ({"coordinates": [-1]}, ValueError, "coordinates"),
        ({"coordinates": [0.5]}, TypeError, "coordinates"),
        ({"coordinates": [[0, 1]]}, ValueError, "coordinates"),
        ({"W": np.zeros((3, 4))}, ValueError, "W"),
        ({"W": np.zeros((3, 5), dtype=int)}, TypeError, "W"),
        ({"W": np.full((3, 5), np.nan)}, ValueError, "W"),
    ],
)
def test_bad_arguments_are_named(arguments, error, named):
    objective, _, W = pair(reference.HINGE)
    with pytest.raises(error, match=rf"\b{named}\b"):
        objective.numerical_gradient(**{"W": W, **arguments})


# Kinks.


@pytest.mark.parametrize("h", [1.0, 0.1, 0.02])
@pytest.mark.parametrize("bias", [True, False])
def test_kink_crossings_are_counted(h, bias):
    objective, problem, W = pair(reference.HINGE, seed=3, n=60, bias=bias)
    expected = problem.kink_crossings(W, h)
    assert expected.sum() > 0
    counts, _ = objective.kink_crossings(W, h)
    np.testing.assert_array_equal(counts, expected)
    chosen = [7, 2, 2, W.size - 1]
    np.testing.assert_array_equal(objective.kink_crossings(W, h, chosen)[0], expected.ravel()[chosen])


@pytest.mark.parametrize("l1", [0.0, 0.3])
@pytest.mark.parametrize("h", [1.0, 0.1, 1e-3])
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), weighted=st.booleans(), bias=st.booleans(), penalize_bias=st.booleans())
def test_crossings_explain_all_that_the_quotient_differs_from_the_gradient(l1, h, seed, weighted, **options):
    # Between kinks the hinge and L1 are straight lines: whatever is not the gradient comes from a crossing.
    if weighted:
        options["sample_weight"] = np.random.default_rng(seed).uniform(0.1, 2, 40)
    objective, _, W = pair(reference.HINGE, seed, n=40, l1=l1, **options)
    W[0, 0] = h / 3
    counts, excess = objective.kink_crossings(W, h)
    quotient = objective.numerical_gradient(W, h=h)
    np.testing.assert_allclose(quotient, objective.gradient(W) + excess, rtol=0, atol=1e-12 / h)
    np.testing.assert_array_equal(excess[counts == 0], 0)
    assert l1 == 0 or counts[0, 0] > 0


@pytest.mark.parametrize("loss", [reference.SQUARED_HINGE, reference.CROSS_ENTROPY, *reference.REGRESSIONS])
def test_smooth_losses_have_no_kinks(loss):
    objective, _, W = pair(loss)
    assert objective.kink_crossings(W, 0.5) is None


def test_l1_has_kinks_of_its_own():
    objective, _, W = pair(reference.CROSS_ENTROPY, l1=0.3)
    W[:] = 1.0
    W[1, 2], W[2, 0], W[0, -1] = 0.05, 0.0, 0.0  # the last is a bias, and not penalized
    counts, _ = objective.kink_crossings(W, 0.1)
    assert np.flatnonzero(counts).tolist() == [1 * 5 + 2, 2 * 5 + 0]


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("scheme", ["centered", "forward"])
@pytest.mark.parametrize("own_regularizer", [False, True])
def test_a_step_for_each_weight_is_its_own(loss, scheme, own_regularizer):
    objective, _, W = pair(loss, l2=0.3)
    if own_regularizer:

        class Cubes:
            def value(self, W):
                return float((np.abs(W) ** 3).sum())

            def gradient(self, W):
                return 3 * W * np.abs(W)

        objective = objective.with_terms(objective.loss, Cubes())
    h = np.random.default_rng(3).choice([0.5, 0.05, 1e-3], W.shape)
    found = objective.numerical_gradient(W, h, scheme)
    brute = gd.numerical_gradient(objective.value, W, h, scheme)
    np.testing.assert_allclose(found, brute, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(gd.numerical_gradient(objective.value, W, h.tolist(), scheme), brute)
    some = np.array([7, 0, 7, 3])
    assert np.array_equal(objective.numerical_gradient(W, h, scheme, some), found.ravel()[some])
    assert np.array_equal(
        objective.numerical_gradient(W, np.full(W.shape, 0.05), scheme), objective.numerical_gradient(W, 0.05, scheme)
    )


@pytest.mark.parametrize("scheme", ["centered", "forward"])
def test_auto_steps_are_relative_and_few(scheme):
    objective, _, W = pair(reference.CROSS_ENTROPY, l2=0.3)
    W[0, :3] = 0.0, 1e-7, 1e5
    gradient, passes = objective.gradient(W), objective.passes
    found = objective.numerical_gradient(W, "auto", scheme)
    assert objective.passes - passes <= 12
    size = np.maximum(np.abs(gradient), 1e-2)
    assert (
        np.abs(found - gradient) <= (1e-7 if scheme == "centered" else 1e-5) * size * np.maximum(1, 1e-5 * np.abs(W))
    ).all()


@pytest.mark.parametrize(
    ("h", "error", "words"),
    [
        (np.ones(3), ValueError, "h must be a number or have x's shape"),
        (np.zeros((3, 5)), ValueError, "h must be > 0"),
        ("relative", TypeError, "h must be a real number, an array of them or 'auto'"),
        (np.ones((3, 5), dtype=complex), TypeError, "h must hold real numbers"),
    ],
)
def test_steps_that_are_none_are_refused(h, error, words):
    objective, _, W = pair(reference.HINGE)
    for take in (objective.numerical_gradient, lambda W, h: numerical_gradient(objective, W, h)):
        with pytest.raises(error, match=words):
            take(W, h)
