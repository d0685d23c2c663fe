"""Which terms of a loss have their kink near: how far a weight may move until a score meets one.

Moving W[c, j] by t moves the scores of class c by t x_ij, and the loss says how far a score may move before it meets a
kink: for the hinge, whose terms are 0 there, |margin|. Few samples have a kink within reach of a small step: only these
are judged.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...protocols import Array, FloatArray
from ..losses.base import Loss
from ..margins import margins as margins_of
from .rows import Rows
from .terms import NearTerms

BLOCK_BYTES = 1 << 24
NAMED = 3


def terms_near(rows: Rows, loss: Loss, scores: FloatArray, h: float, wanted: Array) -> NearTerms:
    """The kinks that steps of up to h in the wanted weights meet, where the scores are these."""
    labels, safe = rows.y, np.full(rows.shape, h)
    margins = margins_of(scores, labels, loss.margin, own=np.inf)
    distances = loss.kink_distances(scores, labels)
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
        crossed = nearest(crossed)
    return NearTerms(safe, n_terms, tuple(crossed))


def nearest(terms: Iterable[tuple[int, int, float]]) -> list[tuple[int, int, float]]:
    """The few with the smallest margins."""
    return sorted(terms, key=lambda term: abs(term[2]))[:NAMED]
