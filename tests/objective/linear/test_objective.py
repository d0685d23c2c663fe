"""LinearObjective against the oracle: every loss, option and mini-batch."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gdfast as gd
import reference

MAKERS = {
    reference.HINGE: gd.Hinge,
    reference.SQUARED_HINGE: gd.SquaredHinge,
    reference.CROSS_ENTROPY: lambda margin: gd.CrossEntropy(),
    reference.SQUARED_ERROR: lambda margin: gd.SquaredError(),
    reference.HUBER: lambda margin: gd.Huber(margin),
}
CLASSIFIERS = [reference.HINGE, reference.SQUARED_HINGE, reference.CROSS_ENTROPY]


def build(problem: reference.LinearProblem, n_classes: int | None = None) -> gd.LinearObjective:
    """The same problem, as gdfast states it."""
    regularizer = {
        (False, False): None,
        (True, False): gd.L1(problem.l1) if problem.l1 else None,
        (False, True): gd.L2(problem.l2) if problem.l2 else None,
        (True, True): gd.ElasticNet(problem.l1, problem.l2),
    }[problem.l1 > 0, problem.l2 > 0]
    return gd.LinearObjective(
        problem.X,
        problem.y,
        MAKERS[problem.loss](problem.margin),
        regularizer,
        bias=problem.bias,
        penalize_bias=problem.penalize_bias,
        sample_weight=problem.sample_weight,
        mean=problem.mean,
        scale=problem.scale,
        n_classes=n_classes,
    )


def draw(loss, seed=0, n=30, d=5, k=4, bias=True, **options):
    """A random problem and weights."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n, k)) if loss in reference.REGRESSIONS else np.append(rng.integers(0, k, n - 1), k - 1)
    problem = reference.LinearProblem(rng.normal(size=(n, d)), y, loss, bias=bias, **options)
    return problem, rng.normal(size=(k, d + bias)), rng


def assert_same(objective, problem, W, tolerance=1e-12):
    value, gradient = objective.value_and_gradient(W)
    expected = problem.gradient(W)
    assert type(value) is float
    assert value == pytest.approx(problem.value(W), rel=tolerance)
    assert gradient.dtype == W.dtype
    assert gradient.shape == W.shape == objective.shape
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=tolerance * max(1, np.abs(expected).max()))
    assert objective.value(W) == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(objective.gradient(W), gradient, rtol=0, atol=1e-14 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("loss", reference.LOSSES)
@settings(max_examples=60)
@given(
    n=st.integers(1, 40),
    d=st.integers(1, 20),
    k=st.integers(2, 13),
    seed=st.integers(0, 2**32),
    options=st.fixed_dictionaries(
        {
            "margin": st.floats(0.1, 10),
            "bias": st.booleans(),
            "penalize_bias": st.booleans(),
            "l1": st.sampled_from([0.0, 0.2]),
            "l2": st.sampled_from([0.0, 0.3]),
        }
    ),
    weighted=st.booleans(),
    centred=st.booleans(),
    scaled=st.booleans(),
)
def test_lecture_4_value_and_gradient_are_the_formula(loss, n, d, k, seed, options, weighted, centred, scaled):
    rng = np.random.default_rng(seed)
    problem, W, _ = draw(
        loss,
        seed,
        n,
        d,
        k,
        **options,
        sample_weight=rng.uniform(0.1, 3, n) if weighted else None,
        mean=rng.normal(size=d) if centred else None,
        scale=rng.uniform(0.3, 3, d) if scaled else None,
    )
    assert_same(build(problem), problem, W)


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_gradient_has_the_weights_dtype(loss, dtype):
    problem, W, _ = draw(loss, l2=0.1)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    assert_same(build(problem), problem, W.astype(dtype), tolerance)


@pytest.mark.parametrize("loss", reference.LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8])
def test_narrow_data(loss, dtype):
    problem, W, rng = draw(loss, n=200, d=20)
    X = rng.integers(0, 256, (200, 20)) if dtype == np.uint8 else problem.X
    X = X.astype(dtype)
    problem = reference.LinearProblem(
        X, problem.y, loss, mean=np.full(20, 0.5), scale=np.full(20, 100.0 if dtype == np.uint8 else 1.0)
    )
    assert_same(build(problem), problem, W, 1e-5)


def test_lecture_1_scores_margins_predictions_and_accuracy():
    problem, W, rng = draw(reference.HINGE, margin=0.7, mean=np.arange(5.0), scale=np.arange(1.0, 6.0))
    objective = build(problem)
    np.testing.assert_allclose(objective.scores(W), problem.scores(W), atol=1e-12)
    wrong = np.arange(4)[None, :] != problem.y[:, None]
    np.testing.assert_allclose(objective.margins(W)[wrong], problem.margins(W)[wrong], atol=1e-12)
    np.testing.assert_array_equal(objective.predict(W), problem.predict(W))
    assert objective.accuracy(W) == pytest.approx(problem.accuracy(W))
    others = rng.normal(size=(17, 5))
    elsewhere = reference.LinearProblem(others, np.zeros(17, int), mean=problem.mean, scale=problem.scale)
    np.testing.assert_array_equal(objective.predict(W, others), elsewhere.predict(W))


