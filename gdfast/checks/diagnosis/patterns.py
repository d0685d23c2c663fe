"""Patterns of a mistake that leave open what the wrong gradient is: tried when no suspect fits."""

from __future__ import annotations

import math

import numpy as np

from ...protocols import FloatArray
from .comparison import FEW, Comparison, fit, norm


def pattern(found: Comparison, *, plain: bool) -> str | None:
    """The first pattern that is there. plain: a function of which nothing is known, so it may hold a regularizer."""
    return _at_ties(found) or _sums(found, plain)


def _at_ties(found: Comparison) -> str | None:
    """Right wherever the function is smooth: all wrong coordinates are at kinks, or exactly 0."""
    for tied in (found.at_kink, found.weights == 0):
        if found.wrong[~tied].sum() == 0 and (~tied).sum() >= FEW:
            return (
                ">= for > at ties: it is wrong only where the function has a kink at the point itself, and outside of "
                "what any subgradient could be there; count each tie once."
            )
    return None


def _sums(found: Comparison, plain: bool) -> str | None:
    """A matrix whose right gradient adds up to zero over the classes, and whose analytic one does not."""
    if len(found.shape) != 2 or not found.complete or min(found.shape) < 2:
        return None
    for axis, name in ((0, "rows"), (1, "columns")):
        analytic, numerical = found.analytic.reshape(found.shape), found.numerical.reshape(found.shape)
        if plain:
            analytic, numerical = _without_penalty(analytic, numerical, found.weights.reshape(found.shape), axis)
        right, sums = numerical.sum(axis=axis), analytic.sum(axis=axis)
        size = np.abs(numerical).sum(axis=axis).max()
        if np.abs(right).max() > 1e-4 * size or np.abs(sums).max() < 0.05 * size:
            continue
        if axis == 0 and math.isclose(sums[-1], -1, rel_tol=1e-4):
            return (
                ">= for >: each sample's own class seems to be counted (its margin was set to 0), for the last column "
                "adds up to -1 over the classes instead of 0; compare with > 0."
            )
        return (
            f"correct-class row missing, or not minus the sum of the others: the {name} of the right gradient add up "
            "to zero, as those of a softmax or hinge do, and the analytic ones do not."
        )
    return None


def _without_penalty(
    analytic: FloatArray, numerical: FloatArray, w: FloatArray, axis: int
) -> tuple[FloatArray, FloatArray]:
    """Both gradients, less the multiple of the weights (of all, or of all but the bias) that makes the right one add up
    to zero along the axis of the classes: the derivative of a regularizer c w**2, which does not."""
    without_bias = w.copy()
    without_bias[(-1,) if axis == 1 else (slice(None), -1)] = 0
    for penalised in (w, without_bias):
        c, left = fit(numerical.sum(axis=axis), penalised.sum(axis=axis))
        if c > 0 and left < 1e-4 and norm(numerical - c * penalised) > 0.01 * norm(numerical):
            return analytic - c * penalised, numerical - c * penalised
    return analytic, numerical
