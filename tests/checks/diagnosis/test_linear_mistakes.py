"""Bugs of linear objectives are named: their mistakes are computed independently."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdfast as gd
from diagnoses import diagnose, generator, sample
from gdfast.checks.diagnosis import name_bugs
from gdfast.checks.diagnosis.linear_mistakes import known_mistakes

N, D, K = 17, 5, 4


def linear(loss, regularizer=None, seed=0, kind="float64", **more):
    """An objective, dense X in float64 with its ones, labels, a point."""
    rng = generator(seed)
    X = rng.normal(size=(N, D))
    if kind == "uint8":
        X = rng.integers(0, 9, size=(N, D)).astype(np.float64)
    if kind == "sparse":
        X *= rng.random((N, D)) < 0.5
    y = rng.integers(0, K, N)
    y[:K] = range(K)
    given = X.astype(np.uint8 if kind == "uint8" else np.float32 if kind == "float32" else np.float64)
    if kind == "sparse":
        sparse = pytest.importorskip("scipy.sparse")
        given = sparse.csr_array(X)
    wide = np.asarray(given.todense() if kind == "sparse" else given, dtype=np.float64)
    Z = np.hstack([wide, np.ones((N, 1))]) if more.get("bias", True) else wide
    W = rng.normal(size=(K, Z.shape[1])) * (0.3 if kind == "uint8" else 1.0)
    return gd.LinearObjective(given, y, loss, regularizer, **more), Z, y, W


def named(objective, W, wrong, coordinates=None):
    """What is said of a wrong gradient, beside quotients after kink correction."""
    numerical = objective.numerical_gradient(W, h=1e-6)
    kinks = objective.kink_crossings(W, h=1e-6)
    if kinks is not None:
        numerical = numerical - kinks[1]
    chosen = np.arange(W.size) if coordinates is None else coordinates
    return name_bugs(objective, W, chosen, np.ravel(wrong)[chosen], numerical.ravel()[chosen])


def hinge_counts(Z, y, W, margin=1.0, keep_own=False, squared=False):
    """Slow loops: the derivative of each sample's loss by its scores, times N."""
    A = np.zeros((len(y), len(W)))
    for i in range(len(y)):
        scores = W @ Z[i]
        for j in range(len(W)):
            term = scores[j] - scores[y[i]] + margin
            if (j != y[i] and term > 0) or (j == y[i] and keep_own):
                slope = 2 * term if squared else 1.0
                A[i, j] += slope if j != y[i] else 0
                A[i, y[i]] -= slope
    return A


def without_right(A, y):
    return np.where(np.arange(A.shape[1]) == y[:, None], 0.0, A)


def largest_only(Z, y, W):
    """Crammer and Singer's."""
    A = np.zeros((len(y), len(W)))
    for i in range(len(y)):
        terms = W @ Z[i] - W[y[i]] @ Z[i] + 1
        terms[y[i]] = -np.inf
        if terms.max() > 0:
            A[i, terms.argmax()] += 1
            A[i, y[i]] -= 1
    return A


