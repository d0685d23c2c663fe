"""Which weights are worth a visit: those that are not 0, and those that most want not to be."""

from __future__ import annotations

import math

import numpy as np

from ....objective.linear.problem import LinearProblem
from ....protocols import Array, FloatArray

GRAM_SHARE = 30
"""A matrix of the products of sqrt(30 d) columns costs about what a pass over d columns does."""


def chosen_features(problem: LinearProblem, V: FloatArray, sizes: FloatArray, known: Array) -> Array:
    """Columns of V to work on, rising, `known` ones first as they are: all with weights, and the worst of the others.

    V and sizes (n_outputs, penalised columns).
    """
    used = np.asarray(V.any(axis=0))
    used[known] = True
    worst = np.where(used, 0.0, sizes.max(axis=0))
    candidates = np.flatnonzero(worst > 0)
    most = max(int(used.sum()), int(math.sqrt(GRAM_SHARE * len(worst))), 10)
    if candidates.size > most:
        order = np.argsort(-worst[candidates], kind="stable")[:most]
        candidates = np.sort(candidates[order])
    used[known] = False
    return np.concatenate([known, np.sort(np.concatenate([np.flatnonzero(used), candidates]))])
