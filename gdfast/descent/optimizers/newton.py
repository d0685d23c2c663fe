"""Truncated Newton: ``Hessian direction = -gradient`` by conjugate gradients (Dembo, Steihaug 1983)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..._arrays import check_integer
from ...objective.regularizers.regularizers import strengths_of
from ...protocols import Array, Objective
from ..preconditioners import GramPreconditioner, check_preconditioner, preconditioner_for
from .conjugate_gradients import Hessian, solved
from .float64_dots import norm
from .preconditioned_newton import PreconditionedNewton


class NewtonState(NamedTuple):
    """The gradient's norm at the last step, how exactly its system was solved, and the evaluations up to now."""

    norm: float
    tolerance: float
    evaluations: int
    steps: int


@dataclass(frozen=True)
class Newton:
    """Newton's direction, ``Hessian direction = -gradient``, by conjugate gradients.

    Parameters
    ----------
    products : int
        >= 1: at most so many products with the Hessian in one step.
    preconditioner : GramPreconditioner, optional
        For a `LinearObjective`: conjugate gradients in the metric of P, which take a few products where they take many.

    Raises
    ------
    TypeError, ValueError
        products is no integer >= 1, or preconditioner no preconditioner. In `minimize`: the loss is `Hinge`, or the
        regularizer has an L1 part (neither has curvature), or there are mini-batches.

    Notes
    -----
    Give it `step=1.0`, `Backtracking()` or `StrongWolfe()`. A product with the Hessian is the objective's own
    ``hessian_product(w, v)`` where that costs no more than a gradient (squared error in float64, an objective of your
    own), otherwise the difference of two gradients: one evaluation (two for up to 100 weights, on both sides of w). For
    other linear objectives that is as good, and takes half the time of their exact product. Each system is solved to
    ``|residual| <= tolerance * |gradient|`` with
    ``tolerance = min(0.5, 0.9 * (|gradient| / |last gradient|)**2)`` (Eisenstat and Walker), 0.5 at first; to
    rounding for up to 100 weights, and for `SquaredError`, whose first step is the solution. Where a direction of
    negative curvature turns up, the system ends there: the direction is always downhill. With `SquaredHinge` the
    Hessian is a generalised one: that of the margins that count. Products of float32 data are off by some 1e-4, so
    a float32 run ends as near as its gradient is exact, only with a few steps more.

    A step costs one gradient and its products; ``result.evaluations`` and ``result.passes`` count them.

    References
    ----------
    R. S. Dembo, T. Steihaug, Truncated-Newton algorithms for large-scale unconstrained optimization, 1983;
    S. C. Eisenstat, H. F. Walker, Choosing the forcing terms in an inexact Newton method, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> scales = np.array([1.0, 10.0, 100.0])
    >>> bowl = gd.FunctionObjective(lambda w: float(scales @ w**2), lambda w: 2 * scales * w)
    >>> result = gd.minimize(bowl, np.ones(3), gd.Newton(), step=1.0)
    >>> result.steps, result.status.name
    (1, 'CONVERGED')
    """

    products: int = 250
    preconditioner: GramPreconditioner | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "products", check_integer(self.products, "products", minimum=1))
        check_preconditioner(self.preconditioner)

    def bind(self, objective: Any, w0: Array, batches: Any, sign: float) -> Newton | PreconditionedNewton:
        """Itself, or with a preconditioner the method for this objective; refused where that has no curvature."""
        loss, regularizer = getattr(objective, "loss", None), getattr(objective, "regularizer", None)
        if getattr(loss, "has_kinks", False):
            raise ValueError(f"Newton needs curvature, and {loss!r} has none: take SquaredHinge(), or LBFGS()")
        strengths = strengths_of(regularizer)
        if strengths is not None and strengths.l1 > 0:
            raise ValueError(f"Newton needs curvature, and {regularizer!r} has none at 0: take L2, or LBFGS()")
        if batches is not None:
            raise ValueError(f"Newton needs the whole objective: leave batches out; it is {batches!r}")
        if self.preconditioner is None:
            return self
        known = preconditioner_for(self.preconditioner, objective, w0, batches, sign)
        return PreconditionedNewton(self.products, replace(known, least_curvature=0.0))

    def init(self, w: Array) -> NewtonState:
        """Nothing solved yet."""
        return NewtonState(math.inf, 0.5, 0, 0)

    def direction(self, objective: Objective, k: int, w: Array, state: NewtonState) -> tuple[Array, NewtonState]:
        """The solution of Newton's system, as exactly as it pays."""
        if self.preconditioner is not None:
            raise ValueError("Newton must know the objective of its preconditioner outside minimize: call bind")
        gradient = objective.gradient(w)
        length = norm(gradient)
        tolerance = 0.5 if state.steps == 0 else min(0.5, 0.9 * (length / state.norm) ** 2 if state.norm > 0 else 0.5)
        hessian = Hessian(objective, w, gradient)
        if hessian.is_exact:
            tolerance = 0.0
        direction, products = solved(hessian.times, gradient, max(tolerance, hessian.error), self.products)
        evaluations = state.evaluations + 1 + products * hessian.cost
        return direction.astype(w.dtype), NewtonState(length, tolerance, evaluations, state.steps + 1)
