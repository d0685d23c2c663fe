"""Proximal gradient: scikit-learn's lasso and elastic net with their zeros, a slow softmax, regularizers of users."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

import gdfast as gd

N, D = 120, 25
RNG = np.random.default_rng(3)
X = RNG.normal(size=(N, D)) * np.logspace(0, -1, D)
TARGETS = X @ (RNG.normal(size=D) * (RNG.random(D) < 0.4) * 3) + 0.5 * RNG.normal(size=N) + 2.0
LABELS = RNG.integers(0, 3, N)  # with an even number the L1 of a column may be flat in a shift
BOTH = pytest.mark.parametrize("momentum", [True, False], ids=["momentum", "plain"])


def solved(objective, momentum=True, gtol=1e-10, max_steps=50_000, **options):
    rule = gd.ProximalGradient(momentum)
    W0 = np.zeros(objective.shape)
    result = gd.minimize(objective, W0, rule, step="auto", gtol=gtol, max_steps=max_steps, **options)
    assert result.status is gd.Status.CONVERGED
    return result


def minimum_norm(objective, W):
    """The subgradient of minimum norm, from the gradient of the loss alone."""
    smooth = gd.LinearObjective(objective.X, TARGETS, objective.loss).gradient(W)
    l1, l2 = objective.regularizer.l1, objective.regularizer.l2
    weights, part = W[:, :-1], smooth[:, :-1]
    part += 2 * l2 * weights
    part[...] = np.where(weights, part + l1 * np.sign(weights), np.sign(part) * np.maximum(np.abs(part) - l1, 0))
    return smooth


@BOTH
@pytest.mark.parametrize("evaluate_every", [None, 10])
@pytest.mark.parametrize("regularizer", [gd.L1(0.1), gd.L1(0.01), gd.ElasticNet(0.1, 0.05), gd.L2(0.05)], ids=str)
def test_the_optimum_is_scikit_learns(regularizer, momentum, evaluate_every):
    """Theirs: |r|**2 / 2n + alpha (l1_ratio |w| + (1 - l1_ratio) |w|**2 / 2); ours is twice that."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    l1, l2 = regularizer.l1 / 2, regularizer.l2
    exact = {"tol": 1e-15, "max_iter": 1_000_000}
    if l1 == 0:
        theirs = linear_model.Ridge(alpha=N * l2, solver="cholesky").fit(X, TARGETS)
    else:
        theirs = linear_model.ElasticNet(alpha=l1 + l2, l1_ratio=l1 / (l1 + l2), **exact).fit(X, TARGETS)
    objective = gd.LinearObjective(X, TARGETS, gd.SquaredError(), regularizer)
    result = solved(objective, momentum, evaluate_every=evaluate_every)
    np.testing.assert_allclose(result.w[0, :-1], theirs.coef_, rtol=0, atol=1e-8)
    assert result.w[0, -1] == pytest.approx(theirs.intercept_, abs=1e-8)
    assert np.array_equal(result.w[0, :-1] == 0, theirs.coef_ == 0)
    assert (l1 < 0.05) or 0 < np.count_nonzero(result.w[0, :-1]) < D


@BOTH
def test_converged_is_true_of_the_subgradient(momentum):
    objective = gd.LinearObjective(X, TARGETS, gd.SquaredError(), gd.ElasticNet(0.2, 0.01))
    result = solved(objective, momentum, gtol=1e-5)
    largest = np.abs(minimum_norm(objective, result.w)).max()
    assert largest <= 1e-5 * (1 + 1e-9)
    assert result.gradient_norm == pytest.approx(largest, rel=1e-6)
    assert np.abs(objective.gradient(result.w)).max() > 0.01  # at zeros the gradient of the rest remains
    early = gd.minimize(objective, np.zeros(objective.shape), gd.ProximalGradient(momentum), step="auto", max_steps=3)
    assert early.status is gd.Status.MAX_STEPS
    assert early.gradient_norm == pytest.approx(np.abs(minimum_norm(objective, early.w)).max(), rel=1e-9)


def test_where_zero_is_the_optimum_the_run_ends_at_once():
    objective = gd.LinearObjective(X - X.mean(0), TARGETS - TARGETS.mean(), gd.SquaredError(), gd.L1(1e3))
    result = gd.minimize(objective, np.zeros(objective.shape), gd.ProximalGradient(), step="auto")
    assert (result.status, result.steps, np.count_nonzero(result.w)) == (gd.Status.CONVERGED, 0, 0)


