"""No bound is false: random and crafted problems of all losses and penalties, against optima found otherwise."""

from __future__ import annotations

from copy import copy
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
import scipy.sparse

import gdfast as gd
from exact_values import exact_value
from gdfast.objective.capabilities import bound_from_gradient, improved_bound, in_float64
from gdfast.objective.linear.problem import LinearProblem as LinearObjectiveProblem
from optima import Small
from reference import CROSS_ENTROPY, HINGE, HUBER, LOSSES, REGRESSIONS, SQUARED_ERROR, SQUARED_HINGE, LinearProblem

MODES = {"unpenalised": {}, "penalised": {"penalize_bias": True}, "absent": {"bias": False}}
PENALTIES = ("L2", "L1", "ElasticNet")
KINDS = ("float64", "float32", "uint8", "csr", "csr32")


class Case(NamedTuple):
    objective: gd.LinearObjective
    small: Small
    W: np.ndarray
    optimum: float
    sure: bool
    points: list


def loss_of(name, margin):
    return {
        HINGE: gd.Hinge(margin),
        SQUARED_HINGE: gd.SquaredHinge(margin),
        CROSS_ENTROPY: gd.CrossEntropy(),
        SQUARED_ERROR: gd.SquaredError(),
        HUBER: gd.Huber(margin),
    }[name]


@cache
def draw(seed, loss, penalty, mode):
    """A random problem, its optimum, and weights at many distances from it. Such problems have what bounds trip over:
    kinks, duplicates, zero rows, constant columns, one class, n < d, strengths far apart, weights of 0."""
    rng = np.random.default_rng([seed, LOSSES.index(loss), PENALTIES.index(penalty), list(MODES).index(mode)])
    n, d, k = int(rng.integers(1, 11)), int(rng.integers(1, 5)), int(rng.integers(2, 5))
    if rng.random() < 0.1:
        n, d = int(rng.integers(1, 4)), int(rng.integers(4, 8))
    X = rng.integers(-3, 4, (n, d)).astype(float) if rng.random() < 0.4 else rng.normal(size=(n, d))
    X *= 10.0 ** rng.integers(-2, 3)
    kind = KINDS[rng.integers(len(KINDS))]
    if kind == "uint8":
        X = rng.integers(0, 256, (n, d)).astype(float)
    if kind.startswith("csr"):
        X *= rng.random((n, d)) < 0.6
    for _ in range(2):
        what, i, j = rng.integers(6), rng.integers(n), rng.integers(d)
        if what == 0:
            X[i] = 0
        elif what == 1:
            X[i] = X[0]
        elif what == 2:
            X[:, j] = X[0, 0]
        elif what == 3:
            X[:, j] = 0
    narrow = kind.replace("csr32", "float32").replace("csr", "float64")
    X = X.astype(narrow)
    settings = dict(MODES[mode])
    if rng.random() < 0.3:
        settings["scale"] = rng.choice([0.5, 2.0, 3.7, 255.0], d)
        settings["mean"] = None if kind.startswith("csr") else rng.normal(size=d)
    if rng.random() < 0.5:
        settings["sample_weight"] = 10.0 ** rng.uniform(-rng.choice([0.3, 5.0]), 0, n) * (rng.random(n) < 0.8)
        settings["sample_weight"][rng.integers(n)] = 1.0
    margin, strength = (
        10.0 ** rng.uniform(-1, 1),
        10.0 ** rng.choice([rng.uniform(-4, 0), -9.0, 3.0], p=[0.8, 0.1, 0.1]),
    )
    l1 = 0.0 if penalty == "L2" else strength
    l2 = {"L2": strength, "L1": 0.0, "ElasticNet": 10.0 ** rng.uniform(-4, 0)}[penalty]
    regularizer = {"L2": gd.L2(l2), "L1": gd.L1(l1), "ElasticNet": gd.ElasticNet(l1, l2)}[penalty]
    if loss in REGRESSIONS:
        k = 2
        y, named = rng.normal(size=(n, k)) * 3 + rng.choice([0.0, 5.0]), {}
        if rng.random() < 0.3:
            y = np.round(y)
    else:
        y, named = rng.integers(0, rng.integers(1, k + 1), n), {"n_classes": k}
    given = scipy.sparse.csr_array(X) if kind.startswith("csr") else X
    objective = gd.LinearObjective(given, y, loss_of(loss, margin), regularizer, **settings, **named)
    problem = LinearProblem(X.astype(float), y, loss, margin=margin, l1=l1, l2=l2, **settings)
    small = Small(problem, k)
    W, optimum, sure = small.optimum()
    W = W if np.isfinite(W).all() else np.zeros_like(W)
    size = np.abs(small.Z).max(axis=0)
    unit = 1 / np.where(size > 0, size, 1.0)
    points = [W + far * unit * rng.normal(size=W.shape) for far in (0.0, 1e-9, 1e-3, 1.0)] + [np.zeros_like(W)]
    return Case(objective, small, W, optimum, sure, points)


