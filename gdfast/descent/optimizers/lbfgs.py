"""L-BFGS: ``-H gradient``, H the inverse Hessian by the last moves and their changes (Nocedal 1980)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from ..._arrays import check_integer
from ...protocols import Array, FloatArray
from .float64_dots import dot, dots, first_scale, norm


class LBFGSState(NamedTuple):
    """Where the last step began, the gradient there, and the last pairs.

    `stack` (2 * memory, \\*w.shape): pair i is a move of w in row ``i % memory``, and the change of the gradient that
    came of it in row ``memory + i % memory``. `products` (2 * memory, 2 * memory), float64: each row times each.
    Then how many pairs there were, and how many steps.
    """

    w: Array
    gradient: Array
    stack: Array
    products: FloatArray
    pairs: int
    steps: int


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS: ``direction = -H gradient``, H the inverse Hessian as the last steps saw it.

    Two loops over pairs (s, y) of a move and the change of the gradient that came of it:

    - newest to oldest: ``alpha = s . q / s . y``, ``q = q - alpha * y``, from ``q = gradient``
    - ``q = q * s . y / y . y`` of the newest pair
    - oldest to newest: ``q = q + (alpha - y . q / s . y) * s``; ``direction = -q``

    Parameters
    ----------
    memory : int
        >= 1: how many pairs are kept.

    Raises
    ------
    TypeError, ValueError
        memory is no integer >= 1.

    Notes
    -----
    Give it `step=StrongWolfe()`: 1 is its natural step, and the default 0.1 of `minimize` wastes it. The first
    direction is the negative gradient, no longer than 1. A pair whose ``s . y`` is not above rounding (eps |s| |y|)
    is dropped. For whole batches: the gradients of two mini-batches differ by more than their curvature.

    The loops run on coefficients: each step multiplies the kept arrays by the newest three once, and combines them
    once. 2 * memory + 2 arrays of w's size are kept, and as many copied in a step. Dot products are totalled in
    float64.

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
    compares_gradients: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "memory", check_integer(self.memory, "memory", minimum=1))

    def init(self, w: Array) -> LBFGSState:
        """No pairs."""
        stack = np.zeros((2 * self.memory, *w.shape), dtype=w.dtype)
        products = np.zeros((2 * self.memory, 2 * self.memory))
        return LBFGSState(w.copy(), np.zeros_like(w), stack, products, 0, 0)

    def update(self, gradient: Array, state: LBFGSState, w: Array) -> tuple[Array, LBFGSState]:
        """The quasi-Newton direction, and the state with the newest pair in it."""
        stack, products, pairs = state.stack, state.products, state.pairs
        on_gradient: FloatArray | None = None
        if state.steps > 0:
            move, change = (w - state.w).reshape(-1), (gradient - state.gradient).reshape(-1)
            if dot(move, change) > float(np.finfo(w.dtype).eps) * norm(move) * norm(change):
                stack, products, on_gradient = self._with_pair(state, move, change, gradient)
                pairs += 1
        fresh = LBFGSState(w.copy(), gradient.copy(), stack, products, pairs, state.steps + 1)
        if pairs > 0:
            rows = stack.reshape(2 * self.memory, -1)
            if on_gradient is None:
                on_gradient = dots(rows, gradient.reshape(1, -1))[:, 0]
            on_stack, on_own = self._coefficients(products, on_gradient, pairs)
            slope = -float(on_stack @ on_gradient) - on_own * dot(gradient, gradient)
            if slope < 0:
                direction = (-on_stack).astype(w.dtype) @ rows
                direction -= w.dtype.type(on_own) * gradient.reshape(-1)
                return direction.reshape(w.shape), fresh
        return np.asarray(-first_scale(norm(gradient)) * gradient), fresh

    def _with_pair(
        self, state: LBFGSState, move: Array, change: Array, gradient: Array
    ) -> tuple[Array, FloatArray, FloatArray]:
        """The stack with this pair in place of the oldest, its products, and its products with the gradient."""
        m, i = self.memory, state.pairs % self.memory
        stack, products = state.stack.copy(), state.products.copy()
        rows = stack.reshape(2 * m, -1)
        rows[i], rows[m + i] = move, change
        fresh = dots(rows, np.stack([move, change, gradient.reshape(-1)]))
        products[:, [i, m + i]] = fresh[:, :2]
        products[[i, m + i], :] = fresh[:, :2].T
        return stack, products, fresh[:, 2]

    def _coefficients(self, products: FloatArray, on_gradient: FloatArray, pairs: int) -> tuple[FloatArray, float]:
        """The two loops: H gradient is the first answer times the stack, plus the second times the gradient."""
        m = self.memory
        kept = [j % m for j in range(max(0, pairs - m), pairs)]
        c, own = np.zeros(2 * m), 1.0
        alphas = {}
        for i in reversed(kept):
            alphas[i] = (float(products[i] @ c) + on_gradient[i]) / products[i, m + i]
            c[m + i] -= alphas[i]
        newest = kept[-1]
        own = float(products[newest, m + newest] / products[m + newest, m + newest])
        c *= own
        for i in kept:
            c[i] += alphas[i] - (float(products[m + i] @ c) + own * on_gradient[m + i]) / products[i, m + i]
        return c, own