@cache
def slow_softmax(strength, length, steps):
    """Proximal gradient as its formula reads, row by row."""
    W = np.zeros((3, D + 1))
    rows = np.hstack([X, np.ones((N, 1))])
    for _ in range(steps):
        gradient = np.zeros_like(W)
        for x, label in zip(rows, LABELS, strict=True):
            scores = W @ x
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            shares[label] -= 1
            gradient += np.outer(shares, x) / N
        moved = W - length * gradient
        W = np.sign(moved) * np.maximum(np.abs(moved) - length * strength, 0)
        W[:, -1] = moved[:, -1]
    return W


@BOTH
def test_multiclass_softmax_with_l1(momentum):
    objective = gd.LinearObjective(X, LABELS, gd.CrossEntropy(), gd.L1(0.02))
    expected = slow_softmax(0.02, 1.5, 1500)
    result = solved(objective, momentum)
    np.testing.assert_allclose(result.w, expected, rtol=0, atol=1e-7)
    assert np.array_equal(result.w == 0, expected == 0)
    assert 0 < np.count_nonzero(result.w[:, :-1]) < 3 * D


def test_a_penalised_bias_is_a_weight_like_others():
    linear_model = pytest.importorskip("sklearn.linear_model")
    theirs = linear_model.Lasso(alpha=0.1, fit_intercept=False, tol=1e-15, max_iter=1_000_000)
    theirs.fit(np.hstack([X, np.ones((N, 1))]), TARGETS)
    objective = gd.LinearObjective(X, TARGETS, gd.SquaredError(), gd.L1(0.2), penalize_bias=True)
    np.testing.assert_allclose(solved(objective).w[0], theirs.coef_, rtol=0, atol=1e-8)
    bare = gd.LinearObjective(X, TARGETS, gd.SquaredError(), gd.L1(0.2), bias=False)
    theirs = linear_model.Lasso(alpha=0.1, fit_intercept=False, tol=1e-15, max_iter=1_000_000).fit(X, TARGETS)
    np.testing.assert_allclose(solved(bare).w[0], theirs.coef_, rtol=0, atol=1e-8)


class NonNegative:
    """What is allowed: no weight below zero. Its proximal step is the projection."""

    curvature = 0.0

    def value(self, W):
        return 0.0 if (W >= 0).all() else math.inf

    def gradient(self, W):
        return np.zeros_like(W)

    def proximal(self, w, length):
        return np.maximum(w, 0)


@dataclass
class GroupLasso:
    """strength * sum of the columns' norms: whole features vanish."""

    strength: float
    curvature = 0.0

    def value(self, W):
        return self.strength * float(np.linalg.norm(W, axis=0).sum())

    def gradient(self, W):
        norms = np.linalg.norm(W, axis=0)
        return self.strength * W / np.where(norms, norms, 1.0)

    def proximal(self, w, length):
        norms = np.linalg.norm(w, axis=0)
        return w * np.maximum(0, 1 - length * self.strength / np.where(norms, norms, 1.0))


@BOTH
def test_a_projection_as_regularizer(momentum):
    """Extrapolated points lie outside of what is allowed; the value there, infinite, is nobody's concern."""
    optimize = pytest.importorskip("scipy.optimize")
    objective = gd.LinearObjective(X, TARGETS, gd.SquaredError(), NonNegative(), bias=False)
    expected, _ = optimize.nnls(X, TARGETS)
    result = solved(objective, momentum)
    np.testing.assert_allclose(result.w[0], expected, rtol=0, atol=1e-7)
    assert np.array_equal(result.w[0] == 0, expected == 0)
    assert 0 < np.count_nonzero(expected) < D


@BOTH
def test_a_group_lasso_of_a_users(momentum):
    """At the optimum: columns that are zero have a smooth gradient no longer than the strength, others cancel it."""
    objective = gd.LinearObjective(X, LABELS, gd.CrossEntropy(), GroupLasso(0.04))
    result = solved(objective, momentum, gtol=1e-9)
    smooth = gd.LinearObjective(X, LABELS, gd.CrossEntropy()).gradient(result.w)
    weights, gone = result.w[:, :-1], ~result.w[:, :-1].any(axis=0)
    assert 0 < gone.sum() < D
    assert (np.linalg.norm(smooth[:, :-1][:, gone], axis=0) <= 0.04 * (1 + 1e-6)).all()
    there = weights[:, ~gone]
    np.testing.assert_allclose(smooth[:, :-1][:, ~gone], -0.04 * there / np.linalg.norm(there, axis=0), atol=1e-7)
    np.testing.assert_allclose(smooth[:, -1], 0, atol=1e-8)


