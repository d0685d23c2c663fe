"""Sums over the rows of ONE chunk that dual points are made of: how far from the optimum weights are.

As in `operations`: each returns a tuple that is added up over the chunks, or what its first line says.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...protocols import Array, FloatArray
from ..linear import evaluation
from ..linear.hinge_dual import dual_sums, violated
from ..linear.objective import LinearObjective
from ..linear.problem import LinearProblem
from .kept_scores import KeptScores
from .operations import Part, part_of


def certificate(objective: LinearObjective, share: float, W: Array, at: FloatArray) -> Part:
    """The data's loss at W in the arithmetic that X asks for; loss and gradient at other weights in float64."""
    problem = objective.linear_problem
    seen = evaluation.value(problem.in_own_arithmetic(), W)
    found, gradient = evaluation.value_and_gradient(problem, at)
    return part_of(share, seen), part_of(share, found), part_of(share, gradient)


def value_of_scores(state: KeptScores) -> Part:
    """The data's loss at the first scores."""
    value = np.empty(1)
    state.problem().kernel.mix(state.parts[0], None, None, None, value, None, None)
    return (part_of(state.share, float(value[0])),)


def at_bias(state: KeptScores, bias: FloatArray) -> Part:
    """The parts of `AtBias` where all scores are moved."""
    rows = state.problem().rows
    found = state.loss.at_bias(state.parts[0] + bias, rows.y, rows.normalized_weights)
    assert found is not None
    return tuple(part_of(state.share, each) for each in found)


# ---- duals of a hinge: see `linear.dual_sums` ----


def class_sums(objective: LinearObjective, share: float, mean_weight: float) -> Part:
    """Sums of the rows of each class."""
    problem = _weighted_as_all(objective, mean_weight)
    sums = problem.class_sums
    assert sums is not None
    return (sums if share > 0 else np.zeros_like(sums),)


def violated_sums(
    objective: LinearObjective, share: float, W: Array, mean_weight: float, present: Array | None
) -> Part:
    """Of the duals that W proves with, those of `present` classes: the first three of `DualSums`, before centring."""
    problem = _weighted_as_all(objective, mean_weight)
    duals = violated(problem, W)
    if not share > 0:
        duals[...] = 0
    return dual_sums(problem, duals if present is None else duals * present)


def longest(objective: LinearObjective, share: float) -> float:
    """The largest norm of a row; not added up."""
    return float(np.sqrt(objective.linear_problem.squares.max()))


def _weighted_as_all(objective: LinearObjective, mean_weight: float) -> LinearProblem:
    """Weights in units of the mean of all rows."""
    problem = objective.linear_problem
    return replace(problem, rows=replace(problem.rows, mean_weight=mean_weight))
