"""What an objective may offer beyond value and gradient, asked for through ONE free function each.

Every function here uses the objective's own method where it implements the protocol (`gdfast.protocols`), and a generic
implementation otherwise; both take the same arguments, refuse the same ones in the same words, and give the same
numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from .. import differences
from .._arrays import (
    check_indices,
    check_number,
    check_point,
    check_positive,
    check_weights,
    float64_copy,
    plain_array,
)
from ..describe import described, shortened
from ..differences import Scheme
from ..differences.stencils import check_scheme
from ..differences.steps import Steps, absolute_steps, is_auto, single_step
from ..protocols import (
    Array,
    BoundsByGradient,
    ChecksCertificate,
    ClosedForms,
    CompiledSteps,
    DualityGap,
    FindsNearestKinks,
    Fingerprint,
    FloatArray,
    GradientBound,
    GradientRounding,
    HasGram,
    HasRowCurvatures,
    HasRows,
    HasTerms,
    HessianAt,
    HessianProduct,
    ImprovedBound,
    InFloat64,
    KinkCrossings,
    Lipschitz,
    ManyValues,
    NearestKinks,
    Objective,
    RowCurvatures,
    Separates,
    StepsKernel,
    StructuredNumericalGradient,
)
from .guarded import guarded
from .linear.terms import Terms

if TYPE_CHECKING:
    from ..protocols import AlongRay, OnPlane
    from .chunked.objective import ChunkedObjective
    from .linear.objective import LinearObjective
    from .linear.problem import LinearProblem

    class _OfRows(
        AlongRay, OnPlane, ManyValues, StructuredNumericalGradient, KinkCrossings, FindsNearestKinks, HessianProduct,
        HessianAt, Lipschitz, DualityGap, ChecksCertificate, ImprovedBound, GradientRounding, Fingerprint,
        HasRows, HasGram, HasTerms, ClosedForms, BoundsByGradient, InFloat64, HasRowCurvatures, Separates, Protocol,
    ):  # fmt: skip
        """What objectives on rows offer: a method that is misspelt, or takes other arguments, is a type error."""

    class _All(_OfRows, CompiledSteps, Protocol):
        """Every capability."""

    def _offers_all(objective: LinearObjective) -> _All:
        return objective

    def _offers_what_rows_do(objective: ChunkedObjective) -> _OfRows:
        return objective


Capability = TypeVar("Capability")
_NAMES: dict[type, tuple[str, ...]] = {}


def offered(objective: Any, capability: type[Capability]) -> Capability | None:
    """The objective as what implements this protocol; None where it lacks a part of it.

    By its attributes, so that a wrapper that passes them on by ``__getattr__`` offers what it wraps.
    """
    names = _NAMES.get(capability)
    if names is None:
        found = {name for kind in capability.__mro__[:-1] for name in vars(kind) if not name.startswith("_")}
        names = _NAMES.setdefault(capability, tuple(sorted(found)))
    if isinstance(objective, type) or not all(hasattr(objective, name) for name in names):
        return None
    own: Capability = objective
    return own


def weights_for(objective: Any, w: Any, name: str = "w") -> Array:
    """Finite weights: of the objective's shape, float32 or float64 and in C order where it has a shape of its own."""
    shape = getattr(objective, "shape", None)
    if isinstance(shape, tuple):
        return check_weights(w, shape, name)
    point = check_point(w, name)
    if point.itemsize < 4:
        raise TypeError(f"{name} must be float32 or float64; its dtype is {point.dtype}")
    return point


def start_for(objective: Any, w0: Any, name: str = "w0") -> Array:
    """The same where a run begins: numbers and lists of Python's, whole ones too, become float64."""
    if _is_whole(w0):
        array = plain_array(w0, name)
        w0 = float64_copy(array, name) if array.dtype.kind in "iu" else array
    return weights_for(objective, w0, name)


def _is_whole(w: Any) -> bool:
    """Whether it is an integer of Python's, or lists of nothing else (an array has a type, which is not guessed at)."""
    return all(map(_is_whole, w)) and len(w) > 0 if isinstance(w, list | tuple) else type(w) is int


def rows_wanted(objective: Any, subject: str) -> HasRows:
    """The objective as a mean over samples; TypeError for any other, with the subject (and verb) of its sentence."""
    own = offered(objective, HasRows)
    if own is None:
        why = getattr(objective, "without_rows", "")  # what an objective that has them elsewhere says of it
        raise TypeError(f"{subject} an objective with n_samples and rows(indices); it is {described(objective)}{why}")
    return own


