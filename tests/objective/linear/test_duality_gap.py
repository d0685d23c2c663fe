"""The law of a certificate: value(W) - optimum <= duality_gap(W) <= value(W), always; optima.py has the optima."""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
import scipy.sparse

import gdfast as gd
from gdfast.objective.linear.certified import lower_bound
from gdfast.objective.losses.table import COMPILED
from gdfast.objective.regularizers.regularizers import Strengths
from optima import Small
from reference import CROSS_ENTROPY, HINGE, SQUARED_ERROR, SQUARED_HINGE, LinearProblem

LOSSES = [HINGE, SQUARED_HINGE, CROSS_ENTROPY, SQUARED_ERROR]  # those with a certificate
MODES = {"unpenalised": {}, "penalised": {"penalize_bias": True}, "absent": {"bias": False}}


def loss_of(name, margin):
    return {
        HINGE: gd.Hinge(margin),
        SQUARED_HINGE: gd.SquaredHinge(margin),
        CROSS_ENTROPY: gd.CrossEntropy(),
        SQUARED_ERROR: gd.SquaredError(),
    }[name]


class Case(NamedTuple):
    objective: gd.LinearObjective
    small: Small
    W: np.ndarray
    optimum: float
    sure: bool
    points: list


def draw(seed, loss, mode):
    """A random problem, its optimum, and weights at many distances from it."""
    rng = np.random.default_rng([seed, LOSSES.index(loss), list(MODES).index(mode)])
    n, d, k = rng.integers(1, 13), rng.integers(1, 4), rng.integers(2, 5)
    size = 10.0 ** rng.uniform(-2, 2)
    X = (rng.normal(size=(n, d)) + rng.choice([0.0, 0.0, 3.0])) * size
    kind = rng.choice(["float64", "float64", "float64", "float32", "float16", "uint8", "csr", "csr32"])
    mean = scale = None
    if kind == "uint8":
        X = rng.integers(0, 256, (n, d)).astype(np.uint8)
    elif kind.startswith("csr"):
        X = (X * (rng.random((n, d)) < 0.6)).astype(np.float32 if kind == "csr32" else np.float64)
    else:
        X = X.astype(kind)
    if rng.random() < 0.4:
        scale = rng.uniform(0.3, 3, d) * size
        mean = None if kind.startswith("csr") else rng.normal(size=d) * size
    y = rng.normal(size=(n, 2)) * 3 + 5 if loss == SQUARED_ERROR else rng.integers(0, k, n)
    weights = None
    if rng.random() < 0.5:
        weights = 10.0 ** rng.uniform(-rng.choice([0.3, 5.0]), 0, n) * (rng.random(n) < 0.8)
        weights[rng.integers(n)] = 1.0
    margin, strength = 10.0 ** rng.uniform(-1, 1), 10.0 ** rng.uniform(-4, 1)
    settings = {"sample_weight": weights, "mean": mean, "scale": scale, **MODES[mode]}
    given = scipy.sparse.csr_array(X) if kind.startswith("csr") else X
    k = 2 if loss == SQUARED_ERROR else k
    objective = gd.LinearObjective(
        given,
        y,
        loss_of(loss, margin),
        gd.L2(strength),
        **settings,
        **({} if loss == SQUARED_ERROR else {"n_classes": int(k)}),
    )
    small = Small(LinearProblem(X.astype(np.float64), y, loss, margin=margin, l2=strength, **settings), int(k))
    W, optimum, sure = small.optimum()
    size = np.abs(small.Z).max(axis=0)
    unit = 1 / np.where(size > 0, size, 1.0)
    noise = rng.normal(size=W.shape) * unit
    points = [np.zeros_like(W), W, W + 1e-6 * noise, W + 0.1 * noise, W * 0.9]
    points += [rng.normal(size=W.shape) * unit * 10.0 ** rng.uniform(-3, 4) for _ in range(2)]
    return Case(objective, small, W, optimum, sure and bool(np.isfinite(W).all()), points)


@cache
def cases(n=17):
    return [draw(seed, loss, mode) for seed in range(n) for loss in LOSSES for mode in MODES]