class ByHand:
    """No linear objective: |A w - b|**2 + |w|_1, whose regularizer the optimizer finds."""

    regularizer = gd.L1(1.0)

    def __init__(self, A, b):
        self.A, self.b = A, b

    def value(self, w):
        return float(np.sum((self.A @ w - self.b) ** 2)) + self.regularizer.value(w)

    def gradient(self, w):
        return 2 * self.A.T @ (self.A @ w - self.b) + self.regularizer.gradient(w)

    def value_and_gradient(self, w):
        return self.value(w), self.gradient(w)


def test_an_objective_of_a_users():
    objective = ByHand(np.diag([1.0, 2.0, 1.0]), np.array([2.0, 3.0, 0.25]))
    result = gd.minimize(objective, np.zeros(3), gd.ProximalGradient(), step=0.12, gtol=1e-12)
    np.testing.assert_allclose(result.w, [1.5, 1.375, 0.0], atol=1e-12)  # a (a w - b) = -sign(w) / 2
    assert result.status is gd.Status.CONVERGED
    with pytest.raises(TypeError, match=r"step='auto'.*lipschitz"):
        gd.minimize(objective, np.zeros(3), gd.ProximalGradient(), step="auto")


def test_momentum_is_faster_and_restarts():
    """Badly conditioned: plain steps take ten times as many; without restarts momentum would swing for long."""
    scales = np.logspace(0, -1.5, D)
    objective = gd.LinearObjective(X / np.linalg.norm(X, axis=0) * scales * 10, TARGETS, gd.SquaredError(), gd.L1(1e-3))
    fast, plain = (solved(objective, momentum, gtol=1e-8, evaluate_every=5) for momentum in (True, False))
    np.testing.assert_allclose(fast.w, plain.w, atol=1e-3)
    assert fast.value == pytest.approx(plain.value, rel=1e-9)
    assert 10 * fast.steps < plain.steps


def test_steps_and_costs_are_counted():
    """Plain: one evaluation a step and one at w0. Momentum: one at y and, each time it is due, one at w."""
    objective = gd.LinearObjective(X, TARGETS, gd.SquaredError(), gd.L1(0.05))
    W0, run = np.zeros(objective.shape), {"step": "auto", "max_steps": 20, "gtol": 0.0}
    assert gd.minimize(objective, W0, gd.ProximalGradient(False), **run).evaluations == 21
    assert gd.minimize(objective, W0, gd.ProximalGradient(False), evaluate_every=5, **run).evaluations == 21
    seldom = gd.minimize(objective, W0, gd.ProximalGradient(), evaluate_every=20, **run)
    assert seldom.history.steps.tolist() == [0, 20]
    assert seldom.evaluations == pytest.approx(21, abs=1)  # at w0 the two points are one
    always = gd.minimize(objective, W0, gd.ProximalGradient(), **run)
    assert np.array_equal(always.w, seldom.w)
    assert 21 < always.evaluations <= 41
    assert always.passes == pytest.approx(always.evaluations)
    assert always.history.values.tolist() == [objective.value(W0)] + [
        gd.minimize(objective, W0, gd.ProximalGradient(), **run | {"max_steps": k}).value for k in range(1, 21)
    ]


@BOTH
@pytest.mark.parametrize("step", ["auto", [0.05 / (1 + k) for k in range(40)], gd.Cosine(0.05, 40)], ids=str)
@pytest.mark.parametrize("options", [{}, {"evaluate_every": 3}], ids=["always", "every 3"])
def test_a_resumed_run_ends_on_the_same_bits(tmp_path, momentum, step, options):
    objective = gd.LinearObjective(X, LABELS, gd.CrossEntropy(), gd.ElasticNet(0.01, 0.01))
    run = {"optimizer": gd.ProximalGradient(momentum), "step": step, "max_steps": 40, "gtol": 0.0, **options}
    W0 = np.zeros(objective.shape)
    straight = gd.minimize(objective, W0, **run)
    saved = gd.Checkpoint(tmp_path / "run.npz", every=7)
    stopped = gd.minimize(objective, W0, callback=lambda k, w, value: k == 17, checkpoint=saved, **run)
    assert stopped.steps == 17
    resumed = gd.resume(saved.path, objective)
    assert resumed.w.tobytes() == straight.w.tobytes()
    assert resumed.history.values.tobytes() == straight.history.values.tobytes()
    assert (resumed.evaluations, resumed.gradient_norm) == (straight.evaluations, straight.gradient_norm)


