"""What an objective may offer beyond value and gradient, asked for through ONE free function each.

Every function here uses the objective's own method where it has one and the plain road otherwise; both
give the same numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import differences
from ..differences import Scheme
from ..protocols import Array, FloatArray, Objective


def values_at(objective: Objective, ws: Array) -> FloatArray:
    """The objective at many points: (m, *shape) -> (m,). A linear objective makes one pass over X."""
    own = getattr(objective, "values_at", None)
    if own is not None:
        return np.asarray(own(ws), dtype=np.float64)
    return np.array([objective.value(w) for w in ws], dtype=np.float64)


def numerical_gradient(
    objective: Objective, w: Array, h: float = 1e-5, scheme: Scheme = "centered", coordinates: Any = None
) -> FloatArray:
    """Difference quotients of the objective: all (w's shape), or those of flat `coordinates` (m,)."""
    own = getattr(objective, "numerical_gradient", None)
    if own is not None:
        return np.asarray(own(w, h=h, scheme=scheme, coordinates=coordinates))
    return differences.numerical_gradient(objective.value, w, h, scheme, coordinates=coordinates)


def kink_crossings(
    objective: Objective, w: Array, h: float = 1e-5, coordinates: Any = None
) -> tuple[Array, FloatArray] | None:
    """Kinks that the centred stencil of each coordinate crosses: (how many, what they add to the quotient).

    None where the objective can't tell, or has no kinks.
    """
    own = getattr(objective, "kink_crossings", None)
    found: tuple[Array, FloatArray] | None = None if own is None else own(w, h=h, coordinates=coordinates)
    return found