def terms_wanted(objective: Any, subject: str) -> HasTerms:
    """The objective as a loss and a regularizer on rows; TypeError for any other, with the subject of its sentence."""
    own = offered(objective, HasTerms)
    if own is None:
        raise TypeError(
            f"{subject} an objective with a loss and a regularizer, as LinearObjective is; it is {described(objective)}"
        )
    return own


def closed_forms(objective: Any, strengths: FloatArray) -> FloatArray | None:
    """The optimum at each of these strengths of L2: (m, *shape); None where there is no closed form, or it is dear."""
    own = offered(objective, ClosedForms)
    return None if own is None else own.closed_forms(strengths)


def values_at(objective: Objective, ws: Array) -> FloatArray:
    """The objective at many points: (m, *shape) -> (m,). A linear objective makes one pass over X."""
    points, shape = plain_array(ws, "ws"), getattr(objective, "shape", None)
    if points.ndim == 0 or len(points) == 0:
        raise ValueError(f"ws must be (m, *shape), m >= 1 points one after the other; its shape is {points.shape}")
    if isinstance(shape, tuple):
        points = check_weights(points, (len(points), *shape), "ws")
    else:
        points = check_point(points, "ws")
    known = guarded(objective, "objective")
    own = offered(known, ManyValues)
    if own is not None:
        return np.asarray(own.values_at(points), dtype=np.float64)
    return np.array([known.value(w) for w in points], dtype=np.float64)


def numerical_gradient(
    objective: Objective, w: Array, h: Steps = 1e-5, scheme: Scheme = "centered", coordinates: Any = None
) -> FloatArray:
    """Difference quotients of the objective: all (w's shape), or those of flat `coordinates` (m,)."""
    point = weights_for(objective, w)
    if single_step(h) is None and not is_auto(h):
        absolute_steps(h, point, np.arange(point.size))
    flat = None if coordinates is None else check_indices(coordinates, point.size, "coordinates")
    check_scheme(scheme)
    own = offered(objective, StructuredNumericalGradient)
    if own is not None:
        return np.asarray(own.numerical_gradient(point, h=h, scheme=scheme, coordinates=flat))
    if flat is None:
        return differences.numerical_gradient(objective.value, point, h, scheme)
    once, places = np.unique(flat, return_inverse=True)  # a coordinate may come twice
    return differences.numerical_gradient(objective.value, point, h, scheme, coordinates=once)[places]


def kink_crossings(
    objective: Objective, w: Array, h: float = 1e-5, coordinates: Any = None
) -> tuple[Array, FloatArray] | None:
    """Kinks that the centred stencil of each coordinate crosses: (how many, what they add to the quotient).

    None where the objective can't tell, or has no kinks.
    """
    point, h, flat = _checked(objective, w, h, coordinates)
    own = offered(objective, KinkCrossings)
    return None if own is None else own.kink_crossings(point, h=h, coordinates=flat)


def nearest_kinks(objective: Objective, w: Array, h: float = 1e-5, coordinates: Any = None) -> NearestKinks | None:
    """How far each coordinate can move, up to h, before it meets a kink, and what is met.

    None where the objective can't tell, or has no kinks.
    """
    point, h, flat = _checked(objective, w, h, coordinates)
    own = offered(objective, FindsNearestKinks)
    return None if own is None else own.nearest_kinks(point, h=h, coordinates=flat)


def _checked(objective: Objective, w: Any, h: Any, coordinates: Any) -> tuple[Array, float, Array | None]:
    point, h = weights_for(objective, w), check_positive(h, "h")
    return point, h, None if coordinates is None else check_indices(coordinates, point.size, "coordinates")


def gradient_rounding(objective: Any, w: Array) -> float:
    """About how far rounding may move an element of the gradient, beyond the gradient's own size; 0 if unknown."""
    own = offered(objective, GradientRounding)
    return 0.0 if own is None else own.gradient_rounding(w)


def fingerprint(objective: Objective, w: Array) -> dict[str, Any]:
    """What tells this objective from another: JSON-like facts, its value at w (or on some rows there) among them."""
    own = offered(objective, Fingerprint)
    if own is not None:
        return own.fingerprint(w)
    return {"kind": type(objective).__name__, "value": guarded(objective, "objective").value(w)}


