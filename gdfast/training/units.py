"""Coefficients of features x in their own units, and weights of z = (x - mean) / scale: there and back."""

from __future__ import annotations

import numpy as np

from ..protocols import Array, FloatArray
from .feature_statistics import Columns


def coefficients_of(w: Array, columns: Columns | None, has_bias: bool) -> tuple[FloatArray, FloatArray]:
    """The weights of z -> (coef (k, d), intercept (k,)) of x, in float64."""
    wide = w.astype(np.float64)
    coef = wide[:, :-1] if has_bias else wide
    intercept = wide[:, -1].copy() if has_bias else np.zeros(len(wide))
    if columns is not None:
        coef = coef / columns.scale
        if columns.mean is not None:
            intercept -= np.einsum("kj,j->k", coef, columns.mean)
    return np.ascontiguousarray(coef), intercept


def weights_of(coef: FloatArray, intercept: FloatArray, columns: Columns | None, has_bias: bool) -> FloatArray:
    """The other way: (k, d + 1), or (k, d) without a bias."""
    if columns is not None:
        if columns.mean is not None:
            intercept = intercept + np.einsum("kj,j->k", coef, columns.mean)
        coef = coef * columns.scale
    return np.column_stack([coef, intercept]) if has_bias else np.array(coef)