def is_false(case, W, gap):
    """Whether the gap is smaller than what is known of the distance, by more than rounding."""
    value = case.objective.value(W)
    if value < 1e5 * case.optimum:  # a gap of about the value itself is value's own; else the exact value's as well
        value = max(value, case.small.value(W))
    return value - case.optimum > gap + 1e-14 * value


def test_no_bound_is_false_in_a_thousand():
    """All losses, bias modes, weights, margins, scales, input types; zero, optimal, near and far weights."""
    count, bad = 0, []
    for number, case in enumerate(cases()):
        for at, W in enumerate(case.points):
            gap = case.objective.duality_gap(W)
            assert 0 <= gap <= case.objective.value(W)
            assert math.isfinite(gap)
            count += 1
            if is_false(case, W, gap):
                bad.append((number, at, gap))
    assert count >= 1000
    assert bad == []


def test_forgetting_the_bias_would_be_found(monkeypatch):
    """The same test on the formula that ignores sum_i A_i = 0: it can fail."""
    for kind in COMPILED:
        monkeypatch.setattr(kind, "dual_point", lambda *given, point=kind.dual_point: point(*given[:-1], False))
    found = {
        case.small.problem.loss
        for case in cases()
        for W in case.points
        if is_false(case, W, case.objective.duality_gap(W))
    }
    assert found == set(LOSSES)


def residual_of_narrow_scores(case):
    """||G||^2 / (4 strength) of the dual point where float32 scores, and so its coefficients, are rounded once each.

    Of unscaled pixels (z in thousands) that is more than the scores' own error; how much of it comes about depends on
    the order in which an instruction set adds.
    """
    X = case.objective.X
    X = X.toarray() if scipy.sparse.issparse(X) else np.asarray(X, dtype=np.float64)
    mean, scale = case.objective.mean, case.objective.scale
    Z = np.abs(X - (0 if mean is None else mean)) / (1 if scale is None else scale)
    reach = np.append(Z.max(axis=0), 1.0)[: case.W.shape[1]]
    size = float((np.abs(case.W) @ reach).max()) + case.objective.loss.margin
    G = 2 * float(np.finfo(np.float32).eps) * size * float(np.linalg.norm(reach))
    return G * G / (4 * case.objective.regularizer.strength)


def test_tight_at_the_optimum_of_a_smooth_loss():
    """From W alone: to 1e-7 of the optimum; for narrow X to what float32 scores can tell."""
    wide = narrow = 0
    for case in cases():
        if case.small.problem.loss == HINGE or not case.sure:
            continue
        gap = case.objective.duality_gap(case.W)
        if case.objective.arithmetic == np.float64:
            wide += 1
            start = case.small.value(
                np.zeros_like(case.W)
            )  # the optimum may be next to 0, and is known to 1e-11 of this
            assert gap <= 1e-7 * case.optimum + 1e-10 * start
        else:
            narrow += 1
            told = 2e-6 * max(1.0, np.abs(case.objective.scores(case.W)).max()) * (1 + case.optimum)
            assert gap <= told + residual_of_narrow_scores(case)
    assert wide >= 60
    assert narrow >= 30


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("loss", LOSSES)
def test_near_the_optimum_the_gap_of_a_large_problem_is_small(loss, mode):
    """Digits-sized, every input type; the optimum by gdfast itself, whose gradient is tested elsewhere."""
    rng = np.random.default_rng(1)
    X = rng.integers(0, 17, (500, 20))
    y = rng.normal(size=(500, 3)) if loss == SQUARED_ERROR else (X[:, :4] + rng.integers(0, 9, (500, 4))).argmax(axis=1)
    settings = {"sample_weight": rng.random(500), "scale": np.full(20, 16.0), **MODES[mode]}
    gaps = {}
    W = None
    for kind in ("float64", "float32", "float16", "uint8", "csr", "csr32"):
        given = X.astype(kind.replace("csr32", "float32").replace("csr", "float64"))
        given = scipy.sparse.csr_array(given) if kind.startswith("csr") else given
        objective = gd.LinearObjective(given, y, loss_of(loss, 1.0), gd.L2(1e-2), **settings)
        if W is None:
            W = gd.minimize(
                objective, np.zeros(objective.shape), gd.Nesterov(0.95), "auto", gtol=1e-9, max_steps=20000
            ).w
        before = objective.passes
        gap = objective.duality_gap(W)
        assert objective.passes - before <= 2
        gaps[kind] = gap / objective.value(W)
    assert gaps["csr"] == pytest.approx(gaps["float64"], abs=1e-9)
    assert max(gaps.values()) <= (1.0 if loss == HINGE else 5e-6)
    assert gaps["float64"] <= (1.0 if loss == HINGE else 1e-7)