def test_the_first_of_equal_scores_is_predicted():
    objective = gd.LinearObjective(np.ones((3, 2)), np.array([0, 1, 2]))
    np.testing.assert_array_equal(objective.predict(np.zeros((3, 3))), [0, 0, 0])


def test_regression_with_one_output():
    rng = np.random.default_rng(0)
    X, y, W = rng.normal(size=(20, 3)), rng.normal(size=20), rng.normal(size=(1, 4))
    objective = gd.LinearObjective(X, y, gd.SquaredError())
    assert_same(objective, reference.LinearProblem(X, y, reference.SQUARED_ERROR), W)
    # LECTURE 33: the gradient of the average squared loss.
    residuals = objective.scores(W)[:, 0] - y
    expected = 2 / 20 * np.append(X.T @ residuals, residuals.sum())
    np.testing.assert_allclose(objective.gradient(W), [expected], rtol=1e-12)
    predictions = objective.predict(W)
    np.testing.assert_allclose(np.ravel(predictions), X @ W[0, :3] + W[0, 3], rtol=1e-12)


def test_what_it_is():
    X, y = np.zeros((6, 3), dtype=np.uint8), np.array([0, 1, 2, 0, 1, 2])
    objective = gd.LinearObjective(X, y)
    assert (objective.n_samples, objective.n_features, objective.n_classes) == (6, 3, 3)
    assert objective.shape == (3, 4)
    assert gd.LinearObjective(X, y, bias=False).shape == (3, 3)
    assert gd.LinearObjective(X, y, n_classes=7).shape == (7, 4)
    assert gd.LinearObjective(X, np.zeros((6, 2)), gd.SquaredError()).shape == (2, 4)
    assert gd.LinearObjective(X, np.zeros(6), gd.SquaredError()).shape == (1, 4)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64, np.uint64, ">i4"])
def test_labels_of_any_integer_type(dtype):
    problem, W, _ = draw(reference.HINGE)
    assert gd.LinearObjective(problem.X, problem.y.astype(dtype)).value(W) == build(problem).value(W)


def test_labels_as_a_list_and_more_classes_than_labels():
    problem, _, rng = draw(reference.CROSS_ENTROPY)
    W = rng.normal(size=(9, 6))
    objective = gd.LinearObjective(problem.X, problem.y.tolist(), gd.CrossEntropy(), n_classes=9)
    assert_same(objective, problem, W)


def test_data_are_neither_copied_nor_changed():
    X = np.random.default_rng(0).normal(size=(4000, 300))
    y, before = np.arange(4000) % 10, X.copy()
    for data in (X, np.asfortranarray(X), X.astype(np.float32)):
        W = np.zeros((10, 301))
        tracemalloc.start()
        try:
            gd.LinearObjective(data, y, mean=np.zeros(300), scale=np.ones(300)).value_and_gradient(W)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < data.nbytes / 4
    np.testing.assert_array_equal(X, before)


def test_every_call_with_data_is_counted_in_passes():
    problem, W, _ = draw(reference.HINGE, n=40)
    objective = build(problem)
    assert objective.passes == 0
    for number, call in enumerate((objective.value, objective.gradient, objective.value_and_gradient), start=1):
        call(W)
        assert objective.passes == pytest.approx(number)
    batch = objective.rows(np.arange(10))
    batch.gradient(W)
    assert objective.passes == pytest.approx(3.25)


# Mini-batches.


@pytest.mark.parametrize("loss", reference.LOSSES)
@settings(max_examples=25)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_lecture_35_a_mini_batch_is_the_mean_over_its_rows(loss, data, seed):
    problem, W, _ = draw(loss, seed, l2=0.1, mean=np.full(5, 0.3))
    rows = data.draw(st.lists(st.integers(0, 29), min_size=1, max_size=50))
    batch = build(problem, None if loss in reference.REGRESSIONS else 4).rows(rows)
    expected = reference.LinearProblem(problem.X[rows], problem.y[rows], loss, l2=0.1, mean=problem.mean)
    assert_same(batch, expected, W)
    assert batch.n_samples == len(rows)


