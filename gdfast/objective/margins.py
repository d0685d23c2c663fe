"""Margins ``s_ij - s_iy_i + margin``: the one place where they are computed, for losses, kinks and rays alike."""

from __future__ import annotations

import numpy as np

from ..protocols import Array


def margins(scores: Array, y: Array, margin: float = 0.0, own: float = 0.0) -> Array:
    """Of the wrong classes j, and `own` at the right one: (n, k), of the scores' dtype.

    Parameters
    ----------
    scores : float array (n, k)
    y : integers (n,) in [0, k)
    margin : float
        0: differences of scores.
    """
    rows = np.arange(len(scores))
    terms: Array = scores - scores[rows, y][:, None]
    if margin:
        terms += scores.dtype.type(margin)
    terms[rows, y] = own
    return terms
