"""L-BFGS whose first guess of the inverse Hessian is a preconditioner's: ``H0 = P^-1 * s . y / y . P^-1 y``.

What `gdfast.LBFGS(preconditioner=...)` is for the length of a run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...objective.one_thread import dot
from ...objective.stack_sums import dots
from ...protocols import Array, FloatArray
from ..preconditioners import BoundPreconditioner, FixedPreconditioner, PreconditionerState
from .capabilities import check_like
from .float64_dots import first_scale, norm
from .quasi_newton import Stack, coefficients, combined, moved_and_changed, stack_dots, unchanging, with_pair


class PreconditionedLBFGSState(NamedTuple):
    """Where the last step began, the gradient there and P^-1 times it, and the last pairs, as in `LBFGSState`; what
    tells P.

    `scaled` is P^-1 times the gradient. `stack` are 3 * memory arrays: after moves and changes come P^-1 times the
    changes.
    """

    w: Array
    gradient: Array
    scaled: Array
    stack: tuple[Array, ...]
    products: FloatArray
    preconditioner: PreconditionerState
    pairs: int
    steps: int


@dataclass(frozen=True, eq=False)
class PreconditionedLBFGS:
    """``direction = -H gradient``; the first is ``-P^-1 gradient``, and 1 is its natural length too.

    `known`, asked at the first step, are pairs from before the run, moves and changes (p, \\*w.shape), p <= memory, the
    oldest first.
    """

    memory: int
    preconditioner: BoundPreconditioner | FixedPreconditioner
    known: Callable[[], tuple[Array, Array] | None] | None = None
    compares_gradients: ClassVar[bool] = True

    def init(self, w: Array) -> PreconditionedLBFGSState:
        """No matrix yet, and no pairs."""
        m, zero = self.memory, np.zeros(w.shape, w.dtype)
        products = np.zeros((3 * m, 3 * m))  # first: it fails at once where memory is absurd
        stack = (np.zeros(w.size, w.dtype),) * (3 * m)
        return PreconditionedLBFGSState(w.copy(), zero, zero, stack, products, self.preconditioner.init(w), 0, 0)

    def _stack(self, state: PreconditionedLBFGSState) -> Stack:
        """The state's pairs; before the first step those that are known."""
        known = self.known() if self.known is not None and state.steps == 0 else None
        if known is None:
            return Stack(state.stack, state.products, state.pairs)
        moves, changes = known
        stack, m, pairs = list(state.stack), self.memory, len(moves)
        for part, found in enumerate((moves, changes, self.preconditioner.times(changes, state.preconditioner))):
            stack[part * m : part * m + pairs] = found.reshape(pairs, -1).astype(state.w.dtype, copy=False)
        return Stack(tuple(stack), dots(stack, stack), pairs)

    def pairs(self, state: PreconditionedLBFGSState, w: Array, gradient: Array) -> tuple[Array, Array]:
        """Those of a state, and the newest, by w and its gradient, as `known` wants them."""
        order = [j % self.memory for j in range(max(0, state.pairs - self.memory), state.pairs)]
        moves, changes = ([state.stack[start + i] for i in order] for start in (0, self.memory))
        newest = moved_and_changed(state.w, state.gradient, w, gradient) if state.steps > 0 else None
        if newest is not None:
            moves, changes = ([*part, one][-self.memory :] for part, one in zip((moves, changes), newest, strict=True))
        shape = (len(moves), *w.shape)
        found = [np.array(part, w.dtype).reshape(shape) for part in (moves, changes)]
        return found[0], found[1]

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
        stack = self._stack(state)
        before = state.scaled
        if known is not state.preconditioner and state.steps > 0:
            stack, before = self._anew(stack, known, w.shape), self._times(state.gradient, known)
        scaled = self._times(gradient, known)
        pair = moved_and_changed(state.w, state.gradient, w, gradient) if state.steps > 0 else None
        solved = (scaled - before).reshape(-1)
        if pair is not None and dot(pair[1], solved) > 0:
            stack, on_gradient = with_pair(stack, self.memory, [*pair, solved], gradient)
        else:
            on_gradient = stack_dots(stack, self.memory, [gradient.reshape(-1)])[:, 0]
        fresh = PreconditionedLBFGSState(
            *unchanging(w, gradient), scaled, stack.rows, stack.products, known, stack.pairs, state.steps + 1
        )
        slope = dot(gradient, scaled)
        if stack.pairs > 0:
            on_stack, on_own = coefficients(stack, self.memory, on_gradient)
            if float(on_stack @ on_gradient) + on_own * slope > 0:
                direction = combined(-on_stack, -on_own, scaled, stack, self.memory)
                return direction.reshape(w.shape), fresh
        if slope > 0:
            return np.asarray(-scaled), fresh
        return np.asarray(-first_scale(norm(gradient)) * gradient), fresh

    def _times(self, v: Array, known: PreconditionerState) -> Array:
        return self.preconditioner.times(v, known).astype(v.dtype, copy=False)

    def _anew(self, stack: Stack, known: PreconditionerState, shape: tuple[int, ...]) -> Stack:
        """The stack under another preconditioner, for weights of this shape."""
        m = self.memory
        changes = stack.rows[m : 2 * m]
        wanted = np.stack([change.reshape(shape) for change in changes])
        scaled = self.preconditioner.times(wanted, known).astype(wanted.dtype).reshape(m, -1)
        rows = (*stack.rows[: 2 * m], *scaled)
        return Stack(rows, dots(rows, rows), stack.pairs)