@pytest.mark.parametrize("loss", reference.LOSSES)
def test_the_mean_of_all_mini_batch_gradients_is_the_gradient(loss):
    rng = np.random.default_rng(5)
    problem, W, _ = draw(loss, sample_weight=rng.uniform(0, 3, 30), l2=0.1)
    objective = build(problem)
    batches = rng.permutation(30).reshape(6, 5)
    mean = sum(objective.rows(rows).gradient(W) for rows in batches) / 6
    np.testing.assert_allclose(mean, objective.gradient(W), atol=1e-12)
    values = sum(objective.rows(rows).value(W) for rows in batches) / 6
    assert values == pytest.approx(objective.value(W), rel=1e-12)


def test_a_mini_batch_keeps_the_classes_and_can_be_cut_again():
    problem, W, _ = draw(reference.HINGE)
    objective = build(problem)
    low = np.flatnonzero(problem.y == 0)
    assert objective.rows(low).shape == objective.shape
    again = objective.rows(np.array([3, 8, 9])).rows([2, 0])
    assert again.value(W) == pytest.approx(objective.rows([9, 3]).value(W), rel=1e-14)
    np.testing.assert_allclose(again.scores(W), problem.scores(W)[[9, 3]], atol=1e-12)


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([], ValueError),
        ([-1], ValueError),
        ([0, 30], ValueError),
        ([0.0, 1.0], TypeError),
        ([[0, 1]], ValueError),
        ("01", (TypeError, ValueError)),
        (None, (TypeError, ValueError)),
        (np.ma.masked_array([0, 1], [False, True]), TypeError),
    ],
)
def test_bad_rows_are_named(rows, error):
    problem, _, _ = draw(reference.HINGE)
    with pytest.raises(error, match="indices"):
        build(problem).rows(rows)


def test_weights_in_any_layout():
    problem, W, _ = draw(reference.CROSS_ENTROPY)
    objective, expected = build(problem), build(problem).gradient(W)
    padded = np.zeros((8, 12))
    padded[::2, ::2] = W
    backwards = W[::-1, ::-1].copy()[::-1, ::-1]
    frozen = W.copy()
    frozen.flags.writeable = False
    misaligned = np.zeros(W.nbytes + 1, dtype=np.uint8)[1:].view(W.dtype).reshape(W.shape)
    misaligned[...] = W
    for same in (np.asfortranarray(W), padded[::2, ::2], backwards, frozen, misaligned):
        np.testing.assert_array_equal(objective.gradient(same), expected)


@pytest.mark.parametrize("loss", CLASSIFIERS)
def test_lecture_39_the_first_loss(loss):
    expected = {reference.HINGE: 9 * 0.5, reference.SQUARED_HINGE: 9 * 0.25, reference.CROSS_ENTROPY: math.log(10)}
    rng = np.random.default_rng(0)
    objective = gd.LinearObjective(rng.normal(size=(100, 8)), np.arange(100) % 10, MAKERS[loss](0.5))
    assert objective.value(np.zeros((10, 9))) == pytest.approx(expected[loss], rel=1e-14)


@pytest.mark.parametrize("batch", [False, True])
def test_the_same_rows_under_other_terms(batch):
    rng = np.random.default_rng(0)
    X, y, W = rng.normal(size=(40, 3)), np.arange(40) % 4, rng.normal(size=(4, 4))
    whole = gd.LinearObjective(X, y, gd.Hinge(), gd.L2(0.1), sample_weight=rng.random(40))
    objective = whole.rows(np.arange(5, 20)) if batch else whole
    other = objective.with_terms(gd.CrossEntropy(), gd.L1(0.2))
    expected = gd.LinearObjective(
        X, y, gd.CrossEntropy(), gd.L1(0.2), sample_weight=whole.linear_problem.rows.sample_weight
    )
    expected = expected.rows(np.arange(5, 20)) if batch else expected
    before = whole.passes
    np.testing.assert_array_equal(other.gradient(W), expected.gradient(W))
    assert other.value(W) == expected.value(W)
    assert (objective.loss, objective.regularizer) == (gd.Hinge(), gd.L2(0.1))
    assert whole.passes - before == pytest.approx(2 * objective.n_samples / 40)
    with pytest.raises(ValueError, match="loss must be one for the same y"):
        objective.with_terms(gd.SquaredError(), None)


def test_the_labels_and_the_indices_are_those_of_the_rows():
    X, y = np.zeros((6, 2)), np.array([0, 1, 2, 0, 1, 2])
    objective = gd.LinearObjective(X, y)
    assert objective.y.tolist() == y.tolist()
    assert objective.indices.tolist() == [0, 1, 2, 3, 4, 5]
    batch = objective.rows(np.array([5, 4, 4, 0])).rows(np.array([1, 3]))
    assert (batch.y.tolist(), batch.indices.tolist()) == ([1, 0], [4, 0])
    targets = gd.LinearObjective(X, np.arange(6.0), gd.SquaredError()).rows(np.array([2]))
    assert targets.y.tolist() == [[2.0]]
