"""What serves where a Gram matrix is too large: its diagonal, a randomised Nystrom sketch of its largest eigenvalues.

``G = sum_i u_i z_i z_i'`` is never made: the diagonal is a sum over rows, a sketch needs G times a few random vectors.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..._arrays import check_integer, check_seed
from ...protocols import FloatArray
from .gram import MOST_BYTES, chosen_rows
from .in_background import in_background
from .problem import LinearProblem
from .products import residual_kernel
from .seen_rows import blocks_of_rows, scaled_csr

IN_CACHE = 1 << 20


def gram_diagonal(problem: LinearProblem, row_weights: Any = None, indices: Any = None) -> FloatArray:
    """``sum_i u_i z_ij**2``: the diagonal of `gram`, the mean square of each column as the model sees it.

    Parameters
    ----------
    row_weights, indices : as those of `gram`

    Returns
    -------
    float64 array (m,), m the columns of W

    Raises
    ------
    TypeError, ValueError
        Row weights or indices that don't fit; squares beyond float64.

    Notes
    -----
    One pass over the rows visited, in float64.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> objective = gd.LinearObjective(np.array([[1.0], [3.0]]), np.array([0, 1]))
    >>> objective.gram_diagonal()
    array([5., 1.])
    """
    problem, weights = chosen_rows(problem, row_weights, indices)
    rows = problem.rows
    diagonal = np.zeros(rows.shape[1])
    rows.counter.add(rows.n_samples)
    with np.errstate(over="ignore", invalid="ignore"):
        if rows.is_sparse:
            A = scaled_csr(rows)
            A.sum_duplicates()
            entries = A.data**2 * np.repeat(weights, np.diff(A.indptr))
            diagonal[: rows.n_features] = np.bincount(A.indices, entries, rows.n_features)
            diagonal[rows.n_features :] = weights.sum()
        else:
            for part, block in blocks_of_rows(rows, rows.bias, block_bytes=IN_CACHE):
                diagonal += np.einsum("i,ij,ij->j", weights[part], block, block)
    if not np.isfinite(diagonal).all():
        given = "X" if row_weights is None else "X and row_weights"
        raise ValueError(f"{given} must have squares within float64 for a diagonal: scale the features")
    return diagonal


def gram_sketch(
    problem: LinearProblem, rank: Any, seed: Any = 0, row_weights: Any = None, indices: Any = None
) -> tuple[FloatArray, FloatArray]:
    """``G ~ V diag(s) V'``: the Gram matrix's largest eigenvalues and their vectors, by one product with random ones.

    With an orthonormal random (m, rank) matrix Omega and ``Y = G Omega`` the sketch is ``Y (Omega' Y)^-1 Y'``: it is
    nowhere above G, and near it where the eigenvalues beyond the rank are small. A preconditioner of
    ``G + shift I`` is ``V (s + shift)^-1 V' + (I - V V') / (s[-1] + shift)``.

    Parameters
    ----------
    rank : int in [1, m], m the columns of W
    seed : int >= 0
        Of Omega.
    row_weights, indices : as those of `gram`

    Returns
    -------
    vectors : float64 (m, rank), orthonormal
    eigenvalues : float64 (rank,), >= 0, descending

    Raises
    ------
    TypeError, ValueError
        A rank beyond m, or so large that the vectors wouldn't fit into 4 GB; row weights or indices that don't fit;
        products beyond float64.

    Notes
    -----
    One pass over the rows visited, with `rank` outputs, in float64; m * rank**2 operations; 32 m * rank bytes.

    References
    ----------
    Z. Frangella, J. A. Tropp, M. Udell, Randomized Nystrom preconditioning, SIAM J. Matrix Anal. Appl. 44 (2023),
    algorithm 2.1.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X = np.random.default_rng(0).normal(size=(100, 3)) @ np.diag([3.0, 0.1, 1.0])
    >>> objective = gd.LinearObjective(X, np.arange(100) % 2, bias=False)
    >>> vectors, eigenvalues = objective.gram_sketch(3)
    >>> bool(np.allclose(vectors @ np.diag(eigenvalues) @ vectors.T, objective.gram()))
    True
    """
    omega = random_basis(problem.rows.shape[1], rank, seed)
    Y, unit = times_gram(problem, omega, row_weights, indices)
    return sketch_of(omega, Y, unit, "X" if row_weights is None else "X and row_weights")


def random_basis(m: int, rank: Any, seed: Any) -> FloatArray:
    """Orthonormal columns (m, rank), of a rank and a seed that are checked."""
    rank = check_integer(rank, "rank", minimum=1)
    if rank > m:
        raise ValueError(f"rank must be at most {m:,}, the columns of W; it is {rank:,}")
    needed = 4 * 8 * m * rank
    if needed > MOST_BYTES:
        raise ValueError(
            f"rank must be smaller: a sketch of {m:,} x {rank:,} needs {needed / 1e9:.1f} GB and may use "
            f"{MOST_BYTES / 1e9:.1f}; it is {rank:,}"
        )
    rng = np.random.default_rng(check_seed(seed))
    return np.asarray(in_background(float(m) * rank * rank, np.linalg.qr, rng.standard_normal((m, rank)))[0])


def sketch_of(omega: FloatArray, Y: FloatArray, unit: float, given: str) -> tuple[FloatArray, FloatArray]:
    """Vectors and eigenvalues of G from ``G omega = unit Y``; ValueError, which says what is `given`, where they are
    beyond float64."""
    m, rank = omega.shape
    root, shift = _root(omega, Y)
    if shift == 0:
        return omega, np.zeros(rank)
    eigenvalues = np.full(rank, np.nan)
    if np.isfinite(shift):
        vectors, singular, _ = in_background(float(m) * rank * rank, np.linalg.svd, root, full_matrices=False)
        with np.errstate(over="ignore"):
            eigenvalues = np.maximum(singular**2 - shift, 0.0) * unit
    if not np.isfinite(eigenvalues).all():
        raise ValueError(f"{given} must have products within float64 for a sketch: scale the features")
    return np.ascontiguousarray(vectors), eigenvalues


def gram_root(problem: LinearProblem, rank: int, seed: int, row_weights: FloatArray, indices: Any) -> FloatArray:
    """``G ~ B B'``: the sketch of `gram_sketch` without its eigenvalues, (m, rank); all 0 where G is."""
    omega = random_block(problem.rows.shape[1], rank, seed)
    return root_of(omega, *times_gram(problem, omega, row_weights, indices))


