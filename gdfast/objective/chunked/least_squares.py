"""Squared error with L2 on chunks, in closed form: the products of the columns, added up over the chunks.

As in `linear.least_squares` and `linear.closed_forms`. The products of rows, which serve there where these are fewer,
are not made here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...protocols import FloatArray
from ..linear.closed_forms import MOST_COLUMNS, inverses_of, weights_by_columns
from ..linear.gram import second_moments
from ..linear.least_squares import (
    Centre,
    by_columns,
    cholesky,
    pseudo_inverse,
    require_memory,
    solvable_strength,
    warn_of_many,
)
from ..linear.objective import LinearObjective
from . import operations
from .operations import Part, part_of
from .problem import ChunkedProblem


def column_products(objective: LinearObjective, share: float, centre: FloatArray | None, penalised_bias: bool) -> Part:
    """``Z'UZ`` of one chunk's rows, less a centre."""
    rows = objective.linear_problem.rows
    rows.counter.add(rows.n_samples)
    with np.errstate(over="ignore", invalid="ignore"):
        return (part_of(share, second_moments(rows, rows.normalized_weights, penalised_bias, centre)),)


def target_products(objective: LinearObjective, share: float, target: FloatArray) -> Part:
    """``Y'UZ`` of one chunk's rows, of targets less a target."""
    problem = objective.linear_problem
    weights = problem.rows.normalized_weights[:, None]
    return (part_of(share, problem.weighted_rows(weights * (problem.rows.y - target))),)


def solve(problem: ChunkedProblem) -> FloatArray:
    """The W with ``gradient(W) = 0`` of squared error with L2, or with no regularizer: the minimum.

    As `LinearObjective.solve`, by Cholesky of the columns' products, refined by the gradient itself; where these are
    singular, or nearly, by their eigenvalues. Four passes over X, five with a free bias.

    Raises
    ------
    ValueError
        As `LinearObjective.solve`.
    """
    strength = solvable_strength(problem)
    require_memory(problem.closed_form_side)
    centre = _centre(problem)
    matrix = _matrix(problem, centre)
    if not np.isfinite(matrix).all():
        raise ValueError("X must have products within float64 to solve by them: scale the features")
    matrix.flat[:: len(matrix) + 1] += strength
    inverse, is_unique = cholesky(matrix), True
    if inverse is None:
        inverse, is_unique = pseudo_inverse(matrix)
    wide = problem.in_float64()

    def half_gradient(W: FloatArray) -> FloatArray:
        found: FloatArray = wide.sum(operations.value_and_gradient, W)[1]
        return found / 2

    W = by_columns(problem, half_gradient, inverse, centre, strength)
    if not is_unique:
        warn_of_many(stacklevel=4)
    return W


def closed_forms(problem: ChunkedProblem, strengths: FloatArray) -> FloatArray | None:
    """The optimum at each of these strengths of L2: (m, *shape); None where there is no closed form, or it is dear."""
    m = problem.closed_form_side
    if not problem.loss.is_quadratic or m > MOST_COLUMNS:
        return None
    centre = _centre(problem)
    vectors, inverses = inverses_of(_matrix(problem, centre), strengths)
    products: FloatArray = problem.sum(target_products, centre.target)[0]
    return weights_by_columns(problem, products[:, :m], vectors, inverses, centre)


def _centre(problem: ChunkedProblem) -> Centre:
    rows, free = problem.rows, problem.free_bias
    if free is None:
        return Centre(np.zeros(rows.n_features), np.zeros(rows.n_classes), rows.whole, False)
    mass = float(free.class_rows[0, -1])
    return Centre(free.class_rows[0, :-1] / mass, free.targets / mass, mass, True)


def _matrix(problem: ChunkedProblem, centre: Centre) -> FloatArray:
    row: Any = centre.row if centre.is_free else None
    found: FloatArray = problem.sum(column_products, row, problem.has_penalised_bias)[0]
    return found
