"""The lower bound that a run keeps: by each of its points alone, for the hinge by mixtures of all of them."""

from __future__ import annotations

from typing import Any

from ..._arrays import check_number
from ...protocols import Array
from .duality_gap import certified_strengths
from .gradient_bound import proven_bound
from .hinge_dual import mixed_bound
from .problem import LinearProblem


def improved_bound(problem: LinearProblem, W: Array, value: float, known: Any) -> tuple[float, Any]:
    """A lower bound of the optimum from W, whose objective is `value`, and from all points before.

    `known` is what the call before handed back, None at first. In float64: one pass over X, two where the bias is
    not penalised or the loss is the hinge (the first call on the hinge takes two more).
    """
    check_number(value, "value")
    if problem.loss.has_box_dual and certified_strengths(problem).l1 == 0:
        return mixed_bound(problem, W, known)
    return proven_bound(problem, W), None