KINDS = ["float64", "float32", "uint8", "sparse"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampled", [False, True])
def test_the_hinges_mistakes(kind, sampled):
    objective, Z, y, W = linear(gd.Hinge(), kind=kind)
    A = hinge_counts(Z, y, W)
    np.testing.assert_allclose(A.T @ Z / N, objective.gradient(W), rtol=1e-5, atol=1e-5)
    coordinates = sample(W, 14) if sampled else None
    once = np.where(np.arange(K) == y[:, None], -np.minimum(1.0, -A), A)
    for wrong, name in (
        (without_right(A, y), "correct-class row missing:"),
        (A - without_right(A, y), "wrong classes' rows missing:"),
        (hinge_counts(Z, y, W, keep_own=True), ">= for >:"),
        (hinge_counts(Z, y, W, 1e-9), "another margin: the gradient's terms begin at a margin of 0,"),
        (hinge_counts(Z, y, W, 2.0), "another margin: the gradient's terms begin at a margin of 2,"),
        (once, "correct-class row counted once"),
        (hinge_counts(Z, y, W, 1e9), "max(0, .) left out:"),
        (hinge_counts(Z, y, W, squared=True) / 2, "margins in place of counts:"),
        (hinge_counts(Z, (y + 1) % K, W), "off by one class: the gradient takes class y_i + 1"),
        (hinge_counts(Z, (y - 1) % K, W), "off by one class: the gradient takes class y_i - 1"),
        (largest_only(Z, y, W), "only the largest term counted:"),
        (N * A, "missing factor 1/N:"),
        (A / N, "extra factor 1/N:"),
        (-A, "sign flipped:"),
    ):
        assert named(objective, W, wrong.T @ Z / N, coordinates)[0].startswith(name)


@pytest.mark.parametrize("margin", [0.5, 2.0])
def test_the_squared_hinges_mistakes(margin):
    objective, Z, y, W = linear(gd.SquaredHinge(margin), gd.L2(0.05))
    penalty = reference_penalty(objective, W)
    A = hinge_counts(Z, y, W, margin, squared=True)
    for wrong, name in (
        (without_right(A, y), "correct-class row missing:"),
        (hinge_counts(Z, y, W, 1.0, squared=True), "another margin: the gradient's terms begin at a margin of 1, the "),
        (A / 2, "missing factor 2 in the data's part:"),
        (hinge_counts(Z, y, W, margin), "counts in place of margins: the gradient counts the"),
        (2 * hinge_counts(Z, y, W, margin), "counts in place of margins: the gradient counts twice"),
    ):
        assert named(objective, W, wrong.T @ Z / N + penalty)[0].startswith(name)


def reference_penalty(objective, W):
    penalty = np.zeros_like(W)
    part = slice(None) if objective.penalize_bias or not objective.bias else slice(-1)
    penalty[:, part] = objective.regularizer.gradient(W[:, part])
    return penalty


def softmax_slopes(Z, y, W):
    p = np.exp(Z @ W.T)
    p /= p.sum(axis=1, keepdims=True)
    return p - (np.arange(W.shape[0]) == y[:, None])


@pytest.mark.parametrize("regularizer", [gd.L2(0.1), gd.L1(0.1), gd.ElasticNet(0.1, 0.2)])
@pytest.mark.parametrize("penalize_bias", [False, True])
def test_the_mistakes_of_a_regularizer(regularizer, penalize_bias):
    objective, Z, y, W = linear(gd.CrossEntropy(), regularizer, penalize_bias=penalize_bias)
    data, penalty = softmax_slopes(Z, y, W).T @ Z / N, reference_penalty(objective, W)
    np.testing.assert_allclose(data + penalty, objective.gradient(W), rtol=1e-12)
    other = regularizer.gradient(W)
    if penalize_bias:
        other[:, -1] = 0
    said = "regularizer missing on the bias:" if penalize_bias else "regularizer on the bias:"
    cases = [
        (data + other, said),
        (data, "regularizer missing:"),
        (data - penalty, "sign flipped in the regularizer's part:"),
        (data + 2 * penalty, "regularizer twice:"),
        (data + penalty / N, "extra factor 1/N in the regularizer's part:"),
        (penalty - data, "sign flipped in the data's part:"),
        (penalty, "the data's part is missing:"),
        (N * data + penalty, "missing factor 1/N:"),
        (data / N + penalty, "extra factor 1/N:"),
        (N * (data + penalty), "missing factor 1/N:"),
        (-data - penalty, "sign flipped:"),
    ]
    if not isinstance(regularizer, gd.L1):
        strength = 0.1 if isinstance(regularizer, gd.L2) else 0.2
        half = strength * W
        half[:, -1] *= penalize_bias
        cases.append((data + penalty - half, "regularizer without the factor 2:"))
    for wrong, name in cases:
        assert named(objective, W, wrong)[0].startswith(name)


@pytest.mark.parametrize("kind", KINDS)
def test_the_mistakes_of_softmax(kind):
    objective, Z, y, W = linear(gd.CrossEntropy(), kind=kind)
    A, S, own = softmax_slopes(Z, y, W), Z @ W.T, np.eye(K)[y]
    for wrong, name in (
        (without_right(A, y), "correct-class row missing:"),
        (A + (np.arange(K) == y[:, None]), "correct-class row missing its -1:"),
        (np.exp(S) - own, "softmax not normalized: the gradient takes exp(s) for"),
        (np.exp(S - S.max(axis=1, keepdims=True)) - own, "softmax not normalized: the gradient takes exp(s - max)"),
        (np.exp(S) / np.exp(S).sum(axis=0) - own, "softmax over the samples: exp(s) is"),
        (A + own - N * own, "1 subtracted after the mean:"),
        (softmax_slopes(Z, (y + 1) % K, W), "off by one class:"),
    ):
        assert named(objective, W, wrong.T @ Z / N)[0].startswith(name)


def test_the_mistakes_of_weighted_samples():
    weights = generator(8).uniform(0, 3, N)
    weights[3] = 0
    objective, Z, y, W = linear(gd.CrossEntropy(), sample_weight=weights)
    A = softmax_slopes(Z, y, W)
    for wrong, name in (
        (A.T @ Z / N, "sample_weight ignored:"),
        ((A * weights[:, None]).T @ Z, "missing factor 1/N: N is the sum of sample_weight"),
        ((without_right(A, y) * weights[:, None]).T @ Z / weights.sum(), "correct-class row missing:"),
    ):
        assert named(objective, W, wrong)[0].startswith(name)


@pytest.mark.parametrize("centred", [False, True])
def test_the_mistakes_on_standardized_features(centred):
    rng = generator(11)
    mean, scale = (rng.normal(size=D) if centred else None), rng.uniform(0.5, 2, D)
    X, y, W = rng.normal(size=(N, D)), np.arange(N) % K, rng.normal(size=(K, D + 1))
    objective = gd.LinearObjective(X, y, gd.Hinge(), mean=mean, scale=scale)
    Z = np.hstack([(X - (mean if centred else 0)) / scale, np.ones((N, 1))])
    A = hinge_counts(Z, y, W)
    np.testing.assert_allclose(A.T @ Z / N, objective.gradient(W), rtol=1e-9, atol=1e-12)
    assert named(objective, W, without_right(A, y).T @ Z / N)[0].startswith("correct-class row missing:")
    assert named(objective, W, A.T @ Z)[0].startswith("missing factor 1/N:")
    for name, forgotten in (
        ("features not standardized:" if centred else "scale forgotten:", X),
        ("mean forgotten:" if centred else "scale forgotten:", X / scale if centred else X),
        ("scale forgotten:", X - (mean if centred else 0)),
    ):
        assert named(objective, W, A.T @ np.hstack([forgotten, np.ones((N, 1))]) / N)[0].startswith(name)
    assert named(objective, W, A.T @ np.hstack([Z[:, :-1], np.zeros((N, 1))]) / N)[0].startswith("bias column missing:")


def test_a_wide_linear_objective_is_judged_by_some_columns():
    rng = generator(12)
    X, y, W = rng.normal(size=(40, 500)), np.arange(40) % K, rng.normal(size=(K, 501)) / 20
    objective = gd.LinearObjective(X, y, gd.Hinge(), gd.L2(0.1))
    Z = np.hstack([X, np.ones((40, 1))])
    wrong = without_right(hinge_counts(Z, y, W), y).T @ Z / 40 + reference_penalty(objective, W)
    for coordinates in (None, np.sort(rng.choice(W.size, 100, replace=False)), rng.permutation(W.size)[:30]):
        assert named(objective, W, wrong, coordinates)[0].startswith("correct-class row missing:")


def test_the_mistakes_of_least_squares():
    rng = generator(9)
    X, targets, W = rng.normal(size=(N, D)), rng.normal(size=(N, 3)), rng.normal(size=(3, D + 1))
    objective = gd.LinearObjective(X, targets, gd.SquaredError(), gd.L2(0.1))
    Z = np.hstack([X, np.ones((N, 1))])
    data, penalty = 2 * (Z @ W.T - targets).T @ Z / N, reference_penalty(objective, W)
    assert named(objective, W, data / 2 + penalty)[0].startswith("missing factor 2 in the data's part:")
    assert named(objective, W, N * data + penalty)[0].startswith("missing factor 1/N:")


def test_a_mini_batch_has_its_own_mistakes():
    objective, Z, y, W = linear(gd.Hinge())
    rows = np.array([3, 1, 4, 1, 5, 9])
    A = hinge_counts(Z[rows], y[rows], W)
    said = named(objective.rows(rows), W, without_right(A, y[rows]).T @ Z[rows] / 6)
    assert said[0].startswith("correct-class row missing:")
    assert "N = 6" in named(objective.rows(rows), W, A.T @ Z[rows])[0]
    assert "another N: the sum is divided by all 17" in named(objective.rows(rows), W, A.T @ Z[rows] / N)[0]
    for other, name in (
        (hinge_counts(Z, y, W).T @ Z / N, "whole data set:"),
        (hinge_counts(Z[:6], y[:6], W).T @ Z[:6] / 6, "other samples:"),
        (hinge_counts(Z[rows], y[:6], W).T @ Z[rows] / 6, "other samples' labels:"),
    ):
        assert named(objective.rows(rows), W, other)[0].startswith(name)


def test_ties_counted_are_named_where_they_are_no_accident():
    rng = generator(10)
    X, y = rng.integers(-2, 3, size=(N, D)).astype(np.float64), rng.integers(0, K, N)
    y[:K] = range(K)
    W = rng.integers(-1, 2, size=(K, D + 1)).astype(np.float64)
    objective = gd.LinearObjective(X, y, gd.Hinge())
    Z = np.hstack([X, np.ones((N, 1))])
    tied = hinge_counts(Z, y, W, 1 + 1e-9)
    assert not np.array_equal(tied, hinge_counts(Z, y, W))
    assert named(objective, W, tied.T @ Z / N)[0].startswith(">= for > at ties:")


@pytest.mark.parametrize("loss", [gd.Hinge(), gd.Hinge(0.3), gd.SquaredHinge(), gd.CrossEntropy()])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("regularizer", [None, gd.L2(0.1), gd.L1(0.1)])
def test_a_right_linear_gradient_has_no_bug(loss, kind, regularizer):
    objective, _, _, W = linear(loss, regularizer, kind=kind)
    right = objective.gradient(W)
    assert diagnose(right, right, W, objective) == ()


@given(seed=st.integers(0, 1000))
def test_unknown_errors_of_a_linear_gradient_have_no_name(seed):
    objective, _, _, W = linear(gd.Hinge(), gd.L2(0.1), seed)
    right = objective.gradient(W)
    assert len(diagnose(right + generator(seed).normal(size=W.shape), right, W, objective)) == 1


def test_a_row_that_is_never_written_is_placed():
    objective, _, _, W = linear(gd.Hinge())
    wrong = objective.gradient(W)
    wrong[2] = 0
    (said,) = named(objective, W, wrong)
    assert "all of them in row 2. There: zero gradient:" in said


def test_every_sentence_ends_with_a_remedy():
    objective, _, _, W = linear(gd.Hinge(), gd.ElasticNet(0.1, 0.1), sample_weight=np.arange(1.0, N + 1))
    sentences = [sentence for sentence, _ in known_mistakes(objective, W, np.arange(D + 1))]
    assert len(sentences) == len(set(sentences)) > 15
    assert all(";" in sentence and sentence.endswith(".") for sentence in sentences)


def test_the_point_is_not_touched():
    objective, _, _, W = linear(gd.SquaredHinge(), gd.L2(0.1))
    W.flags.writeable = False
    assert named(objective, W, -objective.gradient(W))[0].startswith("sign flipped:")
