"""The Gram matrix of the rows: ``G = sum_i u_i z_i z_i'``, the matrix that says how the features of a model correlate.

It is half the Hessian of squared errors, and up to a factor near that of the other smooth losses: what preconditioners,
paths of strengths and closed forms are made of.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import _kernels
from ..._arrays import check_indices, check_reals
from ...protocols import Array, FloatArray
from .in_background import in_background
from .problem import LinearProblem
from .rows import Rows
from .seen_rows import blocks_of_rows, dense_product, weighted_csr

MOST_BYTES = 1 << 32  # of the matrix

FLOAT32_SERVES = (2.0**-40, 2.0**50)
"""A column whose largest element, times the root of its row's weight, is outside is summed up in float64: its squares
would overflow float32, or so many of its products underflow that they are missed. (A column of zeros is one of zeros.)
"""


def gram(problem: LinearProblem, row_weights: Any = None, indices: Any = None) -> FloatArray:
    """``G = sum_i u_i z_i z_i'``: the rows' second moments, as the model sees them.

    z_i is ``[(x_i - mean) / scale, 1]``, without the 1 where there is no bias, and u_i the row's share of the mean:
    its sample weight divided by their sum, times its row weight.

    Parameters
    ----------
    row_weights : array (n_samples,) >= 0, optional
        Of the rows that are visited, in their order: (len(indices),) with `indices`. A curvature, for example.
    indices : integers (m,), optional
        Take these rows only (repeats allowed): what ``rows(indices).gram(row_weights)`` gives, an unbiased estimate.

    Returns
    -------
    float64 array (m, m), m the columns of W; symmetric to the last bit

    Raises
    ------
    TypeError, ValueError
        Row weights or indices that don't fit; so many columns that the matrix wouldn't fit into 4 GB; products beyond
        float64.

    Notes
    -----
    One pass over the rows visited, n_samples * m**2 / 2 multiply-adds, and 8 m**2 bytes (dense X: and some 12 MB). Of
    dense X the same bits at any number of threads.

    Exact for X in uint8 whose rows weigh the same: sums of integers, shifted and scaled in float64 at the end. Other X
    in uint8, float16 and float32 is shifted and scaled in float64, and then multiplied in float32, whose sums of at
    most 256 rows are added up in float64: each element is off by at most ``260 * 2**-24 * sum_i u_i |z_ij z_ik|``,
    which is 1.6e-5 of the root of its two diagonal elements (seen: 2e-7). X in float64, sparse X, and columns of
    numbers beyond what float32 can multiply, in float64.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X = np.array([[1.0], [3.0]])
    >>> objective = gd.LinearObjective(X, np.array([0, 1]))
    >>> objective.gram()  # the means of x * x, x * 1 and 1 * 1
    array([[5., 2.],
           [2., 1.]])
    >>> objective.gram(indices=[1])
    array([[9., 3.],
           [3., 1.]])
    """
    problem, weights = chosen_rows(problem, row_weights, indices)
    require_memory(problem.rows.shape[1])
    problem.rows.counter.add(problem.rows.n_samples)
    with np.errstate(over="ignore", invalid="ignore"):
        if problem.rows.is_sparse:
            G = _symmetric(second_moments(problem.rows, weights, problem.rows.bias))
        else:
            G = _dense_products(problem, weights)
    return finite_gram(G, "X" if row_weights is None else "X and row_weights")


def finite_gram(G: FloatArray, given: str) -> FloatArray:
    """G, or ValueError, which says what is `given`, where it is beyond float64."""
    if not np.isfinite(G.diagonal()).all():  # no element is larger than the two diagonal ones
        raise ValueError(f"{given} must have products within float64 for a Gram matrix: scale the features")
    return G


def chosen_rows(problem: LinearProblem, row_weights: Any, indices: Any) -> tuple[LinearProblem, FloatArray]:
    """The rows that a user asks for, and their shares of the mean times the user's weights: (n_samples,)."""
    if indices is not None:
        problem = problem.on_rows(check_indices(indices, problem.rows.n_samples))
    shares = problem.rows.normalized_weights
    weights = check_row_weights(row_weights, problem.rows.n_samples)
    return problem, shares if weights is None else np.asarray(shares * weights)


def check_row_weights(row_weights: Any, n_rows: int) -> FloatArray | None:
    """float64 (n_rows,), >= 0, or None."""
    if row_weights is None:
        return None
    weights = check_reals(row_weights, "row_weights", (n_rows,))
    if (weights < 0).any():
        i = int(np.argmax(weights < 0))
        raise ValueError(f"row_weights must be >= 0; row_weights[{i}] is {weights[i]}")
    return weights


def require_memory(side: int) -> None:
    needed = 8 * side * side
    if needed > MOST_BYTES:
        raise ValueError(
            f"a Gram matrix of {side:,} x {side:,} needs {needed / 1e9:.1f} GB and may use {MOST_BYTES / 1e9:.1f}: "
            "take gram_diagonal() or gram_sketch(rank)"
        )


def second_moments(rows: Rows, weights: FloatArray, bias: bool, centre: FloatArray | None = None) -> FloatArray:
    """``sum_i u_i z_i z_i'``, with a last 1 in z_i or without; of rows less a centre, which is their weighted mean."""
    roots = np.sqrt(weights)
    if rows.is_sparse:
        A = weighted_csr(rows, roots, bias)
        products: FloatArray = in_background(math.inf, dense_product, A.T, A)
        if centre is not None:
            products -= float(weights.sum()) * np.outer(centre, centre)
        return products
    m = rows.n_features + int(bias)
    products = np.zeros((m, m))
    for chosen, block in blocks_of_rows(rows, bias):
        if centre is not None:
            block[:, : rows.n_features] -= centre
        block *= roots[chosen, None]
        products += in_background(block.size * float(m), np.matmul, block.T, block)
    return products


def _dense_products(problem: LinearProblem, weights: FloatArray) -> FloatArray:
    """The same of dense rows, by the kernels: without rows of weight 0, and without roots where all weigh the same."""
    m, most = problem.rows.shape[1], float(weights.max())
    G, largest = np.zeros((m, m)), np.empty(m)
    if most == 0:
        return G
    kept = np.flatnonzero(weights)
    if kept.size < weights.size:
        problem, weights = problem.on_rows(kept), weights[kept]
    rows, kernel = problem.rows, problem.scorer
    roots = None if (weights == most).all() else np.sqrt(weights / most)
    is_exact = roots is None and rows.matrix.dtype == np.uint8
    _kernels.gram(kernel, roots, most, rows.is_wide and not is_exact, G, largest)
    too_small, too_large = (largest > 0) & (largest < FLOAT32_SERVES[0]), largest > FLOAT32_SERVES[1]
    if not rows.is_wide and (too_small | too_large).any():
        _kernels.gram(kernel, roots, most, True, G, largest)
    return G


def _symmetric(G: Array) -> FloatArray:
    """The lower half, on both sides."""
    lower = np.tril(G)
    return np.asarray(lower + np.tril(G, -1).T)
