"""The hinge smoothed around duals (augmented Lagrangian of its dual): value, dual point, curvature, minimum in a span.

A term max(0, M) becomes ``max over a in [0, 1] of a M - mu / 2 (a - a0)**2``. Its maximiser is ``a = clip(a0 + M / mu,
0, 1)``, a feasible dual. The pairs strictly inside the box are the zone: they alone have a second derivative, 1 / mu,
and they alone are missing in ``sum a M``, so that they are what smoothing adds to the duality gap.

Terms, their changes along a direction, and duals are (n_samples, n_classes), 0 at the right class.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ... import _kernels
from ...protocols import Array, FloatArray
from ..margins import margins
from .problem import LinearProblem

NEWTON_STEPS = 12
SHORTEST = 1e-12
LEAST_CURVATURE = 1e-3
"""Of a pair out of the zone, in the search: where none is in it, Newton's step would have no end."""


class Smoothing(NamedTuple):
    """The duals around which terms are smoothed, and mu > 0, in units of margins."""

    center: Array
    mu: float

    def duals(self, terms: Array) -> Array:
        """``clip(a0 + M / mu, 0, 1)``, of the terms' type."""
        a: Array = terms * terms.dtype.type(1 / self.mu)
        a += self.center
        np.clip(a, 0, 1, out=a)
        return a


def zone_of(duals: Array) -> Array:
    """Which pairs are strictly inside the box."""
    return (duals > 0) & (duals < 1)


def terms_at(problem: LinearProblem, W: Array) -> Array:
    """The margins at W, of the arithmetic's type; one pass over X, none where W is 0."""
    rows = problem.rows
    blank = (rows.n_samples, rows.n_classes)
    scores = problem.scores(W, rows.is_wide) if W.any() else np.zeros(blank, rows.arithmetic)
    return margins(scores, rows.y, problem.loss.margin)


def term_changes(problem: LinearProblem, V: Array) -> Array:
    """How the margins change along V, of the arithmetic's type; one pass over X."""
    return margins(problem.scores(V, problem.rows.is_wide), problem.rows.y)


def relative_weights(problem: LinearProblem) -> FloatArray | None:
    """Sample weights divided by their mean, (n_samples,); None: 1 each."""
    rows = problem.rows
    return None if rows.weights is None else np.asarray(rows.weights / rows.mean_weight)


def row_weights(problem: LinearProblem) -> FloatArray | None:
    """The same as a column."""
    weights = relative_weights(problem)
    return None if weights is None else weights[:, None]


def mean_of(problem: LinearProblem, parts: Array) -> float:
    """The weighted mean over rows of what (n_samples, n_classes) parts add up to."""
    weights, per_row = relative_weights(problem), parts.sum(axis=1, dtype=np.float64)
    if weights is not None:
        per_row *= weights
    return float(per_row.sum()) / problem.rows.n_samples


def data_value(problem: LinearProblem, terms: Array) -> float:
    """The hinge itself, from its terms."""
    return mean_of(problem, np.maximum(terms, 0))


def smoothing_gap(problem: LinearProblem, terms: Array, duals: Array) -> float:
    """``mean of max(0, M) - a M``: what the zone adds to the duality gap."""
    return mean_of(problem, np.maximum(terms, 0) - duals * terms)


