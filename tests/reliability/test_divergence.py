"""Divergence never hides: whatever diverges, wherever a number ceases to be finite, no result says that all is well."""

from __future__ import annotations

import itertools
import math
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gdfast as gd
from reliability import divergence
from reliability.divergence import (
    KINDS,
    LOSSES,
    Planted,
    all_line_searches,
    all_optimizers,
    all_schedules,
    objective_of,
)

OPTIONS: dict[str, dict[str, Any]] = {
    "every step": {},
    "every third step": {"evaluate_every": 3},
    "mini-batches": {"batches": 8},
    "mini-batches, evaluated": {"batches": 8, "evaluate_every": 5},
    "mini-batches, never evaluated": {"batches": 8, "evaluate_every": "never"},
    "mini-batches, a callback": {"batches": 8, "callback": lambda k, w, value: None, "callback_every": 7},
    "a gap": {"gap_tol": 1e-3, "evaluate_every": 2},
}
BAD = (math.nan, math.inf, -math.inf)


def steps() -> dict[str, Any]:
    """Lengths that are far too large: numbers, all schedules, a function, a sequence; and all line searches."""
    lengths: dict[str, Any] = {"1e3": 1e3, "1e30": 1e30, "1e300": 1e300}
    lengths |= {"function": lambda k: 1e3 * 1.5**k, "sequence": np.full(200, 1e5)}
    return lengths | all_schedules(1e3) | all_line_searches()


def every_run() -> Iterator[tuple[Any, ...]]:
    sizes, reals = (1.0, 1e3), (np.float32, np.float64)
    return itertools.product(KINDS, LOSSES, all_optimizers().items(), steps().items(), OPTIONS.items(), reals, sizes)


def is_drawn(name: str, of: int, whole: int) -> bool:
    """Whether a case is among `of` of `whole`, always the same."""
    return zlib.crc32(name.encode()) / 2**32 < of / whole


@pytest.mark.slow
@pytest.mark.timeout(900)  # the whole count takes minutes
def test_runs_that_diverge_say_so(amount, record_property):
    seen: Counter[str] = Counter()
    wrong, every = [], sum(1 for _ in every_run())
    for kind, loss, (title, optimizer), (length, step), (name, options), real, size in every_run():
        case = f"{kind} {loss} {title} {length} {name} {real.__name__} {size}"
        if not is_drawn(case, amount(300, 10_000), every):
            continue
        objective = objective_of(kind, loss, size=size)
        w0 = np.full(getattr(objective, "shape", (2 if loss in ("squared error", "Huber") else 3, 5)), 0.1, real)
        try:
            result = gd.minimize(objective, w0, optimizer, step, max_steps=150, **options)
        except (TypeError, ValueError):  # not of this loss, objective or step
            seen["refused"] += 1
            continue
        seen[result.status.name] += 1
        wrong += [f"{case}: {fault}" for fault in divergence.faults(result, objective, gap_tol=options.get("gap_tol"))]
        if result.status is gd.Status.MAX_STEPS and divergence.rose(result) and "rose" not in result.explanation:
            wrong.append(f"{case}: {result.explanation}")
    ended = sum(seen.values()) - seen["refused"]
    record_property(
        "figure", f"steps far too large: {ended:,} runs, {seen['DIVERGED']:,} diverged, {len(wrong)} hid it"
    )
    assert seen["DIVERGED"] > 0.1 * ended
    assert wrong == []


def planted_runs() -> Iterator[tuple[Any, ...]]:
    lengths = {"0.01": 0.01, **all_line_searches()}
    every = ({}, {"evaluate_every": 3}, {"evaluate_every": 7})
    places = ("value", "gradient", "both")
    return itertools.product(LOSSES, all_optimizers().items(), lengths.items(), every, BAD, places, (1, 2, 5, 20))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_not_finite_from_some_evaluation_on_ends_the_run(amount, record_property):
    """From a step on, the value is NaN or infinite, or an element of the gradient: neither success nor mere steps."""
    seen: Counter[str] = Counter()
    wrong, every = [], sum(1 for _ in planted_runs())
    for loss, (title, optimizer), (length, step), options, bad, where, first in planted_runs():
        case = f"{loss} {title} {length} {options} {bad} {where} {first}"
        if not is_drawn(case, amount(800, every), every):
            continue
        inner = objective_of("float64", loss)
        planted = Planted(inner, bad, where, first)
        try:
            result = gd.minimize(planted, np.full(inner.shape, 0.1), optimizer, step, max_steps=60, **options)
        except (TypeError, ValueError):
            continue
        was_seen, status = planted.calls >= first, result.status
        seen[status.name] += was_seen
        is_sound = np.isfinite(result.w).all() and np.isfinite(result.history.values).all()
        if not is_sound or (was_seen and status in (gd.Status.CONVERGED, gd.Status.MAX_STEPS)):
            wrong.append(f"{case}: {status.name}")
        if status is not gd.Status.DIVERGED and not math.isfinite(result.value):
            wrong.append(f"{case}: {status.name} with value {result.value}")
    record_property("figure", f"NaN and infinity planted: {seen.total():,} runs met it, {len(wrong)} hid it")
    assert seen["DIVERGED"] > 100
    assert wrong == []


