"""The part of the linear objective that takes many stochastic steps in one kernel call."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import _kernels
from ...protocols import Array
from ..regularizers.regularizers import Strengths, strengths_of
from .rows import LinearParts

RULES = {"gradient_descent": 0, "momentum": 1, "nesterov": 2, "adagrad": 3, "rmsprop": 4, "adam": 5, "adamw": 6}


class LinearDescent(LinearParts):
    """What `descent.compiled` asks for, through `structure`."""

    regularizer: Any

    def can_descend(self, w: Array, rule: str) -> bool:
        """Whether `descend` has a compiled road here. On sparse rows the arithmetic is of W's type."""
        types = (np.float64,) if self._wide and self._is_sparse() else (np.float32, np.float64)
        return self.loss.has_kernel and strengths_of(self.regularizer) is not None and w.dtype in types

    def hidden_states(self, w: Array, rule: str) -> tuple[Array, ...]:
        """What `descend` wants to find again at the next call, besides W and the rule's states.

        Plain gradient descent with L2 on sparse rows: the weights that a factor multiplies, and that factor with
        their sum of squares. Multiplied out anew at each call, they would be rounded at each call.
        """
        strengths = self._strengths()
        lazy = rule == "gradient_descent" and strengths.l2 > 0 and strengths.l1 == 0 and self._is_sparse()
        return (np.empty_like(w), np.zeros(2)) if lazy else ()

    def _is_sparse(self) -> bool:
        return isinstance(self._rows, _kernels.SparseRows)

    def _strengths(self) -> Strengths:
        strengths = strengths_of(self.regularizer)
        if strengths is None:
            raise TypeError(f"compiled steps need a regularizer of gdfast's own; it is {self.regularizer!r}")
        return strengths

    def descend(
        self,
        rule: str,
        settings: tuple[float, ...],
        W: Array,
        states: tuple[Array, ...],
        order: Array,
        starts: Array,
        rates: Array,
        first_step: int,
        values: Array,
        done: Array,
    ) -> None:
        """Many stochastic steps, in place: see `gdfast.objective.capabilities.descend`."""
        rows = order if self._index is None else self._index[order]
        try:
            self._problem.descend(
                RULES[rule], settings, rows, starts, rates, *self._strengths(), self.penalize_bias, self._mean_weight,
                first_step, W, states, values, done, self._wide,
            )  # fmt: skip
        finally:
            self._touch(int(starts[done[0]]))
