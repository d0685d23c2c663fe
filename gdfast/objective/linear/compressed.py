"""Squared error on many rows as squared error on few: one row for each column, and one for what no weights explain.

With ``Z'UZ = Q S Q'`` of rows and targets (less their means, where the bias is free) the rows ``S^1/2 Q'`` with the
targets ``S^-1/2 Q' Z'UY`` have the same sum of squares at every W but for a constant, which a row of zeros has as its
target. So a path of many strengths goes over X once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ...protocols import Array, FloatArray
from .in_background import in_background
from .least_squares import Centre, centre_of, column_products
from .objective import LinearObjective
from .problem import LinearProblem

FEWER = 2
"""The rows must be so many times as many as the columns."""

MOST_COLUMNS = 1000
WORTH = 40.0
"""Passes over X that it spares at least: 10 m**3 operations may cost as many."""


class Compressed(NamedTuple):
    """The objective on few rows, without a bias; `centre` is what was taken off."""

    objective: LinearObjective
    centre: Centre

    def start(self, w: Array) -> Array:
        """Weights of the whole objective as those of this one."""
        return np.ascontiguousarray(w[:, : self.objective.n_features], dtype=np.float64)

    def whole(self, w: Array) -> Array:
        """Weights of this objective as those of the whole, a free bias at its best."""
        if not self.centre.is_free:
            return w
        return np.column_stack([w, self.centre.target - w @ self.centre.row])


def compressed(problem: LinearProblem) -> Compressed | None:
    """Of squared error without its regularizer; None for other losses, and where it does not pay."""
    rows = problem.rows
    m, n = rows.n_features + int(rows.bias and not problem.has_free_bias), rows.n_samples
    if not problem.loss.is_quadratic or n < FEWER * m or m > MOST_COLUMNS or m == 0:
        return None
    if 10.0 * m * m > WORTH * 2 * n * rows.n_classes:
        return None
    weights, targets = rows.normalized_weights, rows.y
    centre = centre_of(problem, weights, targets)
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = column_products(problem, weights, centre)
        left = targets - centre.target
        products: FloatArray = problem.weighted_rows(weights[:, None] * left)[:, :m]
        squares = weights @ (left * left)
    if not (np.isfinite(matrix).all() and np.isfinite(products).all() and np.isfinite(squares).all()):
        return None
    eigenvalues, Q = in_background(10 * float(m) ** 3, np.linalg.eigh, matrix)
    kept = eigenvalues > 10 * float(np.finfo(np.float64).eps) * m * max(float(eigenvalues[-1]), 0.0)
    roots = np.sqrt(eigenvalues[kept])[:, None]
    few = np.vstack([roots * Q[:, kept].T, np.zeros(m)])
    own = (Q[:, kept].T @ products.T) / roots
    own = np.vstack([own, np.sqrt(np.maximum(squares - (own * own).sum(axis=0), 0.0))])
    unit = math.sqrt(len(few))
    return Compressed(LinearObjective(unit * few, unit * own, problem.loss, None, bias=False), centre)