@cache
def pixels(loss, k):
    """600 rows of them, of k classes, and where a run in float64 comes to."""
    rng = np.random.default_rng(5)
    X, y = rng.integers(0, 256, (600, 70)), rng.integers(0, k, 600)
    X[np.arange(600), y] += 40
    X = np.minimum(X, 255)
    settings = {"scale": np.full(70, 255.0), "sample_weight": rng.random(600) if k == 4 else None}
    wide = gd.LinearObjective(X.astype(np.float64), y, loss_of(loss, 1.0), gd.L2(1e-2), **settings)
    optimizer = gd.GradientDescent() if loss == HINGE else gd.Nesterov(0.95)
    return X, y, settings, wide, gd.minimize(wide, np.zeros(wide.shape), optimizer, "auto", gtol=1e-9, max_steps=600)


@pytest.mark.parametrize("kind", ["uint8", "float32", "float16", "csr32"])
@pytest.mark.parametrize("k", [4, 40])
@pytest.mark.parametrize("loss", [HINGE, SQUARED_HINGE, CROSS_ENTROPY])
def test_true_of_what_value_returns(loss, k, kind):
    """In narrow arithmetic, on rows enough for the integer and many-output kernels: the rounding of value counts."""
    rng = np.random.default_rng(6)
    X, y, settings, wide, best = pixels(loss, k)
    given = X.astype(kind.replace("csr32", "float32"))
    given = scipy.sparse.csr_array(given) if kind == "csr32" else given
    narrow = gd.LinearObjective(given, y, loss_of(loss, 1.0), gd.L2(1e-2), **settings)
    for size in (0.0, 1e-6, 1e-4, 1e-2, 1.0, 1e3):
        for _ in range(5):
            W = best.best_w + size * rng.normal(size=wide.shape)
            value, gap = narrow.value(W), narrow.duality_gap(W)
            exact = wide.value(W) if value < 1e5 * best.best_value else value  # see is_false
            assert max(value, exact) - best.best_value <= gap + 1e-14 * value
            assert gap <= value
    if loss != HINGE:
        assert narrow.duality_gap(best.best_w) <= wide.duality_gap(best.best_w) + 5e-6 * best.best_value


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("loss", LOSSES)
def test_degenerate_problems(loss, mode):
    """One row, one class, absent classes, zero features, shares of 1e-300: true, finite, and 0 where 0 is optimal."""
    rng = np.random.default_rng(2)
    for n, labels, k in ((1, [0], 1), (1, [2], 4), (3, [1, 1, 1], 3), (4, [0, 0, 3, 3], 5), (2, [0, 1], 2)):
        for X in (np.zeros((n, 2)), rng.normal(size=(n, 2)), np.full((n, 2), 7.0)):
            for weights in (None, np.array([1.0, 1e-300, 0.0, 1e-9])[:n]):
                if loss == SQUARED_ERROR:
                    y, extra, settings = rng.normal(size=n), {}, {"sample_weight": weights, **MODES[mode]}
                else:
                    y, extra = np.array(labels), {"n_classes": k}
                    settings = {"sample_weight": weights, **MODES[mode]}
                objective = gd.LinearObjective(X, y, loss_of(loss, 1.0), gd.L2(0.3), **settings, **extra)
                small = Small(LinearProblem(X, y, loss, l2=0.3, **settings), objective.n_classes)
                optimum = small.optimum()[1]
                for W in (np.zeros(objective.shape), rng.normal(size=objective.shape) * 5):
                    gap = objective.duality_gap(W)
                    assert objective.value(W) - optimum - 1e-14 * objective.value(W) <= gap <= objective.value(W)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_mini_batch_has_its_own_gap(loss):
    """Repeated rows and shares that don't add up to 1 included: it is the batch's value and optimum."""
    rng = np.random.default_rng(3)
    X, weights = rng.normal(size=(30, 3)), rng.uniform(0.1, 5, 30)
    y = rng.normal(size=30) if loss == SQUARED_ERROR else rng.integers(0, 3, 30)
    for given in (X, X.astype(np.float32), scipy.sparse.csr_array(X)):
        whole = gd.LinearObjective(given, y, loss_of(loss, 0.7), gd.L2(0.05), sample_weight=weights)
        for rows in ([4], [7, 7, 7, 2], rng.integers(0, 30, 25)):
            batch = whole.rows(rows)
            small = Small(LinearProblem(X[rows], y[rows], loss, margin=0.7, l2=0.05), whole.n_classes)
            small.u = weights[rows] / (len(rows) * weights.mean())
            optimum = small.optimum()[1]
            for W in (np.zeros(whole.shape), rng.normal(size=whole.shape)):
                value, gap = batch.value(W), batch.duality_gap(W)
                assert value - optimum <= gap * (1 + 1e-12) + 1e-6 * (given.dtype == np.float32)
                assert gap <= value


