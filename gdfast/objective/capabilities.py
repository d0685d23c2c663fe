"""What an objective may offer beyond value and gradient, asked for through ONE free function each.

Every function here uses the objective's own method where it has one and the plain road otherwise; both
give the same numbers.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import differences
from ..describe import described
from ..differences import Scheme
from ..protocols import Array, FloatArray, Objective
from .linear.kinks import NearestKinks

NUMERICAL_GRADIENT = 2e-11
"""What rounding does to a difference quotient of a function near 1, with h = 1e-5."""


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


def hessian_product(objective: Any, w: Array, v: Array, h: float | None = None) -> FloatArray:
    """The Hessian of the objective at w, times v.

    ``(gradient(w + h u) - gradient(w - h u)) / 2h * |v|`` with ``u = v / |v|``, or the objective's own
    ``hessian_product(w, v)``.

    Parameters
    ----------
    objective : Objective
        Or whatever has a ``gradient(w)``, such as a regularizer.
    w, v : float arrays of one shape
    h : float > 0, optional
        By default `hessian_step`; the objective's own product needs none.

    Returns
    -------
    float64 array of w's shape

    Notes
    -----
    Two gradients. The error is about h**2 times the fourth derivative, plus the gradient's own rounding / h.
    """
    own = getattr(objective, "hessian_product", None)
    if own is not None:
        return np.asarray(own(w, v), dtype=np.float64)
    h = hessian_step(objective, w) if h is None else h
    length = float(np.linalg.norm(np.ravel(v).astype(np.float64)))
    if length == 0:
        return np.zeros(np.shape(w))
    move = (h / length * v).astype(w.dtype)
    ahead, behind = np.asarray(w + move), np.asarray(w - move)
    taken = float(np.vdot(ahead.astype(np.float64) - behind, v.astype(np.float64))) / length**2
    change = np.asarray(objective.gradient(ahead), dtype=np.float64) - objective.gradient(behind)
    return np.asarray(change / taken)


def hessian_at(objective: Any, w: Array) -> Callable[[Array], FloatArray]:
    """v -> Hessian(w) v, where many products are needed at one w."""
    own = getattr(objective, "hessian_at", None)
    if own is not None:
        at: Callable[[Array], FloatArray] = own(w)
        return at
    return lambda v: hessian_product(objective, w, v)


def has_cheap_hessian(objective: Any) -> bool:
    """Whether the objective has a ``hessian_product`` of its own that costs no more than a gradient."""
    return hasattr(objective, "hessian_product") and bool(getattr(objective, "has_cheap_hessian", True))


def hessian_step(objective: Any, w: Array) -> float:
    """The length of the step for second derivatives: ``eps**(1/3) * max(1, |w|)``, eps the error of a gradient."""
    arithmetic = getattr(objective, "arithmetic", w.dtype)
    eps = max(float(np.finfo(w.dtype).eps), float(np.finfo(arithmetic).eps))
    if not getattr(objective, "has_gradient", True):
        eps = max(eps, NUMERICAL_GRADIENT)
    return float(eps ** (1 / 3) * max(1.0, float(np.linalg.norm(np.ravel(w).astype(np.float64)))))


def check_curvature(objective: Any) -> None:
    """ValueError, before any work, where the objective is known to have kinks instead of second derivatives."""
    own = getattr(objective, "check_curvature", None)
    if own is not None:
        own()


def known_mistakes(objective: Objective, w: Array, columns: Array) -> Iterator[tuple[str, FloatArray]]:
    """Wrong gradients that people write for such an objective: (a sentence, these columns of it at w); often none."""
    own = getattr(objective, "known_mistakes", None)
    return iter(()) if own is None else own(w, columns)


def nearest_kinks(objective: Objective, w: Array, h: float = 1e-5, coordinates: Any = None) -> NearestKinks | None:
    """How far each coordinate can move, up to h, before a kink is crossed, and what is crossed.

    None where the objective can't tell, or has no kinks.
    """
    own = getattr(objective, "nearest_kinks", None)
    found: NearestKinks | None = None if own is None else own(w, h=h, coordinates=coordinates)
    return found


def fingerprint(objective: Objective, w: Array) -> dict[str, Any]:
    """What tells this objective from another: JSON-like facts, its value at w (or on some rows there) among them."""
    own = getattr(objective, "fingerprint", None)
    if own is None:
        return {"kind": type(objective).__name__, "value": float(objective.value(w))}
    found: dict[str, Any] = own(w)
    return found


def is_convex(objective: Objective) -> bool:
    """Whether the objective is known to be convex, so that a local minimum of a ray is the minimum."""
    return bool(getattr(objective, "convex", False))


def suggest_step(objective: Objective) -> float:
    """A step that suits plain gradient descent: ``1 / L``, with L the largest curvature of the objective, estimated.

    Parameters
    ----------
    objective : Objective
        With a method `lipschitz()`, as `LinearObjective` has: the largest eigenvalue of the rows' second moments (as
        the model sees them, bias included) times the loss's curvature (1/2 for cross-entropy, 2 * n_classes for the
        squared hinge, 2 for squared error), plus ``2 * strength`` of L2.

    Returns
    -------
    float
        > 0 and finite; 1 where the objective is flat.

    Raises
    ------
    TypeError
        The objective, its loss or its regularizer can't say how it bends.
    ValueError
        The curvature is beyond float64.

    Notes
    -----
    Steps of up to 2 / L descend, so an estimate within a factor of 2 of L is enough for a descent that never rises. For
    the hinge, which has kinks instead of curvature, L is a rule of thumb (n_classes / 2 times the eigenvalue), and
    no constant step descends all the way.

    Two passes over X, and one more's worth of products with a sample of its rows.

    References
    ----------
    Y. Nesterov, Introductory Lectures on Convex Optimization, 2004, section 2.1.

    Examples
    --------
    >>> import numpy as np, gdfast as gd
    >>> X = np.array([[1.0], [-1.0], [3.0], [1.0]])
    >>> objective = gd.LinearObjective(X, np.array([0.0, 1, 2, 3]), gd.SquaredError(), bias=False)
    >>> round(gd.suggest_step(objective), 6)  # the mean of x^2 is 3, times 1.1 to be safe
    0.151515
    """
    own = getattr(objective, "lipschitz", None)
    if own is None or isinstance(objective, type):
        raise TypeError(
            "suggest_step (step='auto') needs an objective with lipschitz(), as LinearObjective has; it is "
            f"{described(objective)}: give a step, or a line search"
        )
    curvature = float(own())
    if not 0 <= curvature < math.inf:
        raise ValueError(f"objective must have a finite curvature; it is estimated as {curvature}: scale the features")
    return 1.0 if curvature == 0 else min(1 / curvature, sys.float_info.max)


def improved_bound(objective: Any, w: Array, value: float, known: Any) -> tuple[float, Any]:
    """A lower bound of the optimum, proven by w, whose objective is `value`, and the points before it.

    `known` is what the call before handed back, None at first.
    """
    own = getattr(objective, "improved_bound", None)
    if own is None:
        return value - float(objective.duality_gap(w)), None
    bound, known = own(w, value, known)
    return float(bound), known


def check_certifies(objective: Any) -> None:
    """ValueError, before any work, where a `duality_gap` of the objective is known to refuse."""
    own = getattr(objective, "certified_strength", None)
    if own is not None:
        own()


def can_descend(objective: Objective, w: Array, rule: str) -> bool:
    """Whether `descend` works for this objective, weights like w and this update rule."""
    own = getattr(objective, "can_descend", None)
    return own is not None and bool(own(w, rule))


def hidden_states(objective: Objective, w: Array, rule: str) -> tuple[Array, ...]:
    """What `descend` keeps between calls besides the rule's states, as it is before the first step; often nothing."""
    own = getattr(objective, "hidden_states", None)
    return () if own is None else tuple(own(w, rule))


def descend(
    objective: Any,
    rule: str,
    settings: tuple[float, ...],
    w: Array,
    states: tuple[Array, ...],
    order: Array,
    starts: Array,
    rates: Array,
    first_step: int,
    values: Array,
    done: Array,
) -> None:
    """Many stochastic steps in one call: w and the states (the rule's, then the hidden ones) move in place.

    Step i takes the rows order[starts[i]] .. order[starts[i + 1] - 1] and the learning rate rates[i]; values[i]
    is the objective on them before the step; done[0] counts the steps taken: fewer than len(rates) when a value
    is not finite, or with KeyboardInterrupt, after which everything stands as the last whole step left it.
    """
    objective.descend(rule, settings, w, states, order, starts, rates, first_step, values, done)
