"""Running means of the gradient and of its square: what the adaptive rules share."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._arrays import check_fraction, check_positive
from ...protocols import Array


def mixed(old: Array, new: Array, decay: float) -> Array:
    """``decay * old + (1 - decay) * new``."""
    mean = decay * old
    mean += (1.0 - decay) * new
    return mean


def mixed_square(old: Array, new: Array, decay: float) -> Array:
    """``decay * old + (1 - decay) * new ** 2``, element by element."""
    square = np.square(new)
    square *= 1.0 - decay
    square += decay * old
    return square


def check_settings(settings: Any, *, fractions: tuple[str, ...] = (), positive: tuple[str, ...] = ()) -> None:
    """The named fields of a frozen dataclass, checked and kept as plain floats."""
    for name in fractions:
        object.__setattr__(settings, name, check_fraction(getattr(settings, name), name))
    for name in positive:
        object.__setattr__(settings, name, check_positive(getattr(settings, name), name))
