"""Where the nearest kinks of a linear objective are: how far each weight can move before it meets one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._arrays import check_indices, check_positive, check_weights
from ...protocols import Array, NearestKinks
from .terms import NearTerms, Terms


def nearest_kinks(problem: Terms, W: Array, h: float = 1e-5, coordinates: Any = None) -> NearestKinks | None:
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
    near = problem.near_kinks(W, h, wanted) if loss.has_kinks else NearTerms(np.full(shape, h), 0, ())
    safe = near.safe_h
    if has_l1:
        part = problem.penalised(safe)
        np.minimum(part, np.abs(problem.penalised(np.asarray(W, dtype=np.float64))), out=part)
    return NearestKinks(safe.reshape(-1) if flat is None else safe.reshape(-1)[flat], near.n_terms, near.terms)
