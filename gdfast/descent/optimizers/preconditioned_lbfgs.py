"""L-BFGS whose first guess of the inverse Hessian is a preconditioner's: ``H0 = P^-1 * s . y / y . P^-1 y``.

What `gdfast.LBFGS(preconditioner=...)` is for the length of a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...protocols import Array, FloatArray
from ..preconditioners import BoundPreconditioner, FixedPreconditioner, PreconditionerState
from .capabilities import check_like
from .float64_dots import dot, dots, first_scale, norm
from .quasi_newton import Stack, coefficients, combined, moved_and_changed, with_pair


class PreconditionedLBFGSState(NamedTuple):
    """Where the last step began, the gradient there, and the last pairs, as in `LBFGSState`; what tells P.

    `scaled` is P^-1 times the gradient. `stack` is (3 * memory, \\*w.shape): below moves and changes come P^-1 times
    the changes.
    """

    w: Array
    gradient: Array
    scaled: Array
    stack: Array
    products: FloatArray
    preconditioner: PreconditionerState
    pairs: int
    steps: int


@dataclass(frozen=True, eq=False)
class PreconditionedLBFGS:
    """``direction = -H gradient``; the first is ``-P^-1 gradient``, and 1 is its natural length too.

    `known` are pairs from before the run, moves and changes (p, \\*w.shape), p <= memory, the oldest first.
    """

    memory: int
    preconditioner: BoundPreconditioner | FixedPreconditioner
    known: tuple[Array, Array] | None = None
    compares_gradients: ClassVar[bool] = True

    def init(self, w: Array) -> PreconditionedLBFGSState:
        """No matrix yet, and no pairs but those that are known."""
        rows, pairs, told = 3 * self.memory, 0, self.preconditioner.init(w)
        stack, products = np.zeros((rows, *w.shape), dtype=w.dtype), np.zeros((rows, rows))
        if self.known is not None:
            moves, changes = self.known
            pairs = len(moves)
            for part, found in enumerate((moves, changes, self.preconditioner.times(changes, told))):
                stack[part * self.memory : part * self.memory + pairs] = found
            flat = stack.reshape(rows, -1)
            products = np.hstack([dots(flat, part) for part in np.split(flat, 3)])
        return PreconditionedLBFGSState(w.copy(), np.zeros_like(w), np.zeros_like(w), stack, products, told, pairs, 0)

    def pairs(self, state: PreconditionedLBFGSState, w: Array, gradient: Array) -> tuple[Array, Array]:
        """Those of a state, and the newest, by w and its gradient, as `known` wants them."""
        order = [j % self.memory for j in range(max(0, state.pairs - self.memory), state.pairs)]
        moves, changes = state.stack[order], state.stack[[self.memory + i for i in order]]
        newest = moved_and_changed(state.w, state.gradient, w, gradient) if state.steps > 0 else None
        if newest is not None:
            moves, changes = (
                np.concatenate([part, one.reshape(1, *w.shape)])[-self.memory :]
                for part, one in zip((moves, changes), newest, strict=True)
            )
        return moves, changes

    def check_state(self, objective: Any, w: Array, state: Any) -> None:
        """ValueError unless it is like those of `init`, and finite."""
        check_like(state, self.init(w), "the optimizer's state")
        self.preconditioner.check_state(state.preconditioner)

    def in_float64(self) -> PreconditionedLBFGS:
        """Itself: P is made in X's own arithmetic for both, and so it is there already."""
        return self

    def state_in_float64(self, objective: Any, w: Array, state: PreconditionedLBFGSState) -> PreconditionedLBFGSState:
        """The same state: its pairs tell the curvature still."""
        return state

    def update(
        self, gradient: Array, state: PreconditionedLBFGSState, w: Array
    ) -> tuple[Array, PreconditionedLBFGSState]:
        """The quasi-Newton direction, and the state with the newest pair in it."""
        known = self.preconditioner.renewed(w, state.preconditioner, state.steps)
        stack = Stack(state.stack.reshape(len(state.stack), -1), state.products, state.pairs)
        before = state.scaled
        if known is not state.preconditioner and state.steps > 0:
            stack, before = self._anew(stack, known, w.shape), self._times(state.gradient, known)
        scaled = self._times(gradient, known)
        pair = moved_and_changed(state.w, state.gradient, w, gradient) if state.steps > 0 else None
        solved = (scaled - before).reshape(-1)
        if pair is not None and dot(pair[1], solved) > 0:
            stack, on_gradient = with_pair(stack, self.memory, [*pair, solved], gradient)
        else:
            on_gradient = dots(stack.rows, gradient.reshape(1, -1))[:, 0]
        kept = stack.rows.reshape(state.stack.shape)
        fresh = PreconditionedLBFGSState(
            w.copy(), gradient.copy(), scaled, kept, stack.products, known, stack.pairs, state.steps + 1
        )
        scaled = scaled.reshape(-1)
        slope = dot(gradient, scaled)
        if stack.pairs > 0:
            on_stack, on_own = coefficients(stack, self.memory, on_gradient)
            if float(on_stack @ on_gradient) + on_own * slope > 0:
                direction = combined(-on_stack, stack)
                direction -= w.dtype.type(on_own) * scaled
                return direction.reshape(w.shape), fresh
        if slope > 0:
            return np.asarray(-scaled.reshape(w.shape)), fresh
        return np.asarray(-first_scale(norm(gradient)) * gradient), fresh

    def _times(self, v: Array, known: PreconditionerState) -> Array:
        return self.preconditioner.times(v, known).astype(v.dtype, copy=False)

    def _anew(self, stack: Stack, known: PreconditionerState, shape: tuple[int, ...]) -> Stack:
        """The stack under another preconditioner, for weights of this shape."""
        m, rows = self.memory, stack.rows.copy()
        rows[2 * m :] = self.preconditioner.times(rows[m : 2 * m].reshape(m, *shape), known).reshape(m, -1)
        return Stack(rows, dots(rows, rows), stack.pairs)
