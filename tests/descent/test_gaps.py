"""Runs that stop when they are proven to be near enough: gap_tol with the objective's own duality_gap."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
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
    """The bound (value - gap) never falls on the way; at best_w's value the gap never rises. Every one is true."""
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
    assert all(run.duality_gap <= objective.duality_gap(run.w) + 1e-12 for run in runs)
    assert gaps[-1] < gaps[0] / 2


def test_gap_tol_on_an_objective_that_has_no_certificate():
    """Known before any work."""
    objective = gd.LinearObjective(np.ones((2, 1)), np.array([0, 1]), gd.CrossEntropy())
    with pytest.raises(ValueError, match="needs the regularizer L2"):
        gd.minimize(objective, np.zeros(objective.shape), gap_tol=1e-3)
    assert objective.passes == 0