def test_entries_that_add_up_are_known():
    """CSR may hold an element in several entries; the largest element is then a sum."""
    X = scipy.sparse.csr_array((np.ones(6), [0, 0, 1, 1, 0, 0], [0, 2, 4, 6]), shape=(3, 2))
    objective = gd.LinearObjective(X, np.array([0, 1, 0]), gd.CrossEntropy(), gd.L2(0.1))
    dense = gd.LinearObjective(np.array([[2.0, 0], [0, 2], [2, 0]]), np.array([0, 1, 0]), gd.CrossEntropy(), gd.L2(0.1))
    W = np.arange(6.0).reshape(2, 3)
    assert (objective.linear_problem.rows.reach >= dense.linear_problem.rows.reach).all()
    assert objective.duality_gap(W) == pytest.approx(dense.duality_gap(W), rel=1e-9)


def test_weights_so_large_that_the_value_overflows():
    objective = gd.LinearObjective(np.ones((2, 1)), np.array([0, 1]), gd.SquaredHinge(), gd.L2(1e-3))
    assert objective.duality_gap(np.array([[1e200, 0.0], [0.0, 0.0]])) == math.inf
    assert math.isfinite(objective.duality_gap(np.array([[1e100, 0.0], [0.0, 0.0]])))


@pytest.mark.parametrize("regularizer", [None, gd.L2(0.0), gd.L1(0.0), gd.ElasticNet(0.0, 0.0)])
def test_it_needs_a_strength(regularizer):
    objective = gd.LinearObjective(np.ones((2, 1)), np.array([0, 1]), gd.Hinge(), regularizer)
    with pytest.raises(ValueError, match=r"needs the regularizer L2\(strength\), L1\(strength\) or ElasticNet"):
        objective.duality_gap(np.zeros((2, 2)))


def test_an_elastic_net_without_its_l1_part_is_an_l2():
    X, y, W = np.array([[1.0], [2.0]]), np.array([0, 1]), np.array([[0.1, 0.0], [0.0, 0.2]])
    gaps = [
        gd.LinearObjective(X, y, gd.Hinge(), penalty).duality_gap(W) for penalty in (gd.L2(0.1), gd.ElasticNet(0, 0.1))
    ]
    assert gaps[0] == pytest.approx(gaps[1], rel=1e-14)


def test_it_needs_weights_of_the_shape():
    objective = gd.LinearObjective(np.ones((2, 1)), np.array([0, 1]), gd.Hinge(), gd.L2(1.0))
    with pytest.raises(ValueError, match="W must have the shape"):
        objective.duality_gap(np.zeros((2, 1)))


