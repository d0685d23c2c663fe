"""The laws of a loss, for the one that docs/how_to/add_a_loss.md adds: run by test_add_a_loss.py where that is built.

The oracle is the formula, in loops.
"""

from __future__ import annotations

import doctest
import pickle

import numpy as np
import pytest

import gdfast as gd
from gdfast import _kernels
from gdfast.objective.losses import max_hinge
from gdfast.objective.losses.table import BY_NAME, loss_from_json, loss_to_json

sparse = pytest.importorskip("scipy.sparse")

TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "float16": 1e-5, "uint8": 1e-5}
CASES = [*((dtype, False) for dtype in TOLERANCE), ("float64", True), ("float32", True)]
SIZES = [(1, 1, 2), (33, 17, 5), (600, 70, 10), (90, 9, 150), (64, 100, 11), (40, 5, 1)]


def test_this_is_the_package_that_was_built():
    assert _kernels.loss_names()[gd.MaxHinge.code] == gd.MaxHinge.name == "max_hinge"
    assert BY_NAME["max_hinge"] is gd.MaxHinge


def by_the_formula(scores, y, margin):
    """Losses of the rows, and their coefficients: the first of the largest counts."""
    losses, coefficients = np.zeros(len(scores)), np.zeros(scores.shape)
    for i, row in enumerate(scores):
        wrong = [j for j in range(len(row)) if j != y[i]]
        if not wrong:
            continue
        top = max(wrong, key=lambda j: (row[j], -j))
        m = row[top] - row[y[i]] + margin
        if m > 0:
            losses[i] = m
            coefficients[i, top], coefficients[i, y[i]] = 1, -1
    return losses, coefficients


def draw(dtype, is_sparse, size, seed=0, weighted=False):
    """X (n, d) as an array and as it is given, labels, weights of the samples, W clear of ties."""
    n, d, k = size
    rng = np.random.default_rng((seed, *size))
    X = (rng.integers(0, 256, (n, d)) if dtype == "uint8" else rng.normal(size=(n, d))).astype(dtype)
    if is_sparse:
        X[rng.random((n, d)) < 0.7] = 0
    W = rng.normal(size=(k, d + 1)) / np.sqrt(d) / (128 if dtype == "uint8" else 1)
    weights = rng.integers(0, 3, n) + 0.25 if weighted else None
    return X, sparse.csr_array(X) if is_sparse else X, rng.integers(0, k, n), weights, W


def scores_of(X, W):
    return X.astype(np.float64) @ W[:, :-1].T + W[:, -1]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("dtype", "is_sparse"), CASES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_value_and_gradient_are_the_formula(dtype, is_sparse, size, weighted):
    X, given, y, weights, W = draw(dtype, is_sparse, size, weighted=weighted)
    objective = gd.LinearObjective(given, y, gd.MaxHinge(0.7), sample_weight=weights, n_classes=size[2])
    losses, coefficients = by_the_formula(scores_of(X, W), y, 0.7)
    share = np.full(len(y), 1 / len(y)) if weights is None else weights / weights.sum()
    Z = np.column_stack([X.astype(np.float64), np.ones(len(y))])
    expected = (share[:, None] * coefficients).T @ Z
    value, gradient = objective.value_and_gradient(W)
    tolerance = TOLERANCE[dtype]
    assert value == pytest.approx(share @ losses, rel=tolerance, abs=tolerance)
    # In float32 the largest of two scores that are next to each other may be the other one: no more than a few rows.
    moved = np.abs(gradient - expected) > tolerance * (1 + np.abs(expected).max())
    assert moved.sum() <= (0 if dtype == "float64" else 2 * expected.shape[1])
    assert objective.value(W) == pytest.approx(value, rel=tolerance)
    for threads in (1, 2, 3):
        gd.set_num_threads(threads)
        again = objective.value_and_gradient(W)
        assert again[0] == value
        np.testing.assert_array_equal(again[1], gradient)


