"""Derivatives that noise hides altogether: whether they are zero as far as f can tell, or simply unknown.

A derivative that can't be told from zero is known to be zero, to rounding, where f does not depend on the coordinate
(a dead unit, a feature that is always 0), is flat around the point and then is not, or has a critical point there: the
noise is then nothing beside the slopes close by. Where f changes little by little as the step grows, it has a
derivative, which drowns.
"""

from __future__ import annotations

import numpy as np

from ...protocols import FloatArray
from .noise import FLOAT32, FLOAT64
from .one_sided_slopes import FirstSlopes
from .sampling import Indices
from .step_ladder import RATIO, Estimates, Mask, Noise

NEAR = (0.25, 512.0)
FAR = (8.0, 64.0, 512.0)  # times a line's length
SEEN = 8.0  # times its noise, a change of f is one
ABRUPT = 1e4  # and so many times that, one that did not grow from below the noise
LEAST = 1e-5  # of a line's length, around the point, for it to be called flat
CRITICAL = 1e-6  # of the slopes within a line's length: a derivative below it is that of a critical point
ROUNDINGS = 100.0  # of a number near 1 (f may be the rest of a difference of such): no more, along a line's length


def is_flat(first: FirstSlopes, lines: Indices, noise: Noise) -> Mask:
    """Of lines (m,) along which f did not change over the first step: where it does not over far longer ones."""
    flat = np.ones(lines.size, dtype=bool)
    for factor in NEAR:
        steps = factor * first.slopes.sizes[lines]
        left, right = first.slopes.sides(lines, steps, first.value[lines])
        with np.errstate(invalid="ignore", over="ignore"):
            rise = np.fmax(np.abs(left), np.abs(right)) * steps
            flat &= rise <= SEEN * np.maximum(noise.value[lines], noise.unit * rise)
    return flat


def is_zero(
    first: FirstSlopes, lines: Indices, found: Estimates, analytic: FloatArray, spread: FloatArray, noise: Noise
) -> Mask:
    """Of lines (m,) whose derivative agrees with the analytic one but is not resolved: where both are zero to rounding.

    spread (m,): how far the analytic derivative may be from f's.
    """
    sizes, value, tolerance = first.slopes.sizes[lines], first.value[lines], SEEN * noise.value[lines]
    far = [first.slopes.sides(lines, factor * sizes, value) for factor in FAR]
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.concatenate([np.array(FAR)[::-1, np.newaxis] * sizes, found.steps])
        beyond = [np.fmax(np.abs(left), np.abs(right)) * f * sizes for f, (left, right) in zip(FAR, far, strict=True)]
        rises = np.nan_to_num(np.concatenate([np.stack(beyond[::-1]), found.rises]), nan=0.0)
        seen = rises > np.maximum(tolerance, SEEN * noise.unit * rises)
        # The shortest step over which f changes, and the longest one before it.
        n = len(steps)
        shortest = n - 1 - np.argmax(seen[::-1], axis=0)
        columns = np.arange(lines.size)
        flat = np.where(seen.any(axis=0), steps[np.minimum(shortest + 1, n - 1), columns], np.inf)
        abrupt = ~seen.any(axis=0) | ((shortest < n - 1) & (rises[shortest, columns] >= ABRUPT * tolerance))
        negligible = np.abs(analytic) * np.minimum(flat, FAR[-1] * sizes) <= tolerance
        near = (found.steps <= RATIO * first.slopes.smallest[lines]) & (found.rises > tolerance)
        close = np.where(near, np.nan_to_num(found.rises / found.steps), 0.0).max(axis=0)
        independent = abrupt & negligible & ((analytic == 0) | (tolerance <= ROUNDINGS * noise.unit))
        independent &= (flat >= LEAST * sizes) | (tolerance <= CRITICAL * close * flat)
        measured = noise.value[lines] / (SEEN * np.maximum(np.finfo(np.float64).tiny, np.abs(value)))
        coarse = np.maximum(noise.unit, np.minimum(FLOAT32, measured))
        critical = (spread + np.abs(analytic)) <= np.maximum(CRITICAL, ROUNDINGS * coarse) * close
        by = found.step if noise.unit > FLOAT64 else np.minimum(sizes, 1.0)
        tiny = (np.abs(analytic) * sizes <= ROUNDINGS * noise.unit) & (spread * by <= ROUNDINGS * noise.unit)
    return np.asarray(independent | critical | tiny)