class Curvature:
    """Products with the second derivatives of the smoothed terms: they visit the rows with a pair in the zone.

    `mean` is the mean element of the diagonal on the scores, `share` that of the rows visited.
    """

    def __init__(self, problem: LinearProblem, duals: Array, mu: float) -> None:
        zone, weights, n = zone_of(duals), row_weights(problem), problem.rows.n_samples
        found = np.flatnonzero(zone.any(axis=1))
        factors = zone[found] * ((1.0 if weights is None else weights[found]) / (mu * n))
        self.mean = 2 * float(factors.sum()) / problem.rows.n_classes
        self.share = found.size / n
        self._rows = problem.rows.chosen(found)
        self._kernel: _kernels.Problem | None = None
        if not found.size:
            return
        # They lie at the rows of X; elsewhere nobody reads.
        at_rows = np.empty((self._rows.matrix.shape[0], problem.rows.n_classes))
        at_rows[self._rows.places] = factors
        self._kernel = problem.compiled.on_rows(self._rows.places, 1.0).with_pairs(at_rows)

    def times(self, V: FloatArray) -> FloatArray:
        """The product with V (n_classes, columns), in float64; in the arithmetic's precision."""
        rows, product = self._rows, np.zeros(V.shape)
        largest = float(np.abs(V).max())
        if self._kernel is not None and 0 < largest < np.inf:
            rows.counter.add(rows.n_samples)
            unit = 2.0 ** np.floor(np.log2(largest))  # squares that underflow leave rows out
            self._kernel.evaluate(V / unit, np.empty(1), product, None, rows.is_wide)
            product *= unit
        return product


class Span(NamedTuple):
    """Directions (m, n_classes, columns), and the changes of terms along them (m, n_samples, n_classes)."""

    directions: FloatArray
    changes: Array

    def with_newest(self, direction: FloatArray, changes: Array, most: int) -> Span:
        """Another one first; at most so many of the latest."""
        kept = min(len(self.directions), most - 1)
        return Span(
            np.concatenate([direction[None], self.directions[:kept]]),
            np.concatenate([changes[None], self.changes[:kept]]),
        )


def minimum_in_span(
    problem: LinearProblem, smoothing: Smoothing, W: FloatArray, terms: Array, span: Span, ridge: FloatArray
) -> tuple[FloatArray, Array]:
    """Where the smoothed objective is least on ``W + span``, and the terms there: Newton steps without passes over X.

    `ridge` (columns,): the regularizer is ``sum ridge W**2 / 2``.
    """
    n, m = problem.rows.n_samples, len(span.directions)
    V = span.directions.reshape(m, -1)
    curved = (span.directions * ridge).reshape(m, -1)
    # By einsum: products by NumPy's library would wake its threads, which spin on and slow the next pass.
    penalties, pulls = np.einsum("ip,jp->ij", curved, V), np.einsum("ip,p->i", curved, W.ravel())
    penalty = float((ridge * W * W).sum()) / 2

    def at(steps: FloatArray) -> tuple[float, FloatArray, FloatArray, Array]:
        """Value, slopes and second derivatives after these steps, and the terms there."""
        found, slopes, products = np.empty(1), np.empty(m), np.empty((m, m))
        ahead = np.empty_like(terms)
        _kernels.smoothed_in_span(
            terms, span.changes, smoothing.center, steps, weights, smoothing.mu, LEAST_CURVATURE,
            ahead, found, slopes, products,
        )  # fmt: skip
        pulled = penalties @ steps
        value = float(found[0]) / n + penalty + float(steps @ pulls + steps @ pulled / 2)
        return value, slopes / n + pulls + pulled, products / (n * smoothing.mu) + penalties, ahead

    weights = relative_weights(problem)
    steps = np.zeros(m)
    here, slopes, hessian, reached = at(steps)
    first = 0.0
    for _ in range(NEWTON_STEPS):
        scales = np.sqrt(np.maximum(np.diag(hessian), 1e-300))
        system = hessian / scales / scales[:, None] + 1e-7 * np.eye(m)
        move = -np.linalg.solve(system, slopes / scales) / scales
        slope, length = float(slopes @ move), 1.0
        if not slope < 0:
            break
        while length >= SHORTEST:
            found = at(steps + length * move)
            if found[0] <= here + 1e-4 * length * slope:
                break
            length /= 2
        else:
            break
        gain = here - found[0]
        steps += length * move
        here, slopes, hessian, reached = found
        first = max(first, gain)
        if gain <= 1e-3 * first:
            break
    return W + np.einsum("i,ip->p", steps, V).reshape(W.shape), reached