def random_block(m: int, rank: int, seed: int) -> FloatArray:
    """Omega (m, rank), normal."""
    return np.random.default_rng(seed).standard_normal((m, rank))


def times_gram(problem: LinearProblem, omega: FloatArray, row_weights: Any, indices: Any) -> tuple[FloatArray, float]:
    """``G Omega / unit``, and the unit."""
    return _times_gram(*chosen_rows(problem, row_weights, indices), omega)


def root_of(omega: FloatArray, Y: FloatArray, unit: float) -> FloatArray:
    """B with ``B B' ~ G``, of Y = G Omega / unit."""
    root, shift = _root(omega, Y)
    return np.asarray(root * np.sqrt(unit)) if shift > 0 else np.zeros(omega.shape)


def _root(omega: FloatArray, Y: FloatArray) -> tuple[FloatArray, float]:
    """B with ``B B' = Y (Omega' Y)^-1 Y'`` for Y = (G + shift I) Omega, and the shift: what rounding asks for."""
    shift = float(np.finfo(np.float64).eps) * float(np.sqrt(len(Y))) * float(np.linalg.norm(Y))
    if not 0 < shift < np.inf:
        return Y, shift
    Y = Y + shift * omega
    core = omega.T @ Y
    L = np.linalg.cholesky((core + core.T) / 2)
    return np.asarray(Y @ np.linalg.inv(L).T), shift


def _times_gram(problem: LinearProblem, weights: FloatArray, omega: FloatArray) -> tuple[FloatArray, float]:
    """``sum_i u_i z_i (z_i' Omega)`` by the kernel of squared errors: its gradient at Omega' for targets 0.

    In a unit that keeps squares of its elements within float64.
    """
    rows = problem.rows
    rows.counter.add(rows.n_samples)
    # The kernel's weights stand at the rows of X: each comes once, with the sum of its weights.
    places = np.arange(rows.n_samples) if rows.index is None else rows.index
    at_X = np.asarray(np.bincount(places, weights, rows.matrix.shape[0]), dtype=np.float64)
    heaviest = float(at_X.max())
    if heaviest == 0:
        return np.zeros_like(omega), 1.0
    targets, at_X = np.zeros((len(at_X), omega.shape[1])), at_X / heaviest
    if rows.index is None:
        kernel = problem.residual_kernel(targets, at_X, 0.5)
    else:
        kernel = residual_kernel(replace(rows, index=np.unique(rows.index)), targets, at_X, 0.5, omega.shape[1])
    value, product = np.empty(1), np.empty((omega.shape[1], len(omega)))
    with np.errstate(over="ignore", invalid="ignore"):
        kernel.evaluate(np.ascontiguousarray(omega.T), value, product, None, True)
    largest = float(np.abs(product).max())
    unit = largest if largest > 0 else 1.0
    return np.ascontiguousarray(product.T) / (unit if np.isfinite(unit) else np.nan), unit * heaviest
