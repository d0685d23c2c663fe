"""Which way to go: one frozen dataclass of settings per rule.

`init(w)` gives the state before the first step; `update(gradient, state, w)` a direction and a fresh
state. Nothing is changed in place, so a state that was kept stays what it was. The driver then moves
``w + step * direction``.

An optimizer that needs more than the gradient defines `direction(objective, k, w, state)`; one whose
answer is not the last w (a running mean) defines `answer(w, state)`. The driver asks through the two
free functions at the end of this file, and never which optimizer it has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._arrays import check_fraction
from ..protocols import Array, Objective, Optimizer


@dataclass(frozen=True)
class GradientDescent:
    """Straight downhill: ``direction = -gradient``.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> direction, _ = gd.GradientDescent().update(np.array([2.0, -4.0]), None, np.zeros(2))
    >>> direction
    array([-2.,  4.])
    """

    def init(self, w: Array) -> None:
        """No state."""

    def update(self, gradient: Array, state: None, w: Array) -> tuple[Array, None]:
        """The negative gradient."""
        return -gradient, None


@dataclass(frozen=True)
class Momentum:
    """Heavy ball: ``velocity = momentum * velocity + gradient``, ``direction = -velocity``.

    Parameters
    ----------
    momentum : float
        In [0, 1); 0 is plain gradient descent.

    Notes
    -----
    This is PyTorch's rule (``w -= lr * velocity``): the velocity does not hold the step, so a change of
    the step acts at once. After many steps along one slope the length of a step has grown by
    ``1 / (1 - momentum)``.

    References
    ----------
    B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964.

    Examples
    --------
    >>> import numpy as np
    >>> import gdfast as gd
    >>> optimizer, w = gd.Momentum(0.5), np.zeros(1)
    >>> state = optimizer.init(w)
    >>> for _ in range(3):
    ...     direction, state = optimizer.update(np.array([1.0]), state, w)
    ...     print(direction)
    [-1.]
    [-1.5]
    [-1.75]
    """

    momentum: float = 0.9

    def __post_init__(self) -> None:
        object.__setattr__(self, "momentum", check_fraction(self.momentum, "momentum"))

    def init(self, w: Array) -> Array:
        """A velocity of zero."""
        return np.zeros_like(w)

    def update(self, gradient: Array, state: Array, w: Array) -> tuple[Array, Array]:
        """The negative of the new velocity, and that velocity."""
        velocity = self.momentum * state + gradient
        return -velocity, velocity


def descent_direction(
    optimizer: Optimizer[Any], objective: Objective, k: int, w: Array, gradient: Array, state: Any
) -> tuple[Array, Any]:
    """The direction of step k and the state after it, by whichever road the optimizer offers.

    `objective` is the whole one, also when the gradient is that of a mini-batch.
    """
    own = getattr(optimizer, "direction", None)
    if own is None:
        return optimizer.update(gradient, state, w)
    direction, state = own(objective, k, w, state)
    return direction, state


def final_answer(optimizer: Optimizer[Any], w: Array, state: Any) -> Array:
    """The weights that a run which stands at w hands back: w itself unless the optimizer has an `answer`."""
    own = getattr(optimizer, "answer", None)
    return w if own is None else own(w, state)
