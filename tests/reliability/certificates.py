"""Random problems of every loss that has certificates, degenerate ones and absurd scales among them; what is said to be
proven of each is compared, in exact arithmetic, with weights that other methods have found."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from scipy.optimize import minimize

import gdfast as gd
from exact_values import exact_value
from gdfast.objective.capabilities import bound_from_gradient, improved_bound, in_float64
from reference import CROSS_ENTROPY, HINGE, HUBER, LOSSES, REGRESSIONS, SQUARED_ERROR, SQUARED_HINGE, LinearProblem

KINDS = ("float64", "float32", "float16", "uint8", "csr", "csr32")
BIAS = ({}, {"penalize_bias": True}, {"bias": False})
PENALTIES = ("L2", "L1", "ElasticNet")
OPTIMIZERS = {
    "L2": (gd.GradientDescent(), gd.Nesterov(), gd.LBFGS(), gd.Adam()),
    "L1": (gd.ProximalGradient(), gd.CoordinateDescent()),
    "ElasticNet": (gd.ProximalGradient(), gd.CoordinateDescent()),
}


class Case(NamedTuple):
    """The same problem for gdfast and for the oracle, and a sentence that names it."""

    name: str
    objective: gd.LinearObjective
    problem: LinearProblem
    rng: np.random.Generator


def drawn(seed: int) -> Case:
    """Problem number `seed`: the loss, the penalty and the kind of X take turns, the rest is drawn."""
    rng = np.random.default_rng([18, seed])
    loss, penalty = LOSSES[seed % 5], PENALTIES[seed // 5 % 3]
    kind, bias = KINDS[rng.integers(len(KINDS))], BIAS[seed % 7 % 3]
    n, d, k = int(rng.integers(1, 13)), int(rng.integers(1, 6)), int(rng.integers(2, 5))
    X = features(rng, kind, n, d)
    settings: dict[str, Any] = dict(bias)
    if rng.random() < 0.3:
        settings["scale"] = 10.0 ** rng.uniform(-3, 3, d)
        if not kind.startswith("csr"):
            settings["mean"] = X.mean(axis=0, dtype=np.float64)
    if rng.random() < 0.4:
        weights = 10.0 ** rng.uniform(-1, 1, n) ** rng.choice([1, 30]) * (rng.random(n) < 0.8)
        weights[rng.integers(n)] = 1.0
        settings["sample_weight"] = weights
    margin = 10.0 ** rng.uniform(-1, 1) ** rng.choice([1, 3])
    strength = 10.0 ** rng.uniform(-12, 6) if rng.random() < 0.5 else 10.0 ** rng.uniform(-4, 0)
    l1, l2 = {"L2": (0.0, strength), "L1": (strength, 0.0), "ElasticNet": (strength, 10.0 ** rng.uniform(-12, 1))}[
        penalty
    ]
    regularizer = {"L2": gd.L2(l2), "L1": gd.L1(l1), "ElasticNet": gd.ElasticNet(l1, l2)}[penalty]
    named: dict[str, Any] = {}
    if loss in REGRESSIONS:
        y: Any = rng.normal(size=(n, 2)) * 10.0 ** rng.integers(-3, 5) + rng.choice([0.0, 1e4])
    else:
        y, named = rng.integers(0, rng.integers(1, k + 1), n), {"n_classes": k}
    made = {
        HINGE: gd.Hinge(margin),
        SQUARED_HINGE: gd.SquaredHinge(margin),
        CROSS_ENTROPY: gd.CrossEntropy(),
        SQUARED_ERROR: gd.SquaredError(),
        HUBER: gd.Huber(margin),
    }[loss]
    given = scipy.sparse.csr_array(X) if kind.startswith("csr") else X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an offset that dwarfs the spread
        objective = gd.LinearObjective(given, y, made, regularizer, **settings, **named)
    problem = LinearProblem(X.astype(float), y, loss, margin=margin, l1=l1, l2=l2, **settings)
    return Case(f"{seed}: {loss}, {regularizer!r}, {kind}, {n} x {d}, {sorted(settings)}", objective, problem, rng)


def features(rng: np.random.Generator, kind: str, n: int, d: int) -> Any:
    """With duplicates, rows and columns of zeros, constant columns, and columns of very different sizes."""
    if kind == "uint8":
        X = rng.integers(0, 256, (n, d)).astype(float)
    else:
        reach = {"float16": 2, "float32": 12, "csr32": 12}.get(kind, 20)
        X = rng.normal(size=(n, d)) * 10.0 ** rng.uniform(-1, 1, d) ** rng.choice([1, 3])
        if rng.random() < 0.3:
            X *= 10.0 ** rng.uniform(-reach, reach)
        if kind.startswith("csr"):
            X *= rng.random((n, d)) < 0.6
    for what in rng.integers(0, 8, 3):
        i, j = rng.integers(n), rng.integers(d)
        if what == 0:
            X[i] = 0
        elif what == 1:
            X[i] = X[0]
        elif what == 2:
            X[:, j] = X[0, 0]
        elif what == 3:
            X[:, j] = 0
    with np.errstate(over="ignore"):
        X = X.astype(kind.replace("csr32", "float32").replace("csr", "float64"))
    return np.nan_to_num(X, posinf=1e4, neginf=-1e4) if kind == "float16" else X


def faults(case: Case) -> tuple[list[str], int]:
    """What is false of a case, and how many proofs there were."""
    objective, problem = case.objective, case.problem
    wide = in_float64(objective)
    points = {name: w for name, w in found_weights(case) if np.isfinite(w).all()}
    exact = {name: exact_value(problem, w) for name, w in points.items()}
    least = min(exact.values())
    best = min(exact, key=lambda name: exact[name])
    wrong, count = [], 0
    for what, bound in bounds_of_runs(case):
        count += 1
        if not Fraction(bound) <= least:
            wrong.append(f"{case.name}: {what} says >= {bound!r}, but {best} has {float(least)!r}")
    for name, w in points.items():
        with np.errstate(all="ignore"):
            value, gap = objective.value(w), objective.duality_gap(w)
            told = [("improved_bound", improved_bound(objective, w, value, None)[0])] if math.isfinite(value) else []
            if np.isfinite(gradient := wide.gradient(w)).all() and math.isfinite(wide.value(w)):
                told.append(("bound_from_gradient", bound_from_gradient(wide, w, wide.value(w), gradient).proven))
        count += 1 + len(told)
        wrong += [
            f"{case.name}: {what} at {name}: {b!r} > {float(least)!r}" for what, b in told if not Fraction(b) <= least
        ]
        if gap < math.inf and Fraction(value) - least > Fraction(gap):
            wrong.append(f"{case.name}: gap {gap!r} at {name}, value {value!r}, {best} has {float(least)!r}")
        if not gap >= 0 or math.isinf(gap) != math.isinf(value):
            wrong.append(f"{case.name}: gap {gap!r} at {name} where the value is {value!r}")
    return wrong, count


def found_weights(case: Case) -> Iterator[tuple[str, Any]]:
    """Weights near the optimum and far from it: whatever is proven must hold against each."""
    objective, rng = case.objective, case.rng
    wide = in_float64(objective)
    zero = np.zeros(objective.shape)
    yield "zero", zero
    solved = gd.solve(objective, tol=1e-6, max_passes=300).w
    yield "solve", solved
    better = gd.solve(wide, tol=1e-12, max_passes=2000, w0=np.asarray(solved, float)).w
    yield "solve in float64", better
    function, gradient = gd.to_scipy(wide)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = minimize(function, better.ravel(), jac=gradient, method="L-BFGS-B", options={"maxiter": 200})
    yield "SciPy's", found.x.reshape(objective.shape)
    for far in (1e-15, 1e-9, 1e-4, 1.0, 1e6):
        yield (
            f"{far} away",
            better * (1 + far * rng.normal(size=better.shape)) + far * 1e-3 * rng.normal(size=better.shape),
        )
    yield "in float32", better.astype(np.float32)


def bounds_of_runs(case: Case) -> Iterator[tuple[str, float]]:
    """Lower bounds that results tell: the value less the gap."""
    objective = case.objective
    names = OPTIMIZERS[PENALTIES[(case.problem.l1 > 0) * (1 + (case.problem.l2 > 0))]]
    if case.problem.loss == HINGE and case.problem.l1 == 0:
        names = (*names, gd.DualCoordinateAscent(), gd.SemismoothNewton())
    for tol in (1e-2, 1e-9):
        result = gd.solve(objective, tol=tol, max_passes=200)
        if result.duality_gap is not None and result.duality_gap < math.inf:
            yield f"solve({tol}), {result.method}", below(result)
    for optimizer in names:
        for real in (np.float32, np.float64):
            try:
                result = run(objective, optimizer, real)
            except (TypeError, ValueError):  # not for this loss or type
                continue
            if result.duality_gap is not None and result.duality_gap < math.inf:
                yield f"{optimizer} in {np.dtype(real).name}, {result.status.name}", below(result)


def below(result: gd.Result) -> Fraction:
    """What a run has proven the optimum not to be below, without a rounding of ours."""
    return Fraction(result.value) - Fraction(result.duality_gap)


def run(objective: Any, optimizer: Any, real: Any) -> gd.Result:
    """A short run that computes the gap now and then."""
    needs_no_step = isinstance(optimizer, gd.DualCoordinateAscent | gd.SemismoothNewton | gd.CoordinateDescent)
    step = {} if needs_no_step else {"step": gd.Backtracking() if isinstance(optimizer, gd.LBFGS) else "auto"}
    with np.errstate(all="ignore"):
        w0 = np.zeros(objective.shape, real)
        return gd.minimize(objective, w0, optimizer, **step, max_steps=12, gap_tol=1e-300, evaluate_every=3)
