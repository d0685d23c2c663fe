"""The lower bound that a run keeps: by each of its points alone, for the hinge by mixtures of all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..._arrays import check_number
from ...protocols import Array
from .certified import certified_strengths
from .dual_sums import DualSums
from .gradient_bound import bound_from_gradient, proven_bound
from .hinge_dual import mixed_bound, violated_sums
from .problem import LinearProblem
from .terms import Terms

Problem = TypeVar("Problem", bound=Terms)


def improved_bound(
    problem: LinearProblem, W: Array, value: float, known: Any, gradient: Array | None = None
) -> tuple[float, Any]:
    """A lower bound of the optimum from W, whose objective is `value`, and from all points before.

    `known` is what the call before handed back, None at first. In float64: one pass over X, two where the bias is
    not penalised or the loss is the hinge (the first call on the hinge takes two more); none where a `gradient` in
    float64, as ``value_and_gradient(W)`` gave it, says all that is needed.
    """
    return improved_by(problem, W, value, known, gradient, lambda: violated_sums(problem, W), proven_bound)


def improved_by(
    problem: Problem,
    W: Array,
    value: float,
    known: Any,
    gradient: Array | None,
    sums: Callable[[], DualSums],
    proven: Callable[[Problem, Array], float],
) -> tuple[float, Any]:
    """The same of any problem, by what makes the sums of a hinge's duals and what proves a bound by a pass."""
    check_number(value, "value")
    if problem.loss.has_box_dual and certified_strengths(problem).l1 == 0:
        return mixed_bound(problem, sums(), known)
    told = 0.0
    if gradient is not None and gradient.dtype == np.float64 and problem.rows.is_wide:
        told = bound_from_gradient(problem, W, value, gradient).proven
        if not problem.has_free_bias:
            return told, None
    return max(told, proven(problem, W)), None