def test_a_loss_without_a_certificate_is_named():
    own = gd.ScoreLoss(lambda scores, y: (np.zeros(len(y)), np.zeros_like(scores)))
    objective = gd.LinearObjective(np.ones((2, 1)), np.array([0, 1]), own, gd.L2(1.0))
    with pytest.raises(ValueError, match=r"needs one of the losses Hinge.*Huber; it is ScoreLoss"):
        objective.duality_gap(np.zeros((2, 2)))


# ---- the free functions ----


@pytest.mark.parametrize("loss", LOSSES)
def test_a_dual_point_is_feasible(loss):
    """Exactly where it can be exact, else to rounding; with shares over five orders of magnitude."""
    rng = np.random.default_rng(4)
    for _ in range(200):
        n, k = rng.integers(1, 20), rng.integers(2, 6)
        scores, u = rng.normal(size=(n, k)) * 10.0 ** rng.uniform(-2, 2), 10.0 ** rng.uniform(-5, 0, n)
        y = rng.normal(size=(n, k)) if loss == SQUARED_ERROR else rng.integers(0, k, n)
        dual = loss_of(loss, 0.5).dual_point(scores, y, u, True)
        A = dual.coefficients
        assert np.abs(u @ A).max() <= dual.doubt.max() + 1e-18
        if loss == SQUARED_ERROR:
            continue
        assert np.abs(A.sum(axis=1)).max() <= 1e-12 * max(1.0, np.abs(A).max())
        wrong = np.where(np.arange(k) == y[:, None], 0.0, A)
        assert wrong.min() >= 0
        if loss == HINGE:
            assert wrong.max() * dual.most <= 1
        if loss == CROSS_ENTROPY:
            assert wrong.max() <= 1


def test_a_bound_is_never_above_the_best_t_and_never_below_zero():
    G, sure, l2 = np.array([[2.0]]), np.zeros((1, 1)), Strengths(0.0, 1.0)
    assert lower_bound(2.0, 1.0, 1.0, G, sure, l2) == pytest.approx(0.5)  # 2 t - t^2 (1 + 1)
    assert lower_bound(2.0, 1.0, 1.0, G, sure + 2, l2) == pytest.approx(0.2)  # 2 t - t^2 (1 + 4)
    assert lower_bound(2.0, 1.0, 1.0, G, sure, Strengths(0.0, 1e-300)) >= 0
    assert lower_bound(-1.0, 1.0, 1.0, G, sure, l2) == 0
    assert lower_bound(math.nan, 1.0, 1.0, G, sure, l2) == 0
    assert lower_bound(2.0, 1.0, 0.25, G, sure, l2) == pytest.approx(0.375)
    assert lower_bound(2.0, 0.5, math.inf, G, sure, Strengths(1.0, 0.0)) == pytest.approx(0.875)  # t <= 1/2
    assert lower_bound(2.0, 0.0, math.inf, 0 * G, sure, Strengths(1.0, 0.0)) >= 0


def test_the_best_share_of_an_elastic_net():
    """Newton's steps come to the largest D(t), where a fine grid sees it."""
    rng = np.random.default_rng(7)
    for _ in range(200):
        G = rng.normal(size=(3, 4)) * 10.0 ** rng.uniform(-3, 3)
        l1, l2, linear, square = 10.0 ** rng.uniform(-3, 1, 4)
        square *= rng.random() < 0.7
        most = rng.choice([1.0, 0.3, math.inf if square else 2.0])
        found = lower_bound(linear, square, most, G, np.zeros_like(G), Strengths(l1, l2))
        end = min(most, linear / (2 * square) if square else most)
        t = np.append(np.linspace(0, end, 4001), np.geomspace(1e-9 * end, end, 4001))
        beyond = np.maximum(t[:, None] * np.abs(G).ravel() - l1, 0)
        best = (t * linear - t**2 * square - (beyond**2).sum(axis=1) / (4 * l2)).max()
        assert best * (1 - 1e-12) <= found
        assert found <= best * (1 + 1e-2)
