"""The closed form at many strengths of L2: one matrix of products and one eigendecomposition serve them all.

With Z'UZ = Q S Q' (rows and targets less their means where the bias is free) the optimum at a strength is
``W = Y'UZ Q / (S + strength) Q'``. Where there are fewer rows than columns the rows' products take their place:
``W = C'Z`` with ``C = Q / (S + strength) Q' U^1/2 Y`` (times the roots of the weights).
"""

from __future__ import annotations

import numpy as np

from ...protocols import FloatArray
from .in_background import in_background
from .least_squares import Centre, centre_of, column_products, row_products, weights_of_rows
from .problem import LinearProblem
from .terms import Terms

MOST_COLUMNS = 4000
"""Of the matrix: the eigenvectors of a larger one take longer than iterations do."""


def closed_forms(problem: LinearProblem, strengths: FloatArray) -> FloatArray | None:
    """The optimum at each of these strengths of L2: (m, *shape); None where there is no closed form, or it is dear.

    A strength of 0 gives the optimum with the smallest norm.
    """
    rows = problem.rows
    n, m = rows.n_samples, rows.n_features + int(problem.has_penalised_bias)
    if not problem.loss.is_quadratic or min(n, m) > MOST_COLUMNS:
        return None
    weights, targets = rows.normalized_weights, rows.y
    centre, is_dual = centre_of(problem, weights, targets), n < m
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = row_products(problem, weights, centre) if is_dual else column_products(problem, weights, centre)
    vectors, inverses = inverses_of(matrix, strengths)
    if is_dual:
        return _by_rows(problem, vectors, inverses, weights, centre, targets)
    products = problem.weighted_rows(weights[:, None] * (targets - centre.target))[:, :m]  # centred as the targets are
    return weights_by_columns(problem, products, vectors, inverses, centre)


def inverses_of(matrix: FloatArray, strengths: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Q, and ``1 / (S + strength)`` for each strength: 0 where that is rounding."""
    if not np.isfinite(matrix).all():
        raise ValueError("X must have products within float64 to solve by them: scale the features")
    eigenvalues, vectors = in_background(10 * float(len(matrix)) ** 3, np.linalg.eigh, matrix)
    rounding = 10 * float(np.finfo(np.float64).eps) * len(matrix) * max(float(eigenvalues[-1]), 0.0)
    divisors = np.maximum(eigenvalues, 0.0) + strengths[:, None]
    return vectors, np.divide(1.0, divisors, out=np.zeros_like(divisors), where=divisors > rounding)


def weights_by_columns(
    problem: Terms, products: FloatArray, vectors: FloatArray, inverses: FloatArray, centre: Centre
) -> FloatArray:
    """Of ``Y'UZ``, centred."""
    m = len(vectors)
    found = np.zeros((len(inverses), *problem.rows.shape))
    found[:, :, :m] = ((products @ vectors) * inverses[:, None, :]) @ vectors.T
    if centre.is_free:
        found[:, :, -1] = centre.target - found[:, :, :-1] @ centre.row
    return found


def _by_rows(
    problem: LinearProblem,
    vectors: FloatArray,
    inverses: FloatArray,
    weights: FloatArray,
    centre: Centre,
    targets: FloatArray,
) -> FloatArray:
    roots = np.sqrt(weights)[:, None]
    products = vectors.T @ (roots * (targets - centre.target))
    return np.stack(
        [weights_of_rows(problem, (vectors @ (each[:, None] * products)) * roots, centre) for each in inverses]
    )
