"""Where the nearest kinks of a linear objective are: how far each weight can move before it meets one.

Moving W[c, j] by t moves the scores of class c by t x_ij, and the loss says how far a score may move before it meets a
kink: for the hinge, whose terms are 0 there, |margin|. Few samples have a kink within reach of a small step: only these
are judged.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._arrays import check_indices, check_positive, check_weights
from ...protocols import Array, FloatArray, NearestKinks
from ..margins import margins as margins_of
from .problem import LinearProblem

BLOCK_BYTES = 1 << 24
NAMED = 3


def nearest_kinks(problem: LinearProblem, W: Array, h: float = 1e-5, coordinates: Any = None) -> NearestKinks | None:
    """The kinks that a step of up to h in each of W's elements (or some flat `coordinates`) reaches."""
    h, shape, loss = check_positive(h, "h"), problem.rows.shape, problem.loss
    W = check_weights(W, shape)
    flat = None if coordinates is None else check_indices(coordinates, W.size, "coordinates")
    has_l1 = problem.strengths is not None and problem.strengths.l1 > 0
    if not loss.has_kinks and not has_l1:
        return None
    wanted = np.ones(shape, dtype=bool)
    if flat is not None:
        wanted[...] = False
        wanted.reshape(-1)[flat] = True
    safe = np.full(shape, h)
    n_terms, terms = _terms_near(problem, W, h, wanted, safe) if loss.has_kinks else (0, ())
    if has_l1:
        part = problem.penalised(safe)
        np.minimum(part, np.abs(problem.penalised(np.asarray(W, dtype=np.float64))), out=part)
    return NearestKinks(safe.reshape(-1) if flat is None else safe.reshape(-1)[flat], n_terms, terms)


def _terms_near(
    problem: LinearProblem, W: Array, h: float, wanted: Array, safe: FloatArray
) -> tuple[int, tuple[tuple[int, int, float], ...]]:
    """Shrinks `safe` (of W's shape) to the terms' kinks; how many terms a wanted weight crosses, and a few."""
    rows, labels = problem.rows, problem.rows.y
    scores = problem.wide_scores(W)
    margins = margins_of(scores, labels, problem.loss.margin, own=np.inf)
    distances = problem.loss.kink_distances(scores, labels)
    sizes = distances.wrong.copy()
    sizes[np.arange(rows.n_samples), labels] = distances.own.min(axis=1)  # a weight of its own class moves all terms
    within = h * float(rows.reach.max())
    near_rows = np.flatnonzero((sizes.min(axis=1) < within) & (rows.normalized_weights > 0))
    crossed: list[tuple[int, int, float]] = []
    step = max(1, BLOCK_BYTES // (8 * rows.shape[1]))
    n_terms = 0
    for start in range(0, near_rows.size, step):
        some = near_rows[start : start + step]
        moves = np.abs(rows.seen(some))
        longest = moves.max(axis=1)
        touched = np.zeros((some.size, rows.n_classes), dtype=bool)
        for c in range(rows.n_classes):
            near = np.flatnonzero(sizes[some, c] < h * longest)
            if near.size == 0 or not wanted[c].any():
                continue
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                steps = sizes[some[near], c][:, np.newaxis] / moves[near]
            steps[moves[near] == 0] = np.inf
            np.minimum(safe[c], steps.min(axis=0), out=safe[c])
            farthest = h * np.max(moves[near], axis=1, where=wanted[c], initial=0.0)
            own = labels[some[near]] == c
            touched[near[~own], c] |= sizes[some[near[~own]], c] < farthest[~own]
            touched[near[own]] |= distances.own[some[near[own]]] < farthest[own][:, np.newaxis]
        at, classes = np.nonzero(touched)
        n_terms += at.size
        crossed += [
            (int(i), int(c), float(margins[i, c])) for i, c in zip(some[at].tolist(), classes.tolist(), strict=True)
        ]
        crossed = sorted(crossed, key=lambda term: abs(term[2]))[:NAMED]
    return n_terms, tuple(crossed)
