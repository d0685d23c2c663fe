"""Who runs in bench_solve.py: `gd.solve`, and what a user of scikit-learn or SciPy would call, watched on their way."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from solve_problems import Problem

MEMORY = 10  # pairs of L-BFGS: everybody's default


@dataclass
class Way:
    """How a value fell: seconds since the start, passes or iterations, value, for each step."""

    seconds: list[float] = field(default_factory=list)
    counts: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    proven: tuple[float, float] | None = None
    """Seconds and passes when the run had its proof."""

    def within(self, value: float) -> tuple[float, float] | None:
        """Seconds and counts until the value was as low; None: it never was."""
        for seconds, count, reached in zip(self.seconds, self.counts, self.values, strict=True):
            if reached <= value:
                return seconds, count
        return None

    def add(self, seconds: float, count: float, value: float) -> None:
        self.seconds.append(seconds)
        self.counts.append(count)
        self.values.append(value)


def solve(problem: Problem, tol: float, low: float) -> Way:
    """`gd.solve` from making the objective to the proof of tol, and on to a value of `low` where that is later."""
    import gdfast as gd

    way, begin, passes = Way(), time.perf_counter(), {}
    objective = problem.objective()

    def watch(k: int, w: Any, value: float) -> bool:
        passes[k] = objective.passes
        return False

    result = gd.solve(objective, tol, callback=watch)
    spent, history = time.perf_counter() - begin, result.history
    # A step's time is when its value was there; the proof that may follow has a time of its own, but counts its passes.
    for k, seconds, value in zip(history.steps, history.seconds, history.values, strict=True):
        if k in passes:
            way.add(float(seconds) + spent - result.seconds, passes[k], float(value))
    if not way.values:  # a closed form takes one step
        way.add(spent, objective.passes, result.value)
    if result.duality_gap is not None and result.duality_gap <= tol * result.value:
        way.proven = spent, objective.passes
    if way.within(low) is None:
        other = Way()
        begin, objective = time.perf_counter(), problem.objective()

        def watch_on(k: int, w: Any, value: float) -> bool:
            other.add(time.perf_counter() - begin, objective.passes, value)
            return value <= low

        gd.solve(objective, tol * 1e-3, callback=watch_on)
        other.proven = way.proven
        return other
    return way


def minimize(problem: Problem, optimizer: Any, low: float, max_steps: int, **options: Any) -> Way:
    """One of gdfast's own methods by itself, until its value is as low."""
    import gdfast as gd

    way, begin = Way(), time.perf_counter()
    objective = problem.objective()

    def watch(k: int, w: Any, value: float) -> bool:
        way.add(time.perf_counter() - begin, objective.passes, value)
        return value <= low

    gd.minimize(
        objective, np.zeros(objective.shape), optimizer, callback=watch, max_steps=max_steps, gtol=0.0, **options
    )
    return way


def dual_coordinate_ascent(problem: Problem, gap: float, limit: float) -> Way:
    """gdfast's own, until it has proven this gap or `limit` seconds are over."""
    import gdfast as gd

    way, begin = Way(), time.perf_counter()
    objective = problem.objective()
    result = gd.minimize(
        objective, np.zeros(objective.shape), gd.DualCoordinateAscent(), max_steps=100_000, evaluate_every=5,
        gap_tol=gap, callback=lambda k, w, value: time.perf_counter() - begin > limit,
    )  # fmt: skip
    if result.duality_gap is not None and result.duality_gap <= gap:
        way.proven = time.perf_counter() - begin, objective.passes
    return way


class Enough(Exception):
    """A peer has come as near as is asked for, or has had its time."""


def logistic_regression(problem: Problem, solver: str, low: float, limit: float) -> Way:
    """scikit-learn's, with `C` for the same objective: its own value at each evaluation, until that is as low."""
    from sklearn.linear_model import LogisticRegression

    way = Way()
    model = LogisticRegression(
        C=1 / (2 * problem.strength * len(problem.y)), solver=solver, tol=1e-12, max_iter=100_000
    )
    begin = time.perf_counter()

    def saw(value: float | None) -> None:
        now = time.perf_counter() - begin
        if value is not None:
            way.add(now, len(way.values) + 1, value)
        if now > limit or (value is not None and value <= low):
            raise Enough

    with watched(saw), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with suppress(Enough):
            model.fit(problem.X, problem.y)
    return way


@contextmanager
def watched(saw: Callable[[float | None], None]) -> Iterator[None]:
    """scikit-learn's loss of linear models tells each value that it computes, and None with each product."""
    from sklearn.linear_model._linear_loss import LinearModelLoss

    names = ("loss", "loss_gradient", "gradient_hessian_product")
    kept = {name: getattr(LinearModelLoss, name) for name in names}

    def telling(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            found = original(*arguments, **keywords)
            if original is kept["gradient_hessian_product"]:
                gradient, product = found

                def telling_product(v: Any) -> Any:
                    saw(None)
                    return product(v)

                return gradient, telling_product
            saw(float(found[0] if isinstance(found, tuple) else found))
            return found

        return call

    for name, original in kept.items():
        setattr(LinearModelLoss, name, telling(original))
    try:
        yield
    finally:
        for name, original in kept.items():
            setattr(LinearModelLoss, name, original)


def scipy_iterations(problem: Problem, lows: list[float]) -> list[float | None]:
    """Evaluations that SciPy's L-BFGS, which scikit-learn calls, takes on our objective to values as low."""
    from scipy.optimize import minimize as scipy_minimize

    objective, way = problem.objective(), Way()

    def evaluate(flat: Any) -> tuple[float, Any]:
        value, gradient = objective.value_and_gradient(flat.reshape(objective.shape))
        way.add(0.0, len(way.values) + 1, value)
        if value <= min(lows):
            raise Enough
        return value, gradient.ravel()

    options = {"maxiter": 3_000, "maxfun": 3_000, "maxls": 50, "maxcor": MEMORY, "gtol": 0.0, "ftol": 0.0}
    with suppress(Enough):
        scipy_minimize(evaluate, np.zeros(objective.shape).ravel(), jac=True, method="L-BFGS-B", options=options)
    reached = [way.within(low) for low in lows]
    return [None if found is None else found[1] for found in reached]


def linear_svc(problem: Problem, max_iter: int) -> Way:
    """scikit-learn's squared hinge, one class against the rest: another problem of the same kind; to its own tol."""
    from sklearn.svm import LinearSVC

    way, begin = Way(), time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = LinearSVC(C=1 / (2 * problem.strength * len(problem.y)), loss="squared_hinge", max_iter=max_iter)
        model.fit(problem.X, problem.y)
    way.proven = time.perf_counter() - begin, float(np.max(model.n_iter_))
    return way
