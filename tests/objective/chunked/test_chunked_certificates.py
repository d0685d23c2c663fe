"""What a chunked objective proves of its optimum is what the linear objective on the same rows proves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gdfast as gd
from chunked import KINDS, LOSSES, MODES, pair
from gdfast.objective.capabilities import bound_from_gradient, check_certifies, improved_bound

every_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)
PENALTIES = [gd.L2(0.05), gd.L1(0.01), gd.ElasticNet(0.01, 0.05)]


@every_loss
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", MODES)
def test_gaps_and_bounds(loss: Any, kind: str, mode: str) -> None:
    # The bound of W alone may be better than that of W with its best bias, which serves here, and
    # Huber's duals may also be made larger where all are known one by one: that proves more, far from the optimum.
    gap_more, bound_less = (1.15, 0.6) if loss == gd.Huber(0.5) else (1 + 1e-4, 0.6)
    for regularizer in PENALTIES:
        chunked, linear, Ws = pair(kind, loss, mode=mode, regularizer=regularizer)
        known, other = None, None
        for W in 0.1 * Ws[:2]:
            gap, value = chunked.duality_gap(W), chunked.value(W)
            assert 1 - 1e-4 <= gap / linear.duality_gap(W) <= gap_more
            proven, known = improved_bound(chunked, W, value, known)
            bound, other = improved_bound(linear, W, linear.value(W), other)
            assert bound_less * bound - 1e-4 <= proven <= bound * (1 + 1e-4)
            told = bound_from_gradient(chunked, W, *chunked.value_and_gradient(W))
            same = bound_from_gradient(linear, W, *linear.value_and_gradient(W))
            assert told == pytest.approx(same, rel=1e-4, abs=1e-6)


@every_loss
def test_the_optimum_is_proven(loss: Any) -> None:
    """From W alone for smooth losses, by a run's bound for the hinge."""
    chunked, linear, _ = pair("float64", loss)
    if loss.has_kinks:
        result = gd.solve(linear, tol=1e-3)
        assert improved_bound(chunked, result.w, chunked.value(result.w), None)[0] <= result.value
        return
    result = gd.solve(linear, tol=1e-9)
    assert chunked.duality_gap(result.w) <= 1e-7 * result.value


def test_passes() -> None:
    """One where the gradient says all, two where the bias is free: it is moved to where it is best first."""
    for mode, passes in (("free", 4), ("penalised", 2)):
        chunked = pair("float32", gd.CrossEntropy(), mode=mode)[0]
        chunked.duality_gap(np.zeros(chunked.shape))
        before = chunked.passes
        gap = chunked.duality_gap(np.zeros(chunked.shape))
        assert 0 < gap <= np.log(3)
        assert chunked.passes - before <= passes


def test_what_proves_nothing_is_refused_before_any_pass() -> None:
    chunked, _, Ws = pair("float32", gd.ScoreLoss(lambda scores, y: (scores.sum(axis=1), np.ones_like(scores))))
    for call in (check_certifies, lambda objective: objective.duality_gap(Ws[0])):
        with pytest.raises(ValueError, match="duality_gap needs one of the losses"):
            call(chunked)
    assert chunked.passes == 0


def test_minimize_proves_its_gap_on_chunks() -> None:
    chunked, linear, Ws = pair("float64", gd.CrossEntropy())
    result = gd.minimize(chunked, 0 * Ws[0], gd.LBFGS(), step=gd.StrongWolfe(), gap_tol=1e-6, max_steps=200)
    assert result.status == gd.Status.CONVERGED
    assert linear.value(result.w) - gd.solve(linear, tol=1e-10).value <= 1e-6 * result.value
