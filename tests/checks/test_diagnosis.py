"""Diagnosis: every known bug is named on several functions and shapes; right and unknown ones get no name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdfast as gd
from gdfast.checks.diagnosis import name_bugs

N, D, K = 17, 5, 4
SHAPES = [(6,), (4, 5), (5, 5), (2, 3, 4), (3, 3, 3)]


def generator(seed=0):
    return np.random.default_rng(seed)


def numbers(shape, seed=0):
    """Numbers of either sign, none small."""
    rng = generator(seed)
    return rng.uniform(0.5, 1.5, size=shape) * rng.choice([-1.0, 1.0], size=shape)


def diagnose(analytic, right, point=None, objective=None, coordinates=None, noise=1e-9, **more):
    """name_bugs with quotients that are right but for relative noise."""
    point = numbers(right.shape, 99) if point is None else point
    chosen = np.arange(right.size) if coordinates is None else coordinates
    analytic = np.asarray(analytic, dtype=np.float64).ravel()[chosen]
    numerical = np.asarray(right, dtype=np.float64).ravel()[chosen]
    numerical = numerical + noise * np.abs(numerical).max() * generator(1).normal(size=numerical.size)
    return name_bugs(objective, point, chosen, analytic, numerical, **more)


def sample(right, n=12):
    return np.sort(generator(5).choice(right.size, min(n, right.size), replace=False))


# Any function


@pytest.mark.parametrize("noise", [1e-9, 1e-4])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize(
    ("factor", "name"),
    [
        (-1, "sign flipped"),
        (2, "factor 2 too many"),
        (0.5, "missing factor 2"),
        (23, "missing factor 1/N"),
        (1 / 23, "extra factor 1/N"),
        (-23, "missing factor 1/N, and sign flipped"),
        (3.7, "constant factor"),
        (0, "zero gradient"),
    ],
)
def test_a_constant_factor_is_named_on_any_shape(factor, name, shape, sampled, noise):
    right = numbers(shape)
    said = diagnose(factor * right, right, coordinates=sample(right) if sampled else None, noise=noise)
    assert said[0].startswith(name + ":")
    assert len(said) == 2


class Averages:
    """Any objective that says how many samples it averages."""

    n_samples = 37


@pytest.mark.parametrize(("factor", "name"), [(37, "missing factor 1/N:"), (1 / 37, "extra factor 1/N:")])
def test_n_of_the_objective_is_the_n_that_is_named(factor, name):
    right = numbers((3, 4))
    said = diagnose(factor * right, right, objective=Averages())
    assert said[0].startswith(name)
    assert "N = 37" in said[0]
    assert diagnose(23 * right, right, objective=Averages())[0].startswith("constant factor:")


@given(
    factor=st.floats(1e-6, 1e6).filter(lambda r: abs(r - 1) > 0.01),
    sign=st.sampled_from([-1.0, 1.0]),
    size=st.integers(3, 40),
    seed=st.integers(0, 1000),
    exponent=st.integers(-150, 150),
)
def test_every_ratio_is_seen_whatever_the_scale(factor, sign, size, seed, exponent):
    right = numbers((size,), seed) * 10.0**exponent
    (name, place) = diagnose(sign * factor * right, right)
    assert any(word in name for word in ("factor", "sign flipped"))
    assert ("sign flipped" in name) == (sign < 0) or name.startswith("constant factor: ")
    assert place == f"Wrong: {size} of {size} checked coordinates."


@given(size=st.integers(1, 40), seed=st.integers(0, 1000))
def test_a_flipped_sign_is_seen_from_one_coordinate_on(size, seed):
    right = numbers((size,), seed)
    assert diagnose(-right, right)[0].startswith("sign flipped:")


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (1, 4), (4, 1), (1, 1, 3)])
def test_flat_shapes_are_no_obstacle(shape):
    right = np.asarray(numbers((math.prod(shape),)).reshape(shape))
    assert diagnose(-right, right)[0].startswith("sign flipped:")
    assert diagnose(0 * right, right)[0].startswith("zero gradient:")


@pytest.mark.parametrize(("shape", "axes"), [((5, 5), (1, 0)), ((3, 3, 4), (1, 0, 2)), ((3, 3, 3), (1, 2, 0))])
@pytest.mark.parametrize("sampled", [False, True])
def test_a_transpose_is_named(shape, axes, sampled):
    right = numbers(shape)
    coordinates = sample(right, 15 if len(shape) == 2 else 24) if sampled else None
    said = diagnose(right.transpose(axes), right, coordinates=coordinates)
    assert said[0].startswith("transposed:")
    if len(shape) == 3:
        assert str(axes) in said[0]


@pytest.mark.parametrize("shape", [(4, 5), (2, 7), (2, 3, 4)])
@pytest.mark.parametrize("way", ["reshaped transpose", "transposed reshape"])
def test_a_reshape_in_place_of_a_transpose_is_named(shape, way):
    right = numbers(shape)
    wrong = right.T.reshape(shape) if way == "reshaped transpose" else right.reshape(shape[::-1]).T
    assert diagnose(wrong, right)[0].startswith("transposed:")


@pytest.mark.parametrize("shape", SHAPES)
def test_errors_that_are_multiples_of_the_weights_are_a_regularizer(shape):
    right, w = numbers(shape), generator(2).normal(size=shape)
    said = diagnose(right - 0.1 * w, right, w)
    assert said[0].startswith("regularizer without the factor 2:")
    assert "0.1 * w" in said[0]
    assert diagnose(right + 0.1 * w, right, w)[0].startswith("regularizer too large:")
    assert "0.3 * sign(w)" in diagnose(right - 0.3 * np.sign(w), right, w)[0]


@pytest.mark.parametrize(("sign", "name"), [(1, "regularizer on the bias:"), (-1, "regularizer missing on the bias:")])
def test_a_regularizer_on_the_last_column_is_one_on_the_bias(sign, name):
    right, w = numbers((4, 6)), generator(2).normal(size=(4, 6))
    wrong = right.copy()
    wrong[:, -1] += sign * 0.2 * w[:, -1]
    said = diagnose(wrong, right, w)
    assert said[0].startswith(name)
    assert said[1].endswith("in column 5, the last one (the bias of a linear objective).")


def test_classes_that_do_not_add_up_lack_the_right_one():
    right = numbers((4, 6))
    right[-1] = -right[:-1].sum(axis=0)
    wrong = right + np.abs(numbers((4, 6), 3))
    assert diagnose(wrong, right)[0].startswith("correct-class row missing, or")
    assert "columns" in diagnose(np.ascontiguousarray(wrong.T), np.ascontiguousarray(right.T))[0]


def test_a_bias_that_adds_up_to_minus_one_counts_the_own_class():
    right = numbers((4, 6))
    right[-1] = -right[:-1].sum(axis=0)
    own = -np.abs(numbers((4, 6), 3))
    own[:, -1] /= -own[:, -1].sum()
    assert diagnose(right + own, right)[0].startswith(">= for >:")


@pytest.mark.parametrize("told", [True, False])
def test_errors_at_kinks_alone_are_a_wrong_comparison(told):
    right, w = numbers((12,)), numbers((12,), 1)
    tied = np.isin(np.arange(12), [1, 4, 7, 11])
    if told:
        said = diagnose(right + 0.4 * tied, right, w, at_kink=tied)
    else:
        said = diagnose(right + 0.4 * tied, right, np.where(tied, 0.0, w))
    assert said[0].startswith(">= for > at ties:")


def test_errors_off_the_kinks_are_not_blamed_on_them():
    right = numbers((12,))
    tied = np.isin(np.arange(12), [1, 4, 7, 11])
    wrong = right + 0.4 * tied
    wrong[5] += 0.3
    assert len(diagnose(wrong, right, at_kink=tied)) == 1


@pytest.mark.parametrize(
    ("shape", "part", "place"),
    [
        ((30,), slice(8, 20), "from coordinate 8 to 19."),
        ((4, 6), 2, "in row 2."),
        ((4, 6), (slice(None), 3), "in column 3."),
        ((4, 6), (slice(None), -1), "in column 5, the last one (the bias of a linear objective)."),
        ((4, 6), (slice(1, 3), slice(2, 5)), "in rows 1 to 2, in columns 2 to 4."),
        ((4, 6), (0, slice(0, 2)), "in row 0, in columns 0 to 1."),
        ((3, 5, 4), (slice(None), 2), "at index 2 along axis 1."),
        ((3, 5, 4), (slice(None), slice(None), slice(0, 2)), "at indices 0 to 1 along axis 2."),
    ],
)
def test_one_wrong_block_is_placed(shape, part, place):
    right = numbers(shape)
    wrong = right.copy()
    wrong[part] += generator(7).uniform(1, 2, size=np.shape(wrong[part]))
    (said,) = diagnose(wrong, right)
    assert said.startswith("Wrong: ")
    assert said.endswith(f"all of them {place}")


@pytest.mark.parametrize(
    ("factor", "there"),
    [(-1.0, "sign flipped:"), (0.0, "zero gradient:"), (3.7, "constant factor:"), (37.0, "missing factor 1/N:")],
)
def test_the_factor_of_a_wrong_block_is_said(factor, there):
    right = numbers((4, 6))
    wrong = right.copy()
    wrong[1] *= factor
    (said,) = diagnose(wrong, right, objective=Averages())
    assert f"in row 1. There: {there}" in said


def test_entries_that_are_not_finite_are_left_to_others():
    right = numbers((3, 4))
    wrong = -right
    wrong[0, 1] = np.nan
    wrong[2, 2] = np.inf
    assert diagnose(wrong, right)[0].startswith("sign flipped:")
    assert diagnose(np.full((3, 4), np.nan), right) == ()


def test_a_given_mask_says_what_is_wrong():
    right = numbers((3, 4))
    wrong = right * (1 + 1e-3 * generator(3).normal(size=(3, 4)))
    mask = np.zeros(12, dtype=bool)
    assert diagnose(wrong, right, wrong=mask) == ()
    mask[4:8] = True
    assert "row 1" in diagnose(wrong, right, wrong=mask)[-1]


# No false names


@pytest.mark.parametrize("shape", [*SHAPES, (), (1,), (1, 1), (1, 8)])
def test_a_right_gradient_has_no_bug(shape):
    right = numbers(shape)
    assert diagnose(right, right) == ()
    assert diagnose(right * 0, right * 0) == ()


@given(shape=st.sampled_from([(4,), (9,), (3, 4), (4, 4), (2, 3, 2)]), seed=st.integers(0, 10_000))
def test_errors_without_a_pattern_have_no_name(shape, seed):
    rng = generator(seed)
    right = rng.normal(size=shape)
    assert len(diagnose(right + rng.normal(size=shape), right, rng.normal(size=shape))) == 1


def test_one_large_wrong_coordinate_is_no_factor_of_all():
    right = numbers((10,))
    right[3] = 1e8
    wrong = right.copy()
    wrong[3] *= 2
    (said,) = diagnose(wrong, right)
    assert said == "Wrong: 1 of 10 checked coordinates."


# Linear objectives, whose mistakes are computed by an independent road


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
    """What is said of a wrong gradient, beside quotients with their kinks taken out."""
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
    A = softmax_slopes(Z, y, W)
    for wrong, name in (
        (without_right(A, y), "correct-class row missing:"),
        (A + (np.arange(K) == y[:, None]), "correct-class row missing its -1:"),
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
    sentences = [sentence for sentence, _ in objective.known_mistakes(W, np.arange(D + 1))]
    assert len(sentences) == len(set(sentences)) > 15
    assert all(";" in sentence and sentence.endswith(".") for sentence in sentences)


def test_the_point_is_not_touched():
    objective, _, _, W = linear(gd.SquaredHinge(), gd.L2(0.1))
    W.flags.writeable = False
    assert named(objective, W, -objective.gradient(W))[0].startswith("sign flipped:")


# A plain function's data and regularizer


def softmax_data(classes_in_rows=True, correct_row=True):
    """The data's gradient of a softmax on (K, D), or on (D, K), the bias last among the features."""
    rng = generator(3)
    X, y = rng.normal(size=(N, D)), rng.integers(0, K, N)
    p = rng.dirichlet(np.ones(K), N)
    if correct_row:
        p[np.arange(N), y] -= 1
    return p.T @ X / N if classes_in_rows else X.T @ p / N


