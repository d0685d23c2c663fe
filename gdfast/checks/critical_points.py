"""Classification of a critical point: minimum, maximum, saddle or inflection, by gradient and Hessian."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .._arrays import check_positive
from .._returned import NotFiniteError
from ..describe import described
from ..differences.hessian import from_gradients
from ..objective import capabilities, second_derivatives
from ..objective.guarded import guarded
from ..protocols import Array, FloatArray, Objective

FEW = 200
"""Parameters: for so many the whole Hessian is made."""
FLAT = 1e-6
"""An eigenvalue below this share of the largest counts as 0."""
DOUBT = 2.5
"""An eigenvalue counts as 0 up to so many times its error: more than a kink in the gradient adds."""
TOLERANCES = (1e-4, 1e-6, 1e-8)
REACHES = (1e-4, 1e-3, 1e-2, 1e-1)

NOT_FINITE = "objective must have finite second derivatives at w: a gradient next to it is not finite"

_SENTENCES = {
    "minimum": "A local minimum: the function rises in every direction.",
    "maximum": "A local maximum: the function falls in every direction.",
    "saddle": "A saddle: the function increases in some directions and decreases in others.",
    "inflection": "An inflection: the slope is zero here and has the same sign on both sides.",
    "degenerate": "Degenerate: the curvature vanishes in some direction, so second derivatives do not tell the kind.",
    "not critical": "Not a critical point: the gradient is not zero here.",
}


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """What `classify_critical_point` found; printing it reads as sentences.

    Attributes
    ----------
    kind : "minimum", "maximum", "saddle", "degenerate" or "not critical"
    value, gradient_norm : float
        The objective and the largest absolute element of its gradient.
    eigenvalues : float64 (m,)
        Of the Hessian, rising: all, or the smallest and the largest where there are more than 200 parameters; empty
        where the point is not critical. NaN: could not be told.
    threshold : float
        An eigenvalue counts as 0 up to here; for "not critical", what the gradient was compared with.
    slopes : (float, float) or None
        In one dimension, where the curvature is 0: the slopes on the left and on the right that decided.

    Examples
    --------
    >>> import gdfast as gd
    >>> point = gd.classify_critical_point(gd.test_functions.Inflection(), [0.0])
    >>> point.kind, point.name, [slope > 0 for slope in point.slopes]
    ('saddle', 'inflection', [True, True])
    """

    kind: str
    value: float
    gradient_norm: float
    eigenvalues: FloatArray
    threshold: float = field(repr=False)
    slopes: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        """The kind, but a saddle in one dimension, where no direction is left to decrease in, is an "inflection"."""
        return "inflection" if self.kind == "saddle" and self.eigenvalues.size == 1 else self.kind

    def __str__(self) -> str:
        lines = [_SENTENCES[self.name]]
        if self.kind == "not critical":
            lines.append(
                f"The largest element of the gradient is {self.gradient_norm:.3g}, above {self.threshold:.3g}; "
                f"the value is {self.value:.10g}."
            )
            return "\n".join(lines)
        lines.append(f"The value is {self.value:.10g}, the largest element of the gradient {self.gradient_norm:.3g}.")
        ends = f"{self.eigenvalues[0]:.4g}"
        if self.eigenvalues.size > 1:
            ends = f"from {ends} to {self.eigenvalues[-1]:.4g}"
        lines.append(f"Second derivatives: {ends} (0 up to {self.threshold:.2g}).")
        if np.isnan(self.eigenvalues).any():
            lines.append("NaN: that end of the spectrum was not found.")
        if self.slopes is not None:
            lines.append(f"The slope is {self.slopes[0]:.3g} on the left and {self.slopes[1]:.3g} on the right.")
        return "\n".join(lines)


class Curvature(NamedTuple):
    """Eigenvalues of the Hessian, rising, and how far differences may have moved them."""

    eigenvalues: FloatArray
    error: float


def classify_critical_point(objective: Objective, w: Any, *, gtol: float = 1e-5) -> CriticalPoint:
    """Tell a local minimum from a maximum and a saddle, by the gradient and the Hessian's eigenvalues.

    Parameters
    ----------
    objective : Objective
        With value and gradient, as `FunctionObjective` has (also without a gradient of its own).
    w : float array of any shape
    gtol : float > 0
        w is critical when no element of the gradient is above ``gtol * max(1, |value|)``.

    Returns
    -------
    CriticalPoint
        Its `kind`: "minimum" (all eigenvalues > 0), "maximum" (all < 0), "saddle" (some of both), "degenerate" (some
        are 0: below 1e-6 of the largest) or "not critical". Of more than 200 parameters only the ends of the spectrum
        are known, so zeros between a saddle's stay unknown. In one dimension, where the second
        derivative is 0, the slopes on both sides decide: x^4 has a minimum at 0, -x^4 a maximum, x^3 a saddle,
        which is called an inflection there; a constant is degenerate.

    Raises
    ------
    TypeError
        The objective has no value and gradient, or w is not a float array.
    ValueError
        The loss is Hinge or the regularizer has an L1 part: they have kinks, and no Hessian. Value or gradient is not
        finite at w, or a second derivative isn't.
    ImportError
        More than 200 parameters, and scipy is not installed.

    Notes
    -----
    An eigenvalue counts as 0 up to 1e-6 of the largest, or 2.5 times its own error where that is more: the error is
    estimated from differences by several steps, so it covers float32 and rounding, and a point on a kink ends as
    "degenerate".

    For up to 200 parameters P the whole Hessian by differences of the gradient, `numerical_hessian` with ``h="auto"``,
    6 P gradients or more (for linear objectives by P exact products). Beyond that both ends of the spectrum by Lanczos
    on some hundred products with the Hessian, the end next to 0 as exactly as its sign needs.

    References
    ----------
    J. Nocedal, S. J. Wright, Numerical Optimization, 2006, section 2.1; R. B. Lehoucq, D. C. Sorensen, C. Yang, ARPACK
    Users' Guide, 1998.

    Examples
    --------
    >>> import gdfast as gd
    >>> from gdfast.test_functions import Himmelblau
    >>> point = gd.classify_critical_point(Himmelblau(), Himmelblau().saddles[0])
    >>> print(point.kind, point.eigenvalues.round(3))
    saddle [-31.707  75.508]
    """
    check_objective(objective)
    point = np.array(capabilities.weights_for(objective, w, "w"), order="C")
    gtol = check_positive(gtol, "gtol")
    second_derivatives.check_curvature(objective)
    value, gradient = evaluate(objective, point)
    norm = float(np.abs(gradient).max())
    if not (math.isfinite(value) and math.isfinite(norm)):
        raise ValueError(f"objective must be finite at w; its value is {value}, its largest slope {norm}")
    threshold = gtol * max(1.0, abs(value))
    if norm > threshold:
        return CriticalPoint("not critical", value, norm, np.zeros(0), threshold)
    found = _curvature(objective, point)
    eigenvalues = found.eigenvalues
    largest = float(np.abs(eigenvalues).max(where=~np.isnan(eigenvalues), initial=0.0))
    threshold = max(FLAT * largest, DOUBT * found.error)
    if point.size == 1:
        threshold = max(threshold, FLAT * max(1.0, abs(value)))
    kind = _kind(eigenvalues, threshold)
    if kind == "degenerate" and point.size == 1:
        kind, slopes = _by_slopes(objective, point, value, gradient)
        return CriticalPoint(kind, value, norm, eigenvalues, threshold, slopes)
    return CriticalPoint(kind, value, norm, eigenvalues, threshold)


def check_objective(objective: Any) -> None:
    """TypeError where it isn't one."""
    if isinstance(objective, type) or not isinstance(objective, Objective):
        raise TypeError(
            "objective must have value(w), gradient(w) and value_and_gradient(w), as gd.FunctionObjective(f) has; "
            f"it is {described(objective)}"
        )


