"""A preconditioner that stands before the run and stays as it is: those of a path, which share one matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...objective.linear.class_grams import ClassInverses
from ...objective.linear.inverse_root import InverseRoot
from ...protocols import Array, FloatArray
from .gram_preconditioner import PreconditionerState


@dataclass(frozen=True, eq=False)
class FixedPreconditioner:
    """``P^-1 = root' root``, whatever the weights are."""

    root: InverseRoot | ClassInverses

    def init(self, w: Array) -> PreconditionerState:
        """There is nothing to make."""
        return PreconditionerState(np.zeros(0), 1)

    def times(self, v: Array, state: PreconditionerState) -> FloatArray:
        """``P^-1 v`` for v of w's shape, or for many of them, (r, *shape)."""
        return self.root.times(v.reshape(-1, v.shape[-1])).reshape(v.shape)

    def renewed(self, w: Array, state: PreconditionerState, steps: int) -> PreconditionerState:
        """The state itself."""
        return state

    def check_state(self, state: PreconditionerState) -> None:
        """It tells nothing that could be wrong."""
