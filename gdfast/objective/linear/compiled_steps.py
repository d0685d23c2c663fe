"""Many stochastic steps on a linear objective in one kernel call, the update rule included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import _kernels
from ...protocols import Array
from ..regularizers.regularizers import Strengths
from .problem import LinearProblem
from .rows import Counter

RULES = {"gradient_descent": 0, "momentum": 1, "nesterov": 2, "adagrad": 3, "rmsprop": 4, "adam": 5, "adamw": 6}


@dataclass(frozen=True, eq=False)
class LinearSteps:
    """The steps of a rule on a linear problem: see `gdfast.protocols.StepsKernel`."""

    problem: LinearProblem
    kernel: _kernels.Problem
    strengths: Strengths
    rule: int
    settings: tuple[float, ...]
    extra_state: tuple[Array, ...]
    counters: tuple[Counter, ...]

    def __call__(
        self,
        W: Array,
        states: tuple[Array, ...],
        order: Array,
        starts: Array,
        rates: Array,
        first_step: int,
        values: Array,
        done: Array,
    ) -> None:
        """The binding checks all of these; it would not know the row numbers of a mini-batch from those of X."""
        rows = self.problem.rows
        chosen = order if rows.index is None else rows.index[_checked_order(order, rows.n_samples)]
        take_steps = self.kernel.take_steps
        try:
            take_steps(
                self.rule, self.settings, chosen, starts, rates, *self.strengths, self.problem.penalize_bias,
                rows.mean_weight, first_step, W, states, values, done, rows.is_wide,
            )  # fmt: skip
        finally:
            if isinstance(done, np.ndarray) and done.size and 0 <= done[0] < np.size(starts):
                for counter in self.counters:
                    counter.visited += int(starts[done[0]])


def steps_of(problem: LinearProblem, W: Any, rule: str, settings: tuple[float, ...]) -> LinearSteps | None:
    """Those of a rule, for such weights; on sparse rows the arithmetic is of W's type.

    Plain gradient descent with L2 on sparse rows has an extra state: the weights that a factor multiplies, and that
    factor with their sum of squares. Multiplied out anew at each call, they would be rounded at each call.
    """
    rows, strengths = problem.rows, problem.strengths
    types = (np.float64,) if rows.is_wide and rows.is_sparse else (np.float32, np.float64)
    if strengths is None or not problem.loss.has_kernel or rule not in RULES:
        return None
    if np.shape(W) != rows.shape or getattr(W, "dtype", None) not in types:
        return None
    is_scaled = rule == "gradient_descent" and strengths.l2 > 0 and strengths.l1 == 0 and rows.is_sparse
    extra = (np.empty_like(W), np.zeros(2)) if is_scaled else ()
    counters = tuple(rows.counter.chain())
    return LinearSteps(problem, problem.compiled, strengths, RULES[rule], settings, extra, counters)


def _checked_order(order: Any, n_samples: int) -> Array:
    """Row numbers of a mini-batch, before they become those of X, where the binding would no longer know."""
    array = np.asarray(order)
    if array.dtype.kind not in "iu" or (array.size and (array.min() < 0 or array.max() >= n_samples)):
        raise ValueError(f"order must hold integers in [0, {n_samples}); its dtype is {array.dtype}")
    return array