def evaluate(objective: Objective, w: Array) -> tuple[float, FloatArray]:
    """Value and gradient at w, which stays as it is; in float64."""
    value, gradient = guarded(objective, "objective").value_and_gradient(w)
    return value, np.asarray(gradient, dtype=np.float64)


def _kind(eigenvalues: FloatArray, threshold: float) -> str:
    if not (np.abs(eigenvalues) > threshold).all():  # (so written that NaN is degenerate)
        return "degenerate"
    low, high = float(eigenvalues[0]), float(eigenvalues[-1])
    return "minimum" if low > 0 else "maximum" if high < 0 else "saddle"


# ---- the Hessian ----


def _curvature(objective: Objective, w: Array) -> Curvature:
    h, has_own = second_derivatives.hessian_step(objective, w), hasattr(objective, "hessian_product")
    if w.size > FEW:
        return _ends(Products(objective, w, h), None if has_own else Products(objective, w, 2 * h))
    if has_own:
        H, error = Products(objective, w).matrix(), 0.0
    else:
        H, error = _by_differences(objective, w)
    if not _is_finite(H):
        raise ValueError(NOT_FINITE)
    return Curvature(np.asarray(np.linalg.eigvalsh(H), dtype=np.float64), error)


def _by_differences(objective: Objective, w: Array) -> tuple[FloatArray, float]:
    """The Hessian by differences of the gradient, each weight by a step of its own, and the norm of its error."""
    own, unit = guarded(objective, "objective"), second_derivatives.gradient_unit(objective, w)
    try:
        H, errors = from_gradients(own.gradient, w, "auto", vectorized=False, error=True, unit=unit)
    except NotFiniteError as error:
        raise ValueError(NOT_FINITE) from error
    return H, float(np.linalg.norm(errors)) if _is_finite(errors) else math.nan


def _is_finite(array: FloatArray) -> bool:
    return bool(np.isfinite(array).all())


