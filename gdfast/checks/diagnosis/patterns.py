"""Signs of a mistake that leave open what the wrong gradient is: looked for when no suspect fits."""

from __future__ import annotations

import math

import numpy as np

from .comparison import FEW, Comparison


def pattern(found: Comparison) -> str | None:
    """The first sign that is seen."""
    return _at_ties(found) or _sums(found)


def _at_ties(found: Comparison) -> str | None:
    """Right wherever the function is smooth: all wrong coordinates are at kinks, or exactly 0."""
    for tied in (found.at_kink, found.weights == 0):
        if found.wrong[~tied].sum() == 0 and (~tied).sum() >= FEW:
            return (
                ">= for > at ties: it is wrong only where the function has a kink at the point itself, and outside of "
                "what any subgradient could be there; count each tie once."
            )
    return None


def _sums(found: Comparison) -> str | None:
    """A matrix whose right gradient adds up to zero over the classes, and whose analytic one does not."""
    if len(found.shape) != 2 or not found.complete or min(found.shape) < 2:
        return None
    analytic, numerical = found.analytic.reshape(found.shape), found.numerical.reshape(found.shape)
    for axis, name in ((0, "rows"), (1, "columns")):
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