def is_convex(objective: Objective) -> bool:
    """Whether the objective is known to be convex, so that a local minimum of a ray is the minimum."""
    return bool(getattr(objective, "convex", False))


def linear_problem_of(objective: Any) -> LinearProblem | None:
    """What the functions of `gdfast.objective.linear` work on, of a linear objective; None of any other."""
    found: LinearProblem | None = None if isinstance(objective, type) else getattr(objective, "linear_problem", None)
    return found


def rows_in_memory(objective: Any, name: str, instead: str) -> LinearProblem:
    """What `linear_problem_of` gives; TypeError of any other, with the name of the method and what serves instead."""
    problem = linear_problem_of(objective)
    if problem is None:
        remedy = "" if terms_of(objective) is None else f": it visits single rows; take {instead}, or gd.solve"
        raise TypeError(f"{name} needs a gdfast.LinearObjective; the objective is a {type(objective).__name__}{remedy}")
    return problem


def terms_of(objective: Any) -> Terms | None:
    """Loss and regularizer of an objective on the scores of rows, wherever these are; None of any other."""
    found = None if isinstance(objective, type) else getattr(objective, "terms", None)
    return found if isinstance(found, Terms) else None


def row_curvatures(objective: Any, rows: int, seed: int = 0) -> RowCurvatures:
    """How the loss bends at so many of the rows, or at all; TypeError of an objective that has no such thing."""
    own = offered(objective, HasRowCurvatures)
    if own is None:
        raise TypeError(f"curvatures of rows need a gdfast.LinearObjective; it is {described(objective)}")
    return own.row_curvatures(rows, seed)


def separates(objective: Any, w: Array) -> bool:
    """Whether w classifies every row, by more than rounding; False where nobody knows."""
    own = offered(objective, Separates)
    return own is not None and own.separates(w)


def gram_of(objective: Any, row_weights: Array | None = None, indices: Array | None = None) -> FloatArray | None:
    """The second moments ``sum_i u_i z_i z_i'`` of the rows of a linear model, (m, m); None of any other objective."""
    own = offered(guarded(objective, "objective"), HasGram)
    return None if own is None else np.asarray(own.gram(row_weights, indices), dtype=np.float64)


def improved_bound(
    objective: Any, w: Array, value: float, known: Any, gradient: Array | None = None
) -> tuple[float, Any]:
    """A lower bound of the optimum, proven by w, whose objective is `value`, and the points before it.

    `known` is what the call before handed back, None at first. A `gradient`, as ``value_and_gradient(w)`` gave it, may
    spare a pass over the data.
    """
    value = check_number(value, "value")
    own = offered(objective, ImprovedBound)
    if own is not None:
        bound, known = own.improved_bound(w, value, known, gradient)
        return float(bound), known
    gap = offered(guarded(objective, "objective"), DualityGap)
    if gap is None:
        raise TypeError(f"a proven bound needs an objective with duality_gap(w); it is {shortened(objective)}")
    return value - float(gap.duality_gap(w)), None


def bound_from_gradient(objective: Any, w: Array, value: float, gradient: Array) -> GradientBound | None:
    """Lower bounds of the optimum, from `value` and `gradient` as the objective's ``value_and_gradient(w)`` gave them.

    No pass over the data (a linear objective with an unpenalised bias makes one, at the first call). `estimate` leaves
    rounding aside: where it is near enough, it is time to prove it, by `improved_bound` or in float64. `proven` is
    true, and 0 where the arithmetic is narrower than float64. None where an objective has no such bound.

    Raises
    ------
    ValueError
        As `check_certifies`.
    """
    own = offered(objective, BoundsByGradient)
    return None if own is None else own.bound_from_gradient(w, value, gradient)


def in_float64(objective: Any) -> Any:
    """The same objective whose values and gradients are float64's; itself where they are, or nobody knows."""
    own = offered(objective, InFloat64)
    return objective if own is None else own.in_float64()


def check_certifies(objective: Any) -> None:
    """ValueError, before any work, where a `duality_gap` of the objective is known to refuse."""
    own = offered(objective, ChecksCertificate)
    if own is not None:
        own.check_certifies()


def compiled_steps(objective: Objective, w: Array, rule: str, settings: tuple[float, ...]) -> StepsKernel | None:
    """Many stochastic steps in one call, of an update rule, for weights like w; None where there is no such call."""
    own = offered(objective, CompiledSteps)
    return None if own is None else own.compiled_steps(w, rule, settings)
