"""Runs that stop when they are proven to be near enough: gap_tol with the objective's own duality_gap."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import gdfast as gd
from gdfast.descent.record import Record
from gdfast.objective.capabilities import improved_bound
from optima import Small
from reference import CROSS_ENTROPY, HINGE, LinearProblem


def problem(loss, **settings):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    named = {HINGE: gd.Hinge(), CROSS_ENTROPY: gd.CrossEntropy()}[loss]
    objective = gd.LinearObjective(X, y, named, gd.L2(0.05), **settings)
    return objective, Small(LinearProblem(X, y, loss, l2=0.05, **settings), 3).optimum()[1]


@pytest.mark.parametrize("settings", [{}, {"penalize_bias": True}, {"bias": False}])
@pytest.mark.parametrize("gap_tol", [1e-2, 1e-6, 1e-10])
def test_a_run_stops_when_it_is_proven(settings, gap_tol):
    objective, optimum = problem(CROSS_ENTROPY, **settings)
    W0 = np.zeros(objective.shape)
    result = gd.minimize(objective, W0, step="auto", gtol=0.0, gap_tol=gap_tol, evaluate_every=5, max_steps=5000)
    assert result.status is gd.Status.CONVERGED
    assert result.value - optimum <= result.duality_gap <= gap_tol
    assert result.steps % 5 == 0
    assert 0 < result.steps < 5000
    assert f"The optimum is proven to be within {result.duality_gap:.3g}." in str(result)
    tighter = gd.minimize(objective, W0, step="auto", gtol=0.0, gap_tol=gap_tol / 10, evaluate_every=5, max_steps=5000)
    assert tighter.steps >= result.steps


def test_with_mini_batches_and_other_steps():
    objective, optimum = problem(CROSS_ENTROPY)
    result = gd.minimize(
        objective,
        np.zeros(objective.shape),
        gd.Momentum(0.5),
        lambda k: 0.5 / (1 + 0.01 * k),
        batches=gd.MiniBatches(10),
        epochs=400,
        gap_tol=1e-2,
        evaluate_every=8,
    )
    assert result.status is gd.Status.CONVERGED
    assert result.value - optimum <= result.duality_gap <= 1e-2


def test_without_gap_tol_nothing_is_proven():
    objective, _ = problem(CROSS_ENTROPY)
    assert gd.minimize(objective, np.zeros(objective.shape), step="auto", max_steps=3).duality_gap is None


@pytest.mark.parametrize("settings", [{}, {"penalize_bias": True}, {"bias": False}])
def test_on_the_hinge_a_run_keeps_its_best_bound(settings):
    """The bound (value - gap) never falls during the run; at best_w's value the gap never rises. Every one is true."""
    objective, optimum = problem(HINGE, **settings)
    W0 = np.zeros(objective.shape)
    runs = [
        gd.minimize(
            objective, W0, step=lambda k: 0.3 / (1 + k) ** 0.5, gtol=0.0, gap_tol=0.0, evaluate_every=1, max_steps=steps
        )
        for steps in (0, 1, 3, 10, 30, 100, 300)
    ]
    bounds = [run.value - run.duality_gap for run in runs]
    gaps = [run.best_value - bound for run, bound in zip(runs, bounds, strict=True)]
    assert all(np.diff(bounds) >= -1e-12)
    assert all(np.diff(gaps) <= 1e-12)
    assert all(bound <= optimum + 1e-9 for bound in bounds)
    assert gaps[-1] < gaps[0] / 2


@pytest.mark.parametrize("settings", [{}, {"penalize_bias": True}, {"bias": False}])
def test_what_the_points_of_a_hinge_run_prove_is_mixed(settings):
    """The mixture proves clearly more than the best of them."""
    objective, optimum = problem(HINGE, **settings)
    seen = []
    run = gd.minimize(
        objective,
        np.zeros(objective.shape),
        step=lambda k: 1 / (1 + k),
        batches=gd.MiniBatches(8, seed=1),
        epochs=100,
        gtol=0.0,
        gap_tol=0.0,
        evaluate_every=5,
        metrics={"bound": lambda w: seen.append(objective.value(w) - objective.duality_gap(w)) or 0.0},
    )
    bound = run.value - run.duality_gap
    assert bound <= optimum + 1e-9
    assert optimum - bound < 0.8 * (optimum - max(seen))


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_mixtures_of_any_points_are_true(seed):
    """Weighted rows, classes without rows, centred and scaled features, wild points."""
    rng = np.random.default_rng(seed)
    n, d, k = int(rng.integers(2, 12)), int(rng.integers(1, 4)), int(rng.integers(2, 5))
    X, y = rng.normal(size=(n, d)) * rng.choice([0.1, 1.0, 10.0]), rng.integers(0, rng.integers(2, k + 1), n)
    more = {"bias": bool(rng.random() < 0.8)}
    if more["bias"]:
        more["penalize_bias"] = bool(rng.random() < 0.4)
    if rng.random() < 0.4:
        more["sample_weight"] = rng.integers(0, 3, n) + (np.arange(n) == 0.0)
    strength = float(rng.choice([1e-3, 1e-1, 1.0]))
    objective = gd.LinearObjective(X, y, gd.Hinge(), gd.L2(strength), n_classes=k, **more)
    optimum = Small(LinearProblem(X, y, HINGE, l2=strength, **more), k).optimum()[1]
    bounds, known = [], None
    for _ in range(8):
        W = rng.normal(size=objective.shape) * rng.choice([1e-2, 1.0, 100.0])
        bound, known = improved_bound(objective, W, objective.value(W), known)
        bounds.append(bound)
    assert all(np.diff(bounds) >= -1e-12 * max(1, bounds[-1]))
    assert bounds[-1] <= optimum + 1e-9 * max(1, optimum)


