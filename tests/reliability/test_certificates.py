"""Nothing that is called proven is false: random problems, degenerate ones among them, in exact arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

import gdfast as gd
from reliability.certificates import LOSSES, drawn, faults


def exact_largest_curvature(case) -> float:
    """What `lipschitz` may not be below: the largest eigenvalue of the Hessian, where it is constant."""
    Z = case.problem.features()
    w = np.ones(len(Z)) if case.problem.sample_weight is None else np.asarray(case.problem.sample_weight)
    moments = (Z * (w / w.sum())[:, None]).T @ Z
    return 2 * float(np.linalg.eigvalsh(moments)[-1])


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_certificate_is_false(amount, record_property):
    wrong, proofs, problems = [], 0, amount(5, 300)
    for seed in range(problems):
        found, count = faults(drawn(seed))
        wrong += found
        proofs += count
    record_property(
        "figure", f"certificates: {proofs:,} on {problems} problems in exact arithmetic, {len(wrong)} false"
    )
    assert proofs >= 20 * problems
    assert wrong == []


@pytest.mark.slow
def test_a_false_certificate_would_be_found(monkeypatch):
    """Gaps that are a tenth too small, and bounds a tenth too high."""
    case = next(case for case in map(drawn, range(3, 100, 5)) if case.problem.l1 == 0)
    right = gd.LinearObjective.duality_gap
    monkeypatch.setattr(gd.LinearObjective, "duality_gap", lambda self, w: 0.9 * right(self, w))
    assert any("gap" in fault for fault in faults(case)[0])


def test_each_loss_is_among_them():
    assert {drawn(seed).problem.loss for seed in range(5)} == set(LOSSES)


def test_the_step_is_no_longer_than_curvature_allows(record_property):
    """1 / suggest_step is an upper bound of the largest eigenvalue: squared error, whose Hessian is known."""
    checked = 0
    for seed in range(3, 300, 5):
        case = drawn(seed)
        assert case.problem.loss == "squared_error"
        largest = exact_largest_curvature(case)
        checked += 1
        assert case.objective.lipschitz() >= largest * (1 - 1e-5), case.name
    record_property("figure", f"Lipschitz constants: {checked} problems, 0 below the largest eigenvalue")
    assert checked == 60
