"""The two loops of L-BFGS on coefficients, and the stack of arrays that they combine.

Row i of the stack is a move s of w, row ``memory + i`` the change y of the gradient that came of it. With a
preconditioner P there are as many rows more, P^-1 y. `products`, float64, is each row times each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...objective.regularizers.regularizers import strengths_of
from ...objective.stack_sums import combination, dots, two_loops
from ...protocols import Array, FloatArray


class Stack(NamedTuple):
    """Flat arrays, the products of each with each, and how many pairs have been put there.

    Each is an array of its own: a new pair takes the place of another, and nothing is copied.
    """

    rows: tuple[Array, ...]
    products: FloatArray
    pairs: int


def refuse_l1(objective: Any, name: str) -> None:
    """ValueError where the regularizer has kinks, at which a method that compares gradients comes to a halt."""
    regularizer = getattr(objective, "regularizer", None)
    strengths = strengths_of(regularizer)
    if strengths is not None and strengths.l1 > 0:
        raise ValueError(
            f"{name} needs a gradient that is continuous, and that of {regularizer!r} jumps at 0: take "
            "ProximalGradient(), or CoordinateDescent(), which give exact zeros"
        )


def moved_and_changed(w: Array, gradient: Array, w_now: Array, gradient_now: Array) -> tuple[Array, Array] | None:
    """The flat move from one point to the next and the change of the gradient; None where they show no curvature."""
    move, change = (w_now - w).reshape(-1), (gradient_now - gradient).reshape(-1)
    (square, product), (_, other) = dots((move, change), (move, change))
    is_pair = product > float(np.finfo(w.dtype).eps) * math.sqrt(square) * math.sqrt(other)
    return (move, change) if is_pair else None


def unchanging(w: Array, gradient: Array) -> tuple[Array, Array]:
    """The arrays themselves where nobody can write to their memory, as in `minimize`; else copies."""
    if w.flags.writeable or w.base is not None:
        w = w.copy()
    if gradient.flags.writeable or gradient.base is not None:
        gradient = gradient.copy()
    return w, gradient


def with_pair(stack: Stack, memory: int, new: Sequence[Array], gradient: Array) -> tuple[Stack, FloatArray]:
    """The stack with a new pair in place of the oldest, and its products with the gradient.

    `new` are a flat move, the change of the gradient, and with a preconditioner P^-1 times the change.
    """
    places = list(range(stack.pairs % memory, len(new) * memory, memory))
    rows, products = list(stack.rows), stack.products.copy()
    for place, row in zip(places, new, strict=True):
        rows[place] = row
    fresh = Stack(tuple(rows), products, stack.pairs + 1)
    found = stack_dots(fresh, memory, [*new, gradient.reshape(-1)])
    products[:, places] = found[:, :-1]
    products[places, :] = found[:, :-1].T
    return fresh, found[:, -1]


def stack_dots(stack: Stack, memory: int, vectors: Sequence[Array]) -> FloatArray:
    """Each row of the stack times each vector, (rows, vectors); of rows that nothing was put into 0."""
    if stack.pairs >= memory:
        return dots(stack.rows, vectors)
    found, (places, rows) = np.zeros((len(stack.rows), len(vectors))), filled(stack, memory)
    if rows:
        found[places] = dots(rows, vectors)
    return found


def filled(stack: Stack, memory: int) -> tuple[Any, Sequence[Array]]:
    """The places of the rows that have been put there, and these rows."""
    if stack.pairs >= memory:
        return slice(None), stack.rows
    places = [i for i in range(len(stack.rows)) if i % memory < stack.pairs]
    return places, [stack.rows[i] for i in places]


def coefficients(stack: Stack, memory: int, on_gradient: FloatArray) -> tuple[FloatArray, float]:
    """The two loops: H gradient is the first answer times the stack, plus the second times P^-1 gradient.

    `on_gradient` are the stack's products with the gradient. P^-1 takes what the first loop makes of the changes to the
    last rows of the stack; without P they are the changes themselves.
    """
    found = two_loops(stack.products, on_gradient, memory, stack.pairs)
    return found[:-1], float(found[-1])


def combined(c: FloatArray, own: float, row: Array, stack: Stack, memory: int) -> Array:
    """``c @ rows + own * row`` in the rows' type, flat."""
    places, rows = filled(stack, memory)
    return combination(np.append(c[places], own), [*rows, row.reshape(-1)])
