"""Step sweep: the error of difference quotients as a function of h, against the exact gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._arrays import check_flag, check_point, check_rng, check_steps, plain_array
from .._returned import array_like, require_callable
from ..describe import described
from ..protocols import Array, FloatArray
from .estimates import Tolerant
from .points import arrays_at, numbers_at
from .stencils import check_coordinates, moved, stencil
from .sweep_result import StepSweep, error_curve

MOST_STEPS = 1 << 20
SAMPLE = 10  # coordinates, where x has more


def step_sweep(
    f: Any,
    gradient: Callable[[Array], Any] | None = None,
    x: Any = None,
    hs: Any = None,
    *,
    at: Any = None,
    coordinates: Any = None,
    rng: Any = 0,
    vectorized: bool = False,
) -> StepSweep:
    """The error of centred and forward differences against h, and the h that suits f at x.

    ``error(h) = max_j |quotient_j(h) - gradient(x)_j| / max_j |gradient(x)_j|``: it falls with ``h**2``
    (centred) or ``h`` (forward) while truncation rules, and rises with ``1 / h`` where ``f(x + h)`` and f's other
    value cancel. ``step_sweep(objective, at=w)`` takes value and gradient from an objective.

    Parameters
    ----------
    f : callable or objective
        Takes an array of x's shape and dtype, returns one real number.
    gradient : callable
        The exact one: takes the same array, returns one of its shape and dtype.
    x : array of any shape, float
        The point. Never modified, also when f raises.
    hs : array (k,), optional
        Steps > 0; sorted from large to small, each once. By default 37 from 1e-1 to 1e-13, three per decade.
    at : array
        Another name for x, as in ``step_sweep(objective, at=w)``.
    coordinates : array of int, optional
        Flat indices of the coordinates to move. By default all, or a sample of 10 where x has more.
    rng : seed, Generator or None
        Draws the sample; None: another one each time.
    vectorized : bool
        f takes many points at once: (m, *x.shape), and returns (m,). The gradient gets one point still.

    Returns
    -------
    StepSweep

    Raises
    ------
    TypeError
        f or gradient is not callable or returns something of another type; x is not a float array.
    ValueError
        x or a returned value is not finite, the gradient has another shape; a step is not > 0; every step is lost
        when x + h is rounded to x's dtype (a step that is lost while others are not has the error NaN, see
        `ErrorCurve`); f is an
        objective without a gradient of its own. A step that leaves the domain of f (which raises there, or returns NaN
        or infinity) has the error NaN; what f raises comes through unchanged, with a note that names the coordinate,
        where it raises at x or at all steps.

    Notes
    -----
    ``2 c k + 1`` evaluations of f for c coordinates and k steps (741 by default for a large x; both schemes use
    the same points) and one of the gradient. As rules of thumb the best h is near ``eps**(1/3)`` (centred) and
    ``eps**(1/2)`` (forward), times the scale on which f bends: 6e-6 and 1.5e-8 in float64, 5e-3 and 3e-4 in float32.

    References
    ----------
    W. H. Press et al., Numerical Recipes, 3rd edition, 2007, section 5.7.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> sweep = gd.step_sweep(lambda x: float(np.sum(np.sin(x))), np.cos, [1.0, 2.0, 3.0])
    >>> 1e-6 < sweep.best_h < 1e-4, sweep.best_error < 1e-9
    (True, True)
    >>> print(round(sweep.centered.truncation_slope, 1), round(sweep.forward.truncation_slope, 1))
    2.0 1.0
    """
    f, gradient = _callables(f, gradient)
    if (x is None) == (at is None):
        raise TypeError("x must be the point: step_sweep(f, gradient, x) or step_sweep(objective, at=w)")
    point = check_point(at, "at") if x is None else check_point(x, "x")
    h, vectorized = _steps(hs), check_flag(vectorized, "vectorized")
    if coordinates is None and point.size > SAMPLE:
        flat = np.sort(check_rng(rng).choice(point.size, SAMPLE, replace=False))
    else:
        flat = check_coordinates(coordinates, point.size)
    exact = _gradient_at(gradient, point).reshape(-1)[flat]
    scale = float(np.abs(exact).max()) or 1.0
    centered, forward, evaluations = _quotients(f, point, flat, h, vectorized)
    with np.errstate(over="ignore"):
        errors = [np.abs(quotients - exact).max(axis=1) / scale for quotients in (centered, forward)]
    return StepSweep(
        h=h,
        centered=error_curve(h, errors[0]),
        forward=error_curve(h, errors[1]),
        scale=scale,
        coordinates=flat,
        shape=point.shape,
        dtype=point.dtype,
        evaluations=evaluations,
    )


def _quotients(
    f: Callable[[Array], Any], x: Array, flat: NDArray[np.int64], h: FloatArray, vectorized: bool
) -> tuple[FloatArray, FloatArray, int]:
    """Centred and forward quotients (k, c), rows of NaN for lost steps; and how often f was evaluated.

    The forward one shares the centred stencil's upper end, so that both cost two evaluations.
    """
    stencils = [stencil(x, flat, step, "centered") for step in h.tolist()]
    kept = [i for i, ends in enumerate(stencils) if ends.usable.all()]
    if not kept:
        raise ValueError(f"hs must hold a step that changes x when rounded to {x.dtype}; all {h.size} are lost")
    high, low = (np.array([getattr(stencils[i], end) for i in kept]) for end in ("high", "low"))  # (kept, c)
    middle = x.reshape(-1)[flat]
    both = np.stack([high, low], axis=2).reshape(-1)
    where = np.append(flat[:1], np.tile(np.repeat(flat, 2), len(kept)))
    steps = np.append(h[:1], np.repeat(h[kept], 2 * flat.size))
    points = moved(x, where[:, np.newaxis], np.append(middle[:1], both)[:, np.newaxis], steps)
    here = numbers_at(f, points.some(0, 1), vectorized)
    tolerant = Tolerant(lambda some: numbers_at(f, some, vectorized))
    found = np.append(here, tolerant(points.some(1, len(points))))
    ahead, behind = np.moveaxis(found[1:].reshape(len(kept), flat.size, 2), 2, 0)
    centered, forward = (np.full((h.size, flat.size), np.nan) for _ in range(2))
    wide = np.promote_types(x.dtype, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        centered[kept] = (ahead - behind) / np.array([stencils[i].taken for i in kept])
        forward[kept] = (ahead - found[0]) / (high.astype(wide) - middle.astype(wide)).astype(np.float64)
    unchanged = ((ahead == found[0]) & (behind == found[0])).all(axis=1)
    unchanged &= np.maximum.accumulate(~unchanged)  # f does change at a larger h: this one is lost in its rounding
    lost = np.array(kept)[unchanged]
    centered[lost] = forward[lost] = np.nan
    if np.isnan(centered).any(axis=1).all():
        raise tolerant.failure or ValueError("hs must hold a step at which f changes; it is the same at all points")
    return centered, forward, len(points)


def _callables(f: Any, gradient: Any) -> tuple[Callable[[Array], Any], Callable[[Array], Any]]:
    """Value and gradient, an objective's or the caller's own."""
    if gradient is not None:
        require_callable(gradient, "gradient")
    if callable(getattr(f, "value", None)):
        if gradient is None and not getattr(f, "has_gradient", True):
            raise ValueError("objective must have a gradient of its own: its numerical one would only check itself")
        if gradient is None and not callable(getattr(f, "gradient", None)):
            raise TypeError(f"objective must have a gradient method; {type(f).__name__} has none")
        return f.value, f.gradient if gradient is None else gradient
    if not callable(f):
        raise TypeError(f"f must be an objective or a callable; it is {described(f)}")
    if gradient is None:
        raise TypeError("gradient must be given with a plain function: step_sweep(f, gradient, x)")
    return f, gradient


def _steps(hs: Any) -> FloatArray:
    if hs is None:
        return np.logspace(-1, -13, 37)
    if (size := plain_array(hs, "hs").size) > MOST_STEPS:
        raise ValueError(f"hs must hold at most {MOST_STEPS:,} steps; it holds {size:,}")
    steps = check_steps(hs, "hs")
    if (steps <= 0).any():
        i = int(np.argmax(steps <= 0))
        raise ValueError(f"hs must be > 0; hs[{i}] is {steps[i]:g}")
    return np.unique(steps)[::-1].copy()


def _gradient_at(gradient: Callable[[Array], Any], x: Array) -> FloatArray:
    here = moved(x, np.zeros((1, 1), dtype=np.int64), x.reshape(-1)[:1, np.newaxis], 0.0)
    found: FloatArray = arrays_at(
        lambda point: array_like(gradient(point), point, "gradient"), here, False, "gradient"
    )[0]
    return found
