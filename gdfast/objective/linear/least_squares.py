"""The linear objective's minimum in closed form, where it has one: gradient = 0 for squared error and L2.

Without an unpenalised bias the equations are ``W (Z'UZ + strength I) = Y'UZ``: rows z_i, U their shares of the mean.
With one, rows and targets are taken less their means, and the bias follows. Where there are fewer rows than columns the
n x n matrix of the rows' products serves instead: ``W = C'Z`` with ``(U^1/2 Z Z' U^1/2 + strength I) C = U^1/2 Y``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ...protocols import FloatArray
from . import seen_rows
from .gram import second_moments
from .in_background import in_background
from .problem import LinearProblem
from .seen_rows import block_of, blocks_of_rows, dense_product, weighted_csr
from .terms import Terms

MOST_BYTES = 1 << 33  # of the matrix and what its solution takes
CLEARLY_REGULAR = 1e-10  # of a pivot of Cholesky's, where the diagonal is 1
MOST_STEPS = 4  # the first leads there but for rounding

Solver = Callable[[FloatArray], FloatArray]


class Centre(NamedTuple):
    """What is taken off: the mean row (without bias) and the mean targets; both 0 where there is no free bias."""

    row: FloatArray
    target: FloatArray
    mass: float
    is_free: bool


def solve(problem: LinearProblem) -> FloatArray:
    """The W with ``gradient(W) = 0`` of squared error with L2, or with no regularizer: the minimum.

    Returns
    -------
    float64 array of `shape`

    Raises
    ------
    ValueError
        Another loss or regularizer, which has no closed form; products of X beyond float64; so many samples and
        features that the matrix wouldn't fit into 8 GB.

    Warns
    -----
    RuntimeWarning
        Many W are minima (fewer samples than weights, or columns that depend on each other, without L2): W is the
        one with the smallest norm, a free bias apart; it is the limit of a vanishing L2.

    Notes
    -----
    Cholesky of the matrix of the columns' products, summed up block by block in float64, or of the rows' products
    where the rows are fewer; refined by the gradient itself. Where the columns depend on each other, or nearly, the
    rows are reduced by Householder's reflections and the small triangle solved by singular values. Costs
    n_samples * n_features * m operations for m = min(weights of a class, n_samples), and m**3; 32 m**2 bytes.

    References
    ----------
    Å. Björck, Numerical Methods for Least Squares Problems, 1996, sections 2.2 and 2.4.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    >>> objective = gd.LinearObjective(X, y, gd.SquaredError())
    >>> objective.solve().round(12)  # 2 x + 1
    array([[2., 1.]])
    """
    strength = solvable_strength(problem)
    rows, targets = problem.rows, problem.rows.y
    n, m = rows.n_samples, rows.n_features + int(problem.has_penalised_bias)
    is_dual = n < m
    require_memory(min(n, m))
    weights = problem.rows.normalized_weights
    centre = centre_of(problem, weights, targets)
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = row_products(problem, weights, centre) if is_dual else column_products(problem, weights, centre)
    if not np.isfinite(matrix).all():
        raise ValueError("X must have products within float64 to solve by them: scale the features")
    matrix.flat[:: len(matrix) + 1] += strength
    inverse, is_unique = cholesky(matrix), strength > 0 or not is_dual
    if is_dual:
        if inverse is None:
            inverse, is_unique = pseudo_inverse(matrix)
        W = _by_rows(problem, inverse, weights, centre, targets, strength)
    elif inverse is not None:
        W = _by_columns(problem, inverse, centre, strength)
    else:
        W, is_unique = _by_reflections(problem, weights, centre, targets, strength)
    if not is_unique:
        warn_of_many(stacklevel=4)
    return W


def warn_of_many(stacklevel: int) -> None:
    """That there are many minima."""
    warnings.warn(
        "the equations gradient = 0 are singular (fewer samples than weights, or columns that depend on each "
        "other): of the many minima W is the one with the smallest norm; L2(strength) makes it unique",
        RuntimeWarning,
        stacklevel=stacklevel,
    )


def solvable_strength(problem: Terms) -> float:
    """The strength of L2, or ValueError where there is no closed form."""
    if not problem.loss.is_quadratic:
        raise ValueError(
            f"solve needs SquaredError(), the loss with a closed form; it is {problem.loss!r}: take "
            "gd.solve_critical_point(objective, W0), or gd.minimize"
        )
    strengths = problem.strengths
    if strengths is not None and strengths.l1 == 0:
        return strengths.l2
    raise ValueError(
        f"solve needs the regularizer L2(strength) or none; it is {problem.regularizer!r}: take gd.minimize"
    )


def centre_of(problem: LinearProblem, weights: FloatArray, targets: FloatArray) -> Centre:
    rows = problem.rows
    mass = float(weights.sum())
    if not (problem.has_free_bias and mass > 0):
        return Centre(np.zeros(rows.n_features), np.zeros(rows.n_classes), mass, False)
    row = problem.weighted_rows(weights[:, None])[0, :-1] / mass
    return Centre(row, weights @ targets / mass, mass, True)


# ---- the two matrices ----


def column_products(problem: LinearProblem, weights: FloatArray, centre: Centre) -> FloatArray:
    """``Z'UZ``, of centred rows."""
    problem.rows.counter.add(problem.rows.n_samples)
    return second_moments(problem.rows, weights, problem.has_penalised_bias, centre.row if centre.is_free else None)


