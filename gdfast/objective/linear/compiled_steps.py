"""Many stochastic steps on a linear objective in one kernel call, the update rule included."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...protocols import Array
from .problem import LinearProblem

RULES = {"gradient_descent": 0, "momentum": 1, "nesterov": 2, "adagrad": 3, "rmsprop": 4, "adam": 5, "adamw": 6}


def can_descend(problem: LinearProblem, w: Any, rule: str) -> bool:
    """Whether `descend` takes these weights and this rule. On sparse rows the arithmetic is of W's type."""
    rows = problem.rows
    types = (np.float64,) if rows.is_wide and rows.is_sparse else (np.float32, np.float64)
    is_known = problem.loss.has_kernel and problem.strengths is not None and rule in RULES
    return is_known and np.shape(w) == rows.shape and getattr(w, "dtype", None) in types


def extra_state(problem: LinearProblem, w: Array, rule: str) -> tuple[Array, ...]:
    """What `descend` wants to find again at the next call, besides W and the rule's states.

    Plain gradient descent with L2 on sparse rows: the weights that a factor multiplies, and that factor with
    their sum of squares. Multiplied out anew at each call, they would be rounded at each call.
    """
    strengths = problem.strengths
    is_scaled = strengths is not None and strengths.l2 > 0 and strengths.l1 == 0 and problem.rows.is_sparse
    return (np.empty_like(w), np.zeros(2)) if is_scaled and rule == "gradient_descent" else ()


def descend(
    problem: LinearProblem,
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
    rows, strengths = problem.rows, problem.strengths
    if not can_descend(problem, W, rule) or strengths is None:
        raise ValueError(
            f"compiled steps need a gdfast loss and regularizer, one of the rules {', '.join(RULES)}, and W of shape "
            f"{rows.shape} and a type that can_descend takes; they are {problem.loss!r}, {problem.regularizer!r}, "
            f"{rule!r}, and W of shape {np.shape(W)} and dtype {getattr(W, 'dtype', None)}"
        )
    chosen = order if rows.index is None else rows.index[_checked_order(order, rows.n_samples)]
    try:
        problem.compiled.descend(
            RULES[rule], settings, chosen, starts, rates, *strengths, problem.penalize_bias, rows.mean_weight,
            first_step, W, states, values, done, rows.is_wide,
        )  # fmt: skip
    finally:
        if isinstance(done, np.ndarray) and done.size and 0 <= done[0] < np.size(starts):
            rows.counter.add(int(starts[done[0]]))


def _checked_order(order: Any, n_samples: int) -> Array:
    """Row numbers of a mini-batch, before they become those of X, where the binding would no longer know."""
    array = np.asarray(order)
    if array.dtype.kind not in "iu" or (array.size and (array.min() < 0 or array.max() >= n_samples)):
        raise ValueError(f"order must hold integers in [0, {n_samples}); its dtype is {array.dtype}")
    return array
