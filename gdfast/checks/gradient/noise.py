"""The rounding noise of a function and of its gradient, measured: Moré and Wild, Estimating Computational Noise (2011).

On a line of equally spaced points near the point the differences of a smooth function fall with their order, those of
noise do not: where several orders give one size, that is the noise. It is measured at several spacings, because a
part that computes in float32 is a staircase, constant between points that are too close. That shows what types hide: a
function that computes in float32 and returns float64, or sums with large cancelling terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...protocols import Array, FloatArray

POINTS = 8  # on the line
ORDERS = range(3, POINTS - 1)  # of the differences that are compared; lower ones are not free of curvature
ALIKE = 4.0  # the factor by which the sizes that three orders give may differ
SPACINGS = (
    2.0**10,
    2.0**22,
    2.0**30,
    2.0**34,
    2.0**36,
)  # in rounding units of the point: no kink will be so near as the first
LAST = 2.0**44  # where f is constant by all of these
LONGEST = 2.0**-6  # relative to the point: a spacing for a type whose unit is coarse
SPARED = (1, 2)  # spacings at which gradients, which are dearer than values, are not asked for
PART, REPEATED = 0.1, 2  # of the range that noise may be; values that come twice where they are steps
DISTINCT = 4  # values that a function which is not constant takes at the least

UNITS = {"bfloat16": 2.0**-7, "float16": 2.0**-10, "float32": 2.0**-23}
FLOAT32, FLOAT64 = 2.0**-23, 2.0**-52


def rounding_unit(value: Any) -> float:
    """The spacing of floats at 1 in a value's type, as far as its type tells; never finer than float64's."""
    return UNITS.get(str(getattr(value, "dtype", "")).removeprefix("torch."), FLOAT64)


def is_float32(value: float) -> bool | None:
    """Whether a number that needs more than 12 bits fits into float32; None for one that is too short to tell."""
    if not math.isfinite(value) or (math.frexp(value)[0] * 4096).is_integer():
        return None
    with np.errstate(over="ignore"):
        return float(np.float32(value)) == value


def spacings(dtype: Any) -> list[float]:
    """Of the points of a line, relative to the point."""
    eps = float(np.finfo(dtype).eps)
    return [spacing * eps for spacing in SPACINGS if spacing * eps <= LONGEST] or [LONGEST]


def nearby(point: Array, spacing: float) -> Array:
    """Points on a short line from the point, which is not among them: (POINTS, *shape). A zero moves as the smallest
    of the others does, by no more than a 1 would."""
    size = np.abs(point.astype(np.float64))
    size = np.where(size == 0, min(1.0, float(size.min(where=size > 0, initial=1.0))), size)
    rng = np.random.default_rng(0)
    direction = size * rng.uniform(0.5, 1.0, point.shape) * rng.choice([-1.0, 1.0], point.shape)
    along = spacing * np.arange(1, POINTS + 1)
    with np.errstate(over="ignore"):
        points: Array = (point + along.reshape(-1, *(1,) * point.ndim) * direction).astype(point.dtype)
    return points


def value_noise(f: Callable[[Array], FloatArray], point: Array) -> float | None:
    """The standard error of f's values; NaN where f can't be evaluated, None where f is constant: a saturated loss,
    which is the rest of a difference, or what does not depend on its argument. f takes points (m, *shape)."""
    sizes, known, varies = [], False, False
    last = min(LAST * float(np.finfo(point.dtype).eps), LONGEST)
    for i, spacing in enumerate([*spacings(point.dtype), last]):
        if varies and spacing == last:
            break
        values = f(nearby(point, spacing))
        if not np.isfinite(values).all():
            continue
        known = True
        distinct = np.unique(values)
        varies |= distinct.size >= DISTINCT
        size = float(_counted(values[:, np.newaxis], i)[0])
        if 1 < distinct.size <= POINTS - REPEATED:  # values that come again are steps: of a coarser type
            size = max(size, float(np.diff(distinct).min()) / 2)
        sizes.append(size)
    if not known:
        return math.nan
    found = max(sizes)
    return found if varies or found > 0 else None


def gradient_noise(analytic: Callable[[Array], FloatArray], point: Array, n: int) -> FloatArray:
    """The same of n partial derivatives; 0 where they can't be evaluated."""
    sizes = []
    for i, spacing in enumerate(spacings(point.dtype)):
        if i in SPARED:
            sizes.append(np.zeros(n))
            continue
        try:
            with np.errstate(all="ignore"):
                rows = np.stack([analytic(x) for x in nearby(point, spacing)])
        except MemoryError:
            raise
        except Exception:  # the user did not ask for these points
            rows = np.zeros((POINTS, n))
        sizes.append(_counted(rows, i))
    return np.asarray(np.stack(sizes).max(axis=0))


def _counted(on_a_line: FloatArray, i: int) -> FloatArray:
    """The noise on the i-th line, (POINTS, m) -> (m,). A wave that is shorter than a longer spacing is taken for noise
    as large as the range of its values; noise is smaller than that, or its values are steps."""
    found = noise(on_a_line)
    if i == 0:
        return found
    steps = (np.diff(np.sort(on_a_line, axis=0), axis=0) == 0).sum(axis=0) >= REPEATED
    return np.where((found <= PART * np.ptp(on_a_line, axis=0)) | steps, found, 0.0)


def noise(on_a_line: FloatArray) -> FloatArray:
    """The standard errors of m functions at POINTS points on a line, (POINTS, m) -> (m,): 0 where none is seen."""
    sizes, signs = [], []
    with np.errstate(invalid="ignore", over="ignore"):
        for order in ORDERS:
            differences = np.diff(on_a_line, n=order, axis=0)
            # Of independent errors a k-th difference has the variance (2k)! / (k!)**2.
            scale = math.sqrt(math.comb(2 * order, order))
            sizes.append(np.sqrt(np.mean(differences**2, axis=0)) / scale)
            signs.append((differences > 0).any(axis=0) & (differences < 0).any(axis=0))
        found, taken = np.zeros(on_a_line.shape[1]), np.zeros(on_a_line.shape[1], dtype=bool)
        for k in range(len(sizes) - 2):
            three = np.stack(sizes[k : k + 3])
            alike = (three.max(axis=0) <= ALIKE * three.min(axis=0)) & signs[k] & ~taken
            found[alike], taken = sizes[k][alike], taken | alike
    return np.where(np.isfinite(found), found, 0.0)