def penalty(w, classes_in_rows, on_bias):
    found = 0.3 * w
    if not on_bias:
        found[(slice(None), -1) if classes_in_rows else -1] = 0
    return found


@pytest.mark.parametrize("on_bias", [True, False])
@pytest.mark.parametrize(
    ("factor", "name"),
    [(N, "missing factor 1/N:"), (-1, "sign flipped:"), (1 / N, "extra factor 1/N:"), (2, "factor 2 too many:")],
)
def test_a_factor_in_the_datas_part_is_named_beside_a_regularizer(factor, name, on_bias):
    data, w = softmax_data(), generator(4).normal(size=(K, D))
    right = penalty(w, True, on_bias)
    said = diagnose(factor * data + right, data + right, w)
    assert said[0].startswith(name)
    assert "beside a right 0.3 * w of the regularizer" in said[0]


@pytest.mark.parametrize("on_bias", [True, False])
@pytest.mark.parametrize("classes_in_rows", [True, False])
def test_a_missing_correct_class_row_is_named_beside_a_regularizer(classes_in_rows, on_bias):
    right = softmax_data(classes_in_rows)
    w = generator(4).normal(size=right.shape)
    beside = penalty(w, classes_in_rows, on_bias)
    wrong = softmax_data(classes_in_rows, correct_row=False)
    assert diagnose(wrong + beside, right + beside, w)[0].startswith("correct-class row missing")


@pytest.mark.parametrize("seed", range(5))
def test_an_unknown_bug_beside_a_regularizer_gets_no_name(seed):
    rng = generator(seed)
    w, right = rng.normal(size=(K, D)), rng.normal(size=(K, D))
    for smooth in (0 * w, right):
        said = diagnose(rng.normal(size=(K, D)), smooth + 0.3 * w, w)
        assert said == (f"Wrong: {K * D} of {K * D} checked coordinates.",)
