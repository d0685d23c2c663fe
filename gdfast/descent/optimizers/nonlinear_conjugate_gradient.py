"""Nonlinear conjugate gradients: ``beta * conjugate - gradient``, beta >= 0 (Polak, Ribiere 1969)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...objective.one_thread import dot
from ...protocols import Array
from ..preconditioners import (
    BoundPreconditioner,
    GramPreconditioner,
    PreconditionerState,
    check_preconditioner,
    preconditioner_for,
)
from .capabilities import check_like
from .float64_dots import first_scale, norm
from .quasi_newton import refuse_l1


class NonlinearConjugateGradientState(NamedTuple):
    """Where the last step began, the gradient there, the direction before it was scaled, its scale, how many steps."""

    w: Array
    gradient: Array
    conjugate: Array
    scale: float
    steps: int


@dataclass(frozen=True)
class NonlinearConjugateGradient:
    """Polak-Ribiere+ conjugate gradients, restarted where they lead nowhere.

    With `change` the change of the gradient and `move` that of w since the last step:

    - ``beta = max(0, gradient . change / |last gradient|**2)``
    - ``conjugate = beta * conjugate - gradient``, or ``-gradient`` where that is not downhill
    - ``direction = scale * conjugate``, ``scale = move . move / move . change``

    With a preconditioner P the products are those of its metric: ``P^-1 gradient`` in place of the gradient in the
    conjugate direction and once in each product of two, and the scale is 1 at first, then ``move . change / change .
    P^-1 change``.

    Parameters
    ----------
    preconditioner : GramPreconditioner, optional
        For a `LinearObjective`.

    Raises
    ------
    TypeError, ValueError
        preconditioner is none. In `minimize`: the regularizer has an L1 part, or, with a preconditioner, the objective
        has no Gram matrix, or there are mini-batches.

    Notes
    -----
    Made for a line search: `step=StrongWolfe(curvature=0.1)`, `Backtracking()` or `ExactLineSearch()`. On a quadratic
    of n weights with exact steps it arrives after n of them. The scale is a guess that makes 1 a sensible first trial
    (PyTorch and SciPy leave it out); it is kept where the curvature is not positive, and the first direction is the
    negative gradient, no longer than 1. beta = 0 is a restart. For whole batches: the gradients of two mini-batches
    differ by more than their curvature. About fifteen sweeps over w per step, three arrays of its size kept; dot
    products in float64.

    References
    ----------
    E. Polak, G. Ribiere, Note sur la convergence de methodes de directions conjuguees, 1969; J. C. Gilbert,
    J. Nocedal, Global convergence properties of conjugate gradient methods for optimization, SIAM Journal on
    Optimization 2, 1992; the scale: J. Barzilai, J. M. Borwein, IMA Journal of Numerical Analysis 8, 1988.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> scales = np.array([1.0, 10.0, 100.0])
    >>> bowl = gd.FunctionObjective(lambda w: float(scales @ w**2), lambda w: 2 * scales * w)
    >>> rule, step = gd.NonlinearConjugateGradient(), gd.ExactLineSearch()
    >>> result = gd.minimize(bowl, np.ones(3), rule, step, gtol=1e-9)
    >>> result.steps, result.status.name
    (3, 'CONVERGED')
    """

    preconditioner: GramPreconditioner | None = None
    compares_gradients: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_preconditioner(self.preconditioner)

    def bind(
        self, objective: Any, w0: Array, batches: Any, sign: float
    ) -> NonlinearConjugateGradient | PreconditionedConjugateGradient:
        """Itself, or with a preconditioner the method for this objective."""
        refuse_l1(objective, type(self).__name__)
        if self.preconditioner is None:
            return self
        return PreconditionedConjugateGradient(preconditioner_for(self.preconditioner, objective, w0, batches, sign))

    def init(self, w: Array) -> NonlinearConjugateGradientState:
        """No direction yet."""
        return NonlinearConjugateGradientState(w.copy(), np.zeros_like(w), np.zeros_like(w), 1.0, 0)

    def update(
        self, gradient: Array, state: NonlinearConjugateGradientState, w: Array
    ) -> tuple[Array, NonlinearConjugateGradientState]:
        """The scaled conjugate direction, and the new state."""
        if self.preconditioner is not None:
            raise ValueError("the preconditioner must know its objective outside minimize: call bind")
        conjugate: Array = -gradient
        scale = state.scale
        if state.steps == 0:
            scale = first_scale(norm(gradient))
        else:
            change, move = gradient - state.gradient, w - state.w
            before = dot(state.gradient, state.gradient)
            beta = max(0.0, dot(gradient, change) / before) if before > 0 else 0.0
            if beta > 0:
                candidate = np.asarray(beta * state.conjugate + conjugate)
                conjugate = candidate if dot(candidate, gradient) < 0 else conjugate
            curvature, length = dot(move, change), dot(move, move)
            if curvature > float(np.finfo(w.dtype).eps) * norm(change) * length**0.5:
                scale = length / curvature
        state = NonlinearConjugateGradientState(w.copy(), gradient.copy(), conjugate, scale, state.steps + 1)
        return np.asarray(scale * conjugate), state


class PreconditionedConjugateGradientState(NamedTuple):
    """As `NonlinearConjugateGradientState`, with P^-1 times the last gradient, and what tells P."""

    w: Array
    gradient: Array
    scaled: Array
    conjugate: Array
    scale: float
    preconditioner: PreconditionerState
    steps: int


@dataclass(frozen=True, eq=False)
class PreconditionedConjugateGradient:
    """What `NonlinearConjugateGradient(preconditioner=...)` is for a run."""

    preconditioner: BoundPreconditioner
    compares_gradients: ClassVar[bool] = True

    def init(self, w: Array) -> PreconditionedConjugateGradientState:
        """No direction yet, and no matrix."""
        zeros = np.zeros_like(w)
        return PreconditionedConjugateGradientState(w.copy(), zeros, zeros, zeros, 1.0, self.preconditioner.init(w), 0)

    def check_state(self, objective: Any, w: Array, state: Any) -> None:
        """ValueError unless it is like those of `init`, and finite."""
        check_like(state, self.init(w), "the optimizer's state")
        self.preconditioner.check_state(state.preconditioner)

    def update(
        self, gradient: Array, state: PreconditionedConjugateGradientState, w: Array
    ) -> tuple[Array, PreconditionedConjugateGradientState]:
        """The scaled conjugate direction, and the new state; a new P is a restart."""
        known = self.preconditioner.renewed(w, state.preconditioner, state.steps)
        scaled = self.preconditioner.times(gradient, known).astype(w.dtype)
        if not dot(scaled, gradient) > 0:
            scaled = first_scale(norm(gradient)) * gradient
        conjugate, scale = np.asarray(-scaled), state.scale
        if state.steps > 0 and known is state.preconditioner:
            change, move = gradient - state.gradient, w - state.w
            before = dot(state.gradient, state.scaled)
            beta = max(0.0, dot(scaled, change) / before) if before > 0 else 0.0
            candidate = np.asarray(beta * state.conjugate - scaled)
            conjugate = candidate if dot(candidate, gradient) < 0 else conjugate
            curvature, length = dot(move, change), dot(change, scaled - state.scaled)
            if curvature > float(np.finfo(w.dtype).eps) * norm(change) * norm(move) and length > 0:
                scale = curvature / length
        elif state.steps > 0:
            scale = 1.0
        fresh = PreconditionedConjugateGradientState(
            w.copy(), gradient.copy(), scaled, conjugate, scale, known, state.steps + 1
        )
        return np.asarray(scale * conjugate), fresh
