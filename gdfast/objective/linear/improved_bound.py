"""The lower bound that a run keeps: by each of its points alone, for the hinge by mixtures of all of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._arrays import check_number
from ...protocols import Array
from .duality_gap import certified_strengths
from .gradient_bound import bound_from_gradient, proven_bound
from .hinge_dual import mixed_bound
from .problem import LinearProblem


def improved_bound(
    problem: LinearProblem, W: Array, value: float, known: Any, gradient: Array | None = None
) -> tuple[float, Any]:
    """A lower bound of the optimum from W, whose objective is `value`, and from all points before.

    `known` is what the call before handed back, None at first. In float64: one pass over X, two where the bias is
    not penalised or the loss is the hinge (the first call on the hinge takes two more); none where a `gradient` in
    float64, as ``value_and_gradient(W)`` gave it, says all that is needed.
    """
    check_number(value, "value")
    if problem.loss.has_box_dual and certified_strengths(problem).l1 == 0:
        return mixed_bound(problem, W, known)
    if gradient is not None and gradient.dtype == np.float64 and problem.rows.is_wide and not problem.has_free_bias:
        return bound_from_gradient(problem, W, value, gradient).proven, None
    return proven_bound(problem, W), None