def test_mini_batches_without_momentum(tmp_path):
    """Each step is the formula on the rows of the step."""
    objective = gd.LinearObjective(X, TARGETS, gd.SquaredError(), gd.L1(0.1))
    batches, W = gd.MiniBatches(16, seed=1), np.zeros(objective.shape)
    run = {"step": 0.02, "batches": batches, "max_steps": 30}
    saved = gd.Checkpoint(tmp_path / "run.npz", every=10)
    gd.minimize(objective, W, gd.ProximalGradient(False), checkpoint=saved, **run | {"max_steps": 10})
    result = gd.minimize(objective, W, gd.ProximalGradient(False), **run)
    assert gd.resume(saved.path, objective, max_steps=30).w.tobytes() == result.w.tobytes()
    smooth = gd.LinearObjective(X, TARGETS, gd.SquaredError())
    for k in range(30):
        moved = W - 0.02 * smooth.rows(batches.rows(N, k)).gradient(W)
        W = np.sign(moved) * np.maximum(np.abs(moved) - 0.02 * 0.1, 0)
        W[:, -1] = moved[:, -1]
    np.testing.assert_allclose(result.w, W, atol=1e-12)
    assert result.evaluations == 31
    assert (result.w[:, :-1] == 0).any()


@pytest.mark.parametrize("x", [np.float32, np.float64])
def test_float32_stays_float32_and_ends(x):
    objective = gd.LinearObjective(X.astype(x), TARGETS, gd.SquaredError(), gd.L1(0.1))
    result = gd.minimize(objective, np.zeros(objective.shape, np.float32), gd.ProximalGradient(), step="auto", gtol=0.0)
    assert result.w.dtype == np.float32
    exact = solved(gd.LinearObjective(X, TARGETS, gd.SquaredError(), gd.L1(0.1)))
    np.testing.assert_allclose(result.w, exact.w, rtol=0, atol=1e-4)


def test_too_long_a_step_diverges():
    for regularizer in (gd.L1(0.1), GroupLasso(0.1)):
        objective = gd.LinearObjective(X, LABELS, gd.SquaredHinge(), regularizer)
        result = gd.minimize(objective, np.zeros(objective.shape), gd.ProximalGradient(), 1e3, max_steps=5000)
        assert result.status is gd.Status.DIVERGED
        assert np.isfinite(result.w).all()


def test_a_run_that_rounding_has_stopped():
    """At a fixed point of the step every later one is the same, whatever gtol asks."""
    objective = ByHand(np.eye(2), np.array([2.0, 0.25]))
    result = gd.minimize(objective, np.zeros(2), gd.ProximalGradient(), step=0.5, gtol=0.0, max_steps=1000)
    assert result.status in (gd.Status.CONVERGED, gd.Status.NO_DESCENT)
    assert result.steps < 100


LASSO = gd.LinearObjective(X, TARGETS, gd.SquaredError(), gd.L1(0.1))
ZERO = np.zeros(LASSO.shape)
WITHOUT = gd.LinearObjective(X, TARGETS, gd.SquaredError())
BOWL = gd.FunctionObjective(lambda w: float(w @ w), lambda w: 2 * w)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda rule: gd.minimize(WITHOUT, ZERO, rule), TypeError, r"proximal\(w, length\).*; its regularizer is None"),
        (
            lambda rule: gd.minimize(BOWL, [1.0], rule),
            TypeError,
            "ProximalGradient needs an objective whose regularizer",
        ),
        (lambda rule: gd.maximize(LASSO, ZERO, rule), ValueError, "ProximalGradient goes down only: use minimize"),
        (
            lambda rule: gd.minimize(LASSO, ZERO, rule, batches=gd.MiniBatches(8)),
            ValueError,
            "leave batches out, or take momentum=False; batches is MiniBatches",
        ),
        (
            lambda rule: gd.minimize(LASSO, ZERO, rule, gd.Backtracking()),
            ValueError,
            "ProximalGradient needs a step that is a number, a sequence or a schedule; it is Backtracking",
        ),
        (lambda rule: gd.minimize(LASSO, ZERO, rule, clip=1.0), ValueError, "clip needs an optimizer that works on"),
        (lambda rule: rule.step(ZERO, rule.init(ZERO), ZERO, 0.1), TypeError, "must know the regularizer"),
        (lambda rule: gd.ProximalGradient(1), TypeError, "momentum must be True or False"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call(gd.ProximalGradient())