def test_what_is_proven_is_kept_in_a_checkpoint(tmp_path):
    objective, _ = problem(HINGE)
    settings = {"step": gd.InverseTime(1.0, 1.0), "gap_tol": 0.0, "evaluate_every": 3}
    W0, saved = np.zeros(objective.shape), gd.Checkpoint(tmp_path / "run.npz", every=7)
    straight = gd.minimize(objective, W0, max_steps=40, **settings)
    gd.minimize(objective, W0, max_steps=21, checkpoint=saved, **settings)
    assert gd.resume(saved.path, objective, max_steps=40).duality_gap == straight.duality_gap


def test_gap_tol_on_an_objective_that_has_no_certificate():
    """Known before any work."""
    objective = gd.LinearObjective(np.ones((2, 1)), np.array([0, 1]), gd.CrossEntropy())
    with pytest.raises(ValueError, match="needs the regularizer L2"):
        gd.minimize(objective, np.zeros(objective.shape), gap_tol=1e-3)
    assert objective.passes == 0


def test_a_mini_batch_has_bounds_of_its_own():
    objective, _ = problem(HINGE)
    W = np.ones(objective.shape)
    whole, _ = improved_bound(objective, W, objective.value(W), None)
    batch = objective.rows([0, 3, 5])
    bound, _ = improved_bound(batch, W, batch.value(W), None)
    fresh = problem(HINGE)[0].rows([0, 3, 5])
    assert bound == improved_bound(fresh, W, fresh.value(W), None)[0]
    assert improved_bound(objective, W, objective.value(W), None)[0] == whole


class Interrupted:
    """A linear objective whose whole raises KeyboardInterrupt at its n-th evaluation, and at all after it."""

    def __init__(self, objective, name, n):
        self.objective, self.name, self.left = objective, name, n

    def __getattr__(self, name):
        if name == self.name:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        return getattr(self.objective, name)


@pytest.mark.parametrize(("name", "calls"), [("value_and_gradient", 3), ("improved_bound", 0), ("improved_bound", 2)])
def test_nothing_is_proven_of_a_value_that_was_not_computed(name, calls):
    """A second Ctrl-C while the run ends: its value is the last mini-batch's, or none."""
    objective, optimum = problem(HINGE)
    run = {"batches": gd.MiniBatches(1), "gap_tol": 0.0, "max_steps": 8, "step": 1.0}
    every = 2 if calls else None
    W0 = np.zeros(objective.shape)
    result = gd.minimize(Interrupted(objective, name, calls), W0, gtol=0.0, evaluate_every=every, **run)
    assert result.status is gd.Status.INTERRUPTED
    assert result.duality_gap is None or result.value == objective.value(result.w)
    assert result.duality_gap is None or result.value - optimum <= result.duality_gap


def test_a_gap_is_rounded_up():
    record = Record(None, {})
    assert record.gap(1.0) is None
    record.keep_bound(0.3)
    rng = np.random.default_rng(0)
    for value in 0.3 + 10.0 ** rng.uniform(-12, 12, 300):
        assert Fraction(record.gap(value)) >= Fraction(float(value)) - Fraction(0.3)
    assert record.gap(0.3) == 0
    assert record.gap(np.nan) is None


@pytest.mark.parametrize("how", ["gtol", "callback", "no descent", "max_steps"])
def test_however_a_run_ends_its_end_is_proven(how):
    """Once: the end is one of the places where the run is evaluated."""
    objective, optimum = problem(CROSS_ENTROPY)
    run = {"gtol": 1e-7 if how == "gtol" else 0.0, "max_steps": 4 if how == "max_steps" else 500}
    if how == "callback":
        run["callback"] = lambda k, w, value: k == 3
    result = gd.minimize(objective, np.zeros(objective.shape), gd.LBFGS(), gd.StrongWolfe(), gap_tol=1e-6, **run)
    assert result.value - optimum <= result.duality_gap
    ends = {"gtol": "CONVERGED", "callback": "STOPPED", "no descent": "CONVERGED", "max_steps": "MAX_STEPS"}
    assert result.status.name == ends[how]
    if how == "no descent":
        assert result.gradient_norm > 0
        assert result.duality_gap <= 1e-6


def test_an_end_that_was_evaluated_is_not_proven_again():
    objective, _ = problem(HINGE)
    passes = []
    for steps in (10, 11):
        before = objective.passes
        gd.minimize(objective, np.zeros(objective.shape), gtol=0.0, gap_tol=0.0, evaluate_every=1, max_steps=steps)
        passes.append(objective.passes - before)
    assert passes == [11 + 2 + 11 * 2, 12 + 12 * 2]


@pytest.mark.parametrize("options", [{"bias": False}, {"penalize_bias": True}, {}])
def test_a_proof_from_the_gradient_takes_no_pass(options):
    """In float64, without a free bias; and it is the proof that a pass would have been."""
    rng = np.random.default_rng(8)
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    objective = gd.LinearObjective(X, y, gd.CrossEntropy(), gd.L2(0.01), **options)
    W = gd.minimize(objective, np.zeros(objective.shape), gd.LBFGS(), gd.StrongWolfe(), gtol=1e-4).w
    value, gradient = objective.value_and_gradient(W)
    told = improved_bound(objective, W, value, None)
    before = objective.passes
    assert improved_bound(objective, W, value, None, gradient) == told
    assert (objective.passes == before) == (options != {})