def row_products(problem: LinearProblem, weights: FloatArray, centre: Centre) -> FloatArray:
    """``U^1/2 Z Z' U^1/2``, of centred rows."""
    rows = problem.rows
    rows.counter.add(rows.n_samples)
    roots = np.sqrt(weights)
    if rows.is_sparse:
        A = weighted_csr(rows, roots, problem.has_penalised_bias)
        products: FloatArray = in_background(math.inf, dense_product, A, A.T)
        if centre.is_free:
            along = np.outer(roots, A @ centre.row)
            products += float(centre.row @ centre.row) * np.outer(roots, roots) - along - along.T
        return products
    n, width = rows.n_samples, max(1, seen_rows.BLOCK_BYTES // (8 * rows.n_samples))
    products = np.zeros((n, n))
    for first in range(0, rows.n_features, width):
        columns = slice(first, first + width)
        block = (block_of(rows, slice(None), columns) - centre.row[columns]) * roots[:, None]
        products += in_background(block.size * n, np.matmul, block, block.T)
    if problem.has_penalised_bias:
        products += np.outer(roots, roots)
    return products


# ---- three ways to solve them ----


def _by_columns(problem: LinearProblem, inverse: Solver, centre: Centre, strength: float) -> FloatArray:
    def half_gradient(W: FloatArray) -> FloatArray:
        value, half = np.empty(1), np.empty(problem.rows.shape)
        problem.rows.counter.add(problem.rows.n_samples)
        problem.kernel.evaluate(W, value, half, None, True)
        half /= 2
        return half

    return by_columns(problem, half_gradient, inverse, centre, strength)


def by_columns(
    problem: Terms, half_gradient: Callable[[FloatArray], FloatArray], inverse: Solver, centre: Centre, strength: float
) -> FloatArray:
    """Newton's steps, until rounding is all that is left of the gradient: half of the data's is a function of W."""
    shape = problem.rows.shape
    W, best, least = np.zeros(shape), np.zeros(shape), math.inf
    for _ in range(MOST_STEPS):
        half = half_gradient(W)
        part = problem.penalised(half)
        part += strength * problem.penalised(W)
        size = float(np.linalg.norm(half))
        if not size < least:
            break
        best, least, W = W, size, W.copy()
        if centre.is_free:
            step = inverse((half[:, :-1] - half[:, -1:] * centre.row).T).T
            W[:, :-1] -= step
            W[:, -1] -= half[:, -1] / centre.mass - step @ centre.row
        else:
            m = len(half[0]) - int(problem.has_free_bias)
            W[:, :m] -= inverse(half[:, :m].T).T
    return best


def _by_rows(
    problem: LinearProblem, inverse: Solver, weights: FloatArray, centre: Centre, targets: FloatArray, strength: float
) -> FloatArray:
    """Corrections of C by what W = C'Z leaves of the targets, until rounding is all that is left."""
    rows = problem.rows
    roots = np.sqrt(weights)[:, None]
    C = np.zeros(targets.shape)
    W, best, least = np.zeros(rows.shape), np.zeros(rows.shape), math.inf
    for _ in range(MOST_STEPS):
        W = weights_of_rows(problem, C * roots, centre)
        left = roots * (targets - problem.wide_scores(W)) - strength * C
        size = float(np.linalg.norm(left))
        if not size < least:
            break
        best, least = W, size
        C += inverse(left)
    return best


def weights_of_rows(problem: LinearProblem, C: FloatArray, centre: Centre) -> FloatArray:
    """``C'Z`` of centred rows, and the bias that goes with it."""
    W = problem.weighted_rows(C)
    if problem.has_free_bias:
        W[:, :-1] -= np.outer(C.sum(axis=0), centre.row)
        W[:, -1] = centre.target - W[:, :-1] @ centre.row
    return W


def _by_reflections(
    problem: LinearProblem, weights: FloatArray, centre: Centre, targets: FloatArray, strength: float
) -> tuple[FloatArray, bool]:
    """Rows and targets reduced to a triangle, block by block, without squaring the condition; its minimum-norm
    solution, and whether it is the only one."""
    rows = problem.rows
    roots = np.sqrt(weights)
    m, k = rows.n_features + int(problem.has_penalised_bias), rows.n_classes
    triangle = np.hstack([math.sqrt(strength) * np.eye(m), np.zeros((m, k))])
    rows.counter.add(rows.n_samples)
    for chosen, block in blocks_of_rows(rows, problem.has_penalised_bias, least=m):
        block[:, : rows.n_features] -= centre.row
        block *= roots[chosen, None]
        values = (targets[chosen] - centre.target) * roots[chosen, None]
        stacked = np.vstack([triangle, np.hstack([block, values])])
        triangle = np.asarray(in_background(stacked.size * float(m), np.linalg.qr, stacked, mode="r"))[:m]
    unit = float(np.finfo(np.float64).eps) * max(rows.n_samples, m)
    solution, _, rank, _ = in_background(float(m) ** 3, np.linalg.lstsq, triangle[:, :m], triangle[:, m:], rcond=unit)
    W = np.zeros(rows.shape)
    W[:, :m] = solution.T
    if centre.is_free:
        W[:, -1] = centre.target - W[:, :-1] @ centre.row
    return W, int(rank) == m


def fits_memory(terms: Terms) -> bool:
    """Whether the matrix of the closed form may be made."""
    side = terms.closed_form_side
    return 4 * 8 * side * side <= MOST_BYTES


def require_memory(side: int) -> None:
    needed = 4 * 8 * side * side
    if needed > MOST_BYTES:
        raise ValueError(
            f"solve needs matrices of {side:,} x {side:,}, {needed / 1e9:.0f} GB in all, and may use "
            f"{MOST_BYTES / 1e9:.1f}: take gd.minimize with LBFGS() and StrongWolfe()"
        )


def cholesky(matrix: FloatArray) -> Solver | None:
    """The inverse as a function, by Cholesky of the matrix scaled to a diagonal of 1; None unless clearly regular."""
    diagonal = matrix.diagonal()
    if not (diagonal > 0).all():
        return None
    scale, cubed = 1 / np.sqrt(diagonal), float(len(matrix)) ** 3
    try:
        L = in_background(cubed, np.linalg.cholesky, matrix * scale * scale[:, None])
    except np.linalg.LinAlgError:
        return None
    if not L.diagonal().min() ** 2 > CLEARLY_REGULAR:
        return None
    inverse = in_background(cubed, np.linalg.inv, L)
    return lambda r: scale[:, None] * (inverse.T @ (inverse @ (scale[:, None] * r)))


def pseudo_inverse(matrix: FloatArray) -> tuple[Solver, bool]:
    """The inverse where eigenvalues are above rounding, 0 elsewhere; and whether all of them are above."""
    eigenvalues, vectors = in_background(float(len(matrix)) ** 3, np.linalg.eigh, matrix)
    kept = eigenvalues > 10 * float(np.finfo(np.float64).eps) * len(matrix) * max(float(eigenvalues[-1]), 0.0)
    vectors, eigenvalues = vectors[:, kept], eigenvalues[kept, None]
    return (lambda r: vectors @ ((vectors.T @ r) / eigenvalues)), bool(kept.all())