class Products:
    """Products with the Hessian at w, on flat float64 vectors; `count` says how many were made."""

    def __init__(self, objective: Any, w: Array, h: float | None = None) -> None:
        self.count, self.size = 0, w.size
        self.cost = 1 if hasattr(objective, "hessian_product") else 2
        self._w, self._objective, self._h = w, objective, h
        self._own = second_derivatives.hessian_at(objective, w) if self.cost == 1 else None

    def times(self, v: FloatArray) -> FloatArray:
        """Hessian v: (P,) -> (P,)."""
        self.count += 1
        shaped = v.reshape(self._w.shape).astype(self._w.dtype)
        if self._own is not None:
            product = self._own(shaped)
        else:
            product = second_derivatives.hessian_product(self._objective, self._w, shaped, self._h)
        return np.asarray(product, dtype=np.float64).reshape(-1)

    def matrix(self) -> FloatArray:
        """The whole of it, symmetric."""
        H = np.array([self.times(v) for v in np.eye(self._w.size)])
        return np.asarray((H + H.T) / 2)

    def operator(self, shift: float = 0.0) -> Any:
        """As scipy's LinearOperator, less `shift` times the identity."""
        sparse = scipy_sparse(self._w.size)

        def matvec(v: FloatArray) -> FloatArray:
            v = np.asarray(v).reshape(-1)
            return self.times(v) - shift * v

        return sparse.linalg.LinearOperator((self._w.size,) * 2, matvec=matvec, dtype=np.float64)


def scipy_sparse(size: int) -> Any:
    """scipy.sparse with its linalg, or an ImportError that says what it is needed for."""
    try:
        import scipy.sparse.linalg
    except ImportError as error:
        raise ImportError(
            f"with more than {FEW} parameters (there are {size:,}) this needs scipy: pip install scipy"
        ) from error
    return scipy.sparse


def _ends(near: Products, far: Products | None) -> Curvature:
    """The smallest and the largest eigenvalue, the second as exactly as its sign needs.

    First the one of largest size, m; the other end then is that of largest size of ``Hessian - m I``, where it is far
    from 0, so that an eigenvalue of 0 is as easily found as another.
    """
    v = np.random.default_rng(0).standard_normal(near.size)
    image = near.times(v)
    if not _is_finite(image):
        raise ValueError(NOT_FINITE)
    if not image.any():
        return Curvature(np.zeros(2), 0.0)
    largest, other = math.nan, math.nan
    found = _largest(near.operator(), v, TOLERANCES[0])
    if found is None:
        return Curvature(np.full(2, math.nan), 0.0)
    largest, v = found
    u, shifted = (
        near.times(v) - largest * v + np.random.default_rng(1).standard_normal(near.size),
        near.operator(largest),
    )
    for tolerance in TOLERANCES:
        found = _largest(shifted, u, tolerance)
        if found is None:
            break
        other, u = largest + found[0], found[1]
        if abs(other) > FLAT * abs(largest) + tolerance * abs(found[0]):
            break
    if math.isnan(other) or far is None:
        return Curvature(np.sort([largest, other]), 0.0)
    changes = [float(x @ (near.times(x) - far.times(x))) for x in (v, u)]
    moved = np.sort([largest + changes[0] / 3, other + changes[1] / 3])
    return Curvature(moved, max(map(abs, changes)))


def _largest(operator: Any, start: FloatArray, tolerance: float) -> tuple[float, FloatArray] | None:
    """The eigenvalue of largest size and its vector of length 1; None where Lanczos doesn't come to an end."""
    linalg = scipy_sparse(start.size).linalg
    try:
        values, vectors = linalg.eigsh(operator, k=1, which="LM", v0=start, ncv=40, tol=tolerance, maxiter=50)
    except linalg.ArpackNoConvergence:
        return None
    return float(values[0]), vectors[:, 0]


# ---- one dimension ----


def _by_slopes(
    objective: Objective, w: Array, value: float, gradient: FloatArray
) -> tuple[str, tuple[float, float] | None]:
    """The kind by the slopes on both sides, as near as they can be told from 0."""
    slope = abs(float(gradient.reshape(-1)[0]))
    arithmetic = np.dtype(getattr(objective, "arithmetic", w.dtype))
    unit = max(float(np.finfo(w.dtype).eps), float(np.finfo(arithmetic).eps))
    if not getattr(objective, "has_gradient", True):
        unit = max(unit, second_derivatives.NUMERICAL_GRADIENT)
    noise = max(2 * slope, 100 * unit * max(1.0, abs(value)))
    size = max(1.0, abs(float(w.reshape(-1)[0])))
    for reach in REACHES:
        sides = [evaluate(objective, np.asarray(w + w.dtype.type(end * size)))[1].item() for end in (-reach, reach)]
        if min(map(abs, sides)) > noise:
            left, right = sides
            kind = "saddle" if (left > 0) == (right > 0) else "minimum" if right > 0 else "maximum"
            return kind, (left, right)
    return "degenerate", None