def test_on_scores_alone_ties_and_infinite_scores():
    loss = gd.MaxHinge(1.0)
    scores, y = np.array([[1.0, 3.0, 3.0, 0.0], [5.0, 0.0, 0.0, 0.0], [0.0, -1.0, -2.0, -3.0]]), np.array([0, 0, 0])
    np.testing.assert_array_equal(loss.gradient(scores, y) * 3, [[-1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    assert loss.value(scores, y) == 1.0
    problem = _kernels.Problem(
        scores, 3, y.astype(np.int32), None, None, None, None, None, loss.code, 1.0, 1.0, 4, False
    )
    for bad in (np.nan, np.inf, -np.inf):
        for place in range(4):
            base, value = scores.copy(), np.zeros(1)
            base[0, place] = bad
            problem.mix(base, None, None, None, value, None, None)
            assert not np.isfinite(value[0])


@pytest.mark.parametrize(("dtype", "is_sparse"), CASES)
def test_the_numerical_gradient_is_that_of_the_formula(dtype, is_sparse):
    X, given, y, weights, W = draw(dtype, is_sparse, (50, 7, 4), weighted=True)
    objective = gd.LinearObjective(given, y, gd.MaxHinge(0.7), sample_weight=weights, n_classes=4)

    def value(W):
        return float(weights @ by_the_formula(scores_of(X, W), y, 0.7)[0] / weights.sum())

    for h in (1e-5, 0.3):
        own = objective.numerical_gradient(W, h=h)
        expected = gd.numerical_gradient(value, W, h=h)
        np.testing.assert_allclose(own, expected, rtol=0, atol=1e-9 * (1 + np.abs(expected).max()))
    some = objective.numerical_gradient(W, h=0.3, scheme="forward", coordinates=[0, 9, 31])
    ahead = [(value(W + 0.3 * step) - value(W)) / 0.3 for step in np.eye(32)[[0, 9, 31]].reshape(3, 4, 8)]
    np.testing.assert_allclose(some, ahead, rtol=0, atol=1e-12 * (1 + np.abs(ahead).max()))


@pytest.mark.parametrize(("dtype", "is_sparse"), CASES)
def test_kinks_are_where_the_quotient_leaves_the_gradient(dtype, is_sparse):
    _, given, y, _, W = draw(dtype, is_sparse, (300, 6, 4), seed=1)
    objective = gd.LinearObjective(given, y, gd.MaxHinge(0.7), n_classes=4)
    h = 0.02 / (128 if dtype == "uint8" else 1)
    counts, excess = objective.kink_crossings(W, h=h)
    wide = gd.LinearObjective(
        given.astype(np.float64) if not is_sparse else sparse.csr_array(given.toarray().astype(np.float64)),
        y,
        gd.MaxHinge(0.7),
        n_classes=4,
    )
    beyond = wide.numerical_gradient(W, h=h) - wide.gradient(W)
    np.testing.assert_allclose(excess, beyond, rtol=0, atol=1e-9 * (1 + np.abs(beyond).max()))
    assert counts.sum() > 0
    assert ((counts > 0) | (np.abs(beyond) < 1e-9)).all()
    near = objective.nearest_kinks(W, h=h)
    assert near.n_terms > 0
    # Within the safe step the objective is a straight line, and a little beyond it is not, unless that is h.
    for (c, j), safe in np.ndenumerate(near.safe_h.reshape(W.shape)):
        step = np.zeros_like(W)
        step[c, j] = 1
        slope = wide.gradient(W)[c, j]
        for side in (-0.999 * safe, 0.999 * safe):
            assert wide.value(W + side * step) - wide.value(W) == pytest.approx(side * slope, abs=1e-12)
        if safe < 0.9 * h:
            values = [wide.value(W + side * (safe * 1.05) * step) - wide.value(W) for side in (-1, 1)]
            assert max(abs(values[0] + safe * 1.05 * slope), abs(values[1] - safe * 1.05 * slope)) > 1e-9 * safe


@pytest.mark.parametrize(("dtype", "is_sparse"), CASES)
def test_the_gradient_check_passes_and_finds_a_wrong_one(dtype, is_sparse):
    _, given, y, _, W = draw(dtype, is_sparse, (60, 8, 4))
    objective = gd.LinearObjective(given, y, gd.MaxHinge(), n_classes=4)
    assert gd.check_gradient(objective, at=W).passed
    wrong = gd.FunctionObjective(objective.value, lambda W: 2 * objective.gradient(W))
    assert not gd.check_gradient(wrong, at=W).passed


@pytest.mark.parametrize(("dtype", "is_sparse"), CASES)
@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize(
    "optimizer", [gd.GradientDescent(), gd.Momentum(0.9), gd.Adam()], ids=lambda o: type(o).__name__
)
def test_compiled_steps_are_the_steps_of_the_loop(dtype, is_sparse, batch, optimizer):
    _, given, y, _, W = draw(dtype, is_sparse, (64, 9, 5))
    objective = gd.LinearObjective(given, y, gd.MaxHinge(), gd.L2(1e-3), n_classes=5)
    W = W.astype(np.float64)
    settings = {"step": 1e-4 if dtype == "uint8" else 1e-2, "batches": gd.MiniBatches(batch, seed=3), "epochs": 2}
    compiled = gd.minimize(objective, W, optimizer, gtol=0.0, **settings)
    looped = gd.minimize(Plain(objective), W, optimizer, gtol=0.0, **settings)
    np.testing.assert_allclose(compiled.w, looped.w, rtol=0, atol=TOLERANCE[dtype] * 100 * np.abs(W).max())
    assert not np.array_equal(compiled.w, W)


class Plain:
    """A linear objective without its compiled steps."""

    def __init__(self, objective):
        self.objective, self.n_samples = objective, objective.n_samples
        self.value, self.gradient = objective.value, objective.gradient
        self.value_and_gradient = objective.value_and_gradient

    def rows(self, indices):
        return Plain(self.objective.rows(indices))


def test_a_ray_has_the_right_derivative_at_ties_and_where_a_margin_is_0():
    # Scores are the elements of W themselves; every row at a tie or at a margin of 0.
    y = np.array([0, 0, 1])
    W = np.array([[1.0, 2.0, 0.0], [1.0, 1.0, 2.0], [1.0, 1.0, 3.0], [-5.0, 0.0, 3.0]])
    objective = gd.LinearObjective(np.eye(3), y, gd.MaxHinge(1.0), n_classes=4, bias=False)
    rng = np.random.default_rng(0)
    for _ in range(20):
        V = rng.integers(-3, 4, W.shape).astype(float)
        ray = gd.along_ray(objective, W, V)
        assert ray.slope(0.0) == pytest.approx(
            (objective.value(W + 2.0**-20 * V) - objective.value(W)) * 2**20, abs=1e-9
        )
        steps = np.linspace(-1, 1, 101)
        np.testing.assert_allclose(
            ray.values(steps), [objective.value(W + t * V) for t in steps], rtol=1e-13, atol=1e-13
        )
        with pytest.raises(ValueError, match="breakpoints"):
            ray.breakpoints(-1, 1)


def test_it_is_the_loss_of_a_numpy_function_that_computes_it():
    X, _, y, weights, W = draw("float64", False, (60, 8, 5), weighted=True)
    own = gd.ScoreLoss(lambda scores, y: by_the_formula(scores, y, 0.7))
    compiled, generic = (
        gd.LinearObjective(X, y, loss, gd.L2(1e-2), sample_weight=weights) for loss in (gd.MaxHinge(0.7), own)
    )
    for one, other in zip(compiled.value_and_gradient(W), generic.value_and_gradient(W), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)
    np.testing.assert_allclose(compiled.numerical_gradient(W), generic.numerical_gradient(W), rtol=0, atol=1e-9)


def test_the_optimum_is_that_of_scikit_learn():
    svm = pytest.importorskip("sklearn.svm")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 300)
    X = rng.normal(size=(300, 6)) + 1.5 * rng.normal(size=(4, 6))[y]
    C = 0.1
    peer = svm.LinearSVC(C=C, multi_class="crammer_singer", fit_intercept=False, tol=1e-8, max_iter=100_000).fit(X, y)
    objective = gd.LinearObjective(X, y, gd.MaxHinge(1.0), gd.L2(1 / (2 * C * len(X))), bias=False)
    lowest = objective.value(np.ascontiguousarray(peer.coef_))
    result = gd.minimize(objective, np.zeros(objective.shape), step=gd.InverseTime(1.0, 0.05), max_steps=4000, gtol=0.0)
    assert lowest - 1e-9 <= result.value <= lowest * (1 + 5e-3)


def test_it_is_written_down_and_read_again(tmp_path):
    loss = gd.MaxHinge(0.25)
    assert loss_from_json(loss_to_json(loss)) == loss
    X, _, y, _, W = draw("float64", False, (20, 3, 4))
    objective = pickle.loads(pickle.dumps(gd.LinearObjective(X, y, loss, n_classes=4)))
    assert objective.value(W) == gd.LinearObjective(X, y, loss, n_classes=4).value(W)


def test_the_docstring_of_the_page_is_right():
    failed, tried = doctest.testmod(max_hinge)
    assert tried > 0
    assert failed == 0
