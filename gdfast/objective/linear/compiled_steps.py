"""The part of the linear objective that takes many stochastic steps in one kernel call."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import _kernels
from ...protocols import Array
from ..regularizers.regularizers import L1, L2, ElasticNet
from .rows import LinearParts

RULES = {"gradient_descent": 0, "momentum": 1, "nesterov": 2, "adagrad": 3, "rmsprop": 4, "adam": 5, "adamw": 6}


class LinearDescent(LinearParts):
    """What `descent.compiled` asks for, through `structure`."""

    regularizer: Any

    def can_descend(self, w: Array, rule: str) -> bool:
        """Whether `descend` has a compiled road here. On sparse rows the arithmetic is of W's type."""
        types = (np.float64,) if self._wide and self._is_sparse() else (np.float32, np.float64)
        return type(self.regularizer) in (type(None), L2, L1, ElasticNet) and w.dtype in types

    def hidden_states(self, w: Array, rule: str) -> tuple[Array, ...]:
        """What `descend` wants to find again at the next call, besides W and the rule's states.

        Plain gradient descent with L2 on sparse rows: the weights that a factor multiplies, and that factor with
        their sum of squares. Multiplied out anew at each call, they would be rounded at each call.
        """
        lazy = rule == "gradient_descent" and isinstance(self.regularizer, L2) and self._is_sparse()
        return (np.empty_like(w), np.zeros(2)) if lazy else ()

    def _is_sparse(self) -> bool:
        return isinstance(self._rows, _kernels.SparseRows)

    def _strengths(self) -> tuple[float, float]:
        """Of |w| and of w^2."""
        if isinstance(self.regularizer, ElasticNet):
            return self.regularizer.l1, self.regularizer.l2
        strength = 0.0 if self.regularizer is None else self.regularizer.strength
        return (strength, 0.0) if isinstance(self.regularizer, L1) else (0.0, strength)

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
