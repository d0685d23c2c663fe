"""Sums over the rows of ONE chunk: products with its second moments, Hessians, differences, kinks.

As in `operations`: each returns a tuple that is added up over the chunks, or what its first line says.
"""

from __future__ import annotations

import numpy as np

from ...protocols import Array, FloatArray
from ..linear.gram_sketch import times_gram
from ..linear.objective import LinearObjective
from ..linear.terms import NearTerms
from .kept_scores import KeptScores
from .operations import Part, part_of

# ---- how the features correlate ----


def gram(objective: LinearObjective, share: float, row_weights: Array | None) -> Part:
    """The second moments of its rows."""
    return (part_of(share, objective.gram(row_weights)),)


def gram_diagonal(objective: LinearObjective, share: float, row_weights: Array | None) -> Part:
    """Their diagonal."""
    return (part_of(share, objective.gram_diagonal(row_weights)),)


def gram_times(objective: LinearObjective, share: float, row_weights: Array | None, omega: FloatArray) -> Part:
    """Times some vectors (m, rank)."""
    product, unit = times_gram(objective.linear_problem, omega, row_weights, None)
    with np.errstate(over="ignore", invalid="ignore"):
        return (part_of(share, product * unit),)


def times_moments(objective: LinearObjective, share: float, V: FloatArray) -> Part:
    """V (q, m) times them."""
    return (part_of(share, objective.linear_problem.times_moments(len(V))(V)),)


# ---- derivatives ----


def hessian_times(objective: LinearObjective, share: float, state: KeptScores, V: FloatArray) -> Part:
    """The data's Hessian, at the weights whose scores are kept, times V."""
    return (part_of(share, objective.linear_problem.curvature_at(state.parts[0])(V)),)


def differences(objective: LinearObjective, share: float, W: Array, h: float, code: int, columns: Array) -> Part:
    """Of the data's loss by steps in some columns of W, and how many terms cross a kink."""
    difference, crossings = objective.linear_problem.differences(W, h, code, columns)
    return part_of(share, difference), crossings if share > 0 else np.zeros_like(crossings)


def near_kinks(objective: LinearObjective, share: float, start: int, W: Array, h: float, wanted: Array) -> NearTerms:
    """The kinks within a step of h, with the rows' numbers in the whole; not added up."""
    near = objective.linear_problem.near_kinks(W, h, wanted)
    if not share > 0:
        return NearTerms(np.full(W.shape, h), 0, ())
    return near._replace(terms=tuple((start + i, c, margin) for i, c, margin in near.terms))


# ---- facts of the rows ----


def reach(objective: LinearObjective, share: float) -> FloatArray:
    """The largest elements of its columns, as the model sees them; not added up."""
    return objective.linear_problem.rows.reach


def free_bias(objective: LinearObjective, share: float) -> Part:
    """The parts of `FreeBias`."""
    found = objective.linear_problem.free_bias
    assert found is not None
    return tuple(part_of(share, each) for each in found)
