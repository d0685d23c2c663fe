"""A bundle of dual points of the hinge: the mixture of them that proves the best bound, by a small quadratic programme.

Any convex combination of dual points is one, and what is needed of it (`DualSums`) is the same combination: no pass.
"""

from __future__ import annotations

import numpy as np

from ...protocols import FloatArray
from .dual_sums import DualSums
from .hinge_dual import dual_bound
from .problem import LinearProblem

ROUNDS = 50


def best_mixture(problem: LinearProblem, bundle: tuple[DualSums, ...]) -> DualSums:
    """The first point, the last one, or the best mixture of all: what proves the best bound of these three."""
    strength, n = _strength(problem), problem.rows.n_samples
    # With the sums of A among the weights: where the bias is free, they must nearly vanish.
    columns = slice(None) if problem.rows.bias else slice(-1)
    points = np.stack([known.sums[:, columns].ravel() for known in bundle]) / n
    linear = np.array([known.total for known in bundle]) * problem.loss.margin / n
    # By einsum: it wakes no threads of NumPy's library, which would spin on and slow the next pass over X.
    shares = simplex_maximum(linear, np.einsum("ip,jp->ij", points, points) / (2 * strength))
    mixture, total = None, 0.0
    for known, share in zip(bundle, shares.tolist(), strict=True):
        if share > 0:
            total += share
            mixture = known if mixture is None else mixture.mixed(known, share / total)
    assert mixture is not None
    return max((bundle[0], bundle[-1], mixture), key=lambda known: dual_bound(problem, known))


def simplex_maximum(
    linear: FloatArray, quadratic: FloatArray, shares: FloatArray | None = None, rounds: int = ROUNDS
) -> FloatArray:
    """The shares (>= 0, of sum 1) with the largest ``linear s - s quadratic s / 2``, from `shares` that are near.

    Points join one by one, and leave where the maximum over those there are lies outside (P. Wolfe, Finding the nearest
    point in a polytope, 1976).
    """
    is_given = shares is not None
    if shares is None:
        shares = np.zeros(len(linear))
        shares[np.argmax(linear - np.diag(quadratic) / 2)] = 1.0
    shares = shares.copy()
    for _ in range(rounds):
        joined = np.flatnonzero(shares)
        if not is_given:
            gains = linear - quadratic @ shares
            best = int(np.argmax(gains))
            if not gains[best] - gains @ shares > 1e-12 * np.abs(linear).max() or shares[best] > 0:
                break
            joined = np.append(joined, best)
        is_given = False
        while True:
            inner = _on_the_plane(linear[joined], quadratic[np.ix_(joined, joined)])
            here = shares[joined]
            falling = inner < here
            reach = np.where(falling, here / np.where(falling, here - inner, 1.0), np.inf)
            step = min(1.0, float(reach.min()))
            shares[joined] = np.maximum((1 - step) * here + step * inner, 0.0)
            if step == 1.0:
                break
            shares[joined[np.argmin(reach)]] = 0.0
            joined = joined[shares[joined] > 0]
            if joined.size < 2:
                break
    return np.asarray(shares / shares.sum())


def _on_the_plane(linear: FloatArray, quadratic: FloatArray) -> FloatArray:
    """The same maximum over shares of any sign."""
    m = len(linear)
    unit = float(np.trace(quadratic)) / m or 1.0
    system = np.full((m + 1, m + 1), unit)
    system[:m, :m] = quadratic + 1e-12 * unit * np.eye(m)
    system[m, m] = 0.0
    try:
        return np.linalg.solve(system, np.append(linear, unit))[:m]
    except np.linalg.LinAlgError:
        return np.full(m, 1 / m)


def _strength(problem: LinearProblem) -> float:
    assert problem.strengths is not None
    return problem.strengths.l2
