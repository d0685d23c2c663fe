"""First derivatives by each coordinate, of numbers or arrays, by steps that are given or found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..protocols import Array, FloatArray
from .estimates import Tolerant, best, estimated
from .points import Points
from .rules import FirstDerivatives
from .stencils import Scheme, check_scheme, difference_quotients, name_coordinate, unmoved, usable_stencil
from .steps import absolute_steps, is_auto, relative_steps, rounding_unit


def first_derivatives(
    values_at: Callable[[Points], FloatArray],
    x: Array,
    flat: NDArray[np.int64],
    h: Any,
    scheme: Scheme,
    error: bool,
    unit: float | None = None,
) -> tuple[FloatArray, ...]:
    """The derivatives by the coordinates in `flat` (n, *out), and with `error` what they may be off by.

    `unit` is the rounding unit of f's values where that is coarser than x's type says.
    """
    check_scheme(scheme)
    auto = is_auto(h)
    steps = np.empty(0) if auto else absolute_steps(h, x, flat)
    if not (auto or error):
        return (difference_quotients(values_at, x, flat, steps, scheme),)
    if not auto:
        usable_stencil(x, flat, steps, scheme)
    at = Tolerant(values_at) if auto else values_at
    rule, every = FirstDerivatives(at, x, values_at(unmoved(x))[0], flat, scheme), np.arange(flat.size)
    if auto:
        unit = max(unit or 0.0, rounding_unit(x))
        first = relative_steps(x, flat, unit, 1, rule.power)
        found = best(rule, every, first, unit, max(1.0, float(np.abs(x).max())))
    else:
        found = estimated(rule, every, steps)
    require_known(found.quotients, at, flat, x)
    return (found.quotients, found.errors) if error else (found.quotients,)


def require_known(quotients: FloatArray, at: Any, flat: NDArray[np.int64], x: Array) -> None:
    """Where steps were tried: raise where none is of use, with what f raised there."""
    useless = np.isnan(quotients).reshape(flat.size, -1).any(axis=1)
    if useless.any() and isinstance(at, Tolerant):
        name = name_coordinate(int(flat[np.argmax(useless)]), x.shape)
        raise at.failure or ValueError(f"h='auto' must find a step along {name} at which f is finite: give h")
