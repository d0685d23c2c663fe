"""Which weights are worth a visit: those that are not 0, and those that most want not to be."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ....objective.linear.problem import LinearProblem
from ....protocols import Array, FloatArray

GRAM_SHARE = 30
"""A matrix of the products of sqrt(30 d) columns costs about what a pass over d columns does."""


USELESS = 0.5
"""Of the columns in work: where more than this need no visit, the others begin a new set."""


class WorkingSet(NamedTuple):
    """Columns of V to work on: those that stood there before and `n_new` others, or a new set.

    `is_whole`: no other column wants to join.
    """

    features: Array
    n_new: int
    keeps_known: bool
    is_whole: bool


def chosen_features(problem: LinearProblem, V: FloatArray, sizes: FloatArray, known: Array) -> WorkingSet:
    """All columns with weights, and the worst of the others; V and sizes (n_outputs, penalised columns)."""
    used, worst = np.asarray(V.any(axis=0)), sizes.max(axis=0)
    is_known = np.zeros(used.size, dtype=bool)
    is_known[known] = True
    candidates = np.flatnonzero((worst > 0) & ~used & ~is_known)
    share = 1 if problem.rows.is_sparse else GRAM_SHARE
    many = min(
        int(math.sqrt(share * len(worst))), problem.rows.n_samples
    )  # more than there are samples, no optimum needs
    most = max(int(used.sum()), many, 10)
    is_whole = candidates.size <= most
    if not is_whole:
        order = np.argsort(-worst[candidates], kind="stable")[:most]
        candidates = np.sort(candidates[order])
    new = np.union1d(np.flatnonzero(used & ~is_known), candidates)
    useful = known[used[known] | (worst[known] > 0)]
    if useful.size + new.size < USELESS * known.size:
        return WorkingSet(np.union1d(useful, new), new.size, False, is_whole)
    return WorkingSet(np.concatenate([known, new]), new.size, True, is_whole)
