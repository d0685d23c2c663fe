"""Truncated Newton by preconditioned conjugate gradients: what `gdfast.Newton(preconditioner=...)` is for a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...objective.one_thread import dot
from ...protocols import Array, FloatArray, Objective
from ..preconditioners import BoundPreconditioner, PreconditionerState
from .capabilities import check_like
from .conjugate_gradients import Hessian, solved


class PreconditionedNewtonState(NamedTuple):
    """What tells P; the gradient's length in its metric at the last step, and the evaluations up to now."""

    preconditioner: PreconditionerState
    norm: float
    evaluations: int
    steps: int


@dataclass(frozen=True, eq=False)
class PreconditionedNewton:
    """``Hessian direction = -gradient``, solved in the metric of P: to a share of ``gradient . P^-1 gradient``."""

    products: int
    preconditioner: BoundPreconditioner
    compares_gradients: ClassVar[bool] = True

    def init(self, w: Array) -> PreconditionedNewtonState:
        """Nothing solved yet, and no matrix."""
        return PreconditionedNewtonState(self.preconditioner.init(w), math.inf, 0, 0)

    def check_state(self, objective: Any, w: Array, state: Any) -> None:
        """ValueError unless it is like those of `init`, and finite."""
        check_like(state, self.init(w), "the optimizer's state")
        self.preconditioner.check_state(state.preconditioner)
        if not state.norm >= 0:
            raise ValueError(f"the norm of a gradient must be >= 0; it is {state.norm}")

    def batch_direction(
        self,
        objective: Objective,
        batch: Objective,
        k: int,
        w: Array,
        gradient: Array,
        state: PreconditionedNewtonState,
    ) -> tuple[Array, PreconditionedNewtonState]:
        """The solution of Newton's system, as exactly as it pays; the gradient is that of the whole objective."""
        known = self.preconditioner.renewed(w, state.preconditioner, state.steps)

        def inverse(v: FloatArray) -> FloatArray:
            return self.preconditioner.times(v, known)

        length = math.sqrt(max(0.0, dot(gradient, inverse(gradient.astype(np.float64)))))
        tolerance = 0.5 if state.steps == 0 else min(0.5, 0.9 * (length / state.norm) ** 2 if state.norm > 0 else 0.5)
        hessian = Hessian(objective, w, gradient)
        tolerance = max(0.0 if hessian.is_exact else tolerance, hessian.error)
        direction, products = solved(hessian.times, gradient, tolerance, self.products, inverse)
        evaluations = state.evaluations + products * hessian.cost
        return direction.astype(w.dtype), PreconditionedNewtonState(known, length, evaluations, state.steps + 1)