def faults(case):
    """What is false of a case, and how many bounds there were."""
    small, optimum = case.small, case.optimum
    objective = copy(case.objective)  # made anew: nothing is kept from the last time
    wide, found, count = in_float64(objective), [], 0
    known = None
    for number, V in enumerate(case.points):
        value, gradient = wide.value_and_gradient(V)
        gap = objective.duality_gap(V)
        here = objective.value(V)
        told = bound_from_gradient(wide, V, value, gradient)
        proven, known = improved_bound(objective, V, here, known)
        count += 3
        assert 0 <= gap <= here
        assert np.isfinite([gap, proven, told.proven, told.estimate]).all()
        allowed = optimum * (1 + 1e-14)
        if max(proven, told.proven) > allowed:
            found.append(("a bound", number, proven, told, optimum))
        exact = max(here, small.value(V)) if gap < here < 1e5 * optimum else here  # (a gap of value(V) is value's own)
        if exact - optimum > gap + 1e-14 * here:
            found.append(("a gap", number, gap, exact - optimum))
        narrow = bound_from_gradient(objective, V, *objective.value_and_gradient(V))
        assert narrow.proven == (told.proven if objective.arithmetic == np.float64 else 0.0)
    return found, count


def hunted(seeds, losses=LOSSES, on=lambda objective: objective):
    """Every loss, penalty and bias, at each of the seeds, on the objective or what is made of it."""
    bad, count = [], 0
    for seed in seeds:
        for loss in losses:
            for penalty in PENALTIES:
                if loss == HINGE and penalty == "ElasticNet":
                    continue  # (no program for it here)
                for mode in MODES:
                    case = draw(seed, loss, penalty, mode)
                    found, n = faults(case._replace(objective=on(case.objective)))
                    bad += [(seed, loss, penalty, mode, *fault) for fault in found]
                    count += n
    return bad, count


def test_no_bound_is_false():
    bad, count = hunted(range(1))
    assert count >= 500
    assert bad == []


def in_chunks(objective):
    """The same objective on chunks of one row, two rows, and the rest."""
    rows, X = objective.linear_problem.rows, objective.X
    parts = [X[first:last] for first, last in ((0, 1), (1, 3), (3, X.shape[0])) if first < X.shape[0]]
    options = {name: getattr(objective, name) for name in ("bias", "penalize_bias", "mean", "scale")}
    named = {"n_classes": objective.n_classes} if objective.loss.classifies else {}
    return gd.ChunkedObjective(
        parts, rows.y, objective.loss, objective.regularizer, sample_weight=rows.sample_weight, **options, **named
    )


def test_no_bound_of_chunks_is_false():
    bad, count = hunted(range(200, 202), on=in_chunks)
    assert count >= 1000
    assert bad == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(202, 232))
def test_no_bound_of_chunks_is_false_in_a_thousand_problems(seed):
    assert hunted([seed], on=in_chunks)[0] == []


def test_forgetting_the_bias_would_be_found(monkeypatch):
    """The same on bounds that ignore sum_i A_i = 0: it can fail, for each loss."""
    monkeypatch.setattr(LinearObjectiveProblem, "free_bias", None)
    seen = {loss for _, loss, *_ in hunted(range(3))[0]}
    assert seen == set(LOSSES)


def test_smooth_losses_are_proven_to_a_ten_millionth():
    """At optima that are known to be: by two passes, by the run's bound, and for penalised biases by no pass at all."""
    tight = 0
    for seed in range(3):
        for loss in LOSSES[1:]:
            for penalty in PENALTIES:
                for mode in MODES:
                    objective, small, W, optimum, sure, _ = draw(seed, loss, penalty, mode)
                    start = small.value(np.zeros_like(W))
                    if not sure or objective.arithmetic != np.float64 or optimum < 1e-3 * start:
                        continue
                    tight += 1
                    value = objective.value(W)
                    told = bound_from_gradient(objective, W, *objective.value_and_gradient(W))
                    enough = 1e-7 * value + 1e-10 * start
                    assert objective.duality_gap(W) <= enough
                    assert value - improved_bound(objective, W, value, None)[0] <= enough
                    assert value - told.estimate <= enough
                    assert mode == "unpenalised" or value - told.proven <= enough
    assert tight >= 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 76))
def test_no_bound_is_false_in_three_thousand_problems(seed):
    bad, count = hunted([seed])
    assert count == 42 * 15
    assert bad == []


# ---- in exact arithmetic: whatever a bound says, no W is below it, not by one unit in the last place ----


def exact_faults(case):
    """As `faults`, at the best W that is known, without a tolerance."""
    W, objective, wide = case.W, case.objective, in_float64(case.objective)
    least = exact_value(case.small.problem, W)
    bounds = [bound_from_gradient(wide, V, *wide.value_and_gradient(V)).proven for V in (W, 0.999 * W)]
    bounds += [improved_bound(objective, V, objective.value(V), None)[0] for V in (W, 0.999 * W)]
    gap = Fraction(objective.duality_gap(W))
    return [b for b in bounds if Fraction(b) > least] + [gap] * (Fraction(objective.value(W)) - least > gap)


def exactly_hunted(seeds):
    bad = []
    for seed in seeds:
        for loss in LOSSES:
            for penalty in PENALTIES[: 2 if loss == HINGE else 3]:
                for mode in MODES:
                    bad += [(seed, loss, penalty, mode, x) for x in exact_faults(draw(seed, loss, penalty, mode))]
    return bad


def test_no_bound_is_false_in_exact_arithmetic():
    assert exactly_hunted([100]) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(101, 125))
def test_no_bound_is_false_in_exact_arithmetic_of_many(seed):
    assert exactly_hunted([seed]) == []