def test_the_registries_are_whole():
    """A new optimizer, schedule or line search joins these runs by existing."""
    assert len(all_optimizers()) >= 21
    assert len(all_schedules(1.0)) >= 10
    assert len(all_line_searches()) >= 4


# ---- solve, searches, sweeps, checks, estimators ----


def never_finite(w: Any) -> float:
    """A function that is NaN away from its start."""
    return 1.0 if not np.any(w) else math.nan


@pytest.mark.parametrize("bad", BAD)
def test_solve_on_what_is_not_finite(bad):
    for first, where in itertools.product((1, 2, 4), ("value", "gradient", "both")):
        inner = objective_of("float64", "cross-entropy")
        result = gd.solve(Planted(inner, bad, where, first), w0=np.zeros(inner.shape), max_passes=50)
        assert result.status in (gd.Status.DIVERGED, gd.Status.NO_DESCENT)
        assert np.isfinite(result.w).all()


def test_searches_keep_what_is_finite():
    """The best point of a search is one whose value is a number."""
    for search in (
        lambda f: gd.random_search(f, (3,), n=20, rng=0),
        lambda f: gd.local_search(f, np.zeros(3), n=20, rng=0),
    ):
        result = search(gd.FunctionObjective(never_finite, lambda w: np.zeros_like(w)))
        assert np.isfinite(result.w).all()
        assert not (math.isnan(result.value) and "onverged" in str(result))


def test_a_sweep_of_learning_rates_never_calls_a_divergence_the_best():
    """The best of the steps tried is one whose loss is a number."""
    objective = objective_of("float64", "squared error")
    sweep = gd.landscape.step_sizes(objective, np.full(objective.shape, 0.1), np.array([1e200, 1e-3, 1e3, 1e160]))
    assert sweep.best_step == 1e-3
    assert math.isfinite(sweep.best_value)
    assert sweep.overshoot is not None
    assert sweep.overshoot < 1e3


def test_sanity_check_says_that_the_gradient_is_not_finite():
    """X whose squares overflow: no report that all is well."""
    X = np.full((30, 3), 1e200) * np.random.default_rng(0).normal(size=(30, 3))
    report = gd.sanity_check(gd.LinearObjective(X, X[:, 0], gd.SquaredError()))
    assert not report.passed


ESTIMATED = tuple(itertools.product(("plain", "1e18", "1e300", "1e-30", "outlier"), (None, 1e3, 1e300), (False, True)))


@pytest.mark.slow
def test_estimators_that_diverge_warn_or_raise(record_property):
    """Every optimizer by name, learning rates and features of absurd sizes: coefficients are finite, always."""
    pytest.importorskip("sklearn")
    from gdfast.estimators import GDClassifier, GDRegressor
    from gdfast.training.settings import OPTIMIZERS

    rng, fitted, refused, warned = np.random.default_rng(0), 0, 0, 0
    plain, y = rng.normal(size=(40, 4)), rng.integers(0, 3, 40)
    for optimizer, (size, rate, regresses) in itertools.product((None, *OPTIMIZERS, "solve"), ESTIMATED):
        X = plain * {"1e18": 1e18, "1e300": 1e300, "1e-30": 1e-30}.get(size, 1.0)
        if size == "outlier":
            X[3] *= 1e30
        loss = "squared_error" if regresses else "hinge" if optimizer == "dual_coordinate_ascent" else "cross_entropy"
        settings = {"optimizer": optimizer, "learning_rate": rate, "epochs": 4, "random_state": 0}
        model = (GDRegressor if regresses else GDClassifier)(loss, **settings)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                model.fit(X, plain[:, 0] * 1e3 if regresses else y)
            except ValueError:  # not with this loss, or this learning rate
                refused += 1
                continue
        fitted += 1
        case = f"{optimizer} {size} {rate} {loss}"
        assert np.isfinite(model.coef_).all(), case
        assert np.isfinite(model.intercept_).all(), case
        assert not any(issubclass(one.category, RuntimeWarning) for one in told), case
        warned += bool(told)
        if regresses and not told:
            assert model.score(X, plain[:, 0] * 1e3) > -0.05, case
    record_property(
        "figure", f"estimators: {fitted} fits of {fitted + refused}, {warned} warned, 0 without finite weights"
    )
    assert fitted > 300
