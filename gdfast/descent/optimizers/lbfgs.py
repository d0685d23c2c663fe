"""L-BFGS: ``-H gradient``, H the inverse Hessian by the last moves and their changes (Nocedal 1980)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..._arrays import check_integer
from ...objective.one_thread import dot
from ...protocols import Array, FloatArray
from ..preconditioners import GramPreconditioner, check_preconditioner, preconditioner_for
from .float64_dots import first_scale, norm
from .preconditioned_lbfgs import PreconditionedLBFGS
from .quasi_newton import Stack, coefficients, combined, moved_and_changed, refuse_l1, stack_dots, unchanging, with_pair


class LBFGSState(NamedTuple):
    """Where the last step began, the gradient there, and the last pairs.

    `stack`, 2 * memory flat arrays as long as w: pair i is a move of w, the array ``i % memory``, and the change of the
    gradient that came of it, the array ``memory + i % memory``. `products` (2 * memory, 2 * memory), float64: each
    times each. Then how many pairs there were, and how many steps.
    """

    w: Array
    gradient: Array
    stack: tuple[Array, ...]
    products: FloatArray
    pairs: int
    steps: int


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS: ``direction = -H gradient``, H the inverse Hessian as the last steps saw it.

    Two loops over pairs (s, y) of a move and the change of the gradient that came of it:

    - newest to oldest: ``alpha = s . q / s . y``, ``q = q - alpha * y``, from ``q = gradient``
    - ``q = q * s . y / y . y`` of the newest pair; with a preconditioner ``q = P^-1 q * s . y / y . P^-1 y``
    - oldest to newest: ``q = q + (alpha - y . q / s . y) * s``; ``direction = -q``

    Parameters
    ----------
    memory : int
        >= 1: how many pairs are kept.
    preconditioner : GramPreconditioner, optional
        For a `LinearObjective`: the first guess of H is its P^-1, near the Hessian's inverse, where it is otherwise a
        multiple of 1.

    Raises
    ------
    TypeError, ValueError
        memory is no integer >= 1, or preconditioner no preconditioner. In `minimize`: the regularizer has an L1 part,
        or, with a preconditioner, the objective has no Gram matrix, or there are mini-batches.

    Notes
    -----
    Give it `step=StrongWolfe()`: 1 is its natural step, and the default 0.1 of `minimize` wastes it. The first
    direction is the negative gradient, no longer than 1. A pair whose ``s . y`` is not above rounding (eps |s| |y|)
    is dropped. For whole batches: the gradients of two mini-batches differ by more than their curvature.

    The loops run on coefficients: each step multiplies the kept arrays by the newest three once, and combines them
    once. 2 * memory + 2 arrays of w's size are kept. Dot products are totalled in float64.

    References
    ----------
    J. Nocedal, Updating quasi-Newton matrices with limited storage, Mathematics of Computation 35, 1980; the loops
    on coefficients: W. Chen, Z. Wang, J. Zhou, Large-scale L-BFGS using MapReduce, NeurIPS 2014.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> scales = np.array([1.0, 10.0, 100.0])
    >>> bowl = gd.FunctionObjective(lambda w: float(scales @ w**2), lambda w: 2 * scales * w)
    >>> result = gd.minimize(bowl, np.ones(3), gd.LBFGS(), step=gd.StrongWolfe())
    >>> result.status.name, result.value < 1e-12
    ('CONVERGED', True)
    """

    memory: int = 10
    preconditioner: GramPreconditioner | None = None
    compares_gradients: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "memory", check_integer(self.memory, "memory", minimum=1))
        check_preconditioner(self.preconditioner)

    def bind(self, objective: Any, w0: Array, batches: Any, sign: float) -> LBFGS | PreconditionedLBFGS:
        """With a preconditioner the method for this objective; TypeError or ValueError where it has none."""
        refuse_l1(objective, type(self).__name__)
        if self.preconditioner is None:
            return self
        return PreconditionedLBFGS(self.memory, preconditioner_for(self.preconditioner, objective, w0, batches, sign))

    def init(self, w: Array) -> LBFGSState:
        """No pairs."""
        products = np.zeros((2 * self.memory, 2 * self.memory))  # first: it fails at once where memory is absurd
        stack = tuple(np.zeros(w.size, w.dtype) for _ in range(2 * self.memory))
        return LBFGSState(w.copy(), np.zeros_like(w), stack, products, 0, 0)

    def update(self, gradient: Array, state: LBFGSState, w: Array) -> tuple[Array, LBFGSState]:
        """The quasi-Newton direction, and the state with the newest pair in it."""
        if self.preconditioner is not None:
            raise ValueError("LBFGS must know the objective of its preconditioner outside minimize: call bind")
        stack = Stack(state.stack, state.products, state.pairs)
        on_gradient: FloatArray | None = None
        if state.steps > 0:
            pair = moved_and_changed(state.w, state.gradient, w, gradient)
            if pair is not None:
                stack, on_gradient = with_pair(stack, self.memory, pair, gradient)
        w, gradient = unchanging(w, gradient)
        fresh = LBFGSState(w, gradient, *stack, state.steps + 1)
        if stack.pairs > 0:
            if on_gradient is None:
                on_gradient = stack_dots(stack, self.memory, [gradient.reshape(-1)])[:, 0]
            on_stack, on_own = coefficients(stack, self.memory, on_gradient)
            slope = -float(on_stack @ on_gradient) - on_own * dot(gradient, gradient)
            if slope < 0:
                direction = combined(-on_stack, -on_own, gradient, stack, self.memory)
                return direction.reshape(w.shape), fresh
        return np.asarray(-first_scale(norm(gradient)) * gradient), fresh
